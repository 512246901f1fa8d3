package lua

// The limits of a script. All of them are part of what a script does, so they are the same in every node: a change of one is a change of the format
// of the log.
const (
	// maxSteps is how much a script may do. A step is about one operation of the language; a builtin takes some for what it goes through.
	maxSteps = 50_000_000
	// maxMemory is how many bytes a script may make tables, strings and closures of, in all: what it lets go of still counts.
	maxMemory = 512 << 20
	// maxDepth is how deep functions may call each other, Lua's LUAI_MAXCALLS, and maxNested how deep what builtins and metatables call may be nested,
	// LUAI_MAXCCALLS.
	maxDepth  = 20000
	maxNested = 200
	// maxStack is how many values the locals and arguments of all running functions may be.
	maxStack = 1 << 20
	// maxUnpack is how many values unpack returns at most.
	maxUnpack = 8000 - 2
	// maxLocals and maxUpvalues are Lua's, for one function.
	maxLocals   = 200
	maxUpvalues = 60
	// maxSyntax is how deep expressions and blocks may be nested in the text of a script, and maxBrackets how deep brackets may, Lua's LUAI_MAXCCALLS.
	maxSyntax   = 1000
	maxBrackets = 200
	// maxJSONDepth is how deep JSON may be nested, whatever a script sets, since what goes through it recurs.
	maxJSONDepth = 5000
	// MaxSource is how long the text of a script may be, in bytes.
	MaxSource = 1 << 20
	// maxCoroutines is how many coroutines a script may make.
	maxCoroutines = 10000
	// maxString is the longest string.
	maxString = 512 << 20
)

// What things cost.
const (
	closureBytes   = 96
	cellBytes      = 24
	coroutineBytes = 16 << 10
	bytesPerStep   = 64 // what builtins go through
	hashedPerStep  = 8  // of a string that is hashed
	digitsPerStep  = 2  // of a string that is read as a number
	valuesPerStep  = 1  // arguments and results that are copied
	tableSteps     = 4
	catchSteps     = 50 // an error that is caught
)
