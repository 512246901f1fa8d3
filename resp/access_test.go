package resp

import (
	"net"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

// says sends a line and fails the test unless the reply begins so.
func (w *wire) says(line, want string) {
	w.t.Helper()
	if got := w.raw(line); !strings.HasPrefix(got, want) {
		w.t.Errorf("%s\n  replied %q\n  not     %q", line, got, want)
	}
}

// do sends a line and returns the reply as it is on the wire.
func (w *wire) raw(text string) string {
	w.t.Helper()
	w.send(line(text))
	reply, err := w.readReply()
	if err != nil {
		return "closed: " + err.Error()
	}
	return reply
}

// TestWhoHasNotAuthenticated: once the default user has a password, who comes can do nothing else than authenticate; who was there before goes on.
func TestWhoHasNotAuthenticated(t *testing.T) {
	s, _ := startServer(t, Config{})
	admin, before := dial(t, s), dial(t, s)
	before.says("PING", "+PONG")
	admin.says("CONFIG SET requirepass secret", "+OK")
	admin.says("PING", "+PONG")
	before.says("SET k v", "+OK")
	c := dial(t, s)
	c.says("PING", "-NOAUTH Authentication required.\r\n")
	c.says("GET k", "-NOAUTH Authentication required.\r\n")
	c.says("HELLO 3", "-NOAUTH HELLO must be called with the client already authenticated")
	c.says("nope", "-ERR unknown command")
	c.says("AUTH wrong", "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
	c.says("AUTH nobody secret", "-WRONGPASS")
	c.says("AUTH a b c", "-ERR syntax error")
	c.says("HELLO 3 AUTH default wrong", "-WRONGPASS")
	c.says("HELLO 2 AUTH default secret SETNAME me", "*14\r\n")
	c.says("GET k", "$1\r\nv\r\n")
	c.says("CLIENT GETNAME", "$2\r\nme\r\n")
	c.says("RESET", "+RESET")
	c.says("GET k", "-NOAUTH")
	c.says("AUTH secret", "+OK")
	c.says("CONFIG GET requirepass", "*2\r\n$11\r\nrequirepass\r\n$0\r\n\r\n")
	admin.says("ACL GETUSER default", "*12\r\n$5\r\nflags\r\n*2\r\n$2\r\non\r\n$16\r\nsanitize-payload\r\n$9\r\npasswords\r\n*1\r\n$64\r\n"+statemachine.HashPassword([]byte("secret")))
	admin.says("CONFIG SET requirepass ", "-ERR")
	admin.send(request("CONFIG", "SET", "requirepass", ""))
	if reply, err := admin.readReply(); err != nil || reply != "+OK\r\n" {
		t.Errorf("taking the password away: %q, %v", reply, err)
	}
	dial(t, s).says("PING", "+PONG")
	admin.says("AUTH x", "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n")
	if info := admin.raw("INFO stats"); !strings.Contains(info, "acl_access_denied_auth:3\r\n") {
		t.Errorf("INFO has not three refused passwords: %s", info)
	}
}

// TestRequirePass: the flag's password counts until the cluster has one.
func TestRequirePass(t *testing.T) {
	s, _ := startServer(t, Config{RequirePass: "first"})
	c := dial(t, s)
	c.says("PING", "-NOAUTH")
	c.says("AUTH first", "+OK")
	c.says("CONFIG SET requirepass second", "+OK")
	c.says("PING", "+PONG")
	d := dial(t, s)
	d.says("AUTH first", "-WRONGPASS")
	d.says("AUTH second", "+OK")
}

// TestStrangersSendLittle: before they authenticate, clients send ten arguments of 16 KiB at most, as in Redis, and are closed beyond that.
func TestStrangersSendLittle(t *testing.T) {
	s, _ := startServer(t, Config{RequirePass: "secret"})
	for name, c := range map[string]struct{ send, want string }{
		"ten arguments":     {request(strings.Fields("AUTH 2 3 4 5 6 7 8 9 10")...), "-ERR syntax error"},
		"eleven":            {"*11\r\n", "-ERR Protocol error: unauthenticated multibulk length\r\n"},
		"a whole eleven":    {request(strings.Fields("SET 2 3 4 5 6 7 8 9 10 11")...), "-ERR Protocol error: unauthenticated multibulk length\r\n"},
		"16 KiB":            {request("GET", strings.Repeat("x", 16<<10)), "-NOAUTH"},
		"16 KiB and a byte": {request("GET", strings.Repeat("x", 16<<10+1)), "-ERR Protocol error: unauthenticated bulk length\r\n"},
		"announced":         {"*2\r\n$3\r\nGET\r\n$16385\r\n", "-ERR Protocol error: unauthenticated bulk length\r\n"},
		"behind AUTH":       {line("AUTH secret") + request("GET", strings.Repeat("x", 1<<20)), "+OK"},
	} {
		w := dial(t, s)
		w.send(c.send)
		if reply, err := w.readReply(); err != nil || !strings.HasPrefix(reply, c.want) {
			t.Errorf("%s: %q, %v; not %q", name, reply, err, c.want)
		}
	}
}

// TestPermissions: what a user may not do is refused with Redis's words, wherever it comes from, and noted.
func TestPermissions(t *testing.T) {
	s, _ := startServer(t, Config{})
	admin, c := dial(t, s), dial(t, s)
	admin.says("ACL SETUSER bob on >pw +@all -@dangerous -config +client|id +sort ~a* %R~r* %W~w* &news.* ", "+OK")
	admin.says("MSET a1 v r1 v w1 v x 1", "+OK")
	c.says("AUTH bob pw", "+OK")
	c.says("ACL WHOAMI", "$3\r\nbob\r\n")
	c.says("GET a1", "$1\r\nv\r\n")
	c.says("GET x", "-NOPERM No permissions to access a key\r\n")
	c.says("GET r1", "$1\r\nv\r\n")
	c.says("SET r1 v", "-NOPERM No permissions to access a key\r\n")
	c.says("SET w1 v", "+OK")
	c.says("GET w1", "-NOPERM No permissions to access a key\r\n")
	c.says("SET w1 v GET", "-NOPERM No permissions to access a key\r\n")
	c.says("MGET a1 x", "-NOPERM No permissions to access a key\r\n")
	c.says("FLUSHALL", "-NOPERM User bob has no permissions to run the 'flushall' command\r\n")
	c.says("CONFIG GET x", "-NOPERM User bob has no permissions to run the 'config|get' command\r\n")
	c.says("CLIENT ID", ":")
	c.says("PUBLISH news.a x", ":0")
	c.says("PUBLISH other x", "-NOPERM No permissions to access a channel\r\n")
	c.says("PSUBSCRIBE news.*", "*3\r\n$10\r\npsubscribe\r\n")
	c.says("PUNSUBSCRIBE", "*3\r\n")
	c.says("PSUBSCRIBE news.a*", "-NOPERM No permissions to access a channel\r\n")
	c.says("SORT a1 BY nosort GET #", "-ERR GET option of SORT denied due to insufficient ACL permissions.\r\n")

	c.says("MULTI", "+OK")
	c.says("GET a1", "+QUEUED")
	c.says("GET x", "-NOPERM No permissions to access a key\r\n")
	c.says("EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n")

	c.says("EVAL return{redis.call('GET','a1'),redis.pcall('GET','x')} 0", "*2\r\n$1\r\nv\r\n-ERR ACL failure in script: No permissions to access a key\r\n")
	c.says("EVAL_RO return{redis.call('GET','a1'),redis.pcall('GET','x')} 0", "*2\r\n$1\r\nv\r\n-ERR ACL failure in script: No permissions to access a key\r\n")
	c.says("EVAL return{redis.pcall('FLUSHALL'),redis.pcall('PING'),redis.acl_check_cmd('GET','a'),redis.acl_check_cmd('GET','x')} 0",
		"*4\r\n-ERR ACL failure in script: User bob has no permissions to run the 'flushall' command\r\n+PONG\r\n:1\r\n$-1\r\n")
	c.says("EVAL redis.call('SET','x','2') 0", "-ERR ACL failure in script: No permissions to access a key script:")
	admin.says("GET x", "$1\r\n1\r\n")
	admin.says("EVAL return{redis.call('GET','x')} 0", "*1\r\n$1\r\n1\r\n")

	log := admin.raw("ACL LOG 100")
	for _, want := range []string{"$3\r\nkey\r\n", "$7\r\ncommand\r\n", "$7\r\nchannel\r\n", "$3\r\nlua\r\n", "$5\r\nmulti\r\n", "$8\r\ntoplevel\r\n", "$8\r\nflushall\r\n", "user=bob "} {
		if !strings.Contains(log, want) {
			t.Errorf("ACL LOG has no %q: %s", want, log)
		}
	}
	if list := admin.raw("CLIENT LIST"); !strings.Contains(list, " user=bob ") || !strings.Contains(list, " user=default ") {
		t.Errorf("CLIENT LIST does not say who is who: %s", list)
	}
	admin.says("ACL LOG RESET", "+OK")
	admin.says("ACL LOG", "*0")
	admin.says("CLIENT KILL USER nobody", "-ERR No such user 'nobody'")
	admin.says("CLIENT KILL USER bob", ":1")
	if reply := c.raw("PING"); !strings.HasPrefix(reply, "closed") {
		t.Errorf("CLIENT KILL USER left the client: %q", reply)
	}
}

// TestChangesOfUsers: what becomes of a user holds for its connections at once.
func TestChangesOfUsers(t *testing.T) {
	s, _ := startServer(t, Config{})
	admin := dial(t, s)
	admin.says("ACL SETUSER bob on nopass +@all ~* &*", "+OK")
	bob := func() *wire {
		c := dial(t, s)
		c.says("AUTH bob any", "+OK")
		return c
	}
	c, deaf, subscriber, queuing, waiting := bob(), bob(), bob(), bob(), bob()
	subscriber.says("SUBSCRIBE a", "*3\r\n")
	deaf.says("SUBSCRIBE news", "*3\r\n")
	queuing.says("MULTI", "+OK")
	queuing.says("SET k v", "+QUEUED")
	queuing.says("GET k", "+QUEUED")
	waiting.send(line("BLPOP list 0"))
	c.says("SET k v", "+OK")
	admin.says("ACL SETUSER bob -set -blpop resetchannels &news", "+OK")
	c.says("SET k v", "-NOPERM User bob has no permissions to run the 'set' command\r\n")
	if reply, err := subscriber.readReply(); err == nil {
		t.Errorf("who may not hear a channel any more heard %q", reply)
	}
	admin.says("PUBLISH news hello", ":1")
	if reply, err := deaf.readReply(); err != nil || !strings.Contains(reply, "hello") {
		t.Errorf("who may hear a channel still: %q, %v", reply, err)
	}
	queuing.says("EXEC", "*2\r\n-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. "+
		"This command is no longer allowed for the following reason: no permission to execute the command or subcommand\r\n$1\r\nv\r\n")
	admin.says("RPUSH list x", ":1")
	if reply, err := waiting.readReply(); err != nil || !strings.HasPrefix(reply, "-NOPERM User bob has no permissions to run the 'blpop' command") {
		t.Errorf("who waited without the permission any more: %q, %v", reply, err)
	}
	admin.says("LLEN list", ":1")
	admin.says("ACL SETUSER bob off", "+OK")
	c.says("GET k", "$1\r\nv\r\n")
	dial(t, s).says("AUTH bob any", "-WRONGPASS")
	admin.says("ACL DELUSER bob nobody", ":1")
	for _, c := range []*wire{c, deaf, queuing, waiting} {
		if reply, err := c.readReply(); err == nil {
			t.Errorf("who was deleted got %q", reply)
		}
	}
	admin.says("ACL USERS", "*1\r\n$7\r\ndefault\r\n")
}

// TestWhatFollowsASetUser: commands behind an ACL SETUSER of the same client see what it did, also in one packet.
func TestWhatFollowsASetUser(t *testing.T) {
	s, _ := startServer(t, Config{})
	c := dial(t, s)
	c.send(lines("ACL SETUSER bob on >pw +get ~*;AUTH bob pw;SET k v;GET k"))
	for _, want := range []string{"+OK", "+OK", "-NOPERM User bob has no permissions to run the 'set' command", "$-1"} {
		if reply, err := c.readReply(); err != nil || !strings.HasPrefix(reply, want) {
			t.Errorf("got %q, %v; not %q", reply, err, want)
		}
	}
	c = dial(t, s)
	c.send(lines("MULTI;ACL SETUSER eve on >pw +get +nope;ACL SETUSER eve on >pw +get ~*;EXEC;AUTH eve pw"))
	for _, want := range []string{"+OK", "+QUEUED", "+QUEUED", "*2\r\n-ERR Error in ACL SETUSER modifier '+nope': Unknown command or category name in ACL\r\n+OK\r\n", "+OK"} {
		if reply, err := c.readReply(); err != nil || !strings.HasPrefix(reply, want) {
			t.Errorf("got %q, %v; not %q", reply, err, want)
		}
	}
}

// TestProtectedMode: who is not on this machine is refused while anybody could be the default user.
func TestProtectedMode(t *testing.T) {
	s, _ := startServer(t, Config{ProtectedMode: true})
	far, near := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}
	if !s.protects(far) || s.protects(near) || s.protects(&net.TCPAddr{IP: net.IPv6loopback}) || s.protects(&net.UnixAddr{Name: "x"}) {
		t.Error("protected mode refuses the wrong addresses")
	}
	here, there := net.Pipe()
	told := make(chan string)
	go func() {
		buf := make([]byte, 4096)
		n, _ := there.Read(buf)
		told <- string(buf[:n])
	}()
	if !s.turnsAway(connFrom{here, far}) {
		t.Error("a client from afar was let in")
	}
	if text := <-told; !strings.HasPrefix(text, "-DENIED Redis is running in protected mode because") || !strings.HasSuffix(text, "\r\n") {
		t.Errorf("it was told %q", text)
	}
	admin := dial(t, s)
	admin.says("CONFIG GET protected-mode", "*2\r\n$14\r\nprotected-mode\r\n$3\r\nyes\r\n")
	admin.says("CONFIG SET protected-mode no", "+OK")
	if s.protects(far) {
		t.Error("CONFIG SET protected-mode no has no effect")
	}
	admin.says("CONFIG SET protected-mode yes requirepass secret", "+OK")
	if s.protects(far) {
		t.Error("with a password there is nothing to protect from")
	}
}

// connFrom is a connection that seems to come from elsewhere.
type connFrom struct {
	net.Conn
	from net.Addr
}

func (c connFrom) RemoteAddr() net.Addr { return c.from }

// TestNobodyAdministersWhatLoads: a node that has not loaded knows no users, so it can let nobody administer it.
func TestNobodyAdministersWhatLoads(t *testing.T) {
	s, node := startServer(t, Config{RequirePass: "secret"})
	node.set(func() { node.loading = true })
	c := dial(t, s)
	c.says("CONFIG GET *", "-LOADING")
	c.says("SHUTDOWN", "-LOADING")
	c.says("AUTH secret", "-LOADING")
	c.says("INFO server", "$")
	node.set(func() { node.loading = false })
	c.says("CONFIG GET *", "-NOAUTH")
	c.says("AUTH secret", "+OK")
}

// TestNoPasswordIsShown: neither the slow log nor the log has a password.
func TestNoPasswordIsShown(t *testing.T) {
	s, _ := startServer(t, Config{})
	c := dial(t, s)
	c.says("CONFIG SET slowlog-log-slower-than 0", "+OK")
	c.says("ACL SETUSER bob on >hidden +@all", "+OK")
	c.says("CONFIG SET requirepass hidden", "+OK")
	c.says("AUTH hidden", "+OK")
	c.says("HELLO 2 AUTH default hidden", "*14")
	log := c.raw("SLOWLOG GET 100")
	if strings.Contains(log, "hidden") || strings.Contains(log, statemachine.HashPassword([]byte("hidden"))) {
		t.Errorf("the slow log shows a password: %s", log)
	}
	prepared, problem := prepareSetUser(s.table, statemachine.Args{[]byte("ACL"), []byte("SETUSER"), []byte("bob"), []byte(">hidden"), []byte("<hidden")})
	if problem != "" {
		t.Fatal(problem)
	}
	if text := string(statemachine.AppendCommand(nil, 0, prepared)); strings.Contains(text, "hidden") {
		t.Errorf("the log would have the password: %q", text)
	}
}
