package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication"
)

func TestMixedFlagsAndOperands(t *testing.T) {
	for args, want := range map[string]string{
		"":            "",
		"a b":         "a b",
		"a -x 1 b":    "a b x=1",
		"-x 1 a b -y": "a b x=1 y",
		"a -- -x":     "a -x",
		"-y -- a -x":  "a -x y",
	} {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		x, y := fs.Int("x", 0, ""), fs.Bool("y", false, "")
		got, err := parseMixed(fs, strings.Fields(args))
		if *x != 0 {
			got = append(got, fmt.Sprintf("x=%d", *x))
		}
		if *y {
			got = append(got, "y")
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %q, %v", args, got, err)
		}
	}
}

func TestMemberRequests(t *testing.T) {
	for args, want := range map[string]string{
		"list":            "PAXOS MEMBER LIST",
		"add 4=host:7379": "PAXOS MEMBER ADD 4 host:7379",
		"remove 4":        "PAXOS MEMBER REMOVE 4",
		"replace 2":       "PAXOS MEMBER REPLACE 2",
		"replace 2 5=h:1": "PAXOS MEMBER REPLACE 2 5 h:1",
		"move 2=h:1":      "PAXOS MEMBER MOVE 2 h:1",
	} {
		f := strings.Fields(args)
		got, err := memberRequest(f[0], f[1:])
		if text := strings.TrimSpace(fmt.Sprintln(got...)); err != nil || text != want {
			t.Errorf("%q: %s, %v", args, text, err)
		}
	}
}

func TestMemberMistakesAreUsageErrors(t *testing.T) {
	for _, args := range []string{
		"member", "member grow", "member list 1", "member add", "member add 4", "member add host:1", "member add 0=host:1", "member add 4=host:1 5=host:2",
		"member remove", "member remove x", "member remove 0", "member replace", "member replace 1 2", "member replace 1 2=a:1 3", "member move 2",
		"member move --force 2=a:1", "leader", "leader lead", "leader get 1", "leader transfer x", "leader transfer 1 2", "member list --addr nowhere",
		"restore", "restore --data-dir d", "restore file", "restore --data-dir d --id 0 file", "restore --data-dir d --peer-advertise :1 file",
		"recover", "recover --data-dir d", "recover --i-accept-data-loss", "log", "log a b", "backup file", "backup verify", "backup --addr x",
	} {
		if code := run(strings.Fields(args), quiet); code != exitUsage {
			t.Errorf("%s: exit code %d", args, code)
		}
	}
}

func TestNextSteps(t *testing.T) {
	members := []member{
		{ID: 1, Address: "a:1", Role: "voter"}, {ID: 2, Address: "b:1", Role: "voter"}, {ID: 4, Address: "b:1", Role: "learner", Replaces: 2},
		{ID: 5, Address: "e:1", Role: "learner"},
	}
	for _, test := range []struct {
		action, operand string
		want            []string
	}{
		{"add", "5=e:1", []string{"paxredis server --id 5 --peer-listen e:1 --join a:1,b:1 ", "--cluster-key-file"}},
		{"replace", "2", []string{"paxredis server --id 4 --peer-listen b:1 --join a:1 ", "stop it first"}},
		{"replace", "3", []string{"has been replaced"}},
		{"remove", "3", []string{"Stop it", "new node"}},
		{"move", "1=x:2", []string{"--peer-listen x:2"}},
	} {
		got := nextStep(test.action, []string{test.operand}, members)
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s %s: %q is not in %s", test.action, test.operand, want, got)
			}
		}
	}
	if got := nextStep("add", []string{"1=a:1"}, members); got != "" {
		t.Errorf("for a voter: %s", got)
	}
}

// deaf listens and never answers. It calls heard for each connection that says something.
func deaf(t *testing.T, heard func()) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				buf := make([]byte, 1024)
				for {
					if _, err := conn.Read(buf); err != nil {
						return
					}
					heard()
				}
			})
		}
	})
	return l.Addr().String()
}

// TestNoAnswerInTimeHasItsOwnExitCode: a script must not take it for a refusal.
func TestNoAnswerInTimeHasItsOwnExitCode(t *testing.T) {
	var out bytes.Buffer
	code := run([]string{"member", "remove", "2", "--addr", deaf(t, func() {}), "--timeout", "50ms"}, stdio{io.Discard, &out})
	if code != exitUncertain || !strings.Contains(out.String(), "may or may not be done") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
	out.Reset()
	if code := run([]string{"member", "remove", "2", "--addr", "127.0.0.1:1"}, stdio{io.Discard, &out}); code != exitFailed {
		t.Errorf("nobody there: exit code %d: %s", code, out.String())
	}
}

// TestInterruptedWait: a signal ends the wait for a node that says nothing.
func TestInterruptedWait(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &cluster{addresses: addressList{deaf(t, cancel)}, timeout: time.Hour}
	if _, _, err := c.ask(ctx, "PAXOS", "CHECKPOINT", "NEW"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	var nested []string
	for _, c := range commands() {
		nested = append(nested, c.name)
	}
	nested = append(nested, "member list", "member add", "member remove", "member replace", "member move", "leader get", "leader transfer", "backup verify")
	for _, name := range nested {
		if slices.Contains([]string{"version", "help"}, name) {
			continue
		}
		var out bytes.Buffer
		if code := run(append(strings.Fields(name), "--help"), stdio{&out, &out}); code != exitOK || !strings.Contains(out.String(), "Usage:") {
			t.Errorf("%s: exit code %d: %s", name, code, out.String())
		}
	}
}

func TestMemberListThatIsNone(t *testing.T) {
	for _, reply := range []any{nil, "OK", []any{"x"}, []any{[]any{"id", int64(0)}}, []any{[]any{"id"}}} {
		if _, err := membersIn(reply); err == nil {
			t.Errorf("%v was taken", reply)
		}
	}
	if !errors.Is(asUncertain(errTimeoutForTest{}), errUncertain) {
		t.Error("a timeout is not uncertain")
	}
}

type errTimeoutForTest struct{}

func (errTimeoutForTest) Error() string   { return "timeout" }
func (errTimeoutForTest) Timeout() bool   { return true }
func (errTimeoutForTest) Temporary() bool { return false }

// saying is an error reply.
type saying string

func (s saying) Error() string { return string(s) }
func (saying) RedisError()     {}

func TestAnotherNodeIsAskedOnlyIfItMayKnowBetter(t *testing.T) {
	for text, want := range map[string]bool{
		"LOADING the state": true,
		"ERR not done: " + replication.ErrNoMember.Error(): true,
		"ERR not done: node 8 is not a member":             false, // of a move, and final
	} {
		if got := isElsewhereBetter(saying(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
