package resp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// localFunc runs a command that needs neither the log nor the state: it writes the reply, at once.
type localFunc func(l *eventLoop, c *Client, args statemachine.Args, w *Writer)

// specialFunc runs a command that sees to its reply itself, now or later.
type specialFunc func(l *eventLoop, c *Client, r *row, args statemachine.Args)

// localCommand is a row of this package: what the table says about a command, and who runs it.
type localCommand struct {
	statemachine.Command
	local   localFunc
	special specialFunc
	// immediate commands run between MULTI and EXEC, too, where all others are queued.
	immediate bool
	// awaited commands hold their client up, and are answered even if it has sent all that it will.
	awaited     bool
	subcommands []localCommand
}

// row is a command of the table as dispatch sees it.
type row struct {
	*statemachine.Command
	name      string // in lower case, "client|id" for a subcommand
	index     int    // its place in the statistics
	local     localFunc
	special   specialFunc
	immediate bool
	prepare   preparation // nil: the log has what the client sent
	inBites   bool        // holds its client up only until it is done, for which that is waited for even if it has sent all
	refusable bool        // refused while writes are: see SetRefusal
	// subscribes: it changes what its client is subscribed to. inSubscribed: a client of RESP2 may call it while it is subscribed.
	subscribes, inSubscribed bool
	clustered                bool // refused unless the node speaks to cluster clients
}

// localCommands returns this package's rows.
func localCommands() []localCommand {
	var all []localCommand
	for _, group := range [][]localCommand{connectionCommands(), aclCommands(), clientCommands(), transactionCommands(), waitCommands(), pubsubCommands(),
		introspectionCommands(), latencyCommands(), memoryCommands(), debugCommands(), clusterCommands(), paxosCommands(), moduleCommands(), saveCommands(), serverCommands()} {
		all = append(all, group...)
	}
	return all
}

// tableRows returns the rows as the command table wants them.
func tableRows(commands []localCommand) []statemachine.Command {
	rows := make([]statemachine.Command, len(commands))
	for i := range commands {
		rows[i] = commands[i].Command
		rows[i].Flags |= statemachine.Local
		rows[i].Subcommands = tableRows(commands[i].subcommands)
	}
	return rows
}

// buildRows makes one table of the machine's commands and this package's, and the row of each.
func buildRows() (*statemachine.Table, map[*statemachine.Command]*row, error) {
	locals := localCommands()
	table, err := statemachine.NewTable(statemachine.Commands(), tableRows(locals))
	if err != nil {
		return nil, nil, fmt.Errorf("resp: %w", err)
	}
	byName := make(map[string]*localCommand)
	index(byName, "", locals)
	rows := make(map[*statemachine.Command]*row)
	var problems []error
	for _, c := range table.All() {
		problems = append(problems, addRow(rows, byName, "", c))
	}
	return table, rows, errors.Join(problems...)
}

func index(byName map[string]*localCommand, container string, commands []localCommand) {
	for i := range commands {
		name := container + strings.ToLower(commands[i].Name)
		byName[name] = &commands[i]
		index(byName, name+"|", commands[i].subcommands)
	}
}

func addRow(rows map[*statemachine.Command]*row, byName map[string]*localCommand, container string, c *statemachine.Command) error {
	r := &row{Command: c, name: container + strings.ToLower(c.Name), index: len(rows)}
	r.refusable = c.Flags.Logged() || r.name == "ping"
	r.subscribes = c.Flags.Has(subscribingFlags)
	r.inSubscribed = r.subscribes || r.name == "ping" || r.name == "quit" || r.name == "reset"
	r.clustered = needsClusterMode(r.name)
	if r.name == "keys" { // the machine's, but for how it is run outside of transactions
		r.special, r.inBites = (*eventLoop).list, true
	}
	if r.prepare = preparations[r.name]; r.prepare != nil {
		r.special = (*eventLoop).record
	}
	if own := byName[r.name]; own != nil {
		r.local, r.special, r.immediate, r.inBites = own.local, own.special, own.immediate, own.awaited
	}
	rows[c] = r
	var problems []error
	switch {
	case !c.Flags.Has(statemachine.Local):
	case r.local == nil && r.special == nil && len(c.Subcommands) == 0:
		problems = append(problems, fmt.Errorf("resp: nobody runs the command %s", r.name))
	case r.special != nil && r.local == nil && !r.immediate && !c.Flags.Has(statemachine.NoMulti):
		problems = append(problems, fmt.Errorf("resp: the command %s can be queued by MULTI, and EXEC cannot run it", r.name))
	}
	for i := range c.Subcommands {
		problems = append(problems, addRow(rows, byName, r.name+"|", &c.Subcommands[i]))
	}
	return errors.Join(problems...)
}

// verdict is what is to be done with a command.
type verdict uint8

const (
	refuse verdict = iota
	queue          // between MULTI and EXEC
	runLocal
	runSpecial
	runBlocking
	runRead
	runWrite
)

// judge decides what is to be done with a command, by its row and the state of its client and node: the one decision
// table of dispatch. problem is the error of a refusal.
func (l *eventLoop) judge(c *Client, r *row, args statemachine.Args) (v verdict, problem string) {
	switch {
	case c.tx != nil && r.Flags.Has(statemachine.NoMulti):
		return refuse, errNotInMulti
	case r.clustered && !l.server.config.ClusterMode:
		return refuse, errNoCluster
	case (r.Flags.Has(statemachine.DenyOOM) || c.tx != nil && !r.immediate) && l.server.isOutOfMemory():
		return refuse, l.server.outOfMemory() // as in Redis whatever is queued, too: it takes memory
	case r.refusable && l.server.refusesWrites() != "":
		return refuse, l.server.refusesWrites()
	case c.proto != 3 && !r.inSubscribed && c.isSubscriber():
		return refuse, errSubscribed(r.name)
	case (!r.Flags.Has(statemachine.Loading) || r.Flags.Logged()) && l.server.isLoading():
		return refuse, errLoading
	case c.tx != nil && !r.immediate:
		return queue, ""
	case r.special != nil:
		return runSpecial, ""
	case r.local != nil:
		return runLocal, ""
	case r.Run == nil:
		return refuse, errNoSubcommand(r.name)
	case r.Flags.Has(statemachine.Blocking) && mayWait(r, args):
		return runBlocking, ""
	case r.Flags.Logged():
		return runWrite, ""
	}
	return runRead, ""
}

// dispatch runs one command. args are valid for the duration of the call.
func (l *eventLoop) dispatch(c *Client, args statemachine.Args) {
	c.quiet = c.replyOff || c.skipNext
	c.skipNext = false
	cmd, problem := l.server.table.Resolve(args)
	switch {
	case cmd == nil && isHTTP(args[0]):
		l.server.logger.Warn("resp: possible attack: a client speaks HTTP, maybe a browser made to by a web page; it is closed",
			"client", c.id, "addr", c.remote)
		c.closing = true
		return
	case cmd == nil && bytes.EqualFold(args[0], []byte("EXEC")):
		l.abort(c, problem)
		return
	case cmd == nil:
		l.refuse(c, nil, problem)
		return
	}
	r := l.server.rows[cmd]
	c.lastRow = r
	if c.free != l.server.users.Version() {
		if problem := l.examine(c, r, args); problem != "" {
			l.forbid(c, r, problem)
			return
		}
		if c.closed {
			return
		}
	}
	v, problem := l.judge(c, r, args)
	if len(l.monitors) > 0 && v > runLocal {
		l.feedMonitors(c, r, args)
	}
	switch v {
	case refuse:
		l.refuse(c, r, problem)
	case queue:
		l.queue(c, r, args)
	case runSpecial:
		l.closeView()
		r.special(l, c, r, args)
	case runLocal:
		l.closeView() // it may want the state's figures, which a view keeps locked
		l.runLocal(c, r, args)
		if len(l.monitors) > 0 {
			l.feedMonitors(c, r, args) // as in Redis with the database that is selected then
		}
	case runBlocking:
		l.block(c, r, args)
	case runRead:
		l.read(c, item{client: c, row: r, kind: kindRead}, args)
	case runWrite:
		l.write(c, item{client: c, row: r, kind: kindWrite}, func(dst []byte) []byte { return l.server.appendCommand(dst, c, r, args) })
	}
	c.endCaching(r)
}

// isHTTP reports whether a command is the beginning of an HTTP request, or its Host header. A browser that a web page has
// post to this port would else run every line of the body as an inline command; Redis closes such clients, too.
func isHTTP(name []byte) bool {
	return bytes.EqualFold(name, []byte("POST")) || bytes.EqualFold(name, []byte("Host:"))
}

// refuse answers a command that is not run. Between MULTI and EXEC it spoils the transaction.
func (l *eventLoop) refuse(c *Client, r *row, problem string) {
	if c.tx != nil {
		c.tx.spoiled = true
	}
	l.stats.reject(r)
	l.reply(c, nil, func(w *Writer) { w.Error(problem) })
}

// forbid answers a command that its client may not call.
func (l *eventLoop) forbid(c *Client, r *row, problem string) {
	if r.name == "exec" {
		l.abort(c, problem)
		return
	}
	l.refuse(c, r, problem)
}

// abort answers an EXEC that cannot be run. As in Redis it ends the transaction nevertheless, and with it what is watched.
func (l *eventLoop) abort(c *Client, problem string) {
	c.tx = nil
	c.unwatch()
	l.refuse(c, nil, errExecRefused(strings.TrimPrefix(problem, "ERR ")))
}

// runLocal runs a command that needs neither the log nor the state.
func (l *eventLoop) runLocal(c *Client, r *row, args statemachine.Args) {
	began := l.server.nanos()
	l.reply(c, r, func(w *Writer) { r.local(l, c, args, w) })
	l.took(c, r, args, l.server.nanos()-began)
}

// took notes how long a command took that was counted without.
func (l *eventLoop) took(c *Client, r *row, args statemachine.Args, nanos int64) {
	l.stats.time(r, nanos)
	l.server.timed(c, r, args, nanos, l.now)
}
