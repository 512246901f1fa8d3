package integration

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// joiner prepares a node that will ask the cluster's running nodes to take it in. With id 0 the cluster gives it one, which
// awaitVoter tells; with an address of "" it gets one of its own.
func (c *cluster) joiner(id int, peer string) *node {
	c.t.Helper()
	if peer == "" {
		peer = loopback(freePort(c.t))
	}
	var asked []string
	for _, n := range c.nodes {
		if n.running() {
			asked = append(asked, n.peer)
		}
	}
	args := append([]string{"--join", strings.Join(asked, ","), "--peer-listen", peer, "--cluster-key-file", c.keyFile}, c.flags...)
	n := newNode(c.t, id, c.program, args...)
	n.peer = peer
	if id == 0 {
		n.args = slices.DeleteFunc(n.args, func(arg string) bool { return arg == "--id" || arg == "0" })
	}
	return n
}

// join has a new node join, waits until it votes and serves, and counts it among the cluster's nodes.
func (c *cluster) join(id int) *node {
	c.t.Helper()
	n := c.joiner(id, "")
	n.start()
	c.awaitVoter(n)
	c.nodes = append(c.nodes, n)
	return n
}

// awaitVoter waits until the node votes, as it and every running member know, and serves. It learns the node's id.
func (c *cluster) awaitVoter(n *node) {
	c.t.Helper()
	n.awaitServing()
	if n.id == 0 {
		n.id = int(n.number("paxos", "paxos_node_id"))
	}
	for _, of := range append(slices.Clone(c.nodes), n) {
		if of.running() {
			of.awaitMember(n.id, "voter")
		}
	}
}

// awaitMember waits until the node sees id as a member with that role, "none" for no member.
func (n *node) awaitMember(id int, role string) {
	n.t.Helper()
	await(n.t, fmt.Sprintf("node %d to see node %d as %s", n.id, id, role), func() error {
		members, err := n.members()
		if err != nil {
			return err
		}
		now, known := members[id]
		if !known {
			now = "none"
		}
		if now != role {
			return fmt.Errorf("it is %s; the members are %v", now, members)
		}
		return nil
	})
}

// members are the roles of the members as a node sees them, by id.
func (n *node) members() (map[int]string, error) {
	listed, err := n.rdb().Do(context.Background(), "PAXOS", "MEMBER", "LIST").Slice()
	if err != nil {
		return nil, err
	}
	members := map[int]string{}
	for _, one := range listed {
		fields, ok := one.(map[any]any)
		if !ok {
			return nil, fmt.Errorf("a member is %T, not a map", one)
		}
		id, ok := fields["id"].(int64)
		if !ok {
			return nil, fmt.Errorf("a member without id: %v", fields)
		}
		members[int(id)] = fmt.Sprint(fields["role"])
	}
	return members, nil
}

// change has the cluster change its members through this node: PAXOS MEMBER with these arguments.
func (n *node) change(args ...any) error {
	return n.rdb().Do(context.Background(), append([]any{"PAXOS", "MEMBER"}, args...)...).Err()
}

// remove takes a member out through another node, and waits until all others know. It is asked for again as long as the leader has not
// heard from a voter for a moment, which on a busy machine says nothing.
func (c *cluster) remove(gone *node) {
	c.t.Helper()
	rest := c.others(gone)
	c.nodes = rest
	await(c.t, fmt.Sprintf("node %d to be removed", gone.id), func() error {
		err := rest[0].change("REMOVE", gone.id)
		if err != nil && !strings.Contains(err.Error(), "can be reached") {
			c.t.Fatalf("removing node %d: %v", gone.id, err)
		}
		return err
	})
	for _, n := range rest {
		if n.running() {
			n.awaitMember(gone.id, "none")
		}
	}
}

// number is one number of a node's INFO; a test fails if it is not there.
func (n *node) number(section, field string) uint64 {
	n.t.Helper()
	info, err := infoOf(n, section)
	if err != nil {
		n.t.Fatalf("node %d: INFO %s: %v", n.id, section, err)
	}
	value, err := strconv.ParseUint(info[field], 10, 64)
	if err != nil {
		n.t.Fatalf("node %d: %s is %q", n.id, field, info[field])
	}
	return value
}

// awaitInfo waits until a field of INFO is as the condition wants it.
func (n *node) awaitInfo(section, field string, is func(value string) bool) {
	n.t.Helper()
	await(n.t, fmt.Sprintf("%s of node %d", field, n.id), func() error {
		info, err := infoOf(n, section)
		if err == nil && !is(info[field]) {
			err = fmt.Errorf("it is %q", info[field])
		}
		return err
	})
}

// addresses are the client addresses of the running members, as the command line takes them.
func (c *cluster) addresses() string {
	var list []string
	for _, n := range c.nodes {
		if n.running() {
			list = append(list, n.address)
		}
	}
	return strings.Join(list, ",")
}

// paxredis runs a subcommand that must work, and returns what it printed.
func (c *cluster) paxredis(args ...string) string {
	c.t.Helper()
	out, errOut, code := runCommand(c.t, args...)
	if code != 0 {
		c.t.Fatalf("paxredis %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errOut)
	}
	return out
}
