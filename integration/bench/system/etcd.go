package system

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/paxredis/paxredis/integration/bench/load"
	"github.com/paxredis/paxredis/integration/process"
)

// etcdReady is what etcd logs once it takes clients.
var etcdReady = regexp.MustCompile(`ready to serve client requests|serving client traffic insecurely`)

// Etcd is a cluster of three nodes of etcd, with its own settings.
func Etcd() System {
	return System{Name: "etcd", Etcd: true, start: startEtcd}
}

func startEtcd(_ context.Context, place Place) (*Running, error) {
	r := &Running{end: (*process.Process).Kill}
	members := make([]string, size)
	for i := range size {
		r.nodes = append(r.nodes, loopback(place.Port+i))
		members[i] = fmt.Sprintf("node-%d=http://%s", i+1, loopback(place.Port+peerPorts+i))
	}
	type started struct {
		p   *process.Process
		err error
	}
	all := make(chan started, size) // none is ready before most of them run
	for i := range size {
		go func() {
			name := "node-" + strconv.Itoa(i+1)
			peer := "http://" + loopback(place.Port+peerPorts+i)
			p, _, err := process.Start("etcd "+name, command("etcd", "--name", name, "--data-dir", filepath.Join(place.Dir, name), "--logger", "zap",
				"--listen-client-urls", "http://"+r.nodes[i], "--advertise-client-urls", "http://"+r.nodes[i],
				"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", strings.Join(members, ","),
				"--initial-cluster-state", "new"), etcdReady, nil)
			all <- started{p, err}
		}()
	}
	var errs []error
	for range size {
		s := <-all
		if s.err == nil {
			r.processes = append(r.processes, s.p)
		}
		errs = append(errs, s.err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, r.Stop())
	}
	r.leader = func(ctx context.Context) (int, error) { return etcdLeader(ctx, r.nodes) }
	return r, nil
}

// etcdLeader asks all nodes which of them leads, counted from 0.
func etcdLeader(ctx context.Context, nodes []string) (int, error) {
	for i, address := range nodes {
		leads, err := load.EtcdLeads(ctx, address)
		if err != nil {
			return 0, err
		}
		if leads {
			return i, nil
		}
	}
	return 0, errors.New("no node leads")
}
