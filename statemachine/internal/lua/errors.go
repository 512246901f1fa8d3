package lua

import (
	"strconv"
	"strings"
)

// Error is an error of a script on its way to whoever catches it.
type Error struct {
	Value Value
	// Source and Line say where the script was: as chunks are named, with an @ before the name of a file. Line 0: nowhere.
	Source string
	Line   int
}

// stop ends a script for good: nothing in it can catch it.
type stop struct{ text string }

// killed ends a coroutine that nobody will resume.
type killed struct{}

const (
	textSteps  = "script stopped: it did more than the limit of 50000000 steps"
	textMemory = "script stopped: it took more than the limit of 536870912 bytes of memory"
)

// work counts steps. While the host runs a command nothing is stopped.
func (in *Interp) work(n int64) {
	if in.steps -= n; in.steps < 0 && !in.calling {
		in.exhausted(textSteps)
	}
}

// charge counts bytes of memory, as work does steps.
func (in *Interp) charge(n int64) {
	if in.memory -= n; in.memory < 0 && !in.calling {
		in.exhausted(textMemory)
	}
}

// exhausted stops the script.
func (in *Interp) exhausted(text string) {
	if in.stopped == "" {
		in.stopped = in.where(1) + text
	}
	in.steps = -1
	panic(stop{in.stopped})
}

// raise raises a value as an error.
func (in *Interp) raise(v Value) {
	e := &Error{Value: v}
	if f := in.frame; f != nil {
		e.Source, e.Line = f.fn.proto.chunk.source, f.line
	}
	panic(e)
}

// fail raises an error of a builtin, with the place of the call before it, if a function in Lua has called it.
func (in *Interp) fail(text string) {
	if in.byNative {
		in.raise(text)
	}
	in.raise(in.where(1) + text)
}

// failHere raises an error of the language, with the place before it, unless it happened in a builtin.
func (in *Interp) failHere(text string) {
	if in.native {
		in.raise(text)
	}
	in.raise(in.where(1) + text)
}

// failAt raises an error of the language itself.
func (fr *frame) failAt(line int, text string) {
	fr.line = line
	fr.in.failHere(text)
}

// where is the place that a level of the stack has come to, 1 being the function that runs: "user_script:1: ".
func (in *Interp) where(level int) string {
	f := in.frame
	for ; level > 1 && f != nil; level-- {
		f = f.parent
	}
	if f == nil || f.line == 0 || level < 1 {
		return ""
	}
	return f.fn.proto.chunk.short + ":" + strconv.Itoa(f.line) + ": "
}

// shortSource is how messages name a chunk.
func shortSource(source string) string {
	if strings.HasPrefix(source, "@") || strings.HasPrefix(source, "=") {
		return source[1:]
	}
	const most = 60 - len(`[string "..."]`) - 1
	line, _, more := strings.Cut(source, "\n")
	if len(line) > most {
		line, more = line[:most], true
	}
	if more {
		line += "..."
	}
	return `[string "` + line + `"]`
}

// typeError is the error of an operation on a value that cannot have it. what is the operand as the source names it, "local 'x'" or nothing.
func (fr *frame) typeError(line int, op, what string, v Value) {
	if what != "" {
		fr.failAt(line, "attempt to "+op+" "+what+" (a "+typeName(v)+" value)")
	}
	fr.failAt(line, "attempt to "+op+" a "+typeName(v)+" value")
}

// argument raises the error of a bad argument of a builtin; n counts from 1.
func (a args) argument(n int, problem string) {
	a.in.fail("bad argument #" + strconv.Itoa(n) + " to '" + a.name + "' (" + problem + ")")
}

// wrongType raises the error of an argument of the wrong type.
func (a args) wrongType(n int, want string) {
	got := "no value"
	if n <= len(a.vals) {
		got = typeName(a.vals[n-1])
	}
	a.argument(n, want+" expected, got "+got)
}
