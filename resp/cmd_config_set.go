package resp

import (
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// Parameters that must be equal on all nodes (parameter.shared) are set in the log: CONFIG SET writes an entry, which every node applies, and
// which is part of the state. The value that the log has counts, and without one each node's own, by which it was started.

// configSet: CONFIG SET parameter value [parameter value ...]. requirepass is a matter of the log, too: the default user's password.
func configSet(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	others, password := splitPassword(args[2:])
	changes, own, problem := l.server.settings.sharedChanges(others)
	switch {
	case problem != "":
	case password != nil && len(changes) > 0:
		problem = errPasswordAlone
	case password != nil || len(changes) > 0:
		problem = l.refusesSettings()
	}
	switch {
	case problem != "":
		l.reply(c, r, writeError(problem))
		return
	case password == nil && len(changes) == 0:
		l.runLocal(c, r, args)
		return
	}
	for _, apply := range own {
		apply()
	}
	if password != nil {
		l.setPassword(c, r, args, password)
		return
	}
	l.writeSettings(c, r, args, changes)
}

// errPasswordAlone is the error of a CONFIG SET that would be two entries of the log.
const errPasswordAlone = "ERR CONFIG SET failed - requirepass and other parameters of all nodes must be set one after the other"

// splitPassword takes requirepass out of the pairs of a CONFIG SET; password is nil if it is not there just once.
func splitPassword(pairs [][]byte) (others [][]byte, password []byte) {
	if len(pairs)%2 != 0 {
		return pairs, nil
	}
	for i := 0; i < len(pairs); i += 2 {
		switch {
		case !strings.EqualFold(string(pairs[i]), "requirepass"):
			others = append(others, pairs[i], pairs[i+1])
		case password != nil:
			return pairs, nil
		default:
			password = append([]byte{}, pairs[i+1]...)
		}
	}
	return others, password
}

// configSetInExec is CONFIG SET inside a transaction, where it cannot be an entry of its own.
func configSetInExec(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	if changes, _, problem := l.server.settings.sharedChanges(args[2:]); problem == "" && len(changes) > 0 {
		w.Error(errSharedInExec)
		return
	}
	l.server.settings.Set(args[2:], w)
}

// refusesSettings says why no entry can be written now.
func (l *eventLoop) refusesSettings() (problem string) {
	if l.server.isLoading() {
		return errLoading
	}
	return l.server.refusesWrites()
}

// writeSettings sends a change of settings through the log. The client's next command is looked at when it holds.
func (l *eventLoop) writeSettings(c *Client, r *row, asked statemachine.Args, changes []statemachine.Setting) {
	for i := range changes {
		l.server.logger.Info("resp: a client changes a setting of all nodes", "name", changes[i].Name, "value", string(changes[i].Value),
			"reset", changes[i].Reset, "client", c.id, "addr", c.remote)
	}
	c.hold(r)
	l.writeFor(c, item{client: c, row: r, kind: kindWrite, holds: true}, asked, func(dst []byte) []byte { return statemachine.AppendSettings(dst, changes) })
}

// sharedChanges checks the pairs of a CONFIG SET, and separates those that go through the log from what makes the others true.
func (s *Settings) sharedChanges(pairs statemachine.Args) (shared []statemachine.Setting, own []func(), problem string) {
	if len(pairs)%2 != 0 {
		return nil, nil, "" // which is what Set says something about
	}
	if _, problem = s.changes(pairs); problem != "" {
		return nil, nil, problem
	}
	for i := 0; i < len(pairs); i += 2 {
		name := strings.ToLower(string(pairs[i]))
		if s.byName[name].shared {
			shared = append(shared, statemachine.Setting{Name: name, Value: pairs[i+1]})
			continue
		}
		applies, _ := s.changes(pairs[i : i+2])
		own = append(own, applies...)
	}
	return shared, own, ""
}

// paxosConfig: PAXOS CONFIG LIST | RESET parameter [parameter ...].
func paxosConfig(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	switch action := strings.ToUpper(string(args[2])); {
	case action == "LIST" && len(args) == 3:
		l.reply(c, r, func(w *Writer) { l.server.settings.listShared(l.server.machine.Settings(), w) })
	case action == "RESET" && len(args) > 3:
		changes, problem := l.server.settings.resets(args[3:])
		if problem == "" {
			problem = l.refusesSettings()
		}
		if problem != "" {
			l.reply(c, r, writeError(problem))
			return
		}
		l.writeSettings(c, r, args, changes)
	default:
		l.reply(c, r, writeError(errPaxosSyntax))
	}
}

// resets are the changes that take parameters back.
func (s *Settings) resets(names statemachine.Args) (changes []statemachine.Setting, problem string) {
	for _, arg := range names {
		name := strings.ToLower(string(arg))
		if p := s.byName[name]; p == nil || !p.shared {
			return nil, errNotShared(arg)
		}
		changes = append(changes, statemachine.Setting{Name: name, Reset: true})
	}
	return changes, ""
}

// listShared tells of each parameter that is equal on all nodes what the log says, nothing if it says nothing, and what this node was started
// with.
func (s *Settings) listShared(log map[string]string, w *Writer) {
	names := s.sharedNames()
	w.Map(len(names))
	for _, name := range names {
		w.BulkString(name)
		w.Map(2)
		w.BulkString("log")
		if value, set := log[name]; set {
			w.BulkString(value)
		} else {
			w.Null()
		}
		w.BulkString("own")
		w.BulkString(s.ownValue(name))
	}
}

// errNotShared is the error of PAXOS CONFIG RESET for another name.
func errNotShared(name []byte) string {
	return "ERR there is no parameter of all nodes called '" + statemachine.Excerpt(name) + "'; see PAXOS CONFIG LIST"
}
