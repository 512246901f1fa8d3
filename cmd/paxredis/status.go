package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
)

// nodeStatus is one line of `paxredis status`. Its JSON names are part of the command line's interface.
type nodeStatus struct {
	ID            uint64 `json:"id"`
	Address       string `json:"address"`
	Role          string `json:"role"`
	Leader        uint64 `json:"leader"`
	Ballot        string `json:"ballot"`
	Chosen        uint64 `json:"chosen"`
	Applied       uint64 `json:"applied"`
	Lag           uint64 `json:"lag"` // slots behind the newest chosen slot any asked node knows
	Lease         string `json:"lease"`
	Members       uint64 `json:"members"`
	SyncP50Micros uint64 `json:"sync_p50_usec"`
	SyncP99Micros uint64 `json:"sync_p99_usec"`
	Error         string `json:"error,omitempty"`
}

// errNoLeader makes the exit code tell scripts that the cluster does not work.
var errNoLeader = errors.New("status: no node that answered knows a leader: there is no majority, or an election is going on")

// runStatus asks nodes for their state. It fails when none of them knows a leader.
func runStatus(args []string, std stdio) error {
	fs := newFlagSet("status", "[flags]", std)
	addresses := fs.String("addr", "127.0.0.1:6379", "client `addresses` of the nodes to ask, host:port[,host:port...]")
	asJSON := fs.Bool("json", false, "print JSON")
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usageErrorf("status takes flags only, not %q", fs.Arg(0))
	}
	nodes := askAll(strings.Split(*addresses, ","))
	print := printTable
	if *asJSON {
		print = printJSON
	}
	if err := print(std.out, nodes); err != nil {
		return err
	}
	if !slices.ContainsFunc(nodes, func(n nodeStatus) bool { return n.Leader != 0 }) {
		return errNoLeader
	}
	return nil
}

// askAll asks every address at the same time, so that a dead node costs one timeout, and sorts the answers by id;
// nodes that did not answer come last.
func askAll(addresses []string) []nodeStatus {
	nodes := make([]nodeStatus, len(addresses))
	var all sync.WaitGroup
	for i, address := range addresses {
		all.Go(func() { nodes[i] = ask(strings.TrimSpace(address)) })
	}
	all.Wait()

	var newest uint64
	for _, n := range nodes {
		newest = max(newest, n.Chosen)
	}
	for i := range nodes {
		if nodes[i].Error == "" {
			nodes[i].Lag = newest - min(newest, nodes[i].Applied)
		}
	}
	slices.SortStableFunc(nodes, func(a, b nodeStatus) int {
		if (a.Error == "") != (b.Error == "") {
			return cmp.Compare(len(a.Error), len(b.Error))
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return nodes
}

func ask(address string) nodeStatus {
	ctx, cancel := context.WithTimeout(context.Background(), 2*askTimeout)
	defer cancel()
	client := newClient(address)
	defer client.Close()
	info, err := askPaxos(ctx, client)
	if err != nil {
		return nodeStatus{Address: address, Role: "unreachable", Error: err.Error()}
	}
	return nodeStatus{
		ID:            info.number("paxos_node_id"),
		Address:       address,
		Role:          info["paxos_role"],
		Leader:        info.number("paxos_leader_id"),
		Ballot:        info["paxos_ballot"],
		Chosen:        info.number("paxos_chosen_slot"),
		Applied:       info.number("paxos_applied_slot"),
		Lease:         info["paxos_lease"],
		Members:       info.number("paxos_members"),
		SyncP50Micros: info.number("paxos_sync_p50_usec"),
		SyncP99Micros: info.number("paxos_sync_p99_usec"),
	}
}

func printJSON(w io.Writer, nodes []nodeStatus) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(nodes)
}

func printTable(w io.Writer, nodes []nodeStatus) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tADDRESS\tROLE\tLEADER\tBALLOT\tCHOSEN\tAPPLIED\tLAG\tLEASE\tSYNC P50\tSYNC P99")
	for _, n := range nodes {
		if n.Error != "" {
			fmt.Fprintf(table, "?\t%s\t%s: %s\n", n.Address, n.Role, n.Error)
			continue
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%dus\t%dus\n", n.ID, n.Address, n.Role, leaderText(n.Leader),
			n.Ballot, n.Chosen, n.Applied, n.Lag, n.Lease, n.SyncP50Micros, n.SyncP99Micros)
	}
	return table.Flush()
}

func leaderText(id uint64) string {
	if id == 0 {
		return "none"
	}
	return strconv.FormatUint(id, 10)
}
