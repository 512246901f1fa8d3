package lua

import "iter"

// Coroutine is a thread of Lua: a function with a stack of its own, which runs when it is resumed, until it yields. It is an iterator of Go's, so that
// it may yield from any depth.
type Coroutine struct {
	fn     *Function
	id     uint32
	status string
	// passed are the values that go in by resume and out by yield and return.
	passed []Value
	failed *Error
	fault  any // what stops the script
	next   func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	// The interpreter's state while another one runs.
	mark
	frame   *frame
	depth   int
	native  bool
	resumer *Coroutine
	level   int // how many coroutines are waiting for it
}

// coroutineStack is how many values the stack of a coroutine begins with.
const coroutineStack = 64

const (
	suspended = "suspended"
	running   = "running"
	normal    = "normal"
	dead      = "dead"
)

func (in *Interp) openCoroutine() *Table {
	return in.library(map[string]func(a args){
		"create": coroutineCreate, "resume": coroutineResume, "running": coroutineRunning, "status": coroutineStatus, "wrap": coroutineWrap,
		"yield": coroutineYield,
	}, "create", "resume", "running", "status", "wrap", "yield")
}

func (a args) coroutine() *Coroutine {
	c, ok := a.at(1).(*Coroutine)
	if !ok {
		a.argument(1, "coroutine expected")
	}
	return c
}

func (in *Interp) newCoroutine(f *Function) *Coroutine {
	in.charge(coroutineBytes)
	if len(in.coroutines) == maxCoroutines {
		in.fail("too many coroutines")
	}
	c := &Coroutine{fn: f, id: in.newID(), status: suspended}
	in.coroutines = append(in.coroutines, c)
	return c
}

func coroutineCreate(a args) {
	f := a.fn(1)
	if f.builtin != nil {
		a.argument(1, "Lua function expected")
	}
	a.in.returns(a.in.newCoroutine(f))
}

func coroutineRunning(a args) {
	if a.in.coroutine == nil {
		a.in.returns(nil)
		return
	}
	a.in.returns(a.in.coroutine)
}

func coroutineStatus(a args) { a.in.returns(a.coroutine().status) }

func coroutineResume(a args) {
	c := a.coroutine()
	if e := a.in.resume(c, a.vals[1:]); e != nil {
		a.in.returns(false, e.Value)
		return
	}
	a.in.ret = append(append(a.in.ret[:0], true), c.passed...)
}

func coroutineWrap(a args) {
	f := a.fn(1)
	if f.builtin != nil {
		a.argument(1, "Lua function expected")
	}
	c := a.in.newCoroutine(f)
	a.in.returns(a.in.builtin("wrap", func(a args) {
		e := a.in.resume(c, a.vals)
		if e == nil {
			a.in.ret = append(a.in.ret[:0], c.passed...)
			return
		}
		if s, ok := e.Value.(string); ok {
			a.in.fail(s)
		}
		a.in.raise(e.Value)
	}))
}

// resume runs a coroutine until it yields, ends or fails.
func (in *Interp) resume(c *Coroutine, vals []Value) *Error {
	if c.status != suspended {
		what := c.status
		if what != dead {
			what = "non-suspended"
		}
		return &Error{Value: "cannot resume " + what + " coroutine"}
	}
	if c.level = 1; in.coroutine != nil {
		c.level += in.coroutine.level
	}
	if c.level > maxNested {
		return &Error{Value: "C stack overflow"}
	}
	c.passed = append(c.passed[:0], vals...)
	c.resumer, c.status = in.coroutine, running
	if c.resumer != nil {
		c.resumer.status = normal
	}
	outer := in.protect()
	in.stack, in.top, in.frame, in.nested = c.stack, c.top, c.frame, 0
	in.used, in.depth = outer.used+c.used, outer.depth+c.depth
	in.native, in.byNative = c.native, false
	in.coroutine = c
	if c.next == nil {
		in.stack = make([]Value, coroutineStack)
		c.next, c.stop = iter.Pull(func(yield func(struct{}) bool) { c.run(in, yield) })
	}
	_, alive := c.next()
	c.stack, c.top, c.frame = in.stack, in.top, in.frame
	c.used, c.depth, c.native = in.used-outer.used, in.depth-outer.depth, in.native
	in.restore(outer)
	in.coroutine = c.resumer
	if c.resumer != nil {
		c.resumer.status = running
	}
	c.status = suspended
	if !alive {
		c.status, c.stack, c.frame = dead, nil, nil
	}
	if c.fault != nil {
		panic(c.fault)
	}
	return c.failed
}

// run is the whole life of a coroutine.
func (c *Coroutine) run(in *Interp, yield func(struct{}) bool) {
	defer func() {
		switch r := recover().(type) {
		case nil, killed:
		case *Error:
			c.failed = r
		default:
			c.fault = r
		}
	}()
	c.yield = yield
	in.callValue(c.fn, append([]Value(nil), c.passed...), "")
	c.passed = append(c.passed[:0], in.ret...)
}

func coroutineYield(a args) {
	in, c := a.in, a.in.coroutine
	if c == nil || in.nested > 0 {
		in.failHere("attempt to yield across metamethod/C-call boundary")
	}
	c.passed = append(c.passed[:0], a.vals...)
	if !c.yield(struct{}{}) {
		panic(killed{})
	}
	in.ret = append(in.ret[:0], c.passed...)
}
