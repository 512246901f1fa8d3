package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/paxredis/paxredis/peer"
)

// started is how deploy/ has a node started: its arguments behind the name of the program, and what it adds to the environment.
type started struct {
	name        string
	args        []string
	environment map[string]string
}

// clusterKeyText stands for the cluster key, which the files of deploy/ do not have.
const clusterKeyText = "<the cluster key>"

// config reads what a node is told as `paxredis server` would.
func (s started) config(t *testing.T, changes ...string) (Config, error) {
	t.Helper()
	for _, o := range options() {
		if _, given := s.environment[o.variable()]; !given {
			unset(t, o.variable())
		}
	}
	unset(t, keyVariable)
	unset(t, dataKeyVariable)
	for name, value := range s.environment {
		t.Setenv(name, value)
	}
	if len(s.args) == 0 || s.args[0] != "server" {
		t.Fatalf("%s runs %q, which is no server", s.name, s.args)
	}
	s.checkVariables(t)
	return loadConfig(append(slices.Clone(s.args[1:]), changes...), quiet)
}

// unset removes a variable until the test ends.
func unset(t *testing.T, name string) {
	t.Helper()
	t.Setenv(name, "") // which restores it
	if err := os.Unsetenv(name); err != nil {
		t.Fatal(err)
	}
}

// checkVariables reports those that look like settings and are none.
func (s started) checkVariables(t *testing.T) {
	t.Helper()
	if unknown := unknownVariables(); len(unknown) > 0 {
		t.Errorf("%s has variables %v, and no settings of those names", s.name, unknown)
	}
}

// decode reads all documents of a file of deploy/ into values that next returns; a key that they do not have is an error.
func decode(t *testing.T, file string, next func(kind string) any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../deploy", file))
	if err != nil {
		t.Fatal(err)
	}
	for i, document := range strings.Split(string(text), "\n---\n") {
		var head struct {
			Kind string `yaml:"kind"`
		}
		if err := yaml.Unmarshal([]byte(document), &head); err != nil {
			t.Fatalf("%s, document %d: %v", file, i+1, err)
		}
		into := next(head.Kind)
		if into == nil {
			t.Fatalf("%s, document %d: the test does not know what a %q may hold", file, i+1, head.Kind)
		}
		strict := yaml.NewDecoder(strings.NewReader(document))
		strict.KnownFields(true)
		if err := strict.Decode(into); err != nil {
			t.Fatalf("%s, document %d: %v", file, i+1, err)
		}
	}
}

// deployment is what a way of deploying starts: founding at first, running from then on.
type deployment struct{ founding, running []started }

// TestDeployedNodes starts the nodes of each with their very arguments, but for the addresses: founded, started again from their
// volumes as running ones, and with one volume lost.
func TestDeployedNodes(t *testing.T) {
	for name, read := range map[string]func(*testing.T) deployment{"compose": composed, "kubernetes": orchestrated} {
		t.Run(name, func(t *testing.T) {
			d := read(t)
			c := newDeployedCluster(t, d)
			for i := range d.founding {
				c.start(i, d.founding[i])
			}
			c.write("founded")
			for i := range d.running { // a rolling update
				c.stop(i)
				c.start(i, d.running[i])
				c.write("updated " + d.running[i].name)
			}
			last := len(d.running) - 1
			c.loseVolume(last)
			lost := c.begin(last, d.running[last])
			if _, err := os.Stat(filepath.Join(c.dirs[last], "journal")); err == nil {
				t.Error("a node whose volume is lost has begun to vote")
			}
			c.write("without one")
			if code := run([]string{"member", "replace", "--addr", c.clients(), "3"}, quiet); code != exitOK {
				t.Fatalf("member replace: exit code %d", code)
			}
			c.await(lost)
			c.write("replaced")
			if id := c.nodes[last].node.store.Identity().NodeID; id != 4 {
				t.Errorf("it came back as node %v", id)
			}
		})
	}
}

// deployedCluster are nodes of this process.
type deployedCluster struct {
	t         *testing.T
	addresses *strings.Replacer // from those of the deployment to free ones
	listening []string          // for peers
	dirs      []string
	nodes     []*testNode
}

// newDeployedCluster gives every node's name and port a free port of this machine.
func newDeployedCluster(t *testing.T, d deployment) *deployedCluster {
	t.Helper()
	c := &deployedCluster{t: t, nodes: make([]*testNode, len(d.founding))}
	pairs := []string{clusterKeyText, peer.NewKey()}
	for _, s := range d.founding {
		address := freeAddress(t)
		_, port, _ := strings.Cut(address, ":")
		advertised := flagOf(s.args, "--peer-advertise")
		if !slices.Contains(strings.FieldsFunc(s.environment["PAXREDIS_PEERS"], func(r rune) bool { return r == ',' || r == '=' }), advertised) {
			t.Fatalf("%s is %q, which is not among %q", s.name, advertised, s.environment["PAXREDIS_PEERS"])
		}
		pairs = append(pairs, advertised, "localhost:"+port) // a name here, too
		c.listening = append(c.listening, address)
		c.dirs = append(c.dirs, filepath.Join(t.TempDir(), "node"))
	}
	c.addresses = strings.NewReplacer(pairs...)
	return c
}

// flagOf returns a flag's value, whichever way it is written.
func flagOf(args []string, name string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, name+"="); ok {
			return value
		}
		if arg == name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// begin starts node i; what it sends is the node or why there is none.
func (c *deployedCluster) begin(i int, s started) <-chan func() {
	c.t.Helper()
	there := started{name: s.name, environment: map[string]string{}}
	for _, arg := range s.args {
		there.args = append(there.args, c.addresses.Replace(arg))
	}
	for name, value := range s.environment {
		there.environment[name] = c.addresses.Replace(value)
	}
	config, err := there.config(c.t, "--listen", "127.0.0.1:0", "--peer-listen", c.listening[i], "--data-dir", c.dirs[i], "--http-listen", "127.0.0.1:0",
		"--min-free-disk", "0", "--journal-segment-bytes", "1mb")
	if err != nil {
		c.t.Fatalf("%s: %v", s.name, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*testLimit)
	outcome := make(chan func(), 1)
	go func() {
		n, err := startNode(ctx, config, slog.New(slog.DiscardHandler))
		outcome <- func() {
			cancel()
			if err != nil {
				c.t.Fatalf("%s: %v", s.name, err)
			}
			c.nodes[i] = adopted(c.t, n)
		}
	}()
	c.t.Cleanup(cancel)
	return outcome
}

func (c *deployedCluster) start(i int, s started) { c.await(c.begin(i, s)) }

// await waits for a node that was begun.
func (c *deployedCluster) await(outcome <-chan func()) {
	c.t.Helper()
	select {
	case take := <-outcome:
		take()
	case <-time.After(2 * testLimit):
		c.t.Fatal("a node does not start")
	}
}

func (c *deployedCluster) stop(i int) {
	c.nodes[i].stop()
	c.nodes[i] = nil
}

// loseVolume stops a node for good.
func (c *deployedCluster) loseVolume(i int) {
	c.t.Helper()
	c.stop(i)
	if err := os.RemoveAll(c.dirs[i]); err != nil {
		c.t.Fatal(err)
	}
}

// write has each node that runs take a write, which all of them read.
func (c *deployedCluster) write(value string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	for i, n := range c.nodes {
		if n == nil {
			continue
		}
		if awaitServing(ctx, n.address) == "" {
			c.t.Fatalf("%s: node at place %d does not serve", value, i)
		}
		if err := n.client.Set(ctx, "key", value, 0).Err(); err != nil {
			c.t.Fatalf("%s: %v", value, err)
		}
		for _, other := range c.nodes {
			if other == nil {
				continue
			}
			if got, err := other.client.Get(ctx, "key").Result(); err != nil || got != value {
				c.t.Fatalf("read %q, %v; written was %q", got, err, value)
			}
		}
	}
}

// clients are the addresses of the nodes that run.
func (c *deployedCluster) clients() string {
	var all []string
	for _, n := range c.nodes {
		if n != nil {
			all = append(all, n.address)
		}
	}
	return strings.Join(all, ",")
}
