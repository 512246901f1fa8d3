package resp

import (
	"strconv"
	"strings"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// debugCommands are what DEBUG has beside what the state machine answers: what test suites use. There is none that harms the node.
func debugCommands() []localCommand {
	sub := func(name string, arity int, syntax, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: arity, Since: "1.0.0", Flags: adminOnly, Group: groupServer,
			Complexity: "O(1)", Summary: summary, Syntax: syntax}}
	}
	sleep := sub("SLEEP", 3, "seconds", "Has this node run no commands for a time.", debugSleepInExec)
	sleep.special = debugSleep
	reload := sub("RELOAD", -2, "", "Has the cluster take a checkpoint, and returns once this node has it on disk. What is in memory stays.", nil)
	reload.special, reload.Flags, reload.Complexity = debugReload, adminOnly|statemachine.NoMulti, "O(N) where N is the number of keys that changed since the checkpoint before"
	return []localCommand{{Command: statemachine.Command{Name: "DEBUG"}, subcommands: []localCommand{
		sub("ERROR", 3, "string", "Replies with an error.", debugError),
		sub("LOG", 3, "message", "Writes a message to the server log.", debugLog),
		sub("PROTOCOL", 3, "<string | integer | double | bignum | null | array | set | map | attrib | push | verbatim | true | false>",
			"Replies with a test value of a type.", debugProtocol),
		reload,
		sleep,
	}}}
}

// debugReload: DEBUG RELOAD. There is no other state to load than the one in memory: a node that dropped it would have to leave its group meanwhile. So
// the options, which are about loading, are refused.
func debugReload(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	if len(args) > 2 {
		problem := errReloadOption
		if o := strings.ToUpper(string(args[2])); o == "MERGE" || o == "NOFLUSH" || o == "NOSAVE" {
			problem = errReloadNothing
		}
		l.reply(c, r, writeError(problem))
		return
	}
	l.checkpoint(c, r, true, writeOK)
}

// sleepTime reads the seconds of DEBUG SLEEP. As in Redis what is no number is 0.
func sleepTime(arg []byte) time.Duration {
	seconds, err := strconv.ParseFloat(string(arg), 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, float64(maxWait/time.Second/2)) * float64(time.Second))
}

// debugSleep: DEBUG SLEEP seconds. No client's command begins on this node meanwhile. Its part in the group goes on: a leader that
// slept would lose its leadership, and what clients of other nodes want has nothing to do with this one.
func debugSleep(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	d, asked := sleepTime(args[2]), copyArgs(args)
	l.pause(c, r, func(p *pause) {
		p.giveUp = func() { p.answer(writeOK) }
		l.server.sleeping.begin(haltAll, d, l.server.followHaltEverywhere)
		l.server.followHaltEverywhere()
		began := l.server.nanos()
		timer := time.AfterFunc(d, func() {
			if l.server.sleeping.expire() { // whoever is told that it is over may send the next command
				l.server.followHaltEverywhere()
			}
			l.do(func() {
				if !p.over {
					l.took(c, r, asked, l.server.nanos()-began)
				}
				p.answer(writeOK)
			})
		})
		p.stop = func() { timer.Stop() }
	})
}

// debugSleepInExec is DEBUG SLEEP inside a transaction, where nothing waits: what comes behind the transaction does.
func debugSleepInExec(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	l.slept = sleepTime(args[2])
	l.server.sleeping.begin(haltAll, l.slept, l.server.followHaltEverywhere)
	l.server.followHaltEverywhere()
	l.followHalt()
	writeOK(w)
}

// debugError: DEBUG ERROR string.
func debugError(_ *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	w.Error(strings.NewReplacer("\r", " ", "\n", " ").Replace(quoted(args[2])))
}

// debugLog: DEBUG LOG message.
func debugLog(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	l.server.logger.Warn("resp: DEBUG LOG", "message", quoted(args[2]), "client", c.id, "addr", c.remote)
	writeOK(w)
}

// debugProtocol: DEBUG PROTOCOL type.
func debugProtocol(_ *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	switch kind := strings.ToLower(string(args[2])); kind {
	case "string":
		w.BulkString("Hello World")
	case "integer":
		w.Int(12345)
	case "double":
		w.Double(3.141)
	case "null":
		w.Null()
	case "array", "set":
		header := map[string]func(int){"array": w.Array, "set": w.Set}[kind]
		header(3)
		for i := range 3 {
			w.Int(int64(i))
		}
	case "map":
		w.Map(3)
		for i := range 3 {
			w.Int(int64(i))
			w.Bool(i == 1)
		}
	case "attrib":
		if w.Protocol() > 2 {
			w.Raw([]byte("|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"))
		}
		w.BulkString("Some real reply following the attribute")
	case "push":
		if w.Protocol() < 3 {
			w.Error(errNeedsRESP3)
			return
		}
		w.Push(2)
		w.BulkString("server-cpu-usage")
		w.Int(42)
		w.BulkString("Some real reply following the push reply") // a push is none
	case "verbatim":
		w.Verbatim("txt", "This is a verbatim\nstring")
	case "true", "false":
		w.Bool(kind == "true")
	case "bignum":
		if w.Protocol() > 2 {
			w.Raw([]byte("(1234567999999999999999999999999999999\r\n"))
		} else {
			w.BulkString("1234567999999999999999999999999999999")
		}
	default:
		w.Error("ERR Wrong protocol type name. Please use one of the following: " +
			"string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false")
	}
}
