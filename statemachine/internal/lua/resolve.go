package lua

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// proto is what all closures of a function in the source share.
type proto struct {
	chunk    *Chunk
	line     int
	params   []*variable
	vararg   bool
	slots    int
	captures []capture
	body     *block
}

// variable is a local variable of a function.
type variable struct {
	name   string
	slot   int
	shared bool // a closure uses it, so it lives in a cell
}

// capture is where a closure takes a shared variable from: the function that makes it has it as a local, or has captured it, too.
type capture struct {
	local *variable
	index int
}

// reference is what a name in the source means.
type reference struct {
	local   *variable // nil: captured or global
	capture int       // the index of the captured variable, -1 for a global
}

// resolver finds out what every name means, and which variables closures share, before any code is made.
type resolver struct {
	chunk *Chunk
	uses  map[*ast.IdentExpr]reference
	// declared are the variables of a statement, or the parameters of a function.
	declared map[any][]*variable
	protos   map[*ast.FunctionExpr]*proto
	fn       *scope
	err      error
}

// scope is a function whose source is being gone through.
type scope struct {
	proto  *proto
	parent *scope
	active []*variable
	loops  int
}

func resolve(c *Chunk, main *ast.FunctionExpr) (*resolver, error) {
	r := &resolver{chunk: c, uses: make(map[*ast.IdentExpr]reference), declared: make(map[any][]*variable),
		protos: make(map[*ast.FunctionExpr]*proto)}
	r.function(main, nil)
	return r, r.err
}

// fail notes the first error.
func (r *resolver) fail(line int, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s:%d: %s", r.chunk.short, line, fmt.Sprintf(format, args...))
	}
}

// function goes through a function. first is a parameter in front of those in the source, as self.
func (r *resolver) function(f *ast.FunctionExpr, first []string) {
	p := &proto{chunk: r.chunk, line: f.Line(), vararg: f.ParList.HasVargs}
	r.protos[f] = p
	r.fn = &scope{proto: p, parent: r.fn}
	for _, name := range append(first, f.ParList.Names...) {
		p.params = append(p.params, r.declare(f.Line(), name))
	}
	r.statements(f.Stmts)
	r.fn = r.fn.parent
}

// declare begins the life of a local variable.
func (r *resolver) declare(line int, name string) *variable {
	v := &variable{name: name, slot: len(r.fn.active)}
	r.fn.active = append(r.fn.active, v)
	if n := len(r.fn.active); n > r.fn.proto.slots {
		r.fn.proto.slots = n
		if n > maxLocals {
			r.fail(line, "function has more than %d local variables", maxLocals)
		}
	}
	return v
}

// block goes through statements with a scope of their own.
func (r *resolver) block(statements []ast.Stmt) {
	n := len(r.fn.active)
	r.statements(statements)
	r.fn.active = r.fn.active[:n]
}

func (r *resolver) loop(statements []ast.Stmt) {
	r.fn.loops++
	r.statements(statements)
	r.fn.loops--
}

func (r *resolver) statements(statements []ast.Stmt) {
	for _, s := range statements {
		r.statement(s)
	}
}

func (r *resolver) statement(statement ast.Stmt) {
	outer := len(r.fn.active)
	switch s := statement.(type) {
	case *ast.LocalAssignStmt:
		r.local(s)
		return // what it declares stays
	case *ast.RepeatStmt:
		r.loop(s.Stmts)
		r.expression(s.Condition) // which sees the locals of the body
	case *ast.WhileStmt:
		r.expression(s.Condition)
		r.loop(s.Stmts)
	case *ast.DoBlockStmt:
		r.statements(s.Stmts)
	case *ast.IfStmt:
		r.expression(s.Condition)
		r.block(s.Then)
		r.block(s.Else)
	case *ast.NumberForStmt:
		r.expressions([]ast.Expr{s.Init, s.Limit})
		if s.Step != nil {
			r.expression(s.Step)
		}
		r.declared[s] = []*variable{r.declare(s.Line(), s.Name)}
		r.loop(s.Stmts)
	case *ast.GenericForStmt:
		r.expressions(s.Exprs)
		for _, name := range s.Names {
			r.declared[s] = append(r.declared[s], r.declare(s.Line(), name))
		}
		r.loop(s.Stmts)
	case *ast.FuncDefStmt:
		r.definition(s)
	case *ast.BreakStmt:
		if r.fn.loops == 0 {
			r.fail(s.Line(), "no loop to break near '<eof>'")
		}
	case *ast.LabelStmt:
		r.fail(s.Line(), "unexpected symbol near '::'")
	case *ast.GotoStmt:
		r.fail(s.Line(), "'=' expected near '%s'", s.Label)
	default:
		childrenOfStmt(statement, func(n any) { r.part(n) }, r.expressions)
	}
	r.fn.active = r.fn.active[:outer]
}

func (r *resolver) part(n any) {
	if e, ok := n.(ast.Expr); ok {
		r.expression(e)
	}
}

// local: a function may call itself by the name that it is declared with.
func (r *resolver) local(s *ast.LocalAssignStmt) {
	_, isFunction := firstOf(s.Exprs).(*ast.FunctionExpr)
	recursive := isFunction && len(s.Names) == 1 && len(s.Exprs) == 1
	if !recursive {
		r.expressions(s.Exprs)
	}
	for _, name := range s.Names {
		r.declared[s] = append(r.declared[s], r.declare(s.Line(), name))
	}
	if recursive {
		r.expressions(s.Exprs)
	}
}

func firstOf(list []ast.Expr) ast.Expr {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// definition: function name() or function name:method(), which has self.
func (r *resolver) definition(s *ast.FuncDefStmt) {
	if s.Name.Func != nil {
		r.expression(s.Name.Func)
		r.function(s.Func, nil)
		return
	}
	r.expression(s.Name.Receiver)
	r.function(s.Func, []string{"self"})
}

func (r *resolver) expressions(list []ast.Expr) {
	for _, e := range list {
		r.expression(e)
	}
}

func (r *resolver) expression(e ast.Expr) {
	switch e := e.(type) {
	case *ast.IdentExpr:
		r.uses[e] = r.find(r.fn, e.Value, e.Line())
	case *ast.FunctionExpr:
		r.function(e, nil)
	case *ast.Comma3Expr:
		if !r.fn.proto.vararg {
			r.fail(e.Line(), "cannot use '...' outside a vararg function near '...'")
		}
	default:
		children(e, r.part)
	}
}

// find resolves a name in a function: its own, that of one around it, or a global.
func (r *resolver) find(fn *scope, name string, line int) reference {
	for i := len(fn.active) - 1; i >= 0; i-- {
		if fn.active[i].name == name {
			return reference{local: fn.active[i], capture: -1}
		}
	}
	if fn.parent == nil {
		return reference{capture: -1}
	}
	outer := r.find(fn.parent, name, line)
	if outer.local == nil && outer.capture < 0 {
		return outer
	}
	if outer.local != nil {
		outer.local.shared = true
	}
	c := capture{outer.local, outer.capture}
	for i, known := range fn.proto.captures {
		if known == c {
			return reference{capture: i}
		}
	}
	fn.proto.captures = append(fn.proto.captures, c)
	if len(fn.proto.captures) > maxUpvalues {
		r.fail(line, "function at line %d has more than %d upvalues", fn.proto.line, maxUpvalues)
	}
	return reference{capture: len(fn.proto.captures) - 1}
}
