package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What doctor calls too much. The node's own syncs are judged as the disk is: see doctor_machine.go.
const (
	lagWarning = 1000 // slots, as /readyz has it
	lagWrong   = 1_000_000

	// Clocks say when keys expire, also after another node has begun to lead.
	clockWarning = 500 * time.Millisecond
	clockWrong   = 10 * time.Second
	// clockQuestions is how often each node is asked for the time: the quickest answer counts.
	clockQuestions = 5

	memoryWarning    = 0.75 // of the machine's memory that a node takes
	memoryWrong      = 0.95
	watermarkWarning = 0.9 // of the memory watermark, as the alert has it
	clientsWarning   = 0.8 // of maxclients
	clientsWrong     = 1.0
)

// examined is a node as doctor found it.
type examined struct {
	nodeStatus
	info paxosInfo
	// offset is by how much its clock is ahead of this machine's, give or take bound, half of the round trip; bound is 0 if it did not tell.
	offset, bound time.Duration
}

// name is what a finding calls it.
func (e *examined) name() string {
	if e.ID == 0 {
		return e.Address
	}
	return "node " + strconv.FormatUint(e.ID, 10)
}

// examineAll asks all of the addresses at once.
func examineAll(ctx context.Context, addresses []string, security *tls.Config) []examined {
	nodes := make([]examined, len(addresses))
	var all sync.WaitGroup
	for i, status := range askAll(ctx, addresses, security) {
		nodes[i].nodeStatus = status
		if status.Error == "" {
			all.Go(func() { nodes[i].examine(ctx, security) })
		}
	}
	all.Wait()
	return nodes
}

// examine asks a node for what its status does not say.
func (e *examined) examine(ctx context.Context, security *tls.Config) {
	ctx, cancel := context.WithTimeout(ctx, 2*askTimeout)
	defer cancel()
	client := newClient(e.Address, security)
	defer client.Close()
	text, err := client.Info(ctx, "server", "clients", "memory", "persistence").Result()
	if err != nil {
		e.Error = err.Error()
		return
	}
	e.info = infoFields(text)
	for range clockQuestions {
		began := time.Now()
		theirs, err := client.Time(ctx).Result()
		bound := time.Since(began) / 2
		if err == nil && (e.bound == 0 || bound < e.bound) {
			e.offset, e.bound = theirs.Sub(began.Add(bound)), bound
		}
	}
}

// ofCluster judges nodes together, then each.
func (f *findings) ofCluster(nodes []examined) {
	f.ofMajority(nodes)
	f.ofMembers(nodes)
	f.ofVersions(nodes)
	f.ofClocks(nodes)
	f.ofEncryption(nodes)
	for i := range nodes {
		if nodes[i].Error != "" {
			f.add(levelWrong, "reachable", nodes[i].name(), nodes[i].Error, "start the node, or see what keeps this machine from its client port")
			continue
		}
		f.ofNode(&nodes[i])
	}
}

func statusesOf(nodes []examined) []nodeStatus {
	statuses := make([]nodeStatus, len(nodes))
	for i := range nodes {
		statuses[i] = nodes[i].nodeStatus
	}
	return statuses
}

func (f *findings) ofMajority(nodes []examined) {
	if err := judge(statusesOf(nodes)); err != nil {
		f.add(levelWrong, "majority", "cluster", strings.TrimPrefix(err.Error(), "status: "), "start the nodes that are down; if a majority is lost for good: paxredis help recover")
		return
	}
	for i := range nodes {
		if n := &nodes[i]; n.Leader != 0 {
			f.add(levelOK, "majority", "cluster", fmt.Sprintf("node %d leads, ballot %s", n.Leader, n.Ballot), "")
			return
		}
	}
}

// ofMembers judges the links as the leader sees them, and how many voters there are.
func (f *findings) ofMembers(nodes []examined) {
	best := bestInformed(statusesOf(nodes))
	if best == nil || len(best.MemberList) == 0 {
		return
	}
	voters := 0
	for _, m := range best.MemberList {
		if m.Role == "voter" {
			voters++
		}
		of := fmt.Sprintf("node %d", m.ID)
		switch m.State {
		case "unreachable":
			f.add(levelWrong, "link", of, fmt.Sprintf("node %d does not reach it at %s", best.ID, m.Address), "start it, or see what is between them; if it is lost: paxredis member replace")
		case "reachable", "leader":
			f.add(levelOK, "link", of, fmt.Sprintf("%s for node %d, log synced to slot %d", m.State, best.ID, m.Synced), "")
		default:
			f.add(levelWarning, "link", of, "only the leader knows whether it is reached", "name the leader too with --addr")
		}
	}
	what := fmt.Sprintf("%d voters: the loss of %d does no harm", voters, (voters-1)/2)
	switch {
	case voters < 3:
		f.add(levelWarning, "voters", "cluster", what, "three voters survive the loss of one; see Growing in docs/operations.md")
	case voters%2 == 0:
		f.add(levelWarning, "voters", "cluster", what, "an even number survives no more than one voter less does: add one, or remove one")
	default:
		f.add(levelOK, "voters", "cluster", what, "")
	}
	if answered := len(nodes); answered < len(best.MemberList) {
		f.add(levelWarning, "asked", "cluster", fmt.Sprintf("%d of %d members were asked", answered, len(best.MemberList)), "name all with --addr: what the others are like is not known")
	}
}

func (f *findings) ofVersions(nodes []examined) {
	var versions []string
	for i := range nodes {
		if v := nodes[i].info["paxredis_version"]; v != "" && !slices.Contains(versions, v) {
			versions = append(versions, v)
		}
	}
	slices.Sort(versions)
	switch len(versions) {
	case 0:
	case 1:
		f.add(levelOK, "versions", "cluster", "all that answered run "+versions[0], "")
	default:
		f.add(levelWarning, "versions", "cluster", "there are "+strings.Join(versions, " and "), "finish the upgrade: what is new is best used once all nodes have it")
	}
}

// ofEncryption judges that nodes encrypt what they keep on disk: to do so or not is a choice, but a copy that is not encrypted has all that the others have.
func (f *findings) ofEncryption(nodes []examined) {
	var does, doesNot []string
	for i := range nodes {
		switch n := &nodes[i]; {
		case n.Error != "":
		case n.DataEncrypted:
			does = append(does, n.name())
		default:
			doesNot = append(doesNot, n.name())
		}
	}
	const check, of = "data at rest", "cluster"
	switch {
	case len(does) == 0 && len(doesNot) == 0:
	case len(doesNot) == 0:
		f.add(levelOK, check, of, "encrypted on all nodes that answered", "")
	case len(does) == 0:
		f.add(levelOK, check, of, "not encrypted", "")
	default:
		f.add(levelWarning, check, of, fmt.Sprintf("encrypted on %s, not on %s", strings.Join(does, " and "), strings.Join(doesNot, " and ")),
			"replace those that do not encrypt by nodes with --data-key-file: see Data at rest in docs/security.md")
	}
}

// ofClocks compares the clocks two by two: the pair that is certainly furthest apart counts.
func (f *findings) ofClocks(nodes []examined) {
	var a, b *examined
	least := time.Duration(-1)
	for i := range nodes {
		for j := range i {
			m, n := &nodes[j], &nodes[i]
			if m.bound == 0 || n.bound == 0 {
				continue
			}
			if apart := max(0, (m.offset-n.offset).Abs()-m.bound-n.bound); apart > least {
				least, a, b = apart, m, n
			}
		}
	}
	if a == nil {
		return
	}
	f.add(graded(int64(least), int64(clockWarning), int64(clockWrong)), "clocks", "cluster",
		fmt.Sprintf("%s and %s are %v apart, give or take %v", a.name(), b.name(), (a.offset-b.offset).Abs().Round(time.Microsecond), (a.bound+b.bound).Round(time.Microsecond)),
		"run chrony or another NTP client on each machine: keys expire by the clock of the leader")
}

// ofNode judges one node that answered.
func (f *findings) ofNode(n *examined) {
	of := n.name()
	if n.Loading != "" {
		f.add(levelWarning, "loading", of, n.Loading+" of its state is restored", "wait until it is done")
		return
	}
	f.add(graded(n.Lag, lagWarning, lagWrong), "lag", of, fmt.Sprintf("%d slots behind", n.Lag), "wait while it catches up; if it does not: its disk or its links are too slow for what is written")
	if n.Differing == "" {
		f.add(levelOK, "same state", of, "no node differs", "")
	} else {
		f.add(levelWrong, "same state", of, "its state is not that of node(s) "+n.Differing, "see the logs of both; stop the one that says it differs, and have it fetch the state anew")
	}
	f.add(gradedSync(time.Duration(n.SyncP99Micros)*time.Microsecond), "sync", of, fmt.Sprintf("its journal's syncs take p50 %dus, p99 %dus", n.SyncP50Micros, n.SyncP99Micros), adviceSync)
	if why := n.info["paxos_checkpoint_not_taken"]; why == "" {
		f.add(levelOK, "checkpoint", of, fmt.Sprintf("slot %d", n.Checkpoint), "")
	} else {
		f.add(levelWrong, "checkpoint", of, "the newest one was not taken: "+why, "mend what it says: without checkpoints the log grows")
	}
	if n.info["aof_last_write_status"] == "err" {
		f.add(levelWrong, "writes", of, "refused, since the disk is nearly full", "make room on it")
	}
	f.ofNodeMemory(n)
	f.ofMaxMemory(n)
	if connected, most := n.info.number("connected_clients"), n.info.number("maxclients"); most > 0 {
		f.add(graded(float64(connected)/float64(most), clientsWarning, clientsWrong), "clients", of, fmt.Sprintf("%d of %d", connected, most), "raise --maxclients and the limit of open files, or see who does not close connections")
	}
}

// ofNodeMemory judges a node's memory by its watermark, if it has one: that is below the limit of its container, where there is one. Of a node without,
// only the machine's memory is known.
func (f *findings) ofNodeMemory(n *examined) {
	const check = "memory"
	of := n.name()
	used, most, limit := n.info.number("memory_watermark_used"), n.info.number("memory_watermark"), n.info.number("memory_watermark_limit")
	rss, all := n.info.number("used_memory_rss"), n.info.number("total_system_memory")
	room := fmt.Sprintf("%s of the limit of %s (%s) are in use, the watermark is %s", sizeText(used), sizeText(limit), limitOf(limit, all), sizeText(most))
	switch {
	case n.info["memory_watermark_reached"] == "1":
		f.add(levelWrong, check, of, "commands that may take more are refused: "+room, "remove keys, or give its container or machine more memory; --maxmemory keeps keys from growing up to the watermark")
	case most > 0 && float64(used)/float64(most) >= watermarkWarning:
		f.add(levelWarning, check, of, room, "give it more memory, set --maxmemory, or remove keys: from the watermark on it refuses commands that may take more")
	case most > 0:
		f.add(levelOK, check, of, room, "")
	case all > 0:
		f.add(graded(float64(rss)/float64(all), memoryWarning, memoryWrong), check, of, fmt.Sprintf("%s of the machine's %s", sizeText(rss), sizeText(all)),
			"give it more memory, set --maxmemory, or remove keys: the kernel ends a process that takes all")
	}
}

// limitOf says whose limit of memory that is, on a machine that has so much.
func limitOf(limit, machine uint64) string {
	if limit < machine {
		return "its container's"
	}
	return "the machine's"
}

// ofMaxMemory judges the node's maxmemory, if there is one: beyond what its container or machine has it protects from nothing, and beyond the watermark commands are
// refused before a key is evicted.
func (f *findings) ofMaxMemory(n *examined) {
	const check = "maxmemory"
	most, all := n.info.number("maxmemory"), n.info.number("total_system_memory")
	limit := cmp.Or(n.info.number("memory_limit"), n.info.number("memory_watermark_limit"), all)
	if most == 0 || limit == 0 {
		return
	}
	l, measured := levelOK, fmt.Sprintf("%s of keys and values, of %s (%s)", sizeText(most), sizeText(limit), limitOf(limit, all))
	watermark := n.info.number("memory_watermark")
	switch {
	case most > limit:
		l, measured = levelWarning, "more than there is: "+measured
		if watermark == 0 {
			l = levelWrong // nothing else keeps the kernel from ending the process
		}
	case watermark > 0 && most > watermark:
		l, measured = levelWarning, fmt.Sprintf("beyond the memory watermark of %s: %s", sizeText(watermark), measured)
	}
	f.add(l, check, n.name(), measured, "set it to half of what there is at most (CONFIG SET maxmemory, for all nodes): a node needs room for more than keys and values")
}
