package lua

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// Host is what a script may ask for. Its methods are called on the goroutine that runs the script.
type Host interface {
	// Call runs a command; its reply goes to reply. The arguments are the host's.
	Call(args [][]byte, reply *Capture)
	// Allowed answers redis.acl_check_cmd: whether the script's user may run a command, and whether there is such a command.
	Allowed(args [][]byte) (allowed, known bool)
	// Log notes a message of redis.log; the level is one of the Log constants.
	Log(level int, text string)
}

// The levels of Host.Log.
const (
	LogDebug = iota
	LogVerbose
	LogNotice
	LogWarning
)

// run is what belongs to the script that is running.
type run struct {
	host    Host
	calling bool // the host is running a command
	resp    int  // the version of RESP that redis.call answers in
	random  lrand48
	json    jsonConfig
	loading *loading
}

// Result is how a script ended.
type Result struct {
	in *Interp
	// value is what it returned, or its error.
	value Value
	text  string // the error, with its code
	place string
	resp  int
}

// New returns an interpreter with all libraries.
func New() *Interp {
	in := &Interp{stack: make([]Value, stackSize), steps: maxSteps, memory: maxMemory, allowed: maxSteps}
	in.openBase()
	g := in.globals
	g.set(in, "table", in.openTable())
	g.set(in, "string", in.openString())
	g.set(in, "math", in.openMath())
	g.set(in, "coroutine", in.openCoroutine())
	g.set(in, "cjson", in.openJSON(&in.json))
	g.set(in, "struct", in.openStruct())
	g.set(in, "cmsgpack", in.openMsgpack())
	g.set(in, "bit", in.openBit())
	g.set(in, "redis", in.openRedis())
	g.set(in, "KEYS", nil)
	g.set(in, "ARGV", nil)
	in.protectGlobals()
	in.libraryIDs = in.ids
	return in
}

// protectGlobals makes the globals and the libraries constant, and names that are not there errors.
func (in *Interp) protectGlobals() {
	strict := in.NewTable()
	strict.set(in, "__index", in.builtin("", func(a args) {
		name, _ := asString(a.at(2))
		a.in.fail("Script attempted to access nonexistent global variable '" + name + "'")
	}))
	strict.readonly = true
	in.globals.each(func(_, v Value) bool {
		if t, ok := v.(*Table); ok {
			t.readonly = true
		}
		return true
	})
	in.globals.meta = strict
}

// Eval runs a script. name is how errors call it.
func (in *Interp) Eval(c *Chunk, name string, keys, argv [][]byte, host Host) Result {
	in.begin(host)
	defer in.end()
	return in.result(name, func() {
		in.globals.set(in, "KEYS", in.byteStrings(keys))
		in.globals.set(in, "ARGV", in.byteStrings(argv))
		in.callValue(&Function{proto: c.main, id: in.newID()}, nil, "")
	})
}

// byteStrings is a list of byte strings.
func (in *Interp) byteStrings(list [][]byte) *Table {
	vals := make([]Value, len(list))
	for i, b := range list {
		vals[i] = in.text(string(b))
	}
	return in.list(vals)
}

// begin makes everything as it is at the start of each script.
func (in *Interp) begin(host Host) {
	in.steps, in.memory, in.stopped = in.allowed, maxMemory, ""
	in.ids = in.libraryIDs
	in.run = run{host: host, resp: 2, json: defaultJSON}
	in.random.state = initialRandom
}

// end lets go of everything that the script made.
func (in *Interp) end() {
	for _, c := range in.coroutines {
		if c.stop != nil {
			c.stop()
		}
	}
	clear(in.coroutines)
	in.coroutines = in.coroutines[:0]
	if cap(in.stack) > stackSize {
		in.stack = make([]Value, stackSize)
	} else {
		clear(in.stack[:min(in.high, stackSize)])
	}
	in.high = 0
	in.top, in.used, in.depth, in.nested, in.frame, in.coroutine = 0, 0, 0, 0, nil, nil
	in.native, in.byNative = false, false
	in.ret, in.tail.args = emptied(in.ret), emptied(in.tail.args)
	in.tail.fn = nil
	in.globals.set(in, "KEYS", nil)
	in.globals.set(in, "ARGV", nil)
	in.run = run{}
}

// maxKept is how many values a buffer may keep room for.
const maxKept = 256

func emptied(vals []Value) []Value {
	if cap(vals) > maxKept {
		return nil
	}
	clear(vals[:cap(vals)])
	return vals[:0]
}

// result runs a script and turns what it ends with into a result.
func (in *Interp) result(name string, f func()) (r Result) {
	r.in = in
	defer func() {
		if e := recover(); e != nil {
			r.fail(in.failure(e), name)
		}
	}()
	f()
	r.value, r.resp = in.first(), in.resp
	in.measure(r.value, 0)
	return r
}

// failure makes an error of what a script panicked with. A fault of the interpreter ends the script and not the process: the log would have every
// node run into it again and again. A fault of a command is none of a script's.
func (in *Interp) failure(panicked any) *Error {
	var source string
	line := 0
	if f := in.frame; f != nil && f.fn != nil {
		source, line = f.fn.proto.chunk.source, f.line
	}
	switch p := panicked.(type) {
	case *Error:
		return p
	case stop:
		return &Error{Value: p.text, Source: source, Line: line}
	case runtime.Error:
		if !in.calling {
			return &Error{Value: "the script met a fault of the interpreter", Source: source, Line: line}
		}
	}
	panic(panicked)
}

// fail makes the result that of an error, with the text that Redis gives it.
func (r *Result) fail(e *Error, name string) {
	switch v := e.Value.(type) {
	case *Table:
		var ok bool
		if r.text, ok = asString(v.Field("err")); !ok {
			r.text = "ERR unknown error"
		}
	default:
		r.text = "ERR " + text(v)
	}
	if e.Line > 0 {
		r.place = fmt.Sprintf(" script: %s, on %s:%d.", name, e.Source, e.Line)
	}
}

// Failed reports whether the script ended with an error, and its text without the place.
func (r *Result) Failed() (text string, failed bool) { return r.text, r.text != "" }

// errShebang is the error of a first line that begins with #! and says nothing more.
var errShebang = errors.New("ERR Invalid script shebang")

// ScriptFlags are what a script says of itself in its first line, as bits.
type ScriptFlags uint8

// The flags of scripts and functions (https://redis.io/docs/latest/develop/interact/programmability/lua-api/#script_flags).
const (
	NoWrites ScriptFlags = 1 << iota
	AllowOOM
	AllowStale
	NoCluster
	AllowCrossSlot
	// Plain is that of a script without a first line.
	Plain
)

// flagNames are in the order of the bits.
var flagNames = []string{"no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"}

// Names are the flags' names.
func (f ScriptFlags) Names() []string {
	var names []string
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

func flagNamed(name string) (ScriptFlags, bool) {
	for i, known := range flagNames {
		if known == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// Shebang reads the first line of a script, "#!lua flags=no-writes", and returns the rest, which keeps the end of that line so that the others are
// counted as they are. A script without one is Plain. The error is Redis's.
func Shebang(body string) (code string, flags ScriptFlags, err error) {
	if !strings.HasPrefix(body, "#!") {
		return body, Plain, nil
	}
	end := strings.IndexByte(body, '\n')
	if end < 0 {
		return "", 0, errShebang
	}
	parts := strings.Fields(body[:end])
	if parts[0] != "#!lua" {
		return "", 0, fmt.Errorf("ERR Unexpected engine in script shebang: %s", parts[0])
	}
	for _, part := range parts[1:] {
		list, ok := strings.CutPrefix(part, "flags=")
		if !ok {
			return "", 0, fmt.Errorf("ERR Unknown lua shebang option: %s", part)
		}
		for name := range strings.SplitSeq(list, ",") {
			flag, ok := flagNamed(name)
			if !ok && name != "" {
				return "", 0, fmt.Errorf("ERR Unexpected flag in script shebang: %s", name)
			}
			flags |= flag
		}
	}
	return body[end:], flags, nil
}
