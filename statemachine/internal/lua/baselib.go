package lua

import (
	"math"
	"strings"
)

// openBase makes the globals: what Redis leaves of Lua's basic functions.
func (in *Interp) openBase() {
	g := in.NewTable()
	in.globals = g
	for _, b := range []struct {
		name string
		f    func(a args)
	}{
		{"assert", baseAssert}, {"collectgarbage", baseCollect}, {"error", baseError}, {"gcinfo", baseGCInfo}, {"getmetatable", baseGetMetatable},
		{"ipairs", baseIpairs}, {"load", baseLoad}, {"loadstring", baseLoadString}, {"next", baseNext}, {"pairs", basePairs}, {"pcall", basePcall},
		{"rawequal", baseRawEqual}, {"rawget", baseRawGet}, {"rawset", baseRawSet}, {"select", baseSelect}, {"setmetatable", baseSetMetatable},
		{"tonumber", baseToNumber}, {"tostring", baseToString}, {"type", baseType}, {"unpack", baseUnpack}, {"xpcall", baseXpcall},
	} {
		g.set(in, b.name, in.builtin(b.name, b.f))
	}
	g.set(in, "_G", g)
	g.set(in, "_VERSION", "Lua 5.1")
	in.next, _ = g.Field("next").(*Function)
	in.inext = in.builtin("inext", baseINext)
}

func baseAssert(a args) {
	if !truth(a.any(1)) {
		message := a.optStr(2, "assertion failed!")
		a.in.fail(message)
	}
	a.in.returns(a.vals...)
}

// libraryBytes stands for what the interpreter has of its own.
const libraryBytes = 64 << 10

// usedBytes is how much memory the script has taken, for collectgarbage.
func (in *Interp) usedBytes() int64 { return libraryBytes + maxMemory - in.memory }

func baseCollect(a args) {
	switch a.option(1, "collect", "stop", "restart", "collect", "count", "step", "setpause", "setstepmul") {
	case 3:
		a.number(float64(a.in.usedBytes()) / 1024)
	case 4:
		a.in.returns(true)
	default:
		a.number(0)
	}
}

func baseGCInfo(a args) { a.number(float64(a.in.usedBytes() / 1024)) }

func baseError(a args) {
	level := a.optInt(2, 1)
	v := a.at(1)
	if s, ok := asString(v); ok && level > 0 && (level > 1 || !a.in.byNative) {
		v = a.in.where(level) + s
	}
	a.in.raise(v)
}

func baseGetMetatable(a args) {
	m := a.in.metatableOf(a.any(1))
	if m == nil {
		a.in.returns(nil)
		return
	}
	if hidden := m.Field("__metatable"); hidden != nil {
		a.in.returns(hidden)
		return
	}
	a.in.returns(m)
}

func baseSetMetatable(a args) {
	t := a.table(1)
	m, ok := a.at(2).(*Table)
	if !ok && (a.at(2) != nil || len(a.vals) < 2) {
		a.argument(2, "nil or table expected")
	}
	if t.meta != nil && t.meta.Field("__metatable") != nil {
		a.in.fail("cannot change a protected metatable")
	}
	if t.readonly {
		a.in.failHere(errReadonly)
	}
	t.meta = m
	a.in.returns(t)
}

func baseIpairs(a args) { a.in.returns(a.in.inext, a.table(1), 0.0) }

func baseINext(a args) {
	i := a.integer(2) + 1
	if v := a.table(1).Get(number(float64(i))); v != nil {
		a.in.returns(number(float64(i)), v)
	}
}

func basePairs(a args) { a.in.returns(a.in.next, a.table(1), nil) }

func baseNext(a args) {
	k, v, ok := a.table(1).next(a.in, a.at(2))
	switch {
	case !ok:
		a.in.failHere("invalid key to 'next'")
	case k == nil:
		a.in.returns(nil)
	default:
		a.in.returns(k, v)
	}
}

func baseRawEqual(a args) {
	a.in.comparing(a.any(1), a.any(2))
	a.in.returns(a.vals[0] == a.vals[1])
}

func baseRawGet(a args) {
	t := a.table(1)
	a.in.hashing(a.any(2))
	a.in.returns(t.Get(a.vals[1]))
}

func baseRawSet(a args) {
	t := a.table(1)
	k, v := a.any(2), a.any(3)
	a.in.hashing(k)
	a.in.store(t, k, v)
	a.in.returns(t)
}

func baseSelect(a args) {
	if s, ok := a.at(1).(string); ok && strings.HasPrefix(s, "#") {
		a.number(float64(len(a.vals) - 1))
		return
	}
	n := a.integer(1)
	switch {
	case n < 0:
		n = len(a.vals) + n
	case n > len(a.vals):
		n = len(a.vals)
	}
	if n < 1 {
		a.argument(1, "index out of range")
	}
	a.in.returns(a.vals[n:]...)
}

func baseToNumber(a args) {
	base := a.optInt(2, 10)
	if base == 10 {
		v := a.any(1)
		if f, ok := a.in.asNumber(v); ok {
			a.number(f)
			return
		}
		a.in.returns(nil)
		return
	}
	s := a.str(1)
	if base < 2 || base > 36 {
		a.argument(2, "base out of range")
	}
	a.in.work(int64(len(s) / digitsPerStep))
	a.in.returns(parseBase(strings.Trim(s, spaces), base))
}

// parseBase reads an integer as strtoul does.
func parseBase(s string, base int) Value {
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base == 16 && hasFold(s, "0x") {
		s = s[2:]
	}
	var n uint64
	over := false
	for i := range len(s) {
		d := digitValue(s[i])
		if d >= base {
			return nil
		}
		if n > (math.MaxUint64-uint64(d))/uint64(base) {
			over = true
		}
		n = n*uint64(base) + uint64(d)
	}
	switch {
	case s == "":
		return nil
	case over:
		n = math.MaxUint64
	case negative:
		n = -n
	}
	return number(float64(n))
}

func baseToString(a args) {
	v := a.any(1)
	if f := a.in.metamethod(v, "__tostring"); f != nil {
		a.in.call(f, v)
		a.in.returns(a.in.first())
		return
	}
	if s, ok := v.(string); ok {
		a.in.returns(s)
		return
	}
	a.string(text(v))
}

func baseType(a args) { a.in.returns(typeName(a.any(1))) }

func baseUnpack(a args) {
	t := a.table(1)
	from := a.optInt(2, 1)
	to := a.optInt(3, t.Len())
	if from > to {
		return
	}
	if n := to - from + 1; n <= 0 || n > maxUnpack {
		a.in.fail("too many results to unpack")
	}
	a.in.work(int64(to-from) / 4)
	ret := a.in.ret[:0]
	for i := from; i <= to; i++ {
		ret = append(ret, t.Get(number(float64(i))))
	}
	a.in.ret = ret
}

// basePcall is Redis's: of an error that is a table with a text in err it returns that text.
func basePcall(a args) {
	f, vals := a.any(1), a.vals[1:]
	in := a.in
	e := in.try(func() {
		in.enterNested()
		in.callValue(f, vals, "")
		in.nested--
	})
	if e != nil {
		v := e.Value
		if t, ok := v.(*Table); ok {
			if s, ok := asString(t.Field("err")); ok {
				v = s
			}
		}
		in.returns(false, v)
		return
	}
	in.ret = append(in.ret, nil)
	copy(in.ret[1:], in.ret)
	in.ret[0] = true
}

func baseXpcall(a args) {
	f, handler := a.at(1), a.any(2)
	in := a.in
	e := in.try(func() { in.call(f) })
	if e != nil {
		if failed := in.try(func() { in.call(handler, e.Value) }); failed != nil {
			in.returns(false, "error in error handling")
			return
		}
		in.returns(false, in.first())
		return
	}
	in.ret = append(in.ret, nil)
	copy(in.ret[1:], in.ret)
	in.ret[0] = true
}

// What it costs to compile, for each byte of the source.
const (
	compileSteps = 20
	compileBytes = 100
)

func baseLoadString(a args) {
	code := a.str(1)
	a.in.load(a.optStr(2, code), code)
}

// baseLoad: load(function [, name]) takes pieces of the source until there is none.
func baseLoad(a args) {
	f, name := a.fn(1), a.optStr(2, "=(load)")
	var code strings.Builder
	for {
		a.in.call(f)
		v := a.in.first()
		if v == nil || v == "" {
			break
		}
		piece, ok := v.(string)
		if !ok {
			a.in.fail("reader function must return a string")
		}
		a.in.charge(int64(len(piece)))
		code.WriteString(piece)
	}
	a.in.load(name, code.String())
}

// load returns a function of source text, or nil and what is wrong with it.
func (in *Interp) load(name, code string) {
	in.work(int64(len(code)) * compileSteps)
	in.charge(int64(len(code)) * compileBytes)
	if strings.HasPrefix(code, "\x1b") {
		in.returns(nil, shortSource(name)+": bad binary chunk")
		return
	}
	c, err := Compile(name, code)
	if err != nil {
		in.returns(nil, err.Error())
		return
	}
	in.returns(&Function{proto: c.main, id: in.newID()})
}
