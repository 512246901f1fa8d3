package lua

import "fmt"

// Value is a Lua value: nil, bool, float64, string, *Table, *Function, *Coroutine or *null.
type Value = any

// null is the type of cjson.null, a light userdata that is equal to itself alone.
type null struct{ _ byte }

// Null is cjson.null, what JSON's null is decoded to.
var Null = &null{}

// Function is a closure of Lua code, or a builtin.
type Function struct {
	proto    *proto
	upvalues []*cell
	builtin  func(a args)
	name     string
	id       uint32
}

// cell is a variable that closures share.
type cell struct{ v Value }

// args are what a builtin is called with. They are valid until it calls something.
type args struct {
	in   *Interp
	vals []Value
	name string
}

// typeName is what type() returns.
func typeName(v Value) string {
	switch v.(type) {
	case nil:
		return "nil"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case *Table:
		return "table"
	case *Function:
		return "function"
	case *Coroutine:
		return "thread"
	}
	return "userdata"
}

// truth is what a condition makes of a value.
func truth(v Value) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	}
	return true
}

// small are the numbers that need no memory of their own.
var small = func() (s [1024]Value) {
	for i := range s {
		s[i] = float64(i)
	}
	return s
}()

// number makes a value of a number.
func number(f float64) Value {
	if f >= 1 && f < float64(len(small)) {
		if i := int(f); float64(i) == f {
			return small[i]
		}
	}
	return f
}

// addresses begin where Lua's might; they are numbers that count what the script has made, so that they tell nothing of the process and are the
// same on every node.
const addresses = 0x55aa00000000

// address is the text of what has no text of its own: "table: 0x55aa00000001".
func address(kind string, id uint32) string {
	return fmt.Sprintf("%s: 0x%x", kind, addresses+uint64(id)*16)
}

// text is tostring without metatables.
func text(v Value) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case bool:
		if v {
			return "true"
		}
		return "false"
	case float64:
		return formatNumber(v)
	case string:
		return v
	case *Table:
		return address("table", v.id)
	case *Function:
		return address("function", v.id)
	case *Coroutine:
		return address("thread", v.id)
	}
	return "userdata: (nil)"
}

// asNumber is a number, or a string that is one.
func asNumber(v Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		return ParseNumber(v)
	}
	return 0, false
}

// asNumber is asNumber with the cost of reading a string.
func (in *Interp) asNumber(v Value) (float64, bool) {
	if s, ok := v.(string); ok {
		in.work(int64(len(s) / digitsPerStep))
	}
	return asNumber(v)
}

// asString is a string, or a number as text.
func asString(v Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case float64:
		return formatNumber(v), true
	}
	return "", false
}
