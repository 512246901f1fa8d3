package system

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/paxredis/paxredis/integration/process"
)

// size is the number of nodes of a cluster.
const size = 3

// peerPorts is how far the ports between nodes lie above those for clients.
const peerPorts = 1000

// taking is what a node logs once it takes clients, which may be before there is a leader.
var taking = regexp.MustCompile(`msg="serving clients"`)

// Paxredis is a cluster of three nodes of a binary, with further flags for each.
func Paxredis(name, binary string, flags ...string) System {
	return System{Name: name, Versions: true, start: func(ctx context.Context, place Place) (*Running, error) {
		r := &Running{end: (*process.Process).Kill}
		for i := range size {
			r.nodes = append(r.nodes, loopback(place.Port+i))
		}
		r.leader = func(ctx context.Context) (int, error) { return paxosLeader(ctx, r.nodes[0]) }
		if err := r.startNodes(ctx, place, binary, flags); err != nil {
			return nil, errors.Join(err, r.Stop())
		}
		return r, nil
	}}
}

func (r *Running) startNodes(ctx context.Context, place Place, binary string, flags []string) error {
	key := filepath.Join(place.Dir, "cluster.key")
	if out, err := command(binary, "keygen", key).CombinedOutput(); err != nil {
		return fmt.Errorf("%s keygen: %w\n%s", binary, err, out)
	}
	peers := make([]string, size)
	for i := range peers {
		peers[i] = fmt.Sprintf("%d=%s", i+1, loopback(place.Port+peerPorts+i))
	}
	for i, address := range r.nodes {
		id := strconv.Itoa(i + 1)
		args := append([]string{"server", "--id", id, "--listen", address, "--data-dir", filepath.Join(place.Dir, "node-"+id),
			"--peers", strings.Join(peers, ","), "--cluster-key-file", key}, flags...)
		p, _, err := process.Start("node "+id, command(binary, args...), taking, nil)
		if err != nil {
			return err
		}
		r.processes = append(r.processes, p)
	}
	for _, address := range r.nodes {
		if err := awaitServing(ctx, address); err != nil {
			return err
		}
	}
	return nil
}

// awaitServing waits until a node answers a linearizable read.
func awaitServing(ctx context.Context, address string) (err error) {
	client := control(address)
	defer func() { err = errors.Join(err, client.Close()) }()
	if err := await(ctx, func() error { return client.DBSize(ctx).Err() }); err != nil {
		return fmt.Errorf("%s does not serve: %w", address, err)
	}
	return nil
}

// paxosLeader asks a node who leads, counted from 0.
func paxosLeader(ctx context.Context, address string) (leader int, err error) {
	client := control(address)
	defer func() { err = errors.Join(err, client.Close()) }()
	text, err := client.Info(ctx, "paxos").Result()
	if err != nil {
		return 0, err
	}
	return leaderOf(text)
}

// leaderOf finds the leader, counted from 0, in INFO's section paxos.
func leaderOf(info string) (int, error) {
	for line := range strings.Lines(info) {
		value, found := strings.CutPrefix(strings.TrimSpace(line), "paxos_leader_id:")
		if !found {
			continue
		}
		id, err := strconv.Atoi(value)
		if err != nil || id < 1 || id > size {
			return 0, fmt.Errorf("no node of %d leads: INFO says %q", size, line)
		}
		return id - 1, nil
	}
	return 0, errors.New("INFO has no paxos_leader_id")
}
