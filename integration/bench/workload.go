package main

import (
	"fmt"
	"slices"

	"github.com/paxredis/paxredis/integration/bench/system"
)

// operation is what the clients of a workload do.
type operation string

// SET, GET and INCR are redis-benchmark's, the others those of package load.
const (
	opSet   operation = "SET"
	opGet   operation = "GET"
	opIncr  operation = "INCR"
	opMixed operation = "90% GET"
	opDel   operation = "DEL VER" // of keys that were written before, with a version; redis-server has DEL instead
)

// readPercent is how many of the mixed operations read.
const readPercent = 90

// workload is what clients do for the time of one measurement. It is a name in reports too, so it must be different in a part.
type workload struct {
	op       operation
	clients  int
	pipeline int
	data     dataset
	label    string // what sets it apart from others, or nothing
}

// dataset is what a system holds before: keys 0 to keys-1 with values of so many bytes.
type dataset struct{ keys, value int }

func (w workload) String() string {
	name := string(w.op)
	if w.label != "" {
		name += " " + w.label
	}
	name += fmt.Sprintf(" c=%d", w.clients)
	if w.pipeline > 1 {
		name += fmt.Sprintf(" P=%d", w.pipeline)
	}
	return name
}

// runsOn is false for what a system cannot do.
func (w workload) runsOn(s system.System) bool {
	return !s.Etcd || w.pipeline == 1 && (w.op == opSet || w.op == opGet)
}

// of lists the workloads of a part that a system takes part in.
func (p part) of(s system.System) []workload {
	if s.Etcd && !p.etcd {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.workloads), func(w workload) bool { return !w.runsOn(s) })
}

// part is workloads that are measured one after the other on a system that was just started, and reported in one table.
type part struct {
	name, title, about string
	role               system.Role
	workloads          []workload
	etcd               bool // takes part
}

// Names of the parts, in the order in which they are measured.
const (
	partTable     = "table"
	partFollower  = "follower"
	partValues    = "values"
	partMixed     = "mixed"
	partScenarios = "scenarios"
)

var partNames = []string{partTable, partFollower, partValues, partMixed, partScenarios}

// manyClients and pipelineDepth are those of the table.
const (
	usualClients  = 50
	manyClients   = 500
	pipelineDepth = 16
)

// table is SET and GET by numbers of clients, and with pipelines.
func table(data dataset) []workload {
	var all []workload
	for _, clients := range []int{1, usualClients, manyClients} {
		all = append(all, workload{op: opSet, clients: clients, pipeline: 1, data: data}, workload{op: opGet, clients: clients, pipeline: 1, data: data})
	}
	return append(all, workload{op: opSet, clients: usualClients, pipeline: pipelineDepth, data: data},
		workload{op: opGet, clients: usualClients, pipeline: pipelineDepth, data: data})
}

// values is SET and GET of larger values. Their keys are fewer, so that all of them take no more than 64 MB.
func values() []workload {
	var all []workload
	for _, size := range []struct {
		label string
		data  dataset
	}{{"1 kB", dataset{20_000, 1 << 10}}, {"16 kB", dataset{4_000, 16 << 10}}, {"256 kB", dataset{250, 256 << 10}}} {
		for _, op := range []operation{opSet, opGet} {
			all = append(all, workload{op: op, clients: usualClients, pipeline: 1, data: size.data, label: size.label})
		}
	}
	return all
}

// others is what is neither SET nor GET alone.
func others(data dataset) []workload {
	var all []workload
	for _, op := range []operation{opMixed, opIncr, opDel} {
		for _, pipeline := range []int{1, pipelineDepth} {
			all = append(all, workload{op: op, clients: usualClients, pipeline: pipeline, data: data})
		}
	}
	return all
}

// parts are all parts but the scenarios.
func parts(s size) []part {
	data := dataset{s.keys, tableValue}
	about := fmt.Sprintf("c is the number of client connections, P the depth of their pipelines; values of %d bytes, %d keys; redis-benchmark.", tableValue, s.keys)
	all := []part{
		{partTable, "SET and GET", about + " Clients are at the leader. The client of etcd is the suite's own.", system.Leader, table(data), true},
		{partFollower, "SET and GET through a follower", about + " Clients are at a node that does not lead.", system.Follower, table(data), false},
		{partValues, "Larger values", "redis-benchmark, with keys of up to 64 MB together.", system.Leader, values(), false},
		{partMixed, "Mixed operations, INCR, DEL with versions", "INCR is redis-benchmark's. The others are by the suite's own client, on all systems: " +
			"GET and SET of keys by chance; and DEL key VER n, each time of keys that have just been written with SET key value VER n-1. " +
			"redis-server has no versions: it gets DEL key.", system.Leader, others(data), false},
	}
	for i := range all {
		if s.only != nil {
			all[i].workloads = slices.DeleteFunc(all[i].workloads, func(w workload) bool { return !s.only(all[i].name, w) })
		}
	}
	return all
}
