package statemachine

import (
	"slices"
	"strings"
	"testing"
)

func mustTable(t *testing.T, rows ...[]Command) *Table {
	t.Helper()
	table, err := NewTable(rows...)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestCommandsAreGoodRowsSortedByName(t *testing.T) {
	rows := Commands()
	mustTable(t, rows)
	if !slices.IsSortedFunc(rows, func(a, b Command) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("Commands is not sorted")
	}
	var check func(prefix string, rows []Command)
	check = func(prefix string, rows []Command) {
		for _, row := range rows {
			name := prefix + row.Name
			if row.Group == "" || row.Since == "" || row.Complexity == "" || row.Summary == "" {
				t.Errorf("%s lacks documentation", name)
			}
			if (row.Run == nil) != (len(row.Subcommands) > 0) {
				t.Errorf("%s must have either Run or subcommands", name)
			}
			if row.Flags.Has(Write) && row.Flags.Has(ReadOnly) {
				t.Errorf("%s both reads only and writes", name)
			}
			if (row.Arity < -1 || row.Arity > 2) && row.Syntax == "" && len(row.Subcommands) == 0 {
				t.Errorf("%s takes arguments but has no syntax", name)
			}
			check(name+" ", row.Subcommands)
		}
	}
	check("", rows)
}

func TestNewTableRefusesBadRows(t *testing.T) {
	good := Command{Name: "A", Arity: 1}
	for name, test := range map[string]struct {
		rows []Command
		want string
	}{
		"twice":          {[]Command{good, good}, "a is there twice"},
		"lower case":     {[]Command{{Name: "a", Arity: 1}}, "upper case"},
		"no name":        {[]Command{{Arity: 1}}, "upper case"},
		"no arity":       {[]Command{{Name: "A"}}, "a has no arity"},
		"bad subcommand": {[]Command{{Name: "A", Arity: -2, Subcommands: []Command{{Name: "B"}}}}, "a|b has no arity"},
	} {
		if _, err := NewTable(test.rows); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, not %q", name, err, test.want)
		}
	}
	if _, err := NewTable([]Command{good}, []Command{good}); err == nil {
		t.Error("two packages may not have the same command")
	}
}

func TestResolve(t *testing.T) {
	table := mustTable(t, Commands(), []Command{{Name: "PING", Arity: -1, Flags: Local},
		{Name: "CLIENT", Arity: -2, Flags: Local, Subcommands: []Command{{Name: "ID", Arity: 2, Flags: Local}}}})
	for _, test := range []struct{ line, name, problem string }{
		{"get k", "GET", ""},
		{"PiNg", "PING", ""},
		{"object Encoding k", "ENCODING", ""},
		{"client id", "ID", ""},
		{"get", "", "ERR wrong number of arguments for 'get' command"},
		{"set k", "", "ERR wrong number of arguments for 'set' command"},
		{"object", "", "ERR wrong number of arguments for 'object' command"},
		{"object encoding", "", "ERR wrong number of arguments for 'object|encoding' command"},
		{"object NoSuch k", "", "ERR unknown subcommand 'NoSuch'. Try OBJECT HELP."},
		{"client nosuch", "", "ERR unknown subcommand 'nosuch'. Try CLIENT HELP."},
		{"NoSuch a b", "", "ERR unknown command 'NoSuch', with args beginning with: 'a' 'b' "},
	} {
		c, problem := table.Resolve(words(test.line))
		if problem != test.problem || (c != nil) != (test.name != "") || c != nil && c.Name != test.name {
			t.Errorf("%s: %v, %q", test.line, c, problem)
		}
	}
	if _, problem := table.Resolve(Args{[]byte("a\r\nb"), []byte("c\nd")}); strings.ContainsAny(problem, "\r\n") {
		t.Errorf("a line end got into %q", problem)
	}
	if c, problem := table.Resolve(nil); c != nil || problem == "" {
		t.Error("no arguments are no command")
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	table := mustTable(t, Commands())
	name, long := []byte("IncrByFloat"), []byte(strings.Repeat("x", maxNameBytes+1))
	if n := testing.AllocsPerRun(100, func() { table.Lookup(name) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if table.Lookup(name) == nil || table.Lookup(long) != nil || table.Lookup(nil) != nil {
		t.Error("Lookup found the wrong thing")
	}
}

func TestParseInt(t *testing.T) {
	for _, text := range []string{"", "-", "+1", " 1", "1 ", "01", "-0", "-01", "00", "1a", "0x1", "1.0", "9223372036854775808",
		"-9223372036854775809", "99999999999999999999", "18446744073709551616"} {
		if n, ok := ParseInt([]byte(text)); ok {
			t.Errorf("%q was read as %d", text, n)
		}
	}
	for text, want := range map[string]int64{"0": 0, "-1": -1, "10": 10, "9223372036854775807": 1<<63 - 1, "-9223372036854775808": -1 << 63} {
		if n, ok := ParseInt([]byte(text)); !ok || n != want {
			t.Errorf("%q was read as %d, %v", text, n, ok)
		}
	}
}

// A package can add subcommands to another one's container, and neither replace one nor make a container of nothing else.
func TestNewTableAddsSubcommandsToAContainer(t *testing.T) {
	container := []Command{{Name: "A", Arity: -2, Subcommands: []Command{{Name: "C", Arity: 2}}}}
	addition := []Command{{Name: "A", Subcommands: []Command{{Name: "D", Arity: 2}, {Name: "B", Arity: 2}}}}
	for _, rows := range [][][]Command{{container, addition}, {addition, container}} {
		table := mustTable(t, rows...)
		a := table.Lookup([]byte("a"))
		if a.Arity != -2 || len(a.Subcommands) != 3 || a.Subcommands[0].Name != "B" || a.Subcommands[2].Name != "D" {
			t.Errorf("%+v", a)
		}
		if c, problem := table.Resolve(Args{[]byte("A"), []byte("d")}); c == nil || problem != "" {
			t.Error(problem)
		}
	}
	if len(container[0].Subcommands) != 1 {
		t.Error("the container that was given has changed")
	}
	for want, addition := range map[string]Command{"a|c is there twice": {Name: "A", Subcommands: container[0].Subcommands},
		"x has no arity": {Name: "X", Subcommands: container[0].Subcommands}} {
		if _, err := NewTable(container, []Command{addition}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, not %q", err, want)
		}
	}
}
