package resp

import (
	"errors"
	"net"
	"strings"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// access is who a client is, and what it may do. It belongs to the client's loop.
//
// A client that may do everything costs one comparison for each command: free is the version of the users that this was found out with, and
// whenever a user changes there is another version (statemachine.Users).
type access struct {
	// user is who the client is, as of the version seen of the users; nil until that is known.
	user *statemachine.User
	seen uint64
	free uint64 // 0: it may not do everything, or nobody has looked
	// authenticated clients have given a password, or came while the default user needed none. They stay so whatever becomes of the password.
	authenticated bool
}

// strangerUnread is how many bytes of replies a client that has not authenticated may leave unread and still be served.
const strangerUnread = 16 << 10

// lookUp returns a user; nil if there is none of that name. The default user has the password of --requirepass as long as the cluster has not
// decided anything of it.
func (s *Server) lookUp(name string) *statemachine.User {
	u := s.users.Lookup(name)
	if u != nil && u.IsBuiltin() && s.required != nil {
		return s.required
	}
	return u
}

// knowsUsers reports whether the node has got the cluster's users: not while it loads for the first time.
func (s *Server) knowsUsers() bool {
	if s.usersKnown.Load() {
		return true
	}
	if s.isLoading() {
		return false
	}
	s.usersKnown.Store(true)
	return true
}

// begin makes a client the default user: it is new, or was reset.
func (l *eventLoop) begin(c *Client) {
	c.access = access{}
	if l.server.knowsUsers() {
		l.recognize(c)
	}
	c.judgeStranger()
}

// recognize takes in what has become of a client's user. It reports false if the client is closed: its user is gone, or may not hear any more
// what it is subscribed to.
func (l *eventLoop) recognize(c *Client) bool {
	version := l.server.users.Version()
	name := statemachine.DefaultUser
	if c.user != nil {
		name = c.user.Name()
	}
	u, before := l.server.lookUp(name), c.user
	switch {
	case before == nil && l.isKnownByCertificate(c):
		return true
	case before == nil:
		c.authenticated = u.NeedsNoPassword()
		if c.authenticated && l.server.protects(c.remote) { // it came while the node was loading
			l.closeNow(c)
			return false
		}
	case !before.IsSame(u), before != u && !c.mayHear(u):
		l.server.logger.Info("resp: client closed: its user was deleted, or may not hear what it is subscribed to", "client", c.id, "addr", c.remote, "user", name)
		l.closeNow(c)
		return false
	}
	c.user, c.seen, c.free = u, version, 0
	return true
}

// isKnownByCertificate makes a client the user that its certificate names, if there is one and it is on, as newer Redis's tls-auth-clients-user does.
func (l *eventLoop) isKnownByCertificate(c *Client) bool {
	name := c.certificateUser()
	if name == "" {
		return false
	}
	version := l.server.users.Version()
	u := l.server.lookUp(name)
	if u == nil || !u.IsEnabled() {
		return false
	}
	c.access = access{user: u, seen: version, authenticated: true}
	return true
}

// judgeStranger has a client that has not authenticated send short commands only.
func (c *Client) judgeStranger() { c.scanner.setStranger(c.isStranger()) }

// isStranger reports whether a client has to authenticate first.
func (c *Client) isStranger() bool {
	return c.user != nil && !c.authenticated && !(c.user.Name() == statemachine.DefaultUser && c.user.NeedsNoPassword())
}

// mayHear reports whether a user may have all the subscriptions of a client.
func (c *Client) mayHear(u *statemachine.User) bool {
	for kind := range subscriptionKinds {
		for name := range c.subscriptions[kind] {
			if !u.MayHear([]byte(name), kind == toPattern) {
				return false
			}
		}
	}
	return true
}

// followUsers takes in a change of the users for all clients of the loop.
func (l *eventLoop) followUsers() {
	for c := range l.clients {
		if c.user != nil && c.seen != l.server.users.Version() && l.recognize(c) {
			c.judgeStranger()
		}
	}
}

// examine decides whether a client that is not known to be allowed everything may call a command. problem is the error if it may not. The client may be
// closed.
func (l *eventLoop) examine(c *Client, r *row, args statemachine.Args) (problem string) {
	s := l.server
	if !s.knowsUsers() {
		if r.Flags.Has(statemachine.Admin) && !tellsMembers(r, args) {
			return errLoading // nobody can show yet that it is somebody who may
		}
		return ""
	}
	if (c.user == nil || c.seen != s.users.Version()) && !l.recognize(c) {
		return ""
	}
	c.judgeStranger()
	if c.isStranger() {
		if r.Flags.Has(statemachine.NoAuth) {
			return ""
		}
		return errNoAuth
	}
	if c.user.IsUnrestricted() {
		c.free = c.seen
		return ""
	}
	context := topLevel
	if c.tx != nil {
		context = inMulti
	}
	return l.check(c, r, args, context)
}

// tellsMembers reports whether a command tells of the cluster no more than INFO does, which is answered while the node loads, too.
func tellsMembers(r *row, args statemachine.Args) bool {
	return r.name == "paxos|member" && strings.EqualFold(string(args[2]), "LIST") || r.name == "paxos|leader" && strings.EqualFold(string(args[2]), "GET")
}

// check decides whether a client's user has the permission for a call.
func (l *eventLoop) check(c *Client, r *row, args statemachine.Args, context string) (problem string) {
	d := l.server.table.Check(c.user, r.Command, args)
	if d.Refusal == statemachine.Allowed {
		return l.server.table.CheckSort(c.user, r.Command, args)
	}
	l.noteDenial(c, d, context)
	return "NOPERM " + d.Text(false)
}

// checkQueued decides once more whether a client may call a command of its transaction, which it is about to.
func (l *eventLoop) checkQueued(c *Client, r *row, args statemachine.Args) (problem string) {
	if c.free == l.server.users.Version() || c.user == nil || c.user.IsUnrestricted() {
		return ""
	}
	d := l.server.table.Check(c.user, r.Command, args)
	if d.Refusal == statemachine.Allowed {
		return ""
	}
	l.noteDenial(c, d, inMulti)
	return errRulesChanged + map[statemachine.Refusal]string{
		statemachine.RefusedCommand: "no permission to execute the command or subcommand",
		statemachine.RefusedKey:     "no permission to touch the specified keys",
		statemachine.RefusedChannel: "no permission to access one of the channels used as arguments to the command",
	}[d.Refusal]
}

// actor is the user that scripts of a client run as; nil: one that may do everything.
func (c *Client) actor() *statemachine.User {
	if c.free != 0 {
		return nil
	}
	return c.user
}

// appendActor tells the log whose permissions the scripts of the next entry have.
func (c *Client) appendActor(dst []byte) []byte {
	if u := c.actor(); u != nil {
		return statemachine.AppendAs(dst, u.Name())
	}
	return dst
}

// authenticate makes a client the user of that name if the password is right.
func (l *eventLoop) authenticate(c *Client, command string, name, password []byte) (problem string) {
	s, context := l.server, topLevel
	if c.tx != nil {
		context = inMulti
	}
	if !s.knowsUsers() {
		return errLoading
	}
	version := s.users.Version()
	u := s.lookUp(string(name))
	if u == nil || !u.HasPassword(password) {
		s.denials.add(deniedAuth, context, command, string(name), l.describe(c), l.now)
		return errWrongPass
	}
	c.access = access{user: u, seen: version, authenticated: true}
	c.judgeStranger()
	return ""
}

// protects reports whether a connection from an address is refused: anybody could come from there, and nothing keeps them out.
func (s *Server) protects(from net.Addr) bool {
	tcp, ok := from.(*net.TCPAddr)
	return ok && !tcp.IP.IsLoopback() && s.settings.protected.Load() && s.knowsUsers() && s.lookUp(statemachine.DefaultUser).NeedsNoPassword()
}

// turnsAway refuses a connection that protected mode does not allow, with Redis's words.
func (s *Server) turnsAway(conn net.Conn) bool {
	if !s.protects(conn.RemoteAddr()) {
		return false
	}
	s.turnedAway.Add(1)
	err := conn.SetWriteDeadline(time.Now().Add(farewell))
	if err == nil {
		_, err = conn.Write([]byte("-" + errProtected + "\r\n"))
	}
	if err = errors.Join(err, conn.Close()); err != nil {
		s.logger.Debug("resp: turning a connection away in protected mode", "addr", conn.RemoteAddr(), "error", err)
	}
	return true
}
