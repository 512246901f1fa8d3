package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// keyring is a node's own key file.
type keyring struct {
	node *node
	path string
}

// write gives the node other keys. As docs/keys.md says, the file is exchanged whole.
func (k *keyring) write(keys ...string) {
	k.node.t.Helper()
	if err := os.WriteFile(k.path+".new", []byte(strings.Join(keys, "")), 0o600); err != nil {
		k.node.t.Fatal(err)
	}
	if err := os.Rename(k.path+".new", k.path); err != nil {
		k.node.t.Fatal(err)
	}
}

// reload has the node read them, and waits until it has.
func (k *keyring) reload() {
	k.node.t.Helper()
	said := regexp.MustCompile(`SIGHUP: the cluster keys were`)
	before := len(said.FindAllString(k.node.log(), -1))
	k.node.signal(syscall.SIGHUP)
	k.node.awaitLog(`(?s)(SIGHUP: the cluster keys were.*){` + strconv.Itoa(before+1) + `}`)
}

// TestKeysAreExchangedWhileClientsWrite: the procedure of docs/keys.md, node by node, without a restart and without an error for any client. At
// its end the old key opens nothing, and a node that comes back with it is let in only once it has the new one.
func TestKeysAreExchangedWhileClientsWrite(t *testing.T) {
	c := newCluster(t, 3)
	var rings []*keyring
	previous, err := os.ReadFile(c.keyFile)
	if err != nil {
		t.Fatal(err)
	}
	old := string(previous)
	for _, n := range c.nodes {
		k := &keyring{n, filepath.Join(t.TempDir(), "node.key")}
		k.write(old)
		rings = append(rings, k)
		n.start("--cluster-key-file", k.path)
	}
	c.awaitServing()
	keygen(t, c.program, c.keyFile+".new")
	next, err := os.ReadFile(c.keyFile + ".new")
	if err != nil {
		t.Fatal(err)
	}
	key := string(next)

	l := newLoad(t)
	l.on(c.nodes...)
	for _, step := range [][]string{{old, key}, {key, old}, {key}} {
		for _, k := range rings {
			k.write(step...)
			k.reload()
			l.awaitProgress(20)
		}
	}
	l.stop(c.nodes...)
	c.awaitEqual()

	// What is no key changes nothing.
	rings[1].write("no key\n")
	rings[1].reload()
	c.nodes[1].awaitLog("SIGHUP: the cluster keys were not exchanged")
	expect(t, c.nodes[1], "OK", "SET", "still", "there")
	rings[1].write(key)

	// Back with the old one, restarted: nobody talks to it.
	c.nodes[2].stop()
	rings[2].write(old)
	c.nodes[2].start("--cluster-key-file", rings[2].path)
	c.nodes[0].awaitLog("not of this cluster's key|do both nodes have the same cluster key")
	expect(t, c.nodes[0], "OK", "SET", "without", "it")
	rings[2].write(key)
	rings[2].reload()
	c.nodes[2].awaitServing()
	expect(t, c.nodes[2], `it`, "GET", "without")
	c.awaitEqual()
}
