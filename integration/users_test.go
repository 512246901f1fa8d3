package integration

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// as is a client of a node that is a user.
func (n *node) as(user, password string) *redis.Client {
	n.t.Helper()
	client := newClient(n.address)
	options := client.Options()
	options.Username, options.Password = user, password
	if err := client.Close(); err != nil {
		n.t.Fatal(err)
	}
	client = redis.NewClient(options)
	n.t.Cleanup(func() { _ = client.Close() })
	return client
}

// awaitUser waits until a node lets a user in, who may get app:k and nothing else.
func (n *node) awaitUser(user, password string) {
	n.t.Helper()
	client := n.as(user, password)
	await(n.t, fmt.Sprintf("%s to be a user of %s", user, n.address), func() error {
		return client.Get(context.Background(), "app:k").Err()
	})
	if err := client.Get(context.Background(), "other").Err(); err == nil || err.Error() != "NOPERM No permissions to access a key" {
		n.t.Fatalf("what is not allowed: %v", err)
	}
	err := client.Do(context.Background(), "EVAL", "return redis.call('SET', 'app:k', 'by a script')", 0).Err()
	if err == nil || !strings.HasPrefix(err.Error(), "ERR ACL failure in script: User "+user+" has no permissions to run the 'set' command") {
		n.t.Fatalf("what a script is not allowed: %v", err)
	}
}

func must(t *testing.T, client *redis.Client, args ...any) {
	t.Helper()
	if err := client.Do(context.Background(), args...).Err(); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
}

// TestUsersAreTheClusters: a user made on one node is there on all, outlives its leader and a restart of all nodes with a checkpoint, and is gone
// everywhere when it is deleted. Its password is nowhere in the data.
func TestUsersAreTheClusters(t *testing.T) {
	c := startCluster(t, 3)
	leader, password := c.leader(), "a-password-that-nothing-else-has"
	maker := c.follower()
	must(t, maker.rdb(), "ACL", "SETUSER", "app", "on", ">"+password, "%R~app:*", "+get", "+eval", "+ping", "+hello", "+client")
	must(t, maker.rdb(), "SET", "app:k", "v")
	for _, n := range c.nodes {
		n.awaitUser("app", password)
	}

	leader.kill()
	rest := c.others(leader)
	for _, n := range rest {
		n.awaitUser("app", password)
	}
	await(t, "another leader to change a user", func() error {
		return rest[0].rdb().Do(context.Background(), "ACL", "SETUSER", "late", "on", ">"+password, "%R~app:*", "+get", "+eval", "+hello", "+client").Err()
	})
	leader.start()
	leader.awaitServing()
	leader.awaitUser("late", password)

	must(t, rest[0].rdb(), "SAVE")
	for _, n := range c.nodes {
		n.stop()
	}
	if found := filesWith(t, c, password); len(found) > 0 {
		t.Errorf("the password is in %v", found)
	}
	c.start()
	c.awaitServing()
	for _, n := range c.nodes {
		n.awaitUser("app", password)
		n.awaitUser("late", password)
	}
	c.awaitEqual()

	gone := c.nodes[2].as("app", password)
	must(t, c.nodes[0].rdb(), "ACL", "DELUSER", "app")
	await(t, "a deleted user to be refused elsewhere", func() error {
		if err := gone.Get(context.Background(), "app:k").Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGPASS") {
			return fmt.Errorf("it is told %v", err)
		}
		return nil
	})
}

// filesWith are the files of a cluster's nodes that have a text.
func filesWith(t *testing.T, c *cluster, text string) (found []string) {
	t.Helper()
	for _, n := range c.nodes {
		err := filepath.WalkDir(n.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if bytes.Contains(data, []byte(text)) {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// TestThePasswordOfTheFlagAndOfTheCluster: --requirepass keeps everybody out until the cluster has a password; that one then holds on a node with another
// flag, and without one, and after a restart.
func TestThePasswordOfTheFlagAndOfTheCluster(t *testing.T) {
	n := newNode(t, 1, mustBuild(t, binary), "--requirepass", "first")
	n.start()
	await(t, "the node to ask for a password", func() error {
		err := n.rdb().Ping(context.Background()).Err()
		if err == nil || !strings.HasPrefix(err.Error(), "NOAUTH") {
			return fmt.Errorf("it says %v", err)
		}
		return nil
	})
	first := n.as("default", "first")
	await(t, "the node to serve", func() error { return first.Set(context.Background(), "k", "v", 0).Err() })
	must(t, first, "CONFIG", "SET", "requirepass", "second")
	n.stop()
	n.start()
	second := n.as("default", "second")
	await(t, "the cluster's password to hold", func() error { return second.Get(context.Background(), "k").Err() })
	if err := n.as("default", "first").Ping(context.Background()).Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGPASS") {
		t.Errorf("the flag's password is told %v", err)
	}
}
