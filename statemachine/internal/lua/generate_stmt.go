package lua

import "github.com/yuin/gopher-lua/ast"

// statement makes the code of a statement.
func (g *generator) statement(s ast.Stmt) statement {
	switch s := s.(type) {
	case *ast.AssignStmt:
		return g.assign(s)
	case *ast.LocalAssignStmt:
		return g.local(s)
	case *ast.FuncCallStmt:
		if e, ok := s.Expr.(*ast.FuncCallExpr); ok {
			call := g.callOne(e)
			return func(fr *frame) flow {
				call(fr)
				return flowNext
			}
		}
	case *ast.DoBlockStmt:
		return g.block(s.Stmts).run
	case *ast.WhileStmt:
		return g.while(s)
	case *ast.RepeatStmt:
		return g.repeat(s)
	case *ast.IfStmt:
		c, then, otherwise := g.condition(s.Condition), g.block(s.Then), g.block(s.Else)
		return func(fr *frame) flow {
			if c(fr) {
				return then.run(fr)
			}
			return otherwise.run(fr)
		}
	case *ast.NumberForStmt:
		return g.numberFor(s)
	case *ast.GenericForStmt:
		return g.genericFor(s)
	case *ast.FuncDefStmt:
		return g.definition(s)
	case *ast.ReturnStmt:
		return g.returns(s)
	case *ast.BreakStmt:
		return func(*frame) flow { return flowBreak }
	}
	g.fail(g.line, "unexpected symbol")
	return func(*frame) flow { return flowNext }
}

// target is what a value is assigned to.
type target struct {
	set         func(fr *frame, v Value) // a variable; nil: a field
	object, key expr
	line        int
	name        string
}

func (g *generator) target(e ast.Expr) target {
	if field, ok := e.(*ast.AttrGetExpr); ok {
		return target{object: g.expr(field.Object), key: g.expr(field.Key), line: g.lineOf(e), name: g.nameOf(field.Object)}
	}
	ident, ok := e.(*ast.IdentExpr)
	if !ok {
		g.fail(g.line, "syntax error near '='")
		return target{set: func(*frame, Value) {}}
	}
	g.cost++
	ref, line := g.uses[ident], g.lineOf(e)
	switch {
	case ref.local != nil:
		slot := ref.local.slot
		if ref.local.shared {
			return target{set: func(fr *frame, v Value) { fr.slots[slot].(*cell).v = v }}
		}
		return target{set: func(fr *frame, v Value) { fr.slots[slot] = v }}
	case ref.capture >= 0:
		i := ref.capture
		return target{set: func(fr *frame, v Value) { fr.fn.upvalues[i].v = v }}
	}
	name := ident.Value
	return target{set: func(fr *frame, v Value) {
		fr.line = line
		fr.in.setIndex(fr.in.globals, name, v, "")
	}}
}

// assign: one value to one target is the usual case. Of several the targets are evaluated first, and the values assigned from the last to the first.
func (g *generator) assign(s *ast.AssignStmt) statement {
	targets := make([]target, len(s.Lhs))
	for i, e := range s.Lhs {
		targets[i] = g.target(e)
	}
	if len(s.Lhs) == 1 && len(s.Rhs) == 1 {
		return assignOne(targets[0], g.expr(s.Rhs[0]))
	}
	values := g.list(s.Rhs)
	return func(fr *frame) flow {
		in := fr.in
		m := in.mark()
		places := in.push(2 * len(targets))
		for i := range targets {
			if t := &targets[i]; t.set == nil {
				places[2*i], places[2*i+1] = t.object(fr), t.key(fr)
			}
		}
		vals := values.eval(fr, 0)
		for i := len(targets) - 1; i >= 0; i-- {
			var v Value
			if i < len(vals) {
				v = vals[i]
			}
			if t := &targets[i]; t.set != nil {
				t.set(fr, v)
			} else {
				fr.line = t.line
				in.hashing(places[2*i+1])
				in.setIndex(places[2*i], places[2*i+1], v, t.name)
			}
		}
		in.release(m)
		return flowNext
	}
}

func assignOne(t target, value expr) statement {
	if t.set != nil {
		set := t.set
		return func(fr *frame) flow {
			set(fr, value(fr))
			return flowNext
		}
	}
	object, key, line, name := t.object, t.key, t.line, t.name
	return func(fr *frame) flow {
		o := object(fr)
		k := key(fr)
		v := value(fr)
		fr.line = line
		fr.in.hashing(k)
		fr.in.setIndex(o, k, v, name)
		return flowNext
	}
}

// init gives a variable that is declared its first value.
func (v *variable) init(fr *frame, value Value) {
	if v.shared {
		value = fr.newCell(value)
	}
	fr.slots[v.slot] = value
}

func (g *generator) local(s *ast.LocalAssignStmt) statement {
	vars := g.declared[s]
	if len(vars) == 1 && len(s.Exprs) == 1 {
		v := vars[0]
		f, isFunction := s.Exprs[0].(*ast.FunctionExpr)
		if isFunction && v.shared { // it may call itself
			value := g.expr(f)
			return func(fr *frame) flow {
				v.init(fr, nil)
				fr.slots[v.slot].(*cell).v = value(fr)
				return flowNext
			}
		}
		value := g.expr(s.Exprs[0])
		return func(fr *frame) flow {
			v.init(fr, value(fr))
			return flowNext
		}
	}
	values := g.list(s.Exprs)
	return func(fr *frame) flow {
		in := fr.in
		m := in.mark()
		vals := values.eval(fr, 0)
		for i, v := range vars {
			if i < len(vals) {
				v.init(fr, vals[i])
			} else {
				v.init(fr, nil)
			}
		}
		in.release(m)
		return flowNext
	}
}

func (g *generator) definition(s *ast.FuncDefStmt) statement {
	var t target
	if s.Name.Func != nil {
		t = g.target(s.Name.Func)
	} else {
		t = target{object: g.expr(s.Name.Receiver), key: constant(s.Name.Method), line: g.line, name: g.nameOf(s.Name.Receiver)}
	}
	return assignOne(t, g.closure(s.Func))
}

// returns: a call at the end of a function takes its place.
func (g *generator) returns(s *ast.ReturnStmt) statement {
	if len(s.Exprs) == 1 {
		if e, ok := s.Exprs[0].(*ast.FuncCallExpr); ok && !e.AdjustRet {
			return g.tailCall(e)
		}
		if g.multi(s.Exprs[0]) == nil {
			value := g.expr(s.Exprs[0])
			return func(fr *frame) flow {
				v := value(fr)
				fr.in.ret = append(fr.in.ret[:0], v)
				return flowReturn
			}
		}
	}
	values := g.list(s.Exprs)
	return func(fr *frame) flow {
		in := fr.in
		m := in.mark()
		vals := values.eval(fr, 0)
		in.ret = append(in.ret[:0], vals...)
		in.release(m)
		return flowReturn
	}
}

func (g *generator) tailCall(e *ast.FuncCallExpr) statement {
	c := g.call(e)
	return func(fr *frame) flow {
		in := fr.in
		m := in.mark()
		f, vals := c.prepare(fr)
		if fn, ok := f.(*Function); ok && fn.builtin == nil {
			in.tail.fn, in.tail.args = fn, append(in.tail.args[:0], vals...)
			in.release(m)
			return flowTail
		}
		in.callValue(f, vals, c.name)
		in.release(m)
		return flowReturn
	}
}
