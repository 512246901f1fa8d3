package main

import "github.com/paxredis/paxredis/integration/bench/report"

// goal is the least ratio to redis-server that is aimed at, in both read modes.
type goal struct {
	part          string
	w             workload
	quorum, lease float64
}

var goals = []goal{
	{partTable, workload{op: opSet, clients: 1, pipeline: 1}, 0.8, 0.8},
	{partTable, workload{op: opSet, clients: usualClients, pipeline: 1}, 1, 1},
	{partTable, workload{op: opSet, clients: manyClients, pipeline: 1}, 1, 1},
	{partTable, workload{op: opSet, clients: usualClients, pipeline: pipelineDepth}, 1, 1},
	{partTable, workload{op: opGet, clients: usualClients, pipeline: 1}, 0.75, 1},
	{partTable, workload{op: opGet, clients: usualClients, pipeline: pipelineDepth}, 0.8, 0.9},
	{partFollower, workload{op: opSet, clients: usualClients, pipeline: 1}, 0.7, 0.7},
	{partFollower, workload{op: opSet, clients: usualClients, pipeline: pipelineDepth}, 0.7, 0.7},
	{partFollower, workload{op: opGet, clients: usualClients, pipeline: 1}, 0.7, 0.7},
	{partFollower, workload{op: opGet, clients: usualClients, pipeline: pipelineDepth}, 0.7, 0.7},
}

// goalsByCell has them by what is reported.
func goalsByCell() map[report.Cell]float64 {
	all := map[report.Cell]float64{}
	for _, g := range goals {
		all[report.Cell{Part: g.part, Workload: g.w.String(), System: quorumName}] = g.quorum
		all[report.Cell{Part: g.part, Workload: g.w.String(), System: leaseName}] = g.lease
	}
	return all
}
