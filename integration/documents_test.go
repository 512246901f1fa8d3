package integration

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// quotedError is the first cell of a row whose text is quoted.
var quotedError = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// verb is what stands in a format for what differs, and its end: "%v", "%04o", "%.1f".
var verb = regexp.MustCompile(`%[-+# 0]*[0-9]*(\.[0-9]+)?[a-zA-Z]`)

// Each error that docs/troubleshooting.md quotes is in the source, word for word, but for what differs.
func TestQuotedErrorsAreInTheSource(t *testing.T) {
	texts := sourceTexts(t)
	document, err := os.ReadFile(filepath.Join("..", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := quotedError.FindAllStringSubmatch(string(document), -1)
	if len(rows) < 50 {
		t.Errorf("only %d rows quote an error", len(rows))
	}
	for _, row := range rows {
		if !strings.Contains(texts, row[1]) {
			t.Errorf("no error of the source reads %q", row[1])
		}
	}
}

// sourceTexts are all texts of the program, a line each: those that are put together of several are one, and what differs in a format is "...".
func sourceTexts(t *testing.T) string {
	var all strings.Builder
	for _, file := range sources(t) {
		if file.test {
			continue
		}
		ast.Inspect(file.tree, func(n ast.Node) bool {
			e, _ := n.(ast.Expr)
			text, ok := joined(e)
			if ok {
				all.WriteString(shown(text))
			}
			return !ok
		})
	}
	return all.String()
}

func shown(text string) string {
	text = strings.ReplaceAll(verb.ReplaceAllString(text, "..."), "`", "'")
	return strings.ReplaceAll(text, "\n", " ") + "\n"
}

// joined is a text, or several with + between them; of what is none "..." is shown.
func joined(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		left, a := joined(e.X)
		right, b := joined(e.Y)
		switch {
		case a && b:
			return left + right, true
		case a:
			return left + "%v", true
		case b:
			return "%v" + right, true
		}
	}
	return "", false
}
