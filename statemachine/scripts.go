package statemachine

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"

	"github.com/paxredis/paxredis/statemachine/internal/lua"
)

// program is a compiled script.
type program struct {
	chunk *lua.Chunk
	flags lua.ScriptFlags
	size  int
}

// maxProgramBytes bounds the texts of the scripts that are kept compiled, on each node for itself.
const maxProgramBytes = 32 << 20

// programs are the scripts that this node has compiled, by their SHA-1. They follow from the texts, so each node may keep others. Any goroutine may use them.
type programs struct {
	mu    sync.Mutex
	bySHA map[string]*program
	bytes int
}

// get returns what has been compiled, nil if it has not been.
func (p *programs) get(sha string) *program {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bySHA[sha]
}

// compile compiles a script, unless it has been. The error is Redis's.
func (p *programs) compile(sha string, body []byte) (_ *program, problem string) {
	if known := p.get(sha); known != nil {
		return known, ""
	}
	code, flags, err := lua.Shebang(string(body))
	if err != nil {
		return nil, err.Error()
	}
	chunk, err := lua.Compile("@user_script", code)
	if err != nil {
		return nil, "ERR Error compiling script (new function): " + err.Error()
	}
	made := &program{chunk: chunk, flags: flags, size: len(body) + loadedCost}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bySHA == nil || p.bytes+made.size > maxProgramBytes {
		p.bySHA, p.bytes = make(map[string]*program), 0
	}
	p.bySHA[sha], p.bytes = made, p.bytes+made.size
	return made, ""
}

// scriptRunner runs the scripts of a Tx: it has an interpreter, and is what the running script asks for commands.
type scriptRunner struct {
	machine  *Machine
	interp   *lua.Interp // made when it is first needed
	inApply  bool
	tx       *Tx
	db       int // the script's SELECT
	readOnly bool
	// shown: what the running script calls is told to Events.Scripted.
	shown bool
	// tight: the node that the command came from was out of memory (AppendTight). wrote: the script has called a command that writes, or may
	// call any: it is not stopped in the middle.
	tight, wrote bool
}

// interpreter is the Tx's own.
func (tx *Tx) interpreter() *lua.Interp {
	if tx.scripts.interp == nil {
		tx.scripts.interp = lua.New()
	}
	return tx.scripts.interp
}

// runScript runs a script or a function with flags and writes its reply. readOnly scripts must not write. As in Redis, what is short of memory
// refuses those that say what they do, but not that, before they begin, and those without a first line at the first command that could take more.
func (tx *Tx) runScript(flags lua.ScriptFlags, readOnly bool, reply Reply, run func(in *lua.Interp, host lua.Host) lua.Result) {
	const fits = lua.NoWrites | lua.AllowOOM
	if tx.scripts.tight && flags&(fits|lua.Plain) == 0 {
		reply.Error(errScriptOOM)
		return
	}
	if tx.scripts.inApply {
		tx.ks.endCommand() // what loading it changed; each command of the script counts for itself
	}
	r, db, mayBlock := &tx.scripts, tx.db, tx.mayBlock
	tx.mayBlock = false // a script waits for nothing
	r.shown = r.machine.ears.scripts.Load() && (!r.inApply || r.machine.ears.origin)
	r.tx, r.db, r.readOnly, r.wrote = tx, db, readOnly || flags&lua.NoWrites != 0 || !r.inApply, flags&lua.AllowOOM != 0
	result := run(tx.interpreter(), r)
	tx.begin(db)
	tx.mayBlock = mayBlock
	result.Write(reply)
}

// Call implements lua.Host: it runs a command as the script's own client would.
func (r *scriptRunner) Call(args [][]byte, reply *lua.Capture) {
	if r.callOwn(args, reply) {
		return
	}
	cmd, problem := r.machine.table.resolveInScript(args)
	if cmd != nil {
		problem = r.verify(cmd, args)
	}
	switch {
	case problem != "":
		reply.Error(problem)
	case cmd.Flags.Logged() && r.readOnly:
		reply.Error(errScriptReadOnly)
	case r.tight && !r.wrote && cmd.Flags.Has(DenyOOM):
		reply.Error(errOOM)
	default:
		r.wrote = r.wrote || cmd.Flags.Has(Write)
		r.tx.begin(r.db)
		r.tx.direct = false
		cmd.Run(r.tx, args, reply)
		if r.inApply {
			r.machine.ears.read(cmd, args)
			r.tx.ks.endCommand()
		}
		if r.shown {
			r.show(cmd, args)
		}
	}
}

// show tells of a command that has run, unless it is one that is not told of.
func (r *scriptRunner) show(cmd *Command, args Args) {
	if !cmd.Flags.Has(Admin) {
		r.machine.ears.events.Scripted(r.db, args)
	}
}

// verify returns the error for a call that the script's user has no permission for.
func (r *scriptRunner) verify(cmd *Command, args Args) (problem string) {
	u := r.tx.user
	if u == nil {
		return ""
	}
	d := r.machine.table.Check(u, cmd, args)
	if d.Refusal == Allowed {
		return r.machine.table.CheckSort(u, cmd, args)
	}
	if len(r.tx.denials) < maxDenials {
		r.tx.denials = append(r.tx.denials, d)
	}
	return "ERR ACL failure in script: " + d.Text(false)
}

// maxDenials is how many denials of one command View.Denials tells.
const maxDenials = 16

// scriptOwnCommands are what permissions need to know of ownCommands.
var scriptOwnCommands = []Command{
	{Name: "PING", Arity: -1, Flags: Fast, Group: "connection"},
	{Name: "ECHO", Arity: 2, Flags: Loading | Stale | Fast, Group: "connection"},
	{Name: "SELECT", Arity: 2, Flags: Loading | Stale | Fast, Group: "connection"},
	{Name: "TIME", Arity: 1, Flags: Loading | Stale | Fast, Group: "server"},
}

// ownCommands are those of the connection that a script has a meaning for: the number of arguments, the name included, and the most of them.
var ownCommands = map[string]struct {
	least, most int
	run         func(r *scriptRunner, args Args, reply Reply)
}{
	"PING": {1, 2, func(_ *scriptRunner, args Args, reply Reply) {
		if len(args) == 2 {
			reply.Bulk(args[1])
			return
		}
		reply.Status("PONG")
	}},
	"ECHO":   {2, 2, func(_ *scriptRunner, args Args, reply Reply) { reply.Bulk(args[1]) }},
	"SELECT": {2, 2, (*scriptRunner).selectDB},
	"TIME":   {1, 1, (*scriptRunner).time},
}

// callOwn runs a command of the connection.
func (r *scriptRunner) callOwn(args Args, reply Reply) bool {
	own, ok := ownCommands[string(bytes.ToUpper(clip(args[0], maxNameBytes)))]
	if !ok {
		return false
	}
	if len(args) < own.least || len(args) > own.most {
		reply.Error(errScriptArity)
		return true
	}
	cmd := r.machine.table.Lookup(args[0])
	if problem := r.verify(cmd, args); problem != "" {
		reply.Error(problem)
		return true
	}
	own.run(r, args, reply)
	if r.shown {
		r.show(cmd, args)
	}
	return true
}

// selectDB has the following commands of the script run in another database.
func (r *scriptRunner) selectDB(args Args, reply Reply) {
	if db, ok := DatabaseArg(args[1], reply); ok {
		r.db = db
		reply.Status("OK")
	}
}

// time is the slot's time, which all nodes have; it does not go on while the script runs.
func (r *scriptRunner) time(_ Args, reply Reply) {
	reply.Array(2)
	reply.BulkString(strconv.FormatInt(r.tx.now/1000, 10))
	reply.BulkString(strconv.FormatInt(r.tx.now%1000*1000, 10))
}

// connectionNames are the commands of the connection layer, which a script cannot run: they are about a client or a node. Of any other name a
// script is told that it is unknown.
var connectionNames = strings.Fields(`ACL ASKING AUTH BGREWRITEAOF BGSAVE CLIENT CLUSTER COMMAND CONFIG DISCARD EXEC FAILOVER HELLO INFO LASTSAVE LATENCY
LOLWUT MEMORY MIGRATE MODULE MONITOR MULTI PAXOS PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY READWRITE REPLCONF REPLICAOF RESET RESTORE-ASKING ROLE SAVE
SHUTDOWN SLAVEOF SLOWLOG SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE UNWATCH WAIT WAITAOF WATCH`)

// unknownInScript is the error of a name that is not in this package's table.
func unknownInScript(name []byte) string {
	for _, known := range connectionNames {
		if is(name, known) {
			return errScriptForbidden
		}
	}
	return errScriptUnknown
}

// Allowed implements lua.Host.
func (r *scriptRunner) Allowed(args [][]byte) (allowed, known bool) {
	cmd, problem := r.machine.table.resolveInScript(args)
	known = problem != errScriptUnknown && problem != errScriptArity
	if r.tx.user == nil {
		return true, known
	}
	return cmd != nil && r.machine.table.Check(r.tx.user, cmd, args).Refusal == Allowed, known
}

// Log implements lua.Host. A script runs on every node, at a time of the node's own, so its messages go nowhere.
func (r *scriptRunner) Log(int, string) {}

// shaOf is the name of a script: the SHA-1 of its text in hexadecimal digits.
func shaOf(body []byte) string {
	sum := sha1.Sum(body)
	return hex.EncodeToString(sum[:])
}
