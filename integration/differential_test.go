package integration

import (
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/integration/differential"
	"github.com/paxredis/paxredis/integration/figures"
)

var (
	differentialServer    = flag.String("differential.server", "redis-server", "program to compare with: a redis-server or valkey-server of another release")
	differentialSeed      = flag.Uint64("differential.seed", 1, "seed of the sequences sent to redis-server and paxredis")
	differentialGroup     = flag.String("differential.group", "", "the group whose commands come often; all of them if empty")
	differentialSequences = flag.Int("differential.sequences", 1500, "how many sequences to compare")
	differentialCalls     = flag.Int("differential.calls", 40, "how many calls a sequence has")
)

// differencesShown is after how many differences of different kinds a comparison stops.
const differencesShown = 8

// startRedisServer starts a redis-server without persistence, in a directory, and returns its address; the test is skipped without one.
func startRedisServer(t *testing.T, dir string, flags ...string) string {
	t.Helper()
	return startServerLikeRedis(t, *differentialServer, dir, flags...)
}

// startServerLikeRedis starts another program that takes redis-server's arguments, likewise.
func startServerLikeRedis(t *testing.T, program, dir string, flags ...string) string {
	t.Helper()
	path := needsTool(t, program)
	address := loopback(freePort(t))
	cmd := exec.Command(path, append([]string{"--port", portOf(t, address), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir}, flags...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // says that it was killed
	})
	client := newClient(address)
	t.Cleanup(func() { _ = client.Close() })
	await(t, program+" to answer", func() error { return client.Ping(t.Context()).Err() })
	return address
}

// dialServer connects to a server for a comparison.
func dialServer(t *testing.T, name, address string) *differential.Server {
	t.Helper()
	s, err := differential.Dial(name, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// planOf is what of two servers is compared.
func planOf(t *testing.T, ours, theirs *differential.Server) differential.Plan {
	t.Helper()
	version, err := differential.ReadVersion(theirs)
	if err != nil {
		t.Fatal(err)
	}
	return differential.NewPlan(tableOf(t, ours), tableOf(t, theirs), version)
}

func tableOf(t *testing.T, s *differential.Server) map[string]*differential.Command {
	t.Helper()
	table, err := differential.ReadCommands(s)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestRandomSequencesAsRedis compares random sequences of all commands of the command table with redis-server.
func TestRandomSequencesAsRedis(t *testing.T) {
	needsProcesses(t)
	if missing := compareSequences(t, *differentialServer); len(missing) > 0 && *differentialGroup == "" {
		t.Errorf("never exercised, so nobody knows whether they differ: %s", strings.Join(missing, ", "))
	}
}

// TestRandomSequencesAsValkey compares with Valkey 8, which says of itself that it is Redis 7.2: the release that paxredis keeps to, while Debian's
// redis-server is an older one. Which commands are exercised depends on chance, and is for the test above to demand.
func TestRandomSequencesAsValkey(t *testing.T) {
	needsProcesses(t)
	compareSequences(t, "valkey-server")
}

// compareSequences compares with another program, and returns the commands that never replied with a value; none if something differs.
func compareSequences(t *testing.T, program string) (unexercised []string) {
	t.Helper()
	theirs := dialServer(t, program, startServerLikeRedis(t, program, t.TempDir()))
	ours := dialServer(t, "paxredis", startSingle(t).address)
	plan := planOf(t, ours, theirs)
	for _, problem := range plan.Problems {
		t.Error(problem)
	}
	length := differential.Length{Sequences: *differentialSequences, Calls: *differentialCalls}
	t.Logf("seed %d: replay with -differential.seed %[1]d -differential.sequences %d -differential.calls %d", *differentialSeed, length.Sequences, length.Calls)
	c := differential.NewComparison(ours, theirs, plan.Commands, plan.Known)
	found, err := c.Search(differential.NewGenerator(*differentialSeed, plan.Commands), *differentialGroup, length, differencesShown)
	if err != nil {
		t.Error(err)
	}
	for _, d := range found {
		t.Errorf("replies differ: %v", d)
	}
	report := plan.Report(c.Stats, len(found))
	for line := range strings.Lines(report) { // what go test does not print by itself is printed by make test
		figures.Log(t, strings.TrimSpace(line))
	}
	if !testing.Verbose() {
		fmt.Print(report)
	}
	if len(found) > 0 {
		return nil
	}
	return plan.Unexercised(c.Stats)
}
