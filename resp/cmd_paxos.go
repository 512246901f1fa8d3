package resp

import (
	"context"
	"net"
	"strconv"
	"strings"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// sincePaxos is the version of Redis that was followed when PAXOS was added.
const sincePaxos = "7.2.0"

func paxosCommands() []localCommand {
	sub := func(name string, arity int, flags statemachine.Flags, summary, syntax string) localCommand {
		return localCommand{Command: statemachine.Command{Name: name, Arity: arity, Flags: flags, Group: groupServer,
			Since: sincePaxos, Complexity: "O(1)", Summary: summary, Syntax: syntax, Tips: []string{"nondeterministic_output"}}}
	}
	local := func(c localCommand, run localFunc) localCommand {
		c.local = run
		return c
	}
	special := func(c localCommand, complexity string, run specialFunc) localCommand {
		c.special, c.Complexity = run, complexity
		c.Flags |= statemachine.Admin | statemachine.NoScript | statemachine.NoMulti
		return c
	}
	config := special(sub("CONFIG", -3, 0, "Lists the parameters that are equal on all nodes, or takes back what CONFIG SET said of them.",
		"<LIST | RESET parameter [parameter ...]>"), "O(N) where N is the number of parameters", paxosConfig)
	config.awaited = true
	return []localCommand{{Command: statemachine.Command{Name: "PAXOS", Arity: -2, Flags: anytime, Group: groupServer, Since: sincePaxos,
		Complexity: "Depends on subcommand.", Summary: "A container for commands about the replicated group."},
		subcommands: []localCommand{
			special(sub("CHECKPOINT", -3, 0, "Takes a checkpoint, or reads one in parts, for backups.",
				"<NEW | HEAD [slot] | READ slot cursor max-bytes [SINCE older-slot]>"),
				"O(N) where N is the number of records written or read", paxosCheckpoint),
			config,
			local(sub("HELP", 2, anytime, "Returns helpful text about the different subcommands.", ""), paxosHelp),
			special(sub("LEADER", -3, anytime, "Tells the leader, or hands leadership over.", "<GET | TRANSFER [id]>"), "O(1)", paxosLeader),
			special(sub("MEMBER", -3, anytime, "Lists or changes the members of the cluster.",
				"<LIST | ADD id host:port [FORCE] | REMOVE id [FORCE] | REPLACE old-id [id host:port] [FORCE] | MOVE id host:port>"),
				"O(N) where N is the number of members", paxosMember),
			local(sub("SLOWLOG", -2, adminOnly, "Returns the slow log's entries with what each write waited for on its way through the log.", "[count]"), paxosSlowlog),
			local(sub("STATUS", 2, anytime, "Returns the node's view of the replicated group: INFO's Paxos section as a map.", ""), paxosStatus),
		}}}
}

// paxosStatus: PAXOS STATUS.
func paxosStatus(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	p := l.server.paxosInfo()
	fields := p.fields()
	w.Map(len(fields))
	for _, f := range fields {
		w.BulkString(f.name)
		if n, err := strconv.ParseInt(f.value, 10, 64); err == nil && f.number {
			w.Int(n)
		} else {
			w.BulkString(f.value)
		}
	}
}

// paxosLeader: PAXOS LEADER GET | TRANSFER [id].
func paxosLeader(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	switch action := strings.ToUpper(string(args[2])); {
	case action == "GET" && len(args) == 3:
		l.reply(c, r, l.server.writeLeader)
	case action == "TRANSFER" && len(args) <= 4:
		change := replication.Change{Kind: replication.TransferLeadership}
		if problem := readMemberID(args[3:], &change.Member.ID); problem != "" {
			l.reply(c, r, writeError(problem))
			return
		}
		l.change(c, r, change, func(replication.Configuration) func(*Writer) { return writeOK })
	default:
		l.reply(c, r, writeError(errPaxosSyntax))
	}
}

// writeLeader writes who leads, 0 if that is not known, and at which ballot.
func (s *Server) writeLeader(w *Writer) {
	st := s.node.Status()
	w.Map(2)
	w.BulkString("id")
	w.Int(int64(st.Leader))
	w.BulkString("ballot")
	w.BulkString(st.Ballot.String())
}

// paxosMember: PAXOS MEMBER LIST | ADD | REMOVE | REPLACE | MOVE.
func paxosMember(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	if len(args) == 3 && strings.EqualFold(string(args[2]), "LIST") {
		l.reply(c, r, func(w *Writer) { l.server.writeMembers(w, l.server.node.Configuration()) })
		return
	}
	change, problem := memberChange(args[2:])
	if problem != "" {
		l.reply(c, r, writeError(problem))
		return
	}
	l.change(c, r, change, func(now replication.Configuration) func(*Writer) {
		return func(w *Writer) { l.server.writeMembers(w, now) }
	})
}

// change has the group make a change, and answers with what say makes of the new configuration.
func (l *eventLoop) change(c *Client, r *row, change replication.Change, say func(now replication.Configuration) func(*Writer)) {
	if l.server.isLoading() {
		l.reply(c, r, writeError(errLoading))
		return
	}
	l.server.logger.Info("resp: a client changes the cluster", "change", change.Kind, "member", change.Member.ID,
		"address", change.Member.Address, "replaces", change.Replaces, "force", change.Force, "client", c.id, "addr", c.remote)
	l.errand(c, r, func(ctx context.Context) func(*Writer) {
		now, err := l.server.node.Change(ctx, change)
		if err != nil {
			return writeError(errorText(err))
		}
		return say(now)
	})
}

// memberChange reads what is to be changed, action first.
func memberChange(args statemachine.Args) (change replication.Change, problem string) {
	action, rest := strings.ToUpper(string(args[0])), args[1:]
	if n := len(rest); n > 1 && action != "MOVE" && strings.EqualFold(string(rest[n-1]), "FORCE") {
		change.Force, rest = true, rest[:n-1]
	}
	switch {
	case action == "ADD" && len(rest) == 2:
		change.Kind = replication.AddMember
		problem = readMember(rest, &change.Member)
	case action == "REMOVE" && len(rest) == 1:
		change.Kind = replication.RemoveMember
		problem = readMemberID(rest, &change.Member.ID)
	case action == "MOVE" && len(rest) == 2:
		change.Kind = replication.MoveMember
		problem = readMember(rest, &change.Member)
	case action == "REPLACE" && (len(rest) == 1 || len(rest) == 3):
		// Without id and address the group gives the new member the next free id, and the address of the old one.
		change.Kind = replication.ReplaceMember
		if problem = readMemberID(rest[:1], &change.Replaces); problem == "" && len(rest) == 3 {
			problem = readMember(rest[1:], &change.Member)
		}
	default:
		problem = errPaxosSyntax
	}
	return change, problem
}

// readMember reads id and host:port.
func readMember(args statemachine.Args, m *replication.Member) (problem string) {
	if problem := readMemberID(args[:1], &m.ID); problem != "" {
		return problem
	}
	if !isAddress(args[1]) {
		return errMemberAddress
	}
	m.Address = string(args[1])
	return ""
}

// readMemberID reads an id, if there is one.
func readMemberID(args statemachine.Args, id *replication.NodeID) (problem string) {
	if len(args) == 0 {
		return ""
	}
	n, err := strconv.ParseUint(string(args[0]), 10, 32)
	if err != nil || n == 0 {
		return errMemberID
	}
	*id = replication.NodeID(n)
	return ""
}

// maxAddressBytes is longer than any name of the DNS with a port.
const maxAddressBytes = 262

// isAddress reports whether an argument is a host and a port that can be dialled.
func isAddress(arg []byte) bool {
	if len(arg) > maxAddressBytes || !isClientName(arg) {
		return false
	}
	host, port, err := net.SplitHostPort(string(arg))
	if err != nil || host == "" {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// paxosHelp: PAXOS HELP.
func paxosHelp(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	writeHelp(w, "PAXOS", []string{
		"CHECKPOINT NEW", "    Take a checkpoint, wait until this node has it on disk, and return its slot.",
		"CHECKPOINT HEAD [<slot>]", "    Return the slot and the description of a checkpoint (default: the newest), and keep it for this connection.",
		"CHECKPOINT READ <slot> <cursor> <max-bytes> [SINCE <older-slot>]", "    Return a part of a checkpoint and the cursor of the next, empty at the end.",
		"CONFIG LIST", "    Return each parameter that is equal on all nodes: what CONFIG SET has said, and what this node was started with.",
		"CONFIG RESET <parameter> [<parameter> ...]", "    Have all nodes go by what they were started with again.",
		"LEADER GET", "    Return the leader's id and its ballot.",
		"LEADER TRANSFER [<id>]", "    Hand leadership to a voter (default: the most up to date).",
		"MEMBER ADD <id> <host:port> [FORCE]", "    Add a member, which votes once it has caught up.",
		"MEMBER LIST", "    Return the members of the cluster.",
		"MEMBER MOVE <id> <host:port>", "    Give a member another address.",
		"MEMBER REMOVE <id> [FORCE]", "    Take a member out.",
		"MEMBER REPLACE <old-id> [<id> <host:port>] [FORCE]", "    Add a member that takes the place of another once it has caught up",
		"    (default: the next free id, at the address of the old one).",
		"SLOWLOG [<count>]", "    Return top <count> entries from the slowlog (default: 10, -1 mean all) with what each write waited for.",
		"STATUS", "    Return this node's view of the group.",
	})
}
