package lua

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"

	"github.com/paxredis/paxredis/statemachine/internal/double"
)

// The version of Redis that scripts are told, as HELLO and INFO do.
const (
	redisVersion    = "7.2.4"
	redisVersionNum = 0x00070204
)

func (in *Interp) openRedis() *Table {
	t := in.library(map[string]func(a args){
		"call":               func(a args) { redisCall(a, true) },
		"pcall":              func(a args) { redisCall(a, false) },
		"log":                redisLog,
		"setresp":            redisSetResp,
		"error_reply":        redisErrorReply,
		"status_reply":       redisStatusReply,
		"sha1hex":            redisSHA1,
		"replicate_commands": func(a args) { a.in.returns(true) },
		"breakpoint":         func(a args) { a.in.returns(false) },
		"debug":              func(args) {},
		"set_repl":           redisSetRepl,
		"acl_check_cmd":      redisCheck,
		"register_function":  redisRegister,
	}, "call", "pcall", "log", "setresp", "error_reply", "status_reply", "sha1hex", "replicate_commands", "breakpoint", "debug", "set_repl",
		"acl_check_cmd", "register_function")
	for i, name := range []string{"LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING", "REPL_NONE", "REPL_AOF", "REPL_REPLICA", "REPL_ALL"} {
		t.set(in, name, number(float64([]int{0, 1, 2, 3, 0, 1, 2, 3}[i])))
	}
	t.set(in, "REPL_SLAVE", 2.0)
	t.set(in, "REDIS_VERSION", redisVersion)
	t.set(in, "REDIS_VERSION_NUM", number(redisVersionNum))
	return t
}

// raiseCode raises an error that is a table, without a place in its text.
func (in *Interp) raiseCode(problem string) {
	in.raise(in.errorTable("ERR " + problem))
}

// errorTable is an error as scripts see it.
func (in *Interp) errorTable(text string) *Table {
	t := in.NewTable()
	t.set(in, "err", in.text(text))
	return t
}

// commandArgs turns the arguments of a call into those of a command.
func (a args) commandArgs() [][]byte {
	list := make([][]byte, len(a.vals))
	for i, v := range a.vals {
		switch v := v.(type) {
		case string:
			list[i] = []byte(v)
		case float64:
			list[i] = double.Append(nil, v)
		default:
			a.in.raiseCode("Lua redis lib command arguments must be strings or integers")
		}
		a.in.charge(int64(len(list[i])) + 24)
	}
	return list
}

// commandSteps is what running a command counts as, besides its bytes.
const commandSteps = 30

// notAtLoad refuses what a library may not do while it is loaded.
func (a args) notAtLoad() {
	if a.in.loading != nil || a.in.host == nil {
		a.in.fail("Script attempted to access nonexistent global variable '" + a.name + "'")
	}
}

// redisCall: redis.call raises errors of commands, redis.pcall returns them.
func redisCall(a args, raises bool) {
	in := a.in
	a.notAtLoad()
	if len(a.vals) == 0 {
		in.refused("Please specify at least one argument for this redis lib call", raises)
		return
	}
	list := a.commandArgs()
	size := 0
	for _, arg := range list {
		size += len(arg)
	}
	in.work(commandSteps + int64(size/bytesPerStep))
	c := Capture{in: in, resp: in.resp}
	in.calling = true
	in.host.Call(list, &c)
	in.calling = false
	in.work(0)
	in.charge(0)
	if raises && c.failed {
		in.raise(c.value)
	}
	in.returns(c.value)
}

// refused is an error of a call that was not made.
func (in *Interp) refused(problem string, raises bool) {
	t := in.errorTable("ERR " + problem)
	if raises {
		in.raise(t)
	}
	in.returns(t)
}

func redisLog(a args) {
	if len(a.vals) < 2 {
		a.in.raiseCode("redis.log() requires two arguments or more.")
	}
	level, ok := a.vals[0].(float64)
	if !ok {
		a.in.raiseCode("First argument must be a number (log level).")
	}
	if level < LogDebug || level > LogWarning {
		a.in.raiseCode("Invalid debug level.")
	}
	var parts []string
	for _, v := range a.vals[1:] {
		if s, ok := asString(v); ok {
			a.in.charge(int64(len(s)))
			parts = append(parts, s)
		}
	}
	if a.in.host != nil {
		a.in.host.Log(int(level), strings.Join(parts, " "))
	}
}

func redisSetResp(a args) {
	if len(a.vals) != 1 {
		a.in.raiseCode("redis.setresp() requires one argument.")
	}
	n, ok := asNumber(a.vals[0])
	if !ok || n != 2 && n != 3 {
		a.in.raiseCode("RESP version must be 2 or 3.")
	}
	a.in.resp = int(n)
}

// redisErrorReply: a text without a code gets ERR.
func redisErrorReply(a args) {
	s, ok := a.at(1).(string)
	if !ok || len(a.vals) != 1 {
		a.in.returns(a.in.errorTable("ERR wrong number or type of arguments"))
		return
	}
	s = strings.TrimRight(strings.TrimPrefix(s, "-"), "\r\n")
	if !strings.Contains(s, " ") {
		s = "ERR " + s
	}
	a.in.returns(a.in.errorTable(s))
}

func redisStatusReply(a args) {
	s, ok := a.at(1).(string)
	if !ok || len(a.vals) != 1 {
		a.in.returns(a.in.errorTable("ERR wrong number or type of arguments"))
		return
	}
	t := a.in.NewTable()
	t.set(a.in, "ok", s)
	a.in.returns(t)
}

func redisSHA1(a args) {
	if len(a.vals) != 1 {
		a.in.raiseCode("wrong number of arguments")
	}
	s, _ := asString(a.vals[0])
	a.in.work(int64(len(s) / 16))
	sum := sha1.Sum([]byte(s))
	a.string(hex.EncodeToString(sum[:]))
}

// redisSetRepl accepts what there is: a script is one entry of the log, and runs on every node.
func redisSetRepl(a args) {
	if len(a.vals) != 1 {
		a.in.raiseCode("redis.set_repl() requires two arguments.")
	}
	if n, ok := asNumber(a.vals[0]); !ok || n < 0 || n > 3 {
		a.in.raiseCode("Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
	}
}

func redisCheck(a args) {
	a.notAtLoad()
	if len(a.vals) == 0 {
		a.in.raiseCode("Please specify at least one argument for this redis.acl_check_cmd() call")
	}
	allowed, known := a.in.host.Allowed(a.commandArgs())
	if !known {
		a.in.raiseCode("Invalid command passed to redis.acl_check_cmd()")
	}
	a.in.returns(allowed)
}
