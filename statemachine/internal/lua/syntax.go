package lua

import (
	"errors"
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// Chunk is a script that has been compiled. It does not change: any number of interpreters may run it at once.
type Chunk struct {
	source string // as Lua names it: "@user_script", or the text itself
	short  string // as messages do
	main   *proto
}

// errNested is the error of a text that is nested too deep.
var errNested = errors.New("chunk has too many syntax levels")

// Compile compiles the text of a script. source names it; one that begins with @ is the name of a file. The error is Lua's, with the place.
func Compile(source, code string) (*Chunk, error) {
	c := &Chunk{source: source, short: shortSource(source)}
	if len(code) > MaxSource {
		return nil, fmt.Errorf("%s:1: the script is longer than %d bytes", c.short, MaxSource)
	}
	if nestedBrackets(code, maxBrackets) {
		return nil, fmt.Errorf("%s:1: %w", c.short, errNested)
	}
	statements, err := parse.Parse(strings.NewReader(code), c.short)
	if err != nil {
		return nil, c.syntaxError(err, code)
	}
	if deeper(statements, maxSyntax) {
		return nil, fmt.Errorf("%s:1: %w", c.short, errNested)
	}
	main := &ast.FunctionExpr{ParList: &ast.ParList{HasVargs: true}, Stmts: statements}
	r, err := resolve(c, main)
	if err != nil {
		return nil, err
	}
	c.main = generate(r, main)
	return c, nil
}

// syntaxError words an error of the parser as Lua does, as far as it says the same.
func (c *Chunk) syntaxError(err error, code string) error {
	var e *parse.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s:1: %s", c.short, err.Error())
	}
	line, near := e.Pos.Line, e.Token
	if line == parse.EOF {
		line, near = 1+strings.Count(strings.TrimRight(code, "\n"), "\n"), "<eof>"
	}
	message := e.Message
	switch {
	case strings.HasPrefix(message, "syntax error"), strings.HasPrefix(message, "parse error"):
		message = "syntax error"
		if near == "<eof>" {
			message = "unexpected symbol"
		}
	case strings.HasPrefix(message, "unterminated multi"):
		message = "unfinished long string"
	case strings.HasPrefix(message, "unterminated"):
		message = "unfinished string"
	case strings.HasPrefix(message, "Invalid"):
		message = "unexpected symbol"
	}
	const most = 80
	if len(near) > most {
		near = near[:most]
	}
	return fmt.Errorf("%s:%d: %s near '%s'", c.short, line, message, near)
}

// nestedBrackets reports whether brackets are nested deeper than a limit, since the parser keeps all that are open. Those in strings and comments count,
// too; there the usual ones are closed again.
func nestedBrackets(code string, limit int) bool {
	depth := 0
	for i := range len(code) {
		switch code[i] {
		case '(', '[', '{':
			if depth++; depth > limit {
				return true
			}
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
	}
	return false
}

// level is a part of a syntax tree and how deep it is.
type level struct {
	node  any
	depth int
}

// deeper reports whether a tree is deeper than a limit. What goes through trees afterwards recurs, and a script could be nested as deep as it is long.
func deeper(statements []ast.Stmt, limit int) bool {
	var todo []level
	push := func(depth int, nodes ...any) {
		for _, n := range nodes {
			todo = append(todo, level{n, depth})
		}
	}
	for _, s := range statements {
		push(1, s)
	}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if at.depth > limit {
			return true
		}
		children(at.node, func(n any) { push(at.depth+1, n) })
	}
	return false
}

// children calls f with the parts of a node.
func children(node any, f func(any)) {
	exprs := func(list []ast.Expr) {
		for _, e := range list {
			f(e)
		}
	}
	switch n := node.(type) {
	case ast.Stmt:
		childrenOfStmt(n, f, exprs)
	case *ast.AttrGetExpr:
		exprs([]ast.Expr{n.Object, n.Key})
	case *ast.TableExpr:
		for _, field := range n.Fields {
			if field.Key != nil {
				f(field.Key)
			}
			f(field.Value)
		}
	case *ast.FuncCallExpr:
		if n.Func != nil {
			f(n.Func)
		}
		if n.Receiver != nil {
			f(n.Receiver)
		}
		exprs(n.Args)
	case *ast.LogicalOpExpr:
		exprs([]ast.Expr{n.Lhs, n.Rhs})
	case *ast.RelationalOpExpr:
		exprs([]ast.Expr{n.Lhs, n.Rhs})
	case *ast.StringConcatOpExpr:
		exprs([]ast.Expr{n.Lhs, n.Rhs})
	case *ast.ArithmeticOpExpr:
		exprs([]ast.Expr{n.Lhs, n.Rhs})
	case *ast.UnaryMinusOpExpr:
		f(n.Expr)
	case *ast.UnaryNotOpExpr:
		f(n.Expr)
	case *ast.UnaryLenOpExpr:
		f(n.Expr)
	case *ast.FunctionExpr:
		for _, s := range n.Stmts {
			f(s)
		}
	}
}

func childrenOfStmt(node ast.Stmt, f func(any), exprs func([]ast.Expr)) {
	statements := func(list []ast.Stmt) {
		for _, s := range list {
			f(s)
		}
	}
	switch n := node.(type) {
	case *ast.AssignStmt:
		exprs(n.Lhs)
		exprs(n.Rhs)
	case *ast.LocalAssignStmt:
		exprs(n.Exprs)
	case *ast.FuncCallStmt:
		f(n.Expr)
	case *ast.DoBlockStmt:
		statements(n.Stmts)
	case *ast.WhileStmt:
		f(n.Condition)
		statements(n.Stmts)
	case *ast.RepeatStmt:
		f(n.Condition)
		statements(n.Stmts)
	case *ast.IfStmt:
		f(n.Condition)
		statements(n.Then)
		statements(n.Else)
	case *ast.NumberForStmt:
		exprs([]ast.Expr{n.Init, n.Limit})
		if n.Step != nil {
			f(n.Step)
		}
		statements(n.Stmts)
	case *ast.GenericForStmt:
		exprs(n.Exprs)
		statements(n.Stmts)
	case *ast.FuncDefStmt:
		if n.Name.Func != nil {
			f(n.Name.Func)
		}
		if n.Name.Receiver != nil {
			f(n.Name.Receiver)
		}
		f(n.Func)
	case *ast.ReturnStmt:
		exprs(n.Exprs)
	}
}
