package lua

import "github.com/yuin/gopher-lua/ast"

// Code is closures: each part of the source becomes a function of the frame that runs it. What kind of an operand there is, is looked at once, when
// the code is made.
type (
	expr      func(fr *frame) Value
	condition func(fr *frame) bool
	// multi leaves all its values in Interp.ret.
	multi     func(fr *frame)
	statement func(fr *frame) flow
)

// flow is what comes after a statement.
type flow uint8

const (
	flowNext flow = iota
	flowBreak
	flowReturn // with the values in Interp.ret
	flowTail   // return of a call, which is in Interp.tail
)

// block is a list of statements, and how many steps each of them is.
type block struct {
	statements []statement
	costs      []int64
	lines      []int
}

func (b *block) run(fr *frame) flow {
	in := fr.in
	for i, s := range b.statements {
		if in.steps -= b.costs[i]; in.steps < 0 {
			fr.line = b.lines[i]
			in.exhausted(textSteps)
		}
		if f := s(fr); f != flowNext {
			return f
		}
	}
	return flowNext
}

// generator makes the code of one function.
type generator struct {
	*resolver
	proto *proto
	line  int   // of the statement
	cost  int64 // of the statement so far: the operations in it
}

// generate makes the code of a function and of those in it.
func generate(r *resolver, f *ast.FunctionExpr) *proto {
	p := r.protos[f]
	g := &generator{resolver: r, proto: p, line: p.line}
	p.body = g.block(f.Stmts)
	return p
}

func (g *generator) block(statements []ast.Stmt) *block {
	b := &block{}
	for _, s := range statements {
		line, cost := g.line, g.cost
		if n := s.Line(); n > 0 {
			g.line = n
		}
		g.cost = 1
		b.statements = append(b.statements, g.statement(s))
		b.costs = append(b.costs, g.cost)
		b.lines = append(b.lines, g.line)
		g.line, g.cost = line, cost
	}
	return b
}

// lineOf is the line of an expression, or of its statement.
func (g *generator) lineOf(e ast.Expr) int {
	if n := e.Line(); n > 0 {
		return n
	}
	return g.line
}

// nameOf is how messages name an expression: "local 'x'", or nothing.
func (g *generator) nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.IdentExpr:
		ref := g.uses[e]
		switch {
		case ref.local != nil:
			return "local '" + e.Value + "'"
		case ref.capture >= 0:
			return "upvalue '" + e.Value + "'"
		}
		return "global '" + e.Value + "'"
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok {
			return "field '" + key.Value + "'"
		}
		return "field '?'"
	}
	return ""
}

// list is a list of expressions: what is behind the last one, if it has several values, is tail.
type list struct {
	fixed []expr
	tail  multi
}

func (g *generator) list(exprs []ast.Expr) list {
	var l list
	for i, e := range exprs {
		if i == len(exprs)-1 {
			if l.tail = g.multi(e); l.tail != nil {
				break
			}
		}
		l.fixed = append(l.fixed, g.expr(e))
	}
	return l
}

// eval evaluates the list, onto the stack; room is how many places are left in front.
func (l *list) eval(fr *frame, room int) []Value {
	in := fr.in
	vals := in.push(room + len(l.fixed))
	for i, e := range l.fixed {
		vals[room+i] = e(fr)
	}
	if l.tail == nil {
		return vals
	}
	l.tail(fr)
	if len(in.ret) == 0 {
		return vals
	}
	in.work(int64(len(in.ret) / valuesPerStep))
	all := in.push(len(vals) + len(in.ret))
	copy(all[copy(all, vals):], in.ret)
	return all
}

// multi makes the code of an expression that can have several values; nil for any other.
func (g *generator) multi(e ast.Expr) multi {
	switch e := e.(type) {
	case *ast.Comma3Expr:
		if e.AdjustRet {
			return nil
		}
		return func(fr *frame) { fr.in.ret = append(fr.in.ret[:0], fr.varargs...) }
	case *ast.FuncCallExpr:
		if e.AdjustRet {
			return nil
		}
		c := g.call(e)
		return func(fr *frame) {
			in := fr.in
			m := in.mark()
			f, vals := c.prepare(fr)
			in.callValue(f, vals, c.name)
			in.release(m)
		}
	}
	return nil
}

// call is the call of a function or a method.
type call struct {
	fn     expr
	method string // with fn the receiver
	args   list
	line   int
	name   string // for messages
	object string // the receiver, for messages
}

func (g *generator) call(e *ast.FuncCallExpr) *call {
	c := &call{line: g.lineOf(e), method: e.Method}
	g.cost += 2
	if e.Func != nil {
		c.fn, c.name, c.method = g.expr(e.Func), g.nameOf(e.Func), ""
	} else {
		c.fn, c.name, c.object = g.expr(e.Receiver), "method '"+e.Method+"'", g.nameOf(e.Receiver)
	}
	c.args = g.list(e.Args)
	return c
}

// prepare evaluates the function and its arguments.
func (c *call) prepare(fr *frame) (Value, []Value) {
	f := c.fn(fr)
	if c.method == "" {
		vals := c.args.eval(fr, 0)
		fr.line = c.line
		return f, vals
	}
	object := f
	fr.line = c.line
	f = fr.in.index(object, c.method, c.object)
	vals := c.args.eval(fr, 1)
	vals[0] = object
	fr.line = c.line
	return f, vals
}
