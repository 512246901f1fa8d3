package differential

import (
	"bufio"
	"strings"
	"testing"
)

func reply(t *testing.T, text string) Reply {
	t.Helper()
	r, err := ReadReply(bufio.NewReader(strings.NewReader(strings.ReplaceAll(text, " ", "\r\n") + "\r\n")))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return r
}

// TestRepliesThatAreTheSame and those that are not, by the command's row.
func TestRepliesThatAreTheSame(t *testing.T) {
	get := &Command{Name: "get", Flags: []string{"readonly"}}
	keys := &Command{Name: "keys", Flags: []string{"readonly"}, Tips: []string{"nondeterministic_output_order"}}
	ttl := &Command{Name: "ttl", Flags: []string{"readonly"}, Tips: []string{"nondeterministic_output"}}
	chance := &Command{Name: "randomkey", Flags: []string{"readonly"}, Tips: []string{"nondeterministic_output"}}
	scan := &Command{Name: "scan", Flags: []string{"readonly"}, Tips: []string{"nondeterministic_output"}}
	zscore := &Command{Name: "zscore", Group: "sorted-set", Flags: []string{"readonly"}}
	for _, c := range []struct {
		row          *Command
		call         string
		ours, theirs string
		want         verdict
	}{
		{get, "GET a", "$1 x", "$1 x", equal},
		{get, "GET a", "$1 x", "$1 y", different},
		{get, "GET a", "$1 x", "+x", different},
		{get, "GET a", "$-1", "_", different},
		{get, "GET a", "$-1", "$0 ", different},
		{get, "GET a", "-ERR_a", "-ERR_b", different},
		{get, "GET a", "%2 +a :1 +b :2", "%2 +b :2 +a :1", equal},
		{get, "GET a", "%2 +a :1 +b :2", "%2 +b :1 +a :2", different},
		{keys, "KEYS *", "*2 +a +b", "*2 +b +a", equal},
		{keys, "KEYS *", "*2 +a +a", "*2 +b +a", different},
		{keys, "KEYS *", "*2 +a +b", "*3 +b +a +a", different},
		{ttl, "TTL a", ":100", ":99", equal},
		{ttl, "TTL a", ":100", ":-1", different},
		{ttl, "TTL a", ":100", ":-2", different},
		{ttl, "TTL a", ":1000", ":100", different},
		{chance, "RANDOMKEY", "$1 a", "$1 b", equal},
		{chance, "RANDOMKEY", "$1 a", "$-1", different},
		{scan, "SCAN 0", "*2 $1 0 *2 +a +b", "*2 $1 0 *2 +b +a", equal},
		{scan, "SCAN 0", "*2 $1 0 *2 +a +b", "*2 $1 0 *1 +b", different},
		{scan, "SCAN 0", "*2 $1 4 *1 +a", "*2 $1 0 *2 +b +a", equal},
		{scan, "SCAN 7", "*2 $1 0 *1 +a", "*2 $1 0 *2 +b +a", equal},
		{scan, "SCAN 0", "*2 $1 0 *1 +a", "-ERR_syntax", different},
		{zscore, "ZSCORE z a", "$3 0.1", "$19 0.10000000000000001", equal},
		{zscore, "ZSCORE z a", ",0.1", ",0.10000000000000001", equal},
		{zscore, "ZSCORE z a", "$3 0.1", "$19 0.10000000000000002", different},
		{zscore, "ZSCORE z a", "$3 0.1", ",0.1", different},
		{get, "GET a", "$3 0.1", "$19 0.10000000000000001", different},
	} {
		comparison := NewComparison(nil, nil, nil, KnownDifferences(700))
		d := &Difference{Command: c.row, Call: strings.Fields(c.call), Ours: reply(t, c.ours), Theirs: reply(t, c.theirs)}
		if got := comparison.judge(d); got != c.want {
			t.Errorf("%s: %q and %q: %v, want %v", c.call, c.ours, c.theirs, got, c.want)
		}
	}
}

// TestWhatIsWantedIsNoMore: a wanted difference does not hide one of another kind in the same command.
func TestWhatIsWantedIsNoMore(t *testing.T) {
	dbsize, exec, hello, idle := &Command{Name: "dbsize"}, &Command{Name: "exec"}, &Command{Name: "hello"}, &Command{Name: "object|idletime"}
	size := calls([]string{"DBSIZE"})
	spop, counted := &Command{Name: "spop", Flags: []string{"write"}, Tips: []string{"nondeterministic_output"}}, calls([]string{"PFCOUNT", "h"}, []string{"SPOP", "s"})
	zscore, distances := &Command{Name: "zscore", Group: "sorted-set"}, calls([]string{"GEOSEARCHSTORE", "d", "s", "storedist"})
	swapped := calls([]string{"WATCH", "a"}, []string{"SWAPDB", "0", "1"}, []string{"MULTI"}, []string{"EXEC"})
	for _, c := range []struct {
		row          *Command
		calls        []Call
		ours, theirs string
		want         verdict
	}{
		{dbsize, size, ":0", ":2", equal}, // the two are dead
		{dbsize, size, ":1", ":2", different},
		{dbsize, size, ":2", ":1", different},
		{dbsize, size, ":1", "-ERR", different},
		{exec, swapped, "*-1", "*0", diverged}, // without the missing key that is watched it runs
		{exec, swapped[2:], "*-1", "*0", different},
		{exec, calls([]string{"MULTI"}, []string{"EXEC"}), "*0", "*-1", different},
		{zscore, distances, "$19 0.10000000000000002", "$19 0.10000000000000003", equal}, // another double
		{zscore, nil, "$19 0.10000000000000002", "$19 0.10000000000000003", different},
		{zscore, distances, "$16 0.10000000000002", "$16 0.10000000000003", different},
		{hello, nil, "*4 +version +7.2 +mode +a", "*4 +version +7.0 +mode +a", equal},
		{hello, nil, "*4 +version +7.2 +mode +a", "*4 +version +7.0 +mode +b", different},
		{hello, nil, "*4 +id :1 +mode +a", "*4 +id +2 +mode +a", different},
		{idle, nil, ":1795873974", ":16777214", equal},
		{idle, nil, ":5", ":16777214", different},
		{spop, counted, "+OK", "+b", diverged}, // by chance, also if it replies the same without PFCOUNT
		{hello, nil, "*2 +version +7.2", "*4 +version +7.0 +mode +a", different},
	} {
		comparison := NewComparison(&fake{dead: 2}, &fake{dead: 2}, nil, KnownDifferences(700))
		d := &Difference{Command: c.row, Calls: c.calls, Call: []string{c.row.Name}, Ours: reply(t, c.ours), Theirs: reply(t, c.theirs)}
		if got := comparison.judge(d); got != c.want {
			t.Errorf("%s: %q and %q: %v, want %v", c.row.Name, c.ours, c.theirs, got, c.want)
		}
	}
}

// TestARefusedWriteIsNoAccess, but what has been restored as idle, and not written to since, is as idle as that.
func TestARefusedWriteIsNoAccess(t *testing.T) {
	idle := &Command{Name: "object|idletime"}
	for key, want := range map[string]verdict{"x": equal, "y": different, "z": different} {
		sequence := calls([]string{"RPOP", "y"}, []string{"RESTORE", "x", "0"}, []string{"RESTORE", "y", "0"}, []string{"RPOP", "x"}, []string{"OBJECT", "IDLETIME", key})
		d := &Difference{Command: idle, Calls: sequence, Call: sequence[4].Args, Ours: reply(t, ":100000"), Theirs: reply(t, ":0")}
		if got := NewComparison(nil, nil, nil, KnownDifferences(700)).judge(d); got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}

// TestACommandThatNeverSucceedsIsMissed.
func TestACommandThatNeverSucceedsIsMissed(t *testing.T) {
	p := &Plan{Commands: []*Command{{Name: "get"}, {Name: "set"}, {Name: "object", Container: true}}}
	stats := newStats()
	stats.Succeeded["get"], stats.Failed["set"] = 1, 5
	if got := strings.Join(p.Unexercised(stats), " "); got != "set" {
		t.Errorf("%q", got)
	}
}
