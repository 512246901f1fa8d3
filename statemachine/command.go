package statemachine

// Args are a command's arguments, its name first, as the client sent them. They are valid for the duration of the
// call only: what is stored is copied.
type Args [][]byte

// Flags say how a command behaves. Their names are those of COMMAND INFO.
type Flags uint32

// The flags of Redis's command table (https://redis.io/docs/latest/commands/command/) that paxredis uses, and Local.
const (
	Write    Flags = 1 << iota // goes through the log
	ReadOnly                   // reads the keyspace, never changes it
	DenyOOM
	Admin
	Pubsub
	NoScript
	Blocking
	Loading // allowed while the node loads
	Stale   // allowed without a leader
	SkipMonitor
	SkipSlowlog
	NoAuth
	Fast
	NoMulti
	MovableKeys
	AllowBusy
	NoAsyncLoading
	NoMandatoryKeys
	// MayReplicate commands go through the log as those with Write do, and change no key by themselves: PUBLISH, EVAL.
	MayReplicate
	// Local commands never reach the log or the keyspace: the connection layer runs them (Run is nil).
	Local
	// Recorded commands go through the log as those with Write do, and change no key: ACL SETUSER. Redis has no flag that says so.
	Recorded
)

// Has reports whether all flags of g are in f.
func (f Flags) Has(g Flags) bool { return f&g == g }

// Logged reports whether the command goes through the log.
func (f Flags) Logged() bool { return f&(Write|MayReplicate|Recorded) != 0 }

// Keys says where a command's keys are among its arguments, in Redis's terms: the first key's index, the last one's
// (negative counts from the end), and the step. The zero value means that there are none.
type Keys struct {
	First, Last, Step int
	// Numkeys, if not 0, is the index of an argument that says how many keys follow right after it, each Step behind the one
	// before (1 if Step is 0); it takes the place of First and Last.
	// Numkeys, if not 0, is the index of an argument that says how many keys follow right after it. First is then 0, or
	// the index of one key in front of that.
	Numkeys int
	// Word, if not "", is an argument, in any case, behind which the first half of the others are keys; it is looked for from index From on.
	// It takes the place of all else.
	Word string
	From int
}

// Command is one row of the command table: all that is known of a command, used for dispatch, COMMAND, MULTI, the
// documentation and the tests alike.
type Command struct {
	// Name is in upper case; a subcommand's is only its own part, as "ENCODING" in the row of OBJECT.
	Name string
	// Arity is Redis's: the exact number of arguments, the name included, or, negative, the least.
	Arity int
	Flags Flags
	Keys  Keys
	// Group, Since, Complexity and Summary are as in COMMAND DOCS.
	Group      string
	Since      string
	Complexity string
	Summary    string
	// Syntax is the arguments' synopsis as redis.io writes it, without the name: "key value [NX | XX] [GET]
	// [EX seconds | PX milliseconds]". COMMAND DOCS answers the arguments parsed from it, and redis-cli hints with them.
	Syntax string
	// Tips are COMMAND's command tips.
	Tips []string
	// Categories are ACL categories besides those that follow from Flags and Group, without "@".
	Categories []string
	// Subcommands are the rows of a container command such as OBJECT. A container without a Run of its own refuses to
	// be called without one of them.
	Subcommands []Command
	// Undivided containers have subcommands that are no commands of their own in Redis, which has one error for whatever it does not know of them.
	Undivided bool
	// Run executes the command, the same way for a plain call, in EXEC, and for a read. Nil for Local commands.
	Run func(tx *Tx, args Args, reply Reply)
}
