package resp

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

var updateDocs = flag.Bool("update", false, "write docs/compatibility.md and the count in README.md anew")

const (
	compatibilityPath = "../docs/compatibility.md"
	readmePath        = "../README.md"
)

// countInReadme is where the README says how many commands there are.
var countInReadme = regexp.MustCompile(`\d+ of the \d+ commands and subcommands of Redis 7\.2`)

// redisCommand is a command or subcommand of Redis 7.2, as COMMAND DOCS of redis-server tells them.
type redisCommand struct{ name, group string }

// readTable reads lines of two fields, separated by a tab.
func readTable(t *testing.T, path string) (rows []redisCommand) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			t.Fatalf("%s: no tab in %q", path, line)
		}
		rows = append(rows, redisCommand{name, rest})
	}
	return rows
}

// ourCommands are all rows of the command table by their full names, "CLIENT ID".
func ourCommands(t *testing.T) map[string]*statemachine.Command {
	t.Helper()
	_, rows, err := buildRows()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]*statemachine.Command)
	for c, r := range rows {
		all[strings.ToUpper(strings.ReplaceAll(r.name, "|", " "))] = c
	}
	return all
}

// compatibility writes the document, and the sentence for the README.
func compatibility(ours map[string]*statemachine.Command, redis, notes []redisCommand) (document, count string) {
	noteOf := make(map[string]string)
	for _, n := range notes {
		noteOf[n.name] = n.group
	}
	var b strings.Builder
	known := make(map[string]bool)
	supported, group := 0, ""
	var tables strings.Builder
	for _, c := range redis {
		known[c.name] = true
		if c.group != group {
			group = c.group
			fmt.Fprintf(&tables, "\n## %s\n\n| command | supported | difference |\n|---|---|---|\n", group)
		}
		mark := "no"
		if ours[c.name] != nil {
			mark = "yes"
			supported++
		}
		fmt.Fprintf(&tables, "| %s | %s | %s |\n", c.name, mark, noteOf[c.name])
	}
	var own []string
	for name := range ours {
		if !known[name] {
			own = append(own, name)
		}
	}
	slices.Sort(own)
	fmt.Fprintf(&tables, "\n## Beyond Redis 7.2\n\nOf later versions, of Valkey, or paxredis' own.\n\n| command | since | what it does |\n|---|---|---|\n")
	for _, name := range own {
		c := ours[name]
		fmt.Fprintf(&tables, "| %s | %s | %s |\n", name, cmp.Or(c.Since, "paxredis"), c.Summary)
	}
	count = fmt.Sprintf("%d of the %d commands and subcommands of Redis 7.2", supported, len(redis))
	fmt.Fprintf(&b, "# Compatibility with Redis 7.2\n\nThis page is made from the command table (`go test ./resp -run TestCompatibility -update`), and a test compares them. "+
		"paxredis has %s.\n", count)
	return b.String() + tables.String(), count
}

// TestCompatibilityDocument: docs/compatibility.md says what the command table says, and the README has its count.
func TestCompatibilityDocument(t *testing.T) {
	ours := ourCommands(t)
	redis, notes := readTable(t, "testdata/redis-7.2-commands.txt"), readTable(t, "testdata/compatibility-notes.txt")
	for _, n := range notes {
		if !slices.ContainsFunc(redis, func(c redisCommand) bool { return c.name == n.name }) {
			t.Errorf("there is a note on %s, which Redis 7.2 does not have", n.name)
		}
	}
	document, count := compatibility(ours, redis, notes)
	readme, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	if *updateDocs {
		if err := os.WriteFile(compatibilityPath, []byte(document), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(readmePath, countInReadme.ReplaceAll(readme, []byte(count)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	written, err := os.ReadFile(compatibilityPath)
	if err != nil || string(written) != document {
		t.Errorf("docs/compatibility.md is not what the command table says (%v): go test ./resp -run TestCompatibility -update", err)
	}
	if !strings.Contains(string(readme), count) {
		t.Errorf("README.md does not say %q", count)
	}
}
