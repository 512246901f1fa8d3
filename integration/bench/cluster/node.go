package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/paxredis/paxredis/integration/process"
)

// serving is what a node logs once it takes clients, which may still be told LOADING.
var serving = regexp.MustCompile(`msg="serving clients"`)

// Node is one server process, over all its restarts. It belongs to one goroutine.
type Node struct {
	ID   int
	Addr string // for clients
	Dir  string // its data
	Log  string // the file of its log, over all its restarts

	program string
	args    []string
	faults  string // the socket on which it is told of faults; empty without
	client  *redis.Client
	process *process.Process // nil while it does not run
	log     *os.File         // open while it runs
}

func newNode(id int, o Options, flags ...string) *Node {
	n := &Node{
		ID: id, Addr: loopback(o.BasePort + id - 1), program: o.Paxredis,
		Dir: filepath.Join(o.Dir, fmt.Sprint("node-", id)),
		Log: filepath.Join(o.Dir, fmt.Sprintf("node-%d.log", id)),
	}
	n.args = append([]string{"server", "--id", strconv.Itoa(id), "--listen", n.Addr, "--data-dir", n.Dir}, flags...)
	n.args = append(n.args, o.Flags...)
	n.client = newClient(n.Addr)
	if o.Faults {
		n.faults = filepath.Join(o.Dir, fmt.Sprintf("faults-%d", id))
	}
	return n
}

// newClient returns a client for control, which never retries.
func newClient(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:                     addr,
		PoolSize:                 1 << 16, // after that many failed dials go-redis would answer from memory for a second
		MaxRetries:               -1,
		DialerRetries:            1,
		ReadTimeout:              time.Minute,
		WriteTimeout:             time.Minute,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// Start runs the node's process, and returns once it takes clients, which may still be told LOADING.
func (n *Node) Start() (err error) {
	if n.log, err = os.OpenFile(n.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	cmd := exec.Command(n.program, n.args...)
	if n.faults != "" {
		cmd.Env = append(os.Environ(), "PAXREDIS_TEST_FAULTS="+n.faults)
	}
	if n.process, _, err = process.Start(fmt.Sprint("node ", n.ID), cmd, serving, n.log); err != nil {
		return errors.Join(err, n.log.Close())
	}
	return nil
}

// Kill ends the node's process with SIGKILL, and returns once it is gone.
func (n *Node) Kill() error {
	err := errors.Join(n.process.Kill(), n.log.Close())
	n.process = nil
	return err
}

// stop ends it gracefully, if it runs. It cannot be started again.
func (n *Node) stop() error {
	var err error
	if n.process != nil {
		err = errors.Join(n.Signal(syscall.SIGCONT), n.process.Stop(), n.log.Close())
		n.process = nil
	}
	return errors.Join(err, n.client.Close())
}

// Signal sends a signal to the node's process.
func (n *Node) Signal(s syscall.Signal) error { return syscall.Kill(n.PID(), s) }

// PID is the number of the node's process, which must run.
func (n *Node) PID() int { return n.process.PID() }

// Client is a connection for control. It may be used by any goroutine.
func (n *Node) Client() *redis.Client { return n.client }

// servingLimit is how long a node may take to serve.
const servingLimit = 10 * time.Minute

// AwaitServing waits until the node answers a linearizable read.
func (n *Node) AwaitServing(ctx context.Context) error {
	if err := Await(ctx, servingLimit, func() error { return n.client.DBSize(ctx).Err() }); err != nil {
		return fmt.Errorf("node %d does not serve: %w", n.ID, err)
	}
	return nil
}

// checkpointLimit is how long a checkpoint may take: it waits for one that is under way, and rests while clients are busy.
const checkpointLimit = 10 * time.Minute

// Checkpoint has the cluster take a checkpoint, and returns once this node has published it.
func (n *Node) Checkpoint(ctx context.Context) error {
	if err := n.client.WithTimeout(checkpointLimit).Do(ctx, "PAXOS", "CHECKPOINT", "NEW").Err(); err != nil {
		return fmt.Errorf("node %d: a checkpoint: %w", n.ID, err)
	}
	return nil
}

// Info is a field of a section of the node's INFO.
func (n *Node) Info(ctx context.Context, section, field string) (string, error) {
	value, err := infoField(ctx, n.client, section, field)
	if err != nil {
		err = fmt.Errorf("node %d: %w", n.ID, err)
	}
	return value, err
}

// Number is a field of a section of the node's INFO that is a number.
func (n *Node) Number(ctx context.Context, section, field string) (uint64, error) {
	value, err := n.Info(ctx, section, field)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(value, 10, 64)
}

func infoField(ctx context.Context, client *redis.Client, section, field string) (string, error) {
	text, err := client.Info(ctx, section).Result()
	if err != nil {
		return "", fmt.Errorf("INFO %s: %w", section, err)
	}
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), field+":"); found {
			return value, nil
		}
	}
	return "", fmt.Errorf("INFO %s has no %s", section, field)
}

// Tell has a node of a build with the tag faults do something wrong, such as "disk 20ms": see cmd/paxredis/faults_on.go. It returns once
// that holds.
func (n *Node) Tell(words string) error {
	conn, err := net.Dial("unix", n.faults)
	if err != nil {
		return fmt.Errorf("node %d was to be told %q: %w", n.ID, words, err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, words); err != nil {
		return fmt.Errorf("node %d was to be told %q: %w", n.ID, words, err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || answer != "ok\n" {
		return fmt.Errorf("node %d was told %q, and answered %q: %w", n.ID, words, answer, err)
	}
	return nil
}
