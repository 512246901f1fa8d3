package statemachine

import (
	"bytes"
	"crypto/sha1"

	"github.com/paxredis/paxredis/statemachine/internal/lua"
)

const groupScripting = "scripting"

// Scripts may write, so they go through the log, as one entry of it; those of the _RO commands run where they are asked.
var evalCommands = []Command{
	evalCommand("EVAL", "2.6.0", 0, "script", "Executes a server-side Lua script.", eval),
	evalCommand("EVALSHA", "2.6.0", 0, "sha1", "Executes a server-side Lua script by SHA1 digest.", evalsha),
	evalCommand("EVAL_RO", "7.0.0", ReadOnly, "script", "Executes a read-only server-side Lua script.", evalRO),
	evalCommand("EVALSHA_RO", "7.0.0", ReadOnly, "sha1", "Executes a read-only server-side Lua script by SHA1 digest.", evalshaRO),
	evalCommand("FCALL", "7.0.0", 0, "function", "Invokes a function.", fcall),
	evalCommand("FCALL_RO", "7.0.0", ReadOnly, "function", "Invokes a read-only function.", fcallRO),
}

func evalCommand(name, since string, flags Flags, what, summary string, run func(tx *Tx, args Args, reply Reply)) Command {
	if flags == 0 {
		flags = MayReplicate
	}
	return Command{Name: name, Arity: -3, Flags: flags | NoScript | Stale | SkipMonitor | NoMandatoryKeys, Keys: Keys{Numkeys: 2},
		Group: groupScripting, Since: since, Complexity: "Depends on the script that is executed.", Summary: summary,
		Syntax: what + " numkeys [key [key ...]] [arg [arg ...]]", Run: run}
}

// keysAndArgs splits the arguments behind numkeys. malformed is the error of a number that is none.
func keysAndArgs(args Args, malformed string, reply Reply) (keys, argv [][]byte, ok bool) {
	n, isNumber := ParseInt(args[2])
	switch {
	case !isNumber:
		reply.Error(malformed)
	case n > int64(len(args)-3):
		reply.Error(errTooManyKeys)
	case n < 0:
		reply.Error(errNegativeKeys)
	default:
		return args[3 : 3+n], args[3+n:], true
	}
	return nil, nil, false
}

// eval: EVAL script numkeys [key ...] [arg ...]. The script is kept for EVALSHA.
func eval(tx *Tx, args Args, reply Reply) { tx.eval(args, false, reply) }

// evalRO: EVAL_RO script numkeys [key ...] [arg ...]. As a read it leaves nothing, but this node compiles the script only once.
func evalRO(tx *Tx, args Args, reply Reply) { tx.eval(args, true, reply) }

func (tx *Tx) eval(args Args, readOnly bool, reply Reply) {
	keys, argv, ok := keysAndArgs(args, errNotInteger, reply)
	if !ok {
		return
	}
	sha := shaOf(args[1])
	p, problem := tx.scripts.machine.programs.compile(sha, args[1])
	if problem != "" {
		reply.Error(oneLine(problem))
		return
	}
	if key := keyOf(keyScript, sha); tx.scripts.inApply && !readOnly && tx.ks.loaded.lookup(key) == nil {
		tx.ks.load(kindEval, key, args[1]) // without room it runs, and EVALSHA does not find it
	}
	tx.runProgram(p, sha, keys, argv, readOnly, reply)
}

// evalsha: EVALSHA sha1 numkeys [key ...] [arg ...].
func evalsha(tx *Tx, args Args, reply Reply) { tx.evalsha(args, false, reply) }

// evalshaRO: EVALSHA_RO sha1 numkeys [key ...] [arg ...].
func evalshaRO(tx *Tx, args Args, reply Reply) { tx.evalsha(args, true, reply) }

func (tx *Tx) evalsha(args Args, readOnly bool, reply Reply) {
	if len(args[1]) != 2*sha1.Size {
		reply.Error(errNoScript)
		return
	}
	keys, argv, ok := keysAndArgs(args, errNotInteger, reply)
	if !ok {
		return
	}
	sha := string(bytes.ToLower(args[1]))
	body, ok := tx.ks.loaded.script(sha)
	var p *program
	switch {
	case ok:
		var problem string
		if p, problem = tx.scripts.machine.programs.compile(sha, body); problem != "" {
			reply.Error(oneLine(problem))
			return
		}
	case !tx.scripts.inApply:
		p = tx.scripts.machine.programs.get(sha) // one that EVAL_RO brought to this node: what it reads is no part of the log
	}
	if p == nil {
		reply.Error(errNoScript)
		return
	}
	tx.runProgram(p, sha, keys, argv, readOnly, reply)
}

func (tx *Tx) runProgram(p *program, sha string, keys, argv [][]byte, readOnly bool, reply Reply) {
	if readOnly && p.flags&(lua.Plain|lua.NoWrites) == 0 {
		reply.Error(errScriptNotRO)
		return
	}
	tx.runScript(p.flags, readOnly, reply, func(in *lua.Interp, host lua.Host) lua.Result {
		return in.Eval(p.chunk, sha, keys, argv, host)
	})
}

// fcall: FCALL function numkeys [key ...] [arg ...].
func fcall(tx *Tx, args Args, reply Reply) { tx.fcall(args, false, reply) }

// fcallRO: FCALL_RO function numkeys [key ...] [arg ...].
func fcallRO(tx *Tx, args Args, reply Reply) { tx.fcall(args, true, reply) }

func (tx *Tx) fcall(args Args, readOnly bool, reply Reply) {
	name := string(args[1])
	lib := tx.ks.loaded.functions[name]
	if lib == nil {
		reply.Error(errNoFunction)
		return
	}
	keys, argv, ok := keysAndArgs(args, errBadKeys, reply)
	if !ok {
		return
	}
	flags := lib.Function(name).Flags
	if readOnly && flags&lua.NoWrites == 0 {
		reply.Error(errScriptNotRO)
		return
	}
	tx.runScript(flags, readOnly, reply, func(in *lua.Interp, host lua.Host) lua.Result {
		return in.CallFunction(lib.Library, name, keys, argv, host)
	})
}
