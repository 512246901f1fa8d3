package differential

import (
	"slices"
	"strconv"
	"strings"
)

// Incomparable are the commands that are not compared, with the reason, by their full name; container|* is a container with all its
// subcommands. Each must be in paxredis's table. What a server of the version lacks is among them.
func Incomparable(theirs Version) map[string]string {
	const (
		own      = "paxredis' own"
		self     = "it says what the server and its process are"
		table    = "the tables are not of the same commands"
		program  = "its arguments are programs; package statemachine compares scripts"
		lessHelp = "the subcommands are not the same"
		modules  = "there are no modules here, as the replies say; redis-server has its own settings for them"
	)
	found := map[string]string{
		"paxos|*": own, "object|version": own,
		"acl|*": "users are each server's own, and the texts are of 7.2; package resp compares them", "info": self, "cluster|*": self, "role": self, "lolwut": self, "debug|*": self, "config|get": self,
		"client|info": self, "client|list": self, "slowlog|get": self, "slowlog|len": self,
		"client|pause": "it holds up what is compared", "client|unpause": "it is of use after CLIENT PAUSE", "client|unblock": "here it cannot be in a transaction", "client|caching": "it needs CLIENT TRACKING",
		"client|tracking": "invalidations are no replies: they come when they come",
		"client|kill":     "it ends the connection that is compared", "client|reply": "what has no reply cannot be compared",
		"memory|stats": self, "memory|doctor": self, "memory|malloc-stats": self, "memory|usage": self, "memory|purge": "here it cannot be in a transaction",
		"latency|histogram": self, "latency|doctor": self, "latency|graph": self, "latency|history": self, "latency|latest": self, "latency|reset": self,
		"waitaof": "redis-server has no append-only file here", "failover": "a paxredis node has no replicas of its own", "asking": "redis-server queues it without cluster mode, too",
		"pfselftest":  "it takes redis-server seconds",
		"module|help": modules, "module|load": modules, "module|loadex": modules, "module|unload": modules,
		"client|help": lessHelp, "command|help": lessHelp, "config|help": lessHelp, "slowlog|help": lessHelp,
		"command": table, "command|count": table, "command|docs": table, "command|info": table, "command|list": table,
		"config|set": "the settings are each server's own", "config|rewrite": "redis-server has no file here either, but another error",
		"bgsave": "when a file was written last", "save": "when a file was written last", "lastsave": "when a file was written last",
		"wait": "redis-server takes a number of replicas that is beyond 32 bits, and counts replicas, not voters",
		"eval": program, "evalsha": program, "eval_ro": program, "evalsha_ro": program, "fcall": program, "fcall_ro": program,
		"script|*": program, "function|*": program,
		"monitor":  "what it shows is no reply",
		"shutdown": "nothing is left to compare", "quit": "nothing is left to compare",
		"replicaof": "a paxredis node is no replica", "slaveof": "a paxredis node is no replica",
		"readonly": "redis-server refuses it without cluster mode", "readwrite": "redis-server refuses it without cluster mode",
	}
	for name, since := range newerCommands {
		if theirs < since {
			found[name] = "the redis-server that is compared is older"
		}
	}
	if theirs >= of72 {
		found["auth"] = "the servers that are compared, Valkey 8.0 and Redis 8.0, have no reply to the second one that fails"
	}
	return found
}

// newerCommands are those that redis-server 7.0 lacks, by the release that has them.
var newerCommands = map[string]Version{
	"client|no-touch": of72, "client|setinfo": of72,
	"hexpire": of74, "hpexpire": of74, "hexpireat": of74, "hpexpireat": of74, "httl": of74, "hpttl": of74, "hexpiretime": of74, "hpexpiretime": of74, "hpersist": of74,
	"hgetdel": of80, "hgetex": of80, "hsetex": of80,
	"digest": ofNone, "delex": ofNone, "delifeq": ofNone, "msetex": ofNone,
}

// flagsIncomparable are the flags of commands that are not compared, with the reason.
var flagsIncomparable = map[string]string{
	"pubsub": "messages are no replies: they come when they come",
}

// OwnTokens are paxredis's options that a redis-server of the version does not have, by the command. They are not drawn.
func OwnTokens(theirs Version) map[string][]string {
	found := map[string][]string{
		"get": {"WITHVER"}, "keys": {"WITHVER"}, "set": {"VER", "IFVER", "WITHVER", "IFEQ", "IFNE", "IFDEQ", "IFDNE"}, "del": {"VER", "IFVER"},
		// What redis-server calls any string, an operation.
		"bitop": {"AND", "OR", "XOR", "NOT", "DIFF", "DIFF1", "ANDOR", "ONE"},
	}
	if theirs < of72 {
		found["zrank"], found["zrevrank"] = []string{"WITHSCORE"}, []string{"WITHSCORE"}
	}
	if theirs >= of72 {
		found["bitop"] = []string{"DIFF", "DIFF1", "ANDOR", "ONE"} // of 8.2; the others are options of theirs, too
		found["hello"] = []string{"AUTH"}                          // as AUTH itself
	}
	if theirs < of74 {
		found["hscan"] = []string{"NOVALUES"}
	}
	return found
}

// theirTokens are options that paxredis does not have: those of Valkey.
var theirTokens = map[string][]string{"zscan": {"NOSCORES"}}

// timeTokens are options that make a result depend on the time; they are not drawn.
var timeTokens = map[string][]string{
	"xadd": {"*"}, // an identifier of the server's clock
}

// Known is a difference that is wanted.
type Known struct {
	// Name is short, Reason says why it is wanted.
	Name, Reason string
	// From is the first release with the difference; 0: all had it. Since is the first one that replies as paxredis does, so that with it there is no such
	// difference; 0: none.
	From, Since Version
	// Diverges says that the servers' data differ afterwards, so that nothing more of the sequence is compared.
	Diverges bool
	// Matches says whether a difference is this one.
	Matches func(d *Difference) bool
	// Confirmed, unless it is nil, makes sure of it by running calls again on both servers, whose data are lost.
	Confirmed func(ours, theirs runner, d *Difference) bool
}

// KnownDifferences are all differences from a redis-server of the version that are wanted.
func KnownDifferences(theirs Version) []Known {
	return slices.DeleteFunc(slices.Concat(newerDifferences(), valueDifferences(), streamDifferences(), sortedSetDifferences(), []Known{
		{Name: "whom HELLO greets", Reason: "the version of Redis that is kept to, and the client's id, differ", Matches: func(d *Difference) bool {
			return d.command("hello") && sameGreeting(d.Ours, d.Theirs)
		}},
		{Name: "a name for a stranger", Since: of72, Reason: "HELLO looks at the name of SETNAME before the password from 7.2 on", Matches: func(d *Difference) bool {
			return d.command("hello") && strings.HasPrefix(d.Ours.Text, "ERR Client names cannot contain") && strings.HasPrefix(d.Theirs.Text, "WRONGPASS")
		}},
		{Name: "a password before what is no option", Since: of72, Reason: "HELLO looks at all of its options before the password from 7.2 on", Matches: func(d *Difference) bool {
			return d.command("hello") && strings.HasPrefix(d.Ours.Text, "ERR Syntax error in HELLO option") && strings.HasPrefix(d.Theirs.Text, "WRONGPASS")
		}},
		{Name: "identifiers of the clock", Diverges: true, Reason: "two servers are not asked in the same millisecond", Matches: func(d *Difference) bool {
			return d.command("xadd") && slices.Contains(d.Call, "*") && !slices.Contains(d.Call, d.Theirs.Text) && momentsApart(d.Ours.Text, d.Theirs.Text)
		}},
		{Name: "HELLO in a transaction", Diverges: true, Reason: "the replies of a transaction are of one version of the protocol",
			Matches: func(d *Difference) bool {
				return d.command("hello") && strings.HasPrefix(d.Ours.Text, "ERR Command not allowed inside a transaction")
			}},
		{Name: "OBJECT HELP", Reason: "there is OBJECT VERSION", Matches: func(d *Difference) bool { return d.command("object|help") }},
		{Name: "DBSIZE counts no dead keys", Reason: "a key whose time is over is gone at once; redis-server counts it until it meets it",
			Matches:   func(d *Difference) bool { return d.command("dbsize") && less(d.Ours.Text, d.Theirs.Text) },
			Confirmed: func(_, theirs runner, d *Difference) bool { return sizeWithoutDead(theirs, d) }},
		{Name: "options of their own, queued", Diverges: true, Reason: "GET and KEYS take WITHVER, and ZRANK takes WITHSCORE, so a superfluous argument is found by EXEC",
			Matches: func(d *Difference) bool {
				return d.command("get", "keys", "zrank", "zrevrank") && d.Ours.isQueued() && isWrongNumber(d.Theirs)
			}},
		{Name: "options of their own, in COMMAND GETKEYS", Reason: "GET takes WITHVER, and ZRANK WITHSCORE, so with one more argument it is a call", Matches: func(d *Difference) bool {
			return d.command(keyQuestions...) && len(d.Call) > 2 && slices.Contains([]string{"GET", "ZRANK", "ZREVRANK"}, strings.ToUpper(d.Call[2])) && isInvalidNumber(d.Theirs)
		}},
		{Name: "COMMAND GETKEYS of a name alone", Since: of72, Reason: "it is taken from 7.2 on, and refused as that command's call", Matches: func(d *Difference) bool {
			return d.command(keyQuestions...) && len(d.Call) == 3 && isWrongNumber(d.Theirs) && d.Ours.IsError()
		}},
		{Name: "COMMAND GETKEYS of a name alone, queued", Since: of72, Diverges: true, Reason: "so it is found by EXEC", Matches: func(d *Difference) bool {
			return d.command(keyQuestions...) && len(d.Call) == 3 && isWrongNumber(d.Theirs) && d.Ours.isQueued()
		}},
		{Name: "long errors", Reason: "an error repeats no more than 128 bytes of what a client sent", Matches: func(d *Difference) bool {
			return d.Ours.IsError() && len(d.Ours.Text) > 128 && strings.HasPrefix(d.Theirs.Text, strings.TrimRight(d.Ours.Text, "'"))
		}},
		{Name: "GT and LT of what passes", Diverges: true, Reason: "relative times are of the moment, which differs",
			Matches: func(d *Difference) bool {
				return d.command("expire", "pexpire") && len(d.Call) > 3 && d.Ours.Kind == ':' && d.Theirs.Kind == ':'
			}},
		{Name: "a key that came and went", Diverges: true, Reason: "WATCH compares what is there: absent then and absent now is no change",
			Matches: func(d *Difference) bool { return d.command("exec") && !d.Ours.Null && d.Theirs.Null },
			Confirmed: func(_, theirs runner, d *Difference) bool {
				return aborts(theirs, d.Calls) && runsWithoutAbsent(theirs, d.Calls)
			}},
		{Name: "SWAPDB brings another absent key", Diverges: true, Reason: "its version may be another one, so WATCH counts it as changed",
			Matches: func(d *Difference) bool {
				return d.command("exec") && d.Ours.Null && !d.Theirs.Null && d.follows("swapdb")
			},
			// Whether it aborts again depends on the tombstones that are there, which each SWAPDB takes to another database.
			Confirmed: func(ours, _ runner, d *Difference) bool { return runsWithoutAbsent(ours, d.Calls) }},
	}), func(k Known) bool { return theirs < k.From || k.Since != 0 && k.Since <= theirs })
}

// typeAfter is the type of a key after the calls.
func typeAfter(s runner, d *Difference, key string) string {
	client := d.Calls[len(d.Calls)-1].Client
	replies, err := rerun(s, append(slices.Clone(d.Calls), Call{client, []string{"TYPE", key}}))
	if err != nil {
		return ""
	}
	return replies[len(replies)-1].Text
}

// mentions reports whether a call of the sequence has a word.
func (d *Difference) mentions(word string) bool {
	return slices.ContainsFunc(d.Calls, func(call Call) bool { return hasWord(call.Args, word) })
}

// isCalledAfter reports whether a key is the first argument of a call behind one of a command that has it there, too.
func (d *Difference) isCalledAfter(command, key string) bool {
	found := false
	for _, call := range d.Calls[:max(0, len(d.Calls)-1)] {
		if len(call.Args) < 2 || call.Args[1] != key {
			continue
		}
		if strings.EqualFold(call.Args[0], command) {
			found = true
		} else if found {
			return true
		}
	}
	return false
}

// hasWord reports whether a call has a word.
func hasWord(call []string, word string) bool {
	return slices.ContainsFunc(call, func(arg string) bool { return strings.EqualFold(arg, word) })
}

// follows reports whether the sequence has a call of the command.
func (d *Difference) follows(command string) bool {
	return slices.ContainsFunc(d.Calls, func(call Call) bool { return strings.EqualFold(call.Args[0], command) })
}

// sameGreeting compares two replies of HELLO but for the server's name, the version and the client's id.
func sameGreeting(ours, theirs Reply) bool {
	if ours.Kind != theirs.Kind || ours.IsError() || len(ours.Elements) != len(theirs.Elements) {
		return false
	}
	their := fields(theirs)
	for name, value := range fields(ours) {
		if other, ok := their[name]; !ok || value.Kind != other.Kind || !slices.Contains([]string{"server", "version", "id", "modules"}, name) && !value.equal(other) {
			return false
		}
	}
	return true
}

// momentsApart reports whether two identifiers of streams are of different moments no further apart than two servers' runs of a call.
func momentsApart(ours, theirs string) bool {
	a, _, okA := strings.Cut(ours, "-")
	b, _, okB := strings.Cut(theirs, "-")
	m, errM := strconv.ParseUint(a, 10, 64)
	n, errN := strconv.ParseUint(b, 10, 64)
	return okA && okB && errM == nil && errN == nil && m != n && max(m, n)-min(m, n) <= slackMilliseconds
}

// keyQuestions are the commands that look for the keys in a call.
var keyQuestions = []string{"command|getkeys", "command|getkeysandflags"}

func isInvalidNumber(r Reply) bool {
	return strings.HasPrefix(r.Text, "ERR Invalid number of arguments specified for command")
}

func isWrongNumber(r Reply) bool { return strings.HasPrefix(r.Text, "ERR wrong number of arguments") }

// less compares integers.
func less(a, b string) bool {
	m, errM := strconv.Atoi(a)
	n, errN := strconv.Atoi(b)
	return errM == nil && errN == nil && m < n
}
