package differential

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fake is a server with a few commands on keys in one database. WATCH goes by how often a key was touched.
type fake struct {
	touched map[string]int
	there   map[string]bool
	clients [connections]fakeClient
	blind   bool // WATCH does nothing
	// versions: what a stream's groups note is a change, as in paxredis.
	versions bool
	dead     int // keys that DBSIZE counts until SCAN meets them
}

type fakeClient struct {
	watched map[string]int
	open    bool
	queue   [][]string
}

func (f *fake) Run(calls []Call) ([]Reply, error) {
	var replies []Reply
	for _, call := range calls {
		replies = append(replies, f.do(&f.clients[call.Client], call.Args))
	}
	return replies, nil
}

func (f *fake) do(c *fakeClient, args []string) Reply {
	ok := Reply{Kind: '+', Text: "OK"}
	switch name := args[0]; {
	case name == "EXEC" && c.open:
		return f.exec(c)
	case name == "UNWATCH" && len(args) > 1:
		return Reply{Kind: '-', Text: "ERR wrong number of arguments for 'unwatch' command"}
	case name == "DISCARD" || name == "RESET" || name == "UNWATCH":
		*c = fakeClient{}
	case c.open:
		c.queue = append(c.queue, args)
		return Reply{Kind: '+', Text: "QUEUED"}
	case name == "MULTI":
		c.open = true
	case name == "WATCH":
		if c.watched == nil {
			c.watched = make(map[string]int)
		}
		for _, key := range args[1:] {
			if _, ok := c.watched[key]; !ok {
				c.watched[key] = f.touched[key]
			}
		}
	case name == "CLIENT":
		return Reply{Kind: '$', Text: "id=1 db=0 sub=0"}
	default:
		return f.command(args)
	}
	return ok
}

func (f *fake) exec(c *fakeClient) Reply {
	reply := Reply{Kind: '*'}
	for key, touched := range c.watched {
		reply.Null = reply.Null || f.touched[key] != touched && !f.blind
	}
	for _, args := range c.queue {
		if !reply.Null {
			reply.Elements = append(reply.Elements, f.command(args))
		}
	}
	*c = fakeClient{}
	return reply
}

func (f *fake) command(args []string) Reply {
	switch args[0] {
	case "FLUSHALL":
		f.touched, f.there = make(map[string]int), make(map[string]bool)
	case "SET", "DEL":
		f.touched[args[1]]++
		f.there[args[1]] = args[0] == "SET"
	case "XACK":
		if f.versions {
			f.touched[args[1]]++
		}
	case "EXISTS":
		if f.there[args[1]] {
			return Reply{Kind: ':', Text: "1"}
		}
		return Reply{Kind: ':', Text: "0"}
	case "SWAPDB": // as paxredis does it: what is missing in both is another missing key
		for _, c := range f.clients {
			for key := range c.watched {
				f.touched[key]++
			}
		}
	case "SCAN":
		f.dead = 0
	case "DBSIZE":
		return Reply{Kind: ':', Text: strconv.Itoa(f.dead)}
	}
	return Reply{Kind: '+', Text: "OK"}
}

// script are calls, a line each: the second client's begin with a 2.
func script(text string) []Call {
	var found []Call
	for line := range strings.SplitSeq(text, ";") {
		words, client := strings.Fields(line), 0
		if words[0] == "2" {
			words, client = words[1:], 1
		}
		found = append(found, Call{client, words})
	}
	return found
}

// TestAWatchThatDoesNothingIsFound compares Redis with one whose WATCH does nothing. Where the watched key was missing and is missing
// again, that is what is wanted.
func TestAWatchThatDoesNothingIsFound(t *testing.T) {
	for _, c := range []struct {
		calls string
		want  verdict
	}{
		{"WATCH x; 2 SET x 1; MULTI; EXEC", different},
		{"SET x 1; WATCH x; 2 SET x 2; MULTI; EXEC", different},
		{"SET x 1; WATCH x; 2 DEL x; MULTI; EXEC", different},
		{"SET x 1; WATCH x; 2 DEL x; 2 SET x 1; MULTI; EXEC", different},
		{"WATCH x; 2 SET x 1; MULTI; GET a; 2 DEL y; EXEC", different},
		{"SET x 1; WATCH x; DEL x; WATCH x; MULTI; EXEC", different},
		{"WATCH x y; SET x 1; DEL x; 2 SET y 1; MULTI; EXEC", different},
		{"WATCH x; WATCH y; SET x 1; DEL x; 2 SET y 1; MULTI; EXEC", different},
		{"WATCH x; 2 SET x 1; DISCARD; SET y 1; WATCH y; 2 SET y 2; MULTI; EXEC", different},

		{"WATCH x; 2 SET x 1; 2 DEL x; MULTI; EXEC", diverged},
		{"WATCH x; SET x 1; WATCH x; DEL x; MULTI; EXEC", diverged}, // the second WATCH does nothing
		{"SET y 1; WATCH x y; SET x 1; DEL x; MULTI; SET y 2; EXEC", diverged},
		{"SET y 1; WATCH y; UNWATCH; WATCH x; SET y 2; SET x 1; DEL x; MULTI; EXEC", diverged},
		{"WATCH x; UNWATCH a; SET x 1; DEL x; MULTI; EXEC", diverged}, // UNWATCH with an argument is an error
	} {
		calls := script(c.calls)
		ours, theirs := &fake{blind: true}, &fake{}
		mine, _ := rerun(ours, calls)
		redis, _ := rerun(theirs, calls)
		comparison := NewComparison(ours, theirs, nil, KnownDifferences(700))
		d := &Difference{Command: &Command{Name: "exec"}, Calls: calls, Call: []string{"EXEC"}, Ours: mine[len(calls)-1], Theirs: redis[len(calls)-1]}
		if got := comparison.judge(d); got != c.want {
			t.Errorf("%s: %v and %v: %v, want %v", c.calls, d.Ours, d.Theirs, got, c.want)
		}
	}
}

// TestAWatchThatSeesGroupsIsWanted, but one that sees other changes that redis-server does not see is not.
func TestAWatchThatSeesGroupsIsWanted(t *testing.T) {
	for _, c := range []struct {
		calls string
		want  verdict
	}{
		{"WATCH x; XACK x g 1; MULTI; EXEC", diverged},
		{"WATCH x; 2 XACK x g 1; MULTI; XACK x g 2; EXEC", diverged},
		{"XACK x g 1; WATCH x; SWAPDB 0 1; MULTI; SET y 1; EXEC", different}, // of which SWAPDB is the reason, and x is there
	} {
		calls := append(script("SET x 1"), script(c.calls)...)
		ours, theirs := &fake{versions: true}, &fake{blind: true}
		mine, _ := rerun(ours, calls)
		redis, _ := rerun(theirs, calls)
		comparison := NewComparison(ours, theirs, nil, KnownDifferences(700))
		d := &Difference{Command: &Command{Name: "exec"}, Calls: calls, Call: []string{"EXEC"}, Ours: mine[len(calls)-1], Theirs: redis[len(calls)-1]}
		if got := comparison.judge(d); got != c.want {
			t.Errorf("%s: %v and %v: %v, want %v", c.calls, d.Ours, d.Theirs, got, c.want)
		}
	}
}

// trimming is a server that replies one thing after a trim of whole nodes, and another without.
type trimming struct{ whole, exact string }

func (s trimming) Run(calls []Call) ([]Reply, error) {
	text := s.exact
	if slices.ContainsFunc(calls, trimsNodes) {
		text = s.whole
	}
	return slices.Repeat([]Reply{{Kind: ':', Text: text}}, len(calls)), nil
}

// TestTrimsOfWholeNodesAreWanted where exact ones leave the same.
func TestTrimsOfWholeNodesAreWanted(t *testing.T) {
	for _, c := range []struct {
		calls        string
		ours, theirs trimming
		want         verdict
	}{
		{"XTRIM x MAXLEN ~ 2 LIMIT 9; XLEN x", trimming{"2", "2"}, trimming{"3", "2"}, diverged},
		{"XADD x MINID ~ 5 * a b; XLEN x", trimming{"2", "1"}, trimming{"3", "2"}, different},
		{"XTRIM x MAXLEN = 2; XLEN x", trimming{"2", "2"}, trimming{"2", "3"}, different},
	} {
		calls := script(c.calls)
		mine, _ := rerun(c.ours, calls)
		redis, _ := rerun(c.theirs, calls)
		comparison := NewComparison(c.ours, c.theirs, nil, KnownDifferences(700))
		d := &Difference{Command: &Command{Name: "xlen", Group: "stream"}, Calls: calls, Call: []string{"XLEN", "x"}, Ours: mine[1], Theirs: redis[1]}
		if got := comparison.judge(d); got != c.want {
			t.Errorf("%s: %v, want %v", c.calls, got, c.want)
		}
	}
	for call, want := range map[string]string{
		"XTRIM x MAXLEN ~ 2 LIMIT 9":    "XTRIM x MAXLEN = 2",
		"XADD x minid ~ 5-1 LIMIT":      "XADD x minid = 5-1 LIMIT",
		"XADD x MAXLEN ~ 5 limit 0 * ~": "XADD x MAXLEN = 5 * ~",
		"XADD x MAXLEN ~":               "XADD x MAXLEN =",
	} {
		if got := strings.Join(exact(strings.Fields(call)), " "); got != want {
			t.Errorf("%s exactly is %s, not %s", call, got, want)
		}
	}
}
