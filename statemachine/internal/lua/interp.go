package lua

// Interp runs scripts, one at a time. It belongs to one goroutine. Nothing of a script is left for the next one.
type Interp struct {
	steps, memory int64 // that are left
	allowed       int64 // the steps of a script, maxSteps but in tests
	stopped       string
	stack         []Value
	top, used     int
	high          int // the most of the stack that was in use
	depth, nested int
	// native: a builtin is running, and byNative that another builtin has called it.
	native, byNative bool
	frame            *frame
	ret              []Value // what the last call returned
	ids              uint32
	libraryIDs       uint32
	globals          *Table
	strings          *Table // the metatable of strings
	coroutine        *Coroutine
	coroutines       []*Coroutine
	tail             tailCall
	next, inext      *Function // those that pairs and ipairs return
	run
}

// frame is a call of a function in Lua.
type frame struct {
	in      *Interp
	fn      *Function
	slots   []Value // locals; those that closures share are in cells
	varargs []Value
	line    int
	parent  *frame
}

// tailCall is the call that a function ends with: its caller makes it, so that the stack does not grow.
type tailCall struct {
	fn   *Function
	args []Value
}

// stackSize is how many values the stack begins with.
const stackSize = 1024

// newID numbers tables and functions, for the order of their hashes and their texts.
func (in *Interp) newID() uint32 {
	in.ids++
	return in.ids
}

// NewTable returns an empty table.
func (in *Interp) NewTable() *Table {
	in.work(tableSteps)
	in.charge(tableBytes)
	return &Table{id: in.newID()}
}

// sized returns a table with room for a list and for other keys.
func (in *Interp) sized(list, keys int) *Table {
	t := in.NewTable()
	if list > 0 || keys > 0 {
		t.resize(in, list, keys)
	}
	return t
}

// list returns a table of values, which it takes over.
func (in *Interp) list(values []Value) *Table {
	in.charge(tableBytes + int64(len(values))*slotBytes)
	return &Table{id: in.newID(), array: values}
}

// text accounts for a new string.
func (in *Interp) text(s string) string {
	in.charge(int64(len(s)) + 16)
	return s
}

// push takes n values from the stack. Whoever calls it puts stack, top and used back when it is done.
func (in *Interp) push(n int) []Value {
	if in.used += n; in.used > maxStack {
		in.failHere("stack overflow")
	}
	if in.top+n > len(in.stack) {
		in.stack, in.top = make([]Value, max(2*len(in.stack), n)), 0
	}
	s := in.stack[in.top : in.top+n : in.top+n]
	in.top += n
	in.high = max(in.high, in.top)
	return s
}

// mark is a place of the stack to return to.
type mark struct {
	stack     []Value
	top, used int
}

func (in *Interp) mark() mark { return mark{in.stack, in.top, in.used} }

func (in *Interp) release(m mark) { in.stack, in.top, in.used = m.stack, m.top, m.used }

// returns sets what a builtin returns.
func (in *Interp) returns(values ...Value) { in.ret = append(in.ret[:0], values...) }

// first is the first value that the last call returned.
func (in *Interp) first() Value {
	if len(in.ret) == 0 {
		return nil
	}
	return in.ret[0]
}

// callValue calls anything: in.ret is what it returned. what is how the source names it.
func (in *Interp) callValue(v Value, vals []Value, what string) {
	f, ok := v.(*Function)
	if !ok {
		f, vals = in.callable(v, vals, what)
	}
	if f.builtin == nil {
		in.callLua(f, vals)
		return
	}
	in.work(2 + int64(len(vals)/valuesPerStep))
	in.ret = in.ret[:0]
	native, byNative := in.native, in.byNative
	in.native, in.byNative = true, native
	f.builtin(args{in, vals, f.name})
	in.native, in.byNative = native, byNative
}

// callable finds what __call of a value says.
func (in *Interp) callable(v Value, vals []Value, what string) (*Function, []Value) {
	f, ok := in.metamethod(v, "__call").(*Function)
	if !ok {
		if what != "" {
			in.failHere("attempt to call " + what + " (a " + typeName(v) + " value)")
		}
		in.failHere("attempt to call a " + typeName(v) + " value")
	}
	in.charge(int64(len(vals)+1) * slotBytes)
	return f, append([]Value{v}, vals...)
}

// callLua calls a function in Lua, and those that it ends with calls of.
func (in *Interp) callLua(f *Function, vals []Value) {
	if in.depth++; in.depth > maxDepth {
		in.depth--
		in.failHere("stack overflow")
	}
	m, parent, native := in.mark(), in.frame, in.native
	in.native = false
	fr := frame{in: in, parent: parent}
	in.frame = &fr
	for {
		fr.enter(f, vals)
		f = nil
		switch fr.fn.proto.body.run(&fr) {
		case flowTail:
			f, vals = in.tail.fn, in.tail.args
			in.release(m)
		case flowReturn:
		default:
			in.ret = in.ret[:0]
		}
		if f == nil {
			break
		}
	}
	in.release(m)
	in.frame, in.native = parent, native
	in.depth--
}

// enter makes the frame that of a call.
func (fr *frame) enter(f *Function, vals []Value) {
	in, p := fr.in, f.proto
	in.work(2 + int64(len(vals)/valuesPerStep))
	in.ret = in.ret[:0]
	fr.fn, fr.line, fr.varargs = f, p.line, nil
	fr.slots = in.push(p.slots)
	if p.vararg && len(vals) > len(p.params) {
		rest := vals[len(p.params):]
		fr.varargs = in.push(len(rest))
		copy(fr.varargs, rest)
	}
	n := copy(fr.slots[:len(p.params)], vals)
	clear(fr.slots[n:])
	for i, v := range p.params {
		if v.shared {
			fr.slots[i] = fr.newCell(fr.slots[i])
		}
	}
}

func (fr *frame) newCell(v Value) *cell {
	fr.in.charge(cellBytes)
	return &cell{v}
}

// Call calls a function from a builtin: nested, so that no coroutine can yield out of it.
func (in *Interp) call(v Value, vals ...Value) {
	m := in.mark()
	in.enterNested()
	args := in.push(len(vals))
	copy(args, vals)
	in.callValue(v, args, "")
	in.nested--
	in.release(m)
}

func (in *Interp) enterNested() {
	if in.nested++; in.nested > maxNested {
		in.nested--
		in.fail("C stack overflow")
	}
}

// protected is where to go back to when an error is caught.
type protected struct {
	mark
	frame            *frame
	depth, nested    int
	native, byNative bool
}

func (in *Interp) protect() protected {
	return protected{in.mark(), in.frame, in.depth, in.nested, in.native, in.byNative}
}

// restore goes back there.
func (in *Interp) restore(p protected) {
	in.release(p.mark)
	in.frame, in.depth, in.nested, in.native, in.byNative = p.frame, p.depth, p.nested, p.native, p.byNative
}

// try calls a function and returns the error that it raised, nil if none. What stops a script goes on.
func (in *Interp) try(f func()) (caught *Error) {
	p := in.protect()
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			in.restore(p)
			in.work(catchSteps)
			caught = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}
