package resp

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// promptNode is a fakeNode that does at once what takes time.
type promptNode struct{ *fakeNode }

func (promptNode) Checkpoint(context.Context, bool) (replication.Slot, error) { return 7, nil }

func (promptNode) Change(_ context.Context, c replication.Change) (replication.Configuration, error) {
	if c.Force {
		return replication.Configuration{}, errGroup
	}
	return replication.Configuration{Slot: 9, Voters: []replication.Member{{ID: 1, Address: "a:1"}, c.Member}}, nil
}

// startPromptServer serves clients on a promptNode whose voters have everything.
func startPromptServer(t testing.TB) *Server {
	t.Helper()
	machine := statemachine.New(statemachine.Config{})
	node := newFakeNode(machine)
	node.sync(math.MaxInt32)
	s, err := Start(Config{Listen: "127.0.0.1:0", Loops: 1, Checkpoints: newFakeCheckpoints()}, promptNode{node}, machine)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := <-closing(s); err != nil {
			t.Errorf("closing the server: %v", err)
		}
		node.stop()
	})
	return s
}

// unfuzzed are rows that do not answer once and in form: they hold up the node for as long as they are told, show what others do, or reply
// with what they are told.
var unfuzzed = []string{"client|pause", "debug|sleep", "monitor", "debug|error", "debug|protocol"}

// fuzzedNames are the names of this package's rows, subcommands among them, and of two others for what stands between MULTI and EXEC.
func fuzzedNames(f *testing.F) (names [][]string, commands []*statemachine.Command) {
	table, _, err := buildRows()
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range everyCommand(table) {
		if slices.Contains(unfuzzed, c.name) {
			continue
		}
		if c.Flags.Has(statemachine.Local) || c.name == "get" || c.name == "set" {
			names = append(names, strings.Split(c.name, "|"))
			commands = append(commands, c.Command)
		}
	}
	return names, commands
}

// sampleValues are an argument of each kind.
var sampleValues = map[string]string{argKey: "k", "integer": "1", "unix-time": "1", "pattern": "*", "double": "1.5"}

// sampleArguments makes arguments of what the table says about them. Of a choice it takes the one with that number; optional
// arguments are there if the number is odd.
func sampleArguments(arguments []argument, choice int) []string {
	var sample []string
	for i := range arguments {
		a := &arguments[i]
		if a.optional && choice%2 == 0 {
			continue
		}
		if a.token != "" {
			sample = append(sample, a.token)
		}
		switch {
		case a.kind == argToken:
		case a.kind == argOneOf:
			one := a.arguments[choice%len(a.arguments)]
			one.optional = false
			sample = append(sample, sampleArguments([]argument{one}, choice)...)
		case a.kind == argBlock:
			sample = append(sample, sampleArguments(a.arguments, choice)...)
		case a.name == "host:port" || a.name == "ip:port":
			sample = append(sample, "127.0.0.1:1")
		case sampleValues[a.kind] != "":
			sample = append(sample, sampleValues[a.kind])
		default:
			sample = append(sample, "get")
		}
	}
	return sample
}

// The end of what is sent for an input: the connection is as it was at its beginning, and that was the last reply.
const (
	fuzzMarker = "the end of the input"
	fuzzEnd    = 3
)

// FuzzLocalCommands: a line is a command, its first byte one of this package's rows, from ' ' on, so that no row is a line end; its
// arguments are separated by 0x1f. Nothing makes the server panic or hang; each command has one reply, but for those that subscribe, well formed in the protocol of its
// client; and the connection is of use afterwards.
func FuzzLocalCommands(f *testing.F) {
	names, commands := fuzzedNames(f)
	call := func(name string, args ...string) string {
		i := slices.IndexFunc(names, func(n []string) bool { return strings.Join(n, " ") == name })
		return string([]byte{byte(i) + ' '}) + strings.Join(args, "\x1f") + "\n"
	}
	for i, c := range commands {
		for choice := range 8 {
			f.Add(append([]byte{byte(i) + ' '}, strings.Join(sampleArguments(argumentsOf(c), choice), "\x1f")...), choice%2 == 1)
		}
	}
	f.Add([]byte(call("multi")+call("set", "k", "v")+call("select", "3")+call("get", "k")+call("exec")+call("get", "k")), true)
	f.Add([]byte(call("watch", "k")+call("multi")+call("command")+call("hello", "3")+call("exec")+call("multi")+call("discard")), false)
	f.Add([]byte(call("config set", "slowlog-max-len", "5", "maxclients", "7")+call("auth", "default", "x")+call("config get", "*")), true)
	f.Add([]byte(call("client reply", "skip")+call("ping")+call("client reply", "off")+call("ping")+call("client reply", "on")), false)
	f.Add([]byte(call("client tracking", "on", "bcast")+call("set", "k", "v")+call("subscribe", "a", "b", "a")+call("set", "k", "w")+call("ping")), true)
	f.Add([]byte(call("multi")+call("psubscribe", "*", "x")+call("unsubscribe")+call("ssubscribe", "s")+call("exec")+call("get", "k")), false)
	s := startPromptServer(f)
	restore := settingsOf(s)
	f.Fuzz(func(t *testing.T, text []byte, three bool) {
		var calls [][]string
		for line := range bytes.SplitSeq(text, []byte{'\n'}) {
			if len(line) > 0 {
				args := slices.Clone(names[int(line[0]-' ')%len(names)])
				if len(line) > 1 {
					args = append(args, strings.Split(string(line[1:]), "\x1f")...)
				}
				calls = append(calls, args)
			}
		}
		if len(calls) > 12 || bytes.Contains(text, []byte(fuzzMarker)) {
			return
		}
		fuzzCalls(t, s, calls, three)
		restore()
	})
}

// settingsOf remembers what can be set, and returns what sets it again: the server outlives an input.
func settingsOf(s *Server) (restore func()) {
	values := map[*parameter]string{}
	for i := range s.settings.parameters {
		if p := &s.settings.parameters[i]; p.setting != nil {
			values[p] = p.value()
		}
	}
	return func() {
		for p, value := range values {
			apply, why := p.setting.parse(value)
			if why != "" {
				panic(p.name + ": what it says of itself is not taken: " + why)
			}
			apply()
		}
	}
}

// fuzzCalls sends commands to the server on a connection of their own, and checks what comes back.
func fuzzCalls(t *testing.T, s *Server, calls [][]string, three bool) {
	if three {
		calls = append([][]string{{"HELLO", "3"}}, calls...)
	}
	var requests strings.Builder
	quiet, ends, pushes := false, false, false
	for _, args := range calls {
		requests.WriteString(request(args...))
		is := func(i int, word string) bool { return len(args) > i && strings.EqualFold(args[i], word) }
		three = three || is(0, "HELLO")
		// A confirmation for each name, and what comes unasked: how many there are is not known here.
		pushes = pushes || strings.HasSuffix(strings.ToUpper(args[0]), "SUBSCRIBE") || is(0, "CLIENT") && is(1, "TRACKING")
		quiet = quiet || is(0, "CLIENT") && is(1, "REPLY")
		ends = ends || is(0, "QUIT") || is(0, "CLIENT") && is(1, "KILL")
	}
	w := dial(t, s)
	w.send(requests.String() + request("RESET") + request("CLIENT", "INFO") + request("ECHO", fuzzMarker))
	var replies []string
	for len(replies) == 0 || replies[len(replies)-1] != fmt.Sprintf("$%d\r\n%s\r\n", len(fuzzMarker), fuzzMarker) {
		reply, err := w.readReply()
		if err != nil && ends {
			break
		}
		if err != nil {
			t.Fatalf("%q: behind %q: %v", calls, replies, err)
		}
		if rest, problem := checkReply([]byte(reply), three); problem != "" || len(rest) > 0 {
			t.Fatalf("%q: %q: %s, %d bytes left", calls, reply, problem, len(rest))
		}
		replies = append(replies, reply)
	}
	if want := len(calls) + fuzzEnd; !pushes && (len(replies) > want || len(replies) < want && !quiet && !ends) {
		t.Fatalf("%q: %d replies, want %d: %q", calls, len(replies), want, replies)
	}
	if !ends {
		tail := replies[len(replies)-fuzzEnd:]
		for _, want := range []string{" flags=N ", " db=0 ", " name= ", " multi=-1 ", " resp=2 "} {
			if tail[0] != "+RESET\r\n" || !strings.Contains(tail[1], want) {
				t.Fatalf("%q: the connection is not as it was: %q", calls, tail)
			}
		}
	}
	if err := w.conn.Close(); err != nil {
		t.Error(err)
	}
	waitFor(t, s, func() bool { return s.open.Load() == 0 })
}
