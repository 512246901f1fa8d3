package lua

import "github.com/yuin/gopher-lua/ast"

// iterate counts a turn of a loop, so that an empty one ends, too.
func (in *Interp) iterate() {
	if in.steps--; in.steps < 0 {
		in.exhausted(textSteps)
	}
}

// turn is iterate, for what is more than a step.
func (fr *frame) turn(line int, steps int64) {
	if fr.in.steps -= steps; fr.in.steps < 0 {
		fr.line = line
		fr.in.exhausted(textSteps)
	}
}

// ends says what a loop does with what its body ended with.
func (f flow) ends() (after flow, over bool) {
	switch f {
	case flowNext:
		return flowNext, false
	case flowBreak:
		return flowNext, true
	}
	return f, true
}

func (g *generator) while(s *ast.WhileStmt) statement {
	line, cost := g.line, g.cost
	c := g.condition(s.Condition)
	each := g.cost - cost
	body := g.block(s.Stmts)
	return func(fr *frame) flow {
		for c(fr) {
			fr.turn(line, each+1)
			if after, over := body.run(fr).ends(); over {
				return after
			}
		}
		return flowNext
	}
}

func (g *generator) repeat(s *ast.RepeatStmt) statement {
	body := g.block(s.Stmts)
	line, cost := g.line, g.cost
	c := g.condition(s.Condition)
	each := g.cost - cost
	return func(fr *frame) flow {
		for {
			fr.turn(line, each+1)
			if after, over := body.run(fr).ends(); over {
				return after
			}
			if c(fr) {
				return flowNext
			}
		}
	}
}

// bound is one of the numbers of a for.
func (fr *frame) bound(line int, v Value, what string) float64 {
	f, ok := fr.in.asNumber(v)
	if !ok {
		fr.failAt(line, "'for' "+what+" must be a number")
	}
	return f
}

func (g *generator) numberFor(s *ast.NumberForStmt) statement {
	line := g.line
	first, last, step := g.expr(s.Init), g.expr(s.Limit), constant(1.0)
	if s.Step != nil {
		step = g.expr(s.Step)
	}
	v := g.declared[s][0]
	body := g.block(s.Stmts)
	return func(fr *frame) flow {
		i, most, by := first(fr), last(fr), step(fr)
		from, to, add := fr.bound(line, i, "initial value"), fr.bound(line, most, "limit"), fr.bound(line, by, "step")
		for ; add > 0 && from <= to || add <= 0 && to <= from; from += add {
			fr.turn(line, 1)
			v.init(fr, number(from))
			if after, over := body.run(fr).ends(); over {
				return after
			}
		}
		return flowNext
	}
}

func (g *generator) genericFor(s *ast.GenericForStmt) statement {
	line := g.line
	vars, values, body := g.declared[s], g.list(s.Exprs), g.block(s.Stmts)
	return func(fr *frame) flow {
		in := fr.in
		m := in.mark()
		vals := values.eval(fr, 0)
		var state [3]Value
		copy(state[:], vals)
		in.release(m)
		for {
			fr.turn(line, 1)
			fr.line = line
			call := in.push(2)
			call[0], call[1] = state[1], state[2]
			in.callValue(state[0], call, "")
			in.release(m)
			state[2] = in.first()
			if state[2] == nil {
				return flowNext
			}
			for i, v := range vars {
				if i < len(in.ret) {
					v.init(fr, in.ret[i])
				} else {
					v.init(fr, nil)
				}
			}
			if after, over := body.run(fr).ends(); over {
				return after
			}
		}
	}
}
