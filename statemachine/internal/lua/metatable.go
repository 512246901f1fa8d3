package lua

import "math"

const errReadonly = "Attempt to modify a readonly table"

// metatableOf is the metatable of a value, nil without one.
func (in *Interp) metatableOf(v Value) *Table {
	switch v := v.(type) {
	case *Table:
		return v.meta
	case string:
		return in.strings
	}
	return nil
}

// metamethod is what a value's metatable has for an event.
func (in *Interp) metamethod(v Value, event string) Value {
	if m := in.metatableOf(v); m != nil {
		return m.Field(event)
	}
	return nil
}

// maxChain bounds chains of __index and __newindex.
const maxChain = 100

// index is v[key]. what is how the source names v.
func (in *Interp) index(v, key Value, what string) Value {
	for range maxChain {
		var handler Value
		if t, ok := v.(*Table); ok {
			if found := t.Get(key); found != nil || t.meta == nil {
				return found
			}
			if handler = t.meta.Field("__index"); handler == nil {
				return nil
			}
		} else if handler = in.metamethod(v, "__index"); handler == nil {
			in.failIndex(v, what)
		}
		if f, ok := handler.(*Function); ok {
			in.call(f, v, key)
			return in.first()
		}
		v, what = handler, ""
	}
	in.failHere("loop in gettable")
	return nil
}

func (in *Interp) failIndex(v Value, what string) {
	if what != "" {
		in.failHere("attempt to index " + what + " (a " + typeName(v) + " value)")
	}
	in.failHere("attempt to index a " + typeName(v) + " value")
}

// setIndex is v[key] = value.
func (in *Interp) setIndex(v, key, value Value, what string) {
	for range maxChain {
		var handler Value
		if t, ok := v.(*Table); ok {
			if t.meta == nil || t.Get(key) != nil {
				in.store(t, key, value)
				return
			}
			if handler = t.meta.Field("__newindex"); handler == nil {
				in.store(t, key, value)
				return
			}
		} else if handler = in.metamethod(v, "__newindex"); handler == nil {
			in.failIndex(v, what)
		}
		if f, ok := handler.(*Function); ok {
			in.call(f, v, key, value)
			return
		}
		v, what = handler, ""
	}
	in.failHere("loop in settable")
}

// store is a raw assignment by the script.
func (in *Interp) store(t *Table, key, value Value) {
	if t.readonly {
		in.failHere(errReadonly)
	}
	in.rawSet(t, key, value)
}

// rawSet assigns without metatables; the keys that a table cannot have are errors.
func (in *Interp) rawSet(t *Table, key, value Value) {
	switch k := key.(type) {
	case nil:
		in.failHere("table index is nil")
	case float64:
		if math.IsNaN(k) {
			in.failHere("table index is NaN")
		}
	}
	t.set(in, key, value)
}

// comparing accounts for the comparison of long strings.
func (in *Interp) comparing(a, b Value) {
	if s, ok := a.(string); ok && len(s) > bytesPerStep {
		if t, ok := b.(string); ok && len(s) == len(t) {
			in.work(int64(len(s) / bytesPerStep))
		}
	}
}

// equal is ==.
func (in *Interp) equal(a, b Value) bool {
	in.comparing(a, b)
	if a == b {
		return true
	}
	x, ok := a.(*Table)
	y, also := b.(*Table)
	if !ok || !also || x.meta == nil || y.meta == nil {
		return false
	}
	f := x.meta.Field("__eq")
	if f == nil || f != y.meta.Field("__eq") {
		return false
	}
	in.call(f, a, b)
	return truth(in.first())
}

// less is <, or <= if orEqual.
func (in *Interp) less(a, b Value, orEqual bool) bool {
	switch x := a.(type) {
	case float64:
		if y, ok := b.(float64); ok {
			return x < y || orEqual && x == y
		}
	case string:
		if y, ok := b.(string); ok {
			in.work(int64(min(len(x), len(y)) / bytesPerStep))
			return x < y || orEqual && x == y
		}
	}
	if typeName(a) != typeName(b) {
		in.failHere("attempt to compare " + typeName(a) + " with " + typeName(b))
	}
	if orEqual {
		if f := in.comparison(a, b, "__le"); f != nil {
			in.call(f, a, b)
			return truth(in.first())
		}
		a, b = b, a
	}
	f := in.comparison(a, b, "__lt")
	if f == nil {
		in.failHere("attempt to compare two " + typeName(a) + " values")
	}
	in.call(f, a, b)
	return truth(in.first()) != orEqual
}

// comparison is what both values' metatables have for an event.
func (in *Interp) comparison(a, b Value, event string) Value {
	if f := in.metamethod(a, event); f != nil && f == in.metamethod(b, event) {
		return f
	}
	return nil
}

// arithmetic is an operation that two numbers did not have. names are how the source names the operands.
func (fr *frame) arithmetic(line int, op byte, a, b Value, names [2]string) Value {
	x, ok := fr.in.asNumber(a)
	y, also := fr.in.asNumber(b)
	if ok && also {
		return number(calculate(op, x, y))
	}
	fr.line = line
	in := fr.in
	event := events[op]
	f := in.metamethod(a, event)
	if f == nil {
		f = in.metamethod(b, event)
	}
	if f != nil {
		in.call(f, a, b)
		return in.first()
	}
	if ok {
		fr.typeError(line, "perform arithmetic on", names[1], b)
	}
	fr.typeError(line, "perform arithmetic on", names[0], a)
	return nil
}

// events are the metamethods of arithmetic.
var events = map[byte]string{'+': "__add", '-': "__sub", '*': "__mul", '/': "__div", '%': "__mod", '^': "__pow", 'n': "__unm"}

// calculate is arithmetic of numbers; 'n' is the negation of the first.
func calculate(op byte, x, y float64) float64 {
	switch op {
	case '+':
		return x + y
	case '-':
		return x - y
	case '*':
		return x * y
	case '/':
		return x / y
	case '%':
		return modulo(x, y)
	case '^':
		return power(x, y)
	}
	return -x
}

// modulo is Lua's %, a - floor(a/b)*b with the rounding of each step that this has in C.
func modulo(a, b float64) float64 { return a - float64(math.Floor(a/b)*b) }

// concat joins values from the right. names are how the source names them.
func (fr *frame) concat(line int, vals []Value, names []string) Value {
	in := fr.in
	total := 0
	for i := len(vals) - 1; i >= 0; i-- {
		s, ok := vals[i].(string)
		if !ok {
			if s, ok = asString(vals[i]); !ok {
				return fr.concatMeta(line, vals, names)
			}
			vals[i] = s
		}
		total += len(s)
	}
	if total > maxString {
		fr.failAt(line, "string length overflow")
	}
	in.charge(int64(total) + 16)
	in.work(int64(total / bytesPerStep))
	joined := make([]byte, 0, total)
	for _, v := range vals {
		s, _ := v.(string)
		joined = append(joined, s...)
	}
	return unsafeString(joined)
}

// concatMeta joins values two by two, where one has a metatable, or cannot be joined.
func (fr *frame) concatMeta(line int, vals []Value, names []string) Value {
	in, right := fr.in, vals[len(vals)-1]
	for i := len(vals) - 2; i >= 0; i-- {
		left := vals[i]
		a, ok := asString(left)
		b, also := asString(right)
		if ok && also {
			in.charge(int64(len(a)+len(b)) + 16)
			right = a + b
			continue
		}
		f := in.metamethod(left, "__concat")
		if f == nil {
			f = in.metamethod(right, "__concat")
		}
		if f == nil {
			if ok {
				fr.typeError(line, "concatenate", nameAt(names, i+1, len(vals)-1), right)
			}
			fr.typeError(line, "concatenate", names[i], left)
		}
		fr.line = line
		in.call(f, left, right)
		right = in.first()
	}
	return right
}

// nameAt is the name of an operand that is still what the source says.
func nameAt(names []string, i, last int) string {
	if i == last {
		return names[i]
	}
	return ""
}

// length is #v.
func (fr *frame) length(line int, v Value, what string) Value {
	switch v := v.(type) {
	case string:
		return number(float64(len(v)))
	case *Table:
		return number(float64(v.Len()))
	}
	fr.typeError(line, "get length of", what, v)
	return nil
}
