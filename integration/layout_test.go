package integration

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/paxredis/paxredis"

// layer is what a package and the packages below it in the source tree may use.
type layer struct {
	dir string
	// imports are the packages of this module it may import, without the module's path.
	imports []string
	// banned are imports of other modules and of the standard library it must not have.
	banned []string
	// noGoroutines forbids go statements: the package is a function of its inputs.
	noGoroutines bool
	// noClock forbids asking for the time or waiting for it; durations are fine. It forbids chance too: of math/rand/v2
	// only generators with a given seed.
	noClock bool
}

// layers is the import rule of the source tree: an edge that is not in this table is an error.
var layers = []layer{
	{dir: "cmd/paxredis", imports: []string{"resp", "replication", "replication/paxos", "statemachine", "storage", "peer", "cmd/paxredis/moving", "statemachine/rdb", "cmd/paxredis/monitor", "cmd/paxredis/tracing"}},
	// Moving data in and out is a client's work: it knows the files and the protocol, and nothing of a node.
	{dir: "cmd/paxredis/moving", imports: []string{"statemachine/rdb"}},
	{dir: "statemachine/rdb", banned: []string{"math/rand", "crypto/rand", "os", "net"}, noGoroutines: true, noClock: true},
	// It shows what the others count, and none of them knows of it.
	{dir: "cmd/paxredis/monitor", imports: []string{"resp", "replication", "replication/paxos", "peer", "cmd/paxredis/tracing"}},
	{dir: "cmd/paxredis/tracing", imports: []string{"resp"}},
	{dir: "resp", imports: []string{"replication", "replication/brief", "statemachine"}},
	{dir: "replication", imports: []string{"replication/paxos"}, banned: []string{"net"}},
	{dir: "replication/brief", banned: []string{"net", "os", "time"}, noGoroutines: true, noClock: true},
	{dir: "replication/paxos", banned: []string{"math/rand", "crypto/rand", "os", "net", "sync", "sync/atomic", "log", "log/slog", "context"},
		noGoroutines: true, noClock: true},
	{dir: "statemachine", imports: []string{"statemachine/rdb"}, banned: []string{"math/rand", "crypto/rand", "hash/maphash", "os", "net"}, noGoroutines: true, noClock: true},
	{dir: "storage", imports: []string{"replication/paxos", "replication/brief"}, banned: []string{"net"}},
	{dir: "peer", imports: []string{"replication/paxos", "replication/brief"}},
	{dir: "integration"},
	// A simulated history is a function of its seed. What runs many of them, tests and integration/sim/soak, may use goroutines.
	{dir: "integration/sim", imports: []string{"replication", "replication/paxos", "statemachine", "storage", "peer"},
		banned: []string{"crypto/rand", "hash/maphash", "net"}, noGoroutines: true, noClock: true},
	{dir: "integration/sim/soak", imports: []string{"integration/sim"}},
}

// clockCalls are the functions of package time that ask a clock or wait for one.
var clockCalls = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// seeded are the names of math/rand/v2 that lead to a generator with a given seed.
var seeded = []string{"New", "NewPCG", "NewChaCha8", "Rand", "PCG", "ChaCha8", "Source"}

const (
	maxFileLines     = 700
	maxFunctionLines = 70
)

// sourceFile is one parsed Go file of the module.
type sourceFile struct {
	path      string // from the module's root, with slashes
	test      bool
	generated bool
	set       *token.FileSet
	tree      *ast.File
}

func (f sourceFile) at(n ast.Node) string {
	return f.path + ":" + strconv.Itoa(f.set.Position(n.Pos()).Line)
}

// sources parses all Go files of the module.
func sources(t *testing.T) []sourceFile {
	t.Helper()
	var files []sourceFile
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "bin") {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, filepath.Join("..", filepath.FromSlash(name)), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, sourceFile{name, strings.HasSuffix(name, "_test.go"), ast.IsGenerated(tree), set, tree})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// layerOf is the row with the longest directory that holds the file.
func layerOf(file string) *layer {
	var best *layer
	for i := range layers {
		l := &layers[i]
		if strings.HasPrefix(file, l.dir+"/") && (best == nil || len(l.dir) > len(best.dir)) {
			best = l
		}
	}
	return best
}

func (l *layer) mayImport(target string) bool {
	if target == l.dir || strings.HasPrefix(target, l.dir+"/") && layerOf(target+"/x") == l {
		return true // within the layer
	}
	for _, allowed := range l.imports {
		if row := layerOf(allowed + "/x"); row != nil && layerOf(target+"/x") == row {
			return true
		}
	}
	return false
}

// TestImportRules fails on every import that the table above does not allow, tests apart.
func TestImportRules(t *testing.T) {
	for _, f := range sources(t) {
		l := layerOf(f.path)
		if l == nil {
			t.Errorf("%s: in no layer of the table; add its directory", f.path)
			continue
		}
		if f.test {
			continue
		}
		for _, spec := range f.tree.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			own, isOwn := strings.CutPrefix(name, module+"/")
			if isOwn && !l.mayImport(own) {
				t.Errorf("%s: %s must not import %s", f.at(spec), l.dir, own)
			}
			if slices.Contains(l.banned, name) && !f.generated {
				t.Errorf("%s: %s must not import %s", f.at(spec), l.dir, name)
			}
		}
	}
}

// TestBannedCalls fails on calls that make a layer depend on more than its inputs, and on those that belong to the
// main function or to nobody.
func TestBannedCalls(t *testing.T) {
	for _, f := range sources(t) {
		l := layerOf(f.path)
		if l == nil || f.generated {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				if l.noGoroutines && !f.test {
					t.Errorf("%s: %s must not start goroutines", f.at(n), l.dir)
				}
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok {
					if why := banned(f, l, pkg.Name, n.Sel.Name); why != "" {
						t.Errorf("%s: %s.%s: %s", f.at(n), pkg.Name, n.Sel.Name, why)
					}
				}
			}
			return true
		})
	}
}

// banned says why a call has no place in a file, or nothing.
func banned(f sourceFile, l *layer, pkg, name string) string {
	switch {
	case pkg == "time" && name == "Sleep":
		return "wait for an event, or look at a condition with a limit"
	case pkg == "time" && l.noClock && !f.test && slices.Contains(clockCalls, name):
		return "time comes in with the events"
	case pkg == "rand" && l.noClock && !f.test && !slices.Contains(seeded, name):
		return "chance comes in with a seed"
	case pkg == "os" && name == "Exit" && f.path != "cmd/paxredis/main.go" && !f.test && !isTool(f):
		return "return an error; only main ends the process"
	case pkg == "log" && (strings.HasPrefix(name, "Fatal") || strings.HasPrefix(name, "Panic")):
		return "return an error; only main ends the process"
	}
	return ""
}

// isTool is true for the main files of the tools below integration.
func isTool(f sourceFile) bool {
	return strings.HasPrefix(f.path, "integration/") && f.tree.Name.Name == "main" && path.Base(f.path) == "main.go"
}

// TestLengths keeps files and functions short enough to be read in one go.
func TestLengths(t *testing.T) {
	for _, f := range sources(t) {
		if f.generated {
			continue
		}
		if lines := f.set.File(f.tree.Pos()).LineCount(); lines > maxFileLines {
			t.Errorf("%s: %d lines, more than %d", f.path, lines, maxFileLines)
		}
		for _, d := range f.tree.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || f.test {
				continue
			}
			if lines := f.set.Position(fn.End()).Line - f.set.Position(fn.Pos()).Line + 1; lines > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, more than %d", f.at(fn), fn.Name.Name, lines, maxFunctionLines)
			}
		}
	}
}

// TestNothingIsLeftForLater fails on the usual marks of unfinished work.
func TestNothingIsLeftForLater(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X", "not imple" + "mented"}
	for _, f := range sources(t) {
		for _, group := range f.tree.Comments {
			for _, mark := range marks {
				if strings.Contains(group.Text(), mark) {
					t.Errorf("%s: %s", f.at(group), mark)
				}
			}
		}
	}
}
