package lua

import (
	"math"

	"github.com/yuin/gopher-lua/ast"
)

// expr makes the code of an expression of which one value is wanted.
func (g *generator) expr(e ast.Expr) expr {
	g.cost++
	switch e := e.(type) {
	case *ast.NilExpr:
		return constant(nil)
	case *ast.TrueExpr:
		return constant(true)
	case *ast.FalseExpr:
		return constant(false)
	case *ast.NumberExpr:
		f, ok := ParseNumber(e.Value)
		if !ok {
			g.fail(g.lineOf(e), "malformed number near '%s'", e.Value)
		}
		return constant(number(f))
	case *ast.StringExpr:
		return constant(e.Value)
	case *ast.Comma3Expr:
		return func(fr *frame) Value {
			if len(fr.varargs) == 0 {
				return nil
			}
			return fr.varargs[0]
		}
	case *ast.IdentExpr:
		return g.name(e)
	case *ast.AttrGetExpr:
		return g.index(e)
	case *ast.TableExpr:
		return g.table(e)
	case *ast.FuncCallExpr:
		return g.callOne(e)
	case *ast.FunctionExpr:
		return g.closure(e)
	case *ast.LogicalOpExpr:
		return g.logical(e)
	case *ast.RelationalOpExpr, *ast.UnaryNotOpExpr:
		c := g.condition(e)
		return func(fr *frame) Value { return c(fr) }
	case *ast.StringConcatOpExpr:
		return g.concat(e)
	case *ast.ArithmeticOpExpr:
		return g.arithmetic(e)
	case *ast.UnaryMinusOpExpr:
		return g.minus(e)
	case *ast.UnaryLenOpExpr:
		v, line, what := g.expr(e.Expr), g.lineOf(e), g.nameOf(e.Expr)
		return func(fr *frame) Value { return fr.length(line, v(fr), what) }
	}
	g.fail(g.lineOf(e), "unexpected symbol")
	return constant(nil)
}

func constant(v Value) expr { return func(*frame) Value { return v } }

// name reads a variable.
func (g *generator) name(e *ast.IdentExpr) expr {
	ref := g.uses[e]
	switch {
	case ref.local != nil && ref.local.shared:
		slot := ref.local.slot
		return func(fr *frame) Value { return fr.slots[slot].(*cell).v }
	case ref.local != nil:
		slot := ref.local.slot
		return func(fr *frame) Value { return fr.slots[slot] }
	case ref.capture >= 0:
		i := ref.capture
		return func(fr *frame) Value { return fr.fn.upvalues[i].v }
	}
	name, hash, line := e.Value, stringHash(e.Value), g.lineOf(e)
	return func(fr *frame) Value {
		in := fr.in
		if v := in.globals.field(name, hash); v != nil {
			return v
		}
		fr.line = line
		return in.index(in.globals, name, "")
	}
}

// index reads a field.
func (g *generator) index(e *ast.AttrGetExpr) expr {
	object, line, what := g.expr(e.Object), g.lineOf(e), g.nameOf(e.Object)
	if key, ok := e.Key.(*ast.StringExpr); ok {
		name, hash := key.Value, stringHash(key.Value)
		return func(fr *frame) Value {
			v := object(fr)
			if t, ok := v.(*Table); ok {
				if found := t.field(name, hash); found != nil || t.meta == nil {
					return found
				}
			}
			fr.line = line
			return fr.in.index(v, name, what)
		}
	}
	key := g.expr(e.Key)
	return func(fr *frame) Value {
		v := object(fr)
		k := key(fr)
		fr.in.hashing(k)
		if t, ok := v.(*Table); ok {
			if found := t.Get(k); found != nil || t.meta == nil {
				return found
			}
		}
		fr.line = line
		return fr.in.index(v, k, what)
	}
}

// callOne calls and takes the first value.
func (g *generator) callOne(e *ast.FuncCallExpr) expr {
	c := g.call(e)
	return func(fr *frame) Value {
		in := fr.in
		m := in.mark()
		f, vals := c.prepare(fr)
		in.callValue(f, vals, c.name)
		in.release(m)
		return in.first()
	}
}

// closure makes a function.
func (g *generator) closure(e *ast.FunctionExpr) expr {
	p := generate(g.resolver, e)
	return func(fr *frame) Value {
		in := fr.in
		in.charge(closureBytes + int64(len(p.captures))*8)
		f := &Function{proto: p, id: in.newID()}
		if len(p.captures) > 0 {
			f.upvalues = make([]*cell, len(p.captures))
			for i, c := range p.captures {
				if c.local != nil {
					f.upvalues[i] = fr.slots[c.local.slot].(*cell)
				} else {
					f.upvalues[i] = fr.fn.upvalues[c.index]
				}
			}
		}
		return f
	}
}

func (g *generator) logical(e *ast.LogicalOpExpr) expr {
	a, b := g.expr(e.Lhs), g.expr(e.Rhs)
	if e.Operator == "and" {
		return func(fr *frame) Value {
			if v := a(fr); !truth(v) {
				return v
			}
			return b(fr)
		}
	}
	return func(fr *frame) Value {
		if v := a(fr); truth(v) {
			return v
		}
		return b(fr)
	}
}

// condition makes the code of an expression of which only the truth matters.
func (g *generator) condition(e ast.Expr) condition {
	switch e := e.(type) {
	case *ast.UnaryNotOpExpr:
		c := g.condition(e.Expr)
		g.cost++
		return func(fr *frame) bool { return !c(fr) }
	case *ast.RelationalOpExpr:
		g.cost++
		return g.relation(e)
	}
	v := g.expr(e)
	return func(fr *frame) bool { return truth(v(fr)) }
}

func (g *generator) relation(e *ast.RelationalOpExpr) condition {
	a, b, line := g.expr(e.Lhs), g.expr(e.Rhs), g.lineOf(e)
	switch e.Operator {
	case "==":
		return func(fr *frame) bool {
			x := a(fr)
			y := b(fr)
			fr.line = line
			return fr.in.equal(x, y)
		}
	case "~=":
		return func(fr *frame) bool {
			x := a(fr)
			y := b(fr)
			fr.line = line
			return !fr.in.equal(x, y)
		}
	}
	swapped, orEqual := e.Operator[0] == '>', len(e.Operator) == 2
	return func(fr *frame) bool {
		x := a(fr)
		y := b(fr)
		if swapped {
			x, y = y, x
		}
		if m, ok := x.(float64); ok {
			if n, ok := y.(float64); ok {
				return m < n || orEqual && m == n
			}
		}
		fr.line = line
		return fr.in.less(x, y, orEqual)
	}
}

// concat joins the operands of a chain at once.
func (g *generator) concat(e *ast.StringConcatOpExpr) expr {
	var operands []expr
	var names []string
	add := func(e ast.Expr) {
		operands, names = append(operands, g.expr(e)), append(names, g.nameOf(e))
	}
	for {
		add(e.Lhs)
		next, ok := e.Rhs.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		e = next
	}
	add(e.Rhs)
	line := g.lineOf(e)
	return func(fr *frame) Value {
		in := fr.in
		m := in.mark()
		vals := in.push(len(operands))
		for i, o := range operands {
			vals[i] = o(fr)
		}
		v := fr.concat(line, vals, names)
		in.release(m)
		return v
	}
}

func (g *generator) arithmetic(e *ast.ArithmeticOpExpr) expr {
	a, b, line := g.expr(e.Lhs), g.expr(e.Rhs), g.lineOf(e)
	names := [2]string{g.nameOf(e.Lhs), g.nameOf(e.Rhs)}
	op := e.Operator[0]
	if op == '^' {
		g.cost += 20
	}
	return func(fr *frame) Value {
		x := a(fr)
		y := b(fr)
		if m, ok := x.(float64); ok {
			if n, ok := y.(float64); ok {
				return number(calculate(op, m, n))
			}
		}
		return fr.arithmetic(line, op, x, y, names)
	}
}

func (g *generator) minus(e *ast.UnaryMinusOpExpr) expr {
	if n, ok := e.Expr.(*ast.NumberExpr); ok {
		if f, ok := ParseNumber(n.Value); ok && (f != 0 || math.Signbit(f)) {
			return constant(number(-f))
		}
	}
	v, line, what := g.expr(e.Expr), g.lineOf(e), g.nameOf(e.Expr)
	return func(fr *frame) Value {
		x := v(fr)
		if f, ok := x.(float64); ok {
			return number(-f)
		}
		return fr.arithmetic(line, 'n', x, x, [2]string{what, what})
	}
}

// table makes a table.
func (g *generator) table(e *ast.TableExpr) expr {
	type field struct{ key, value expr }
	var fields []field
	var tail multi
	items, keys := 0, 0
	for i, f := range e.Fields {
		if f.Key != nil {
			keys++
			fields = append(fields, field{g.expr(f.Key), g.expr(f.Value)})
			continue
		}
		if i == len(e.Fields)-1 {
			if tail = g.multi(f.Value); tail != nil {
				break
			}
		}
		items++
		fields = append(fields, field{value: g.expr(f.Value)})
	}
	line := g.lineOf(e)
	keys = roundSize(keys)
	return func(fr *frame) Value {
		in := fr.in
		t := in.sized(items, keys)
		i := 0
		for n := range fields {
			f := &fields[n]
			if f.key == nil {
				t.array[i] = f.value(fr)
				i++
				continue
			}
			k := f.key(fr)
			v := f.value(fr)
			fr.line = line
			in.rawSet(t, k, v)
		}
		if tail != nil {
			tail(fr)
			in.appendAll(t, i)
		}
		return t
	}
}

// appendAll puts what the last call returned behind the first n elements of a list.
func (in *Interp) appendAll(t *Table, n int) {
	if need := n + len(in.ret); need > len(t.array) {
		in.charge(int64(need-len(t.array)) * slotBytes)
		grown := make([]Value, need)
		copy(grown, t.array)
		t.array = grown
	}
	copy(t.array[n:], in.ret)
}

// roundSize rounds the size of a hash as the instruction that makes tables can say it: three bits and an exponent.
func roundSize(n int) int {
	e := 0
	for n >= 16 {
		n = (n + 1) >> 1
		e++
	}
	return n << e
}
