package lua

import (
	"math"
	"strconv"
)

// at is an argument, counted from 1; nil if it is not there.
func (a args) at(n int) Value {
	if n > len(a.vals) {
		return nil
	}
	return a.vals[n-1]
}

// any is an argument that must be there.
func (a args) any(n int) Value {
	if n > len(a.vals) {
		a.argument(n, "value expected")
	}
	return a.vals[n-1]
}

// str is an argument that is a string, or a number as text.
func (a args) str(n int) string {
	s, ok := asString(a.at(n))
	if !ok {
		a.wrongType(n, "string")
	}
	return s
}

// optStr is str, or a default for nil.
func (a args) optStr(n int, otherwise string) string {
	if a.at(n) == nil {
		return otherwise
	}
	return a.str(n)
}

// num is an argument that is a number, or a string that is one.
func (a args) num(n int) float64 {
	f, ok := a.in.asNumber(a.at(n))
	if !ok {
		a.wrongType(n, "number")
	}
	return f
}

// integer is a number without its fraction.
func (a args) integer(n int) int { return int(Integer(a.num(n))) }

// int32 is a number as C's int.
func (a args) int32(n int) int { return int(int32(Integer(a.num(n)))) }

// optInt is integer, or a default for nil.
func (a args) optInt(n, otherwise int) int {
	if a.at(n) == nil {
		return otherwise
	}
	return a.integer(n)
}

// table is an argument that is a table.
func (a args) table(n int) *Table {
	t, ok := a.at(n).(*Table)
	if !ok {
		a.wrongType(n, "table")
	}
	return t
}

// fn is an argument that is a function.
func (a args) fn(n int) *Function {
	f, ok := a.at(n).(*Function)
	if !ok {
		a.wrongType(n, "function")
	}
	return f
}

// option is the index of a string among the options that there are.
func (a args) option(n int, otherwise string, options ...string) int {
	s := a.optStr(n, otherwise)
	for i, o := range options {
		if s == o {
			return i
		}
	}
	a.argument(n, "invalid option '"+s+"'")
	return 0
}

// number returns a number.
func (a args) number(f float64) { a.in.returns(number(f)) }

// string returns a new string.
func (a args) string(s string) { a.in.returns(a.in.text(s)) }

// library makes a table of builtins, which scripts cannot change.
func (in *Interp) library(builtins map[string]func(a args), order ...string) *Table {
	t := in.NewTable()
	for _, name := range order {
		t.set(in, name, in.builtin(name, builtins[name]))
	}
	return t
}

func (in *Interp) builtin(name string, f func(a args)) *Function {
	return &Function{builtin: f, name: name, id: in.newID()}
}

// itoa is a shorter name.
func itoa(n int) string { return strconv.Itoa(n) }

// isInteger reports whether a number has no fraction and fits.
func isInteger(f float64) bool { return f == math.Trunc(f) && !math.IsInf(f, 0) }
