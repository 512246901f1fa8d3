// Package system starts the servers that the benchmark suite compares, says where to reach them and how much time of the CPUs they
// use, and stops them.
package system

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/paxredis/paxredis/integration/process"
)

// Role is which node of a system takes the clients.
type Role int

// Roles. A system of one process is its own leader, and its own follower.
const (
	Leader Role = iota
	Follower
)

// Place is what a system may use. It needs the ports Port to Port+2 and Port+1000 to Port+1002.
type Place struct {
	Dir  string // an empty directory
	Port int
}

// System is a kind of server.
type System struct {
	Name string // in tables
	// Versions: SET and DEL take versions.
	Versions bool
	// Etcd: it speaks etcd's protocol, not Redis's.
	Etcd  bool
	start func(ctx context.Context, place Place) (*Running, error)
}

// Start starts the system and waits until it serves.
func (s System) Start(ctx context.Context, place Place) (*Running, error) {
	r, err := s.start(ctx, place)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return r, nil
}

// Running is a system that runs. It belongs to one goroutine.
type Running struct {
	processes []*process.Process
	// leader finds the node that leads, counted from 0.
	leader func(ctx context.Context) (int, error)
	nodes  []string // client addresses
	// end ends a process. Nodes of a cluster are killed: nothing of them is needed any more, and each would look for another leader first.
	end func(*process.Process) error
}

// Address is where the node with a role takes clients. The leader may change at any time; while there is none, it waits.
func (r *Running) Address(ctx context.Context, role Role) (string, error) {
	var leader int
	err := await(ctx, func() (err error) {
		leader, err = r.leader(ctx)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("looking for the leader: %w", err)
	}
	if role == Follower {
		leader = (leader + 1) % len(r.nodes)
	}
	return r.nodes[leader], nil
}

// CPU is the time of the CPUs that the system has used so far, in all its processes, with a resolution of 10 ms.
func (r *Running) CPU() (time.Duration, error) {
	var total time.Duration
	for _, p := range r.processes {
		used, err := cpuOfTree(p.PID())
		if err != nil {
			return 0, err
		}
		total += used
	}
	return total, nil
}

// Flush removes all keys of a system that speaks Redis's protocol.
func (r *Running) Flush(ctx context.Context) (err error) {
	client := control(r.nodes[0])
	defer func() { err = errors.Join(err, client.Close()) }()
	return client.FlushAll(ctx).Err()
}

// Stop ends all processes.
func (r *Running) Stop() error {
	errs := make([]error, len(r.processes))
	for i, p := range r.processes {
		errs[i] = r.end(p)
	}
	return errors.Join(errs...)
}

const (
	awaitEvery = 20 * time.Millisecond // how often it is looked whether something is the case
	awaitLimit = 30 * time.Second      // how long that may take
)

// await calls try until it does not fail.
func await(ctx context.Context, try func() error) error {
	limit := time.NewTimer(awaitLimit)
	defer limit.Stop()
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		case <-limit.C:
			return fmt.Errorf("not within %v: %w", awaitLimit, err)
		case <-tick.C:
		}
	}
}

// alone is a system of one process.
func alone(p *process.Process, address string) *Running {
	return &Running{processes: []*process.Process{p}, nodes: []string{address}, end: (*process.Process).Stop,
		leader: func(context.Context) (int, error) { return 0, nil }}
}

// controlLimit bounds a command that is no part of a measurement. FLUSHALL of many keys takes its time.
const controlLimit = time.Minute

// control is a client for what is no part of a measurement.
func control(address string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1, ReadTimeout: controlLimit, WriteTimeout: controlLimit,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
}

// command makes a command whose processes a Ctrl-C at the terminal does not reach: the suite stops them itself.
func command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// loopback is an address on this machine.
func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
