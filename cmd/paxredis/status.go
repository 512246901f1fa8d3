package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"
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
	// Loading is how much of its state a node has restored that is not done with it.
	Loading string `json:"loading,omitempty"`
	// Checkpoint is the slot of its newest checkpoint, FirstSlot the first that it keeps of the log, and JournalBytes how much
	// that has grown since.
	Checkpoint   uint64 `json:"checkpoint"`
	FirstSlot    uint64 `json:"first_slot"`
	JournalBytes uint64 `json:"journal_bytes"`
	// DataEncrypted says that its data directory is.
	DataEncrypted bool `json:"data_encrypted"`
	// Differing are the nodes whose state is not this one's; there should be none.
	Differing string `json:"differing,omitempty"`
	// MemberList is who is in the cluster, as this node knows it.
	MemberList []member `json:"member_list,omitempty"`
	Error      string   `json:"error,omitempty"`
}

// errNoLeader and errNoMajority make the exit code tell scripts that the cluster does not work.
var (
	errNoLeader   = errors.New("status: no node that answered knows a leader: there is no majority, or an election is going on")
	errNoMajority = errors.New("status: the leader reaches no majority of the voters: writes are not taken until more of them are back")
)

const statusUsage = `paxredis status asks nodes for their state and prints a line for each, and the members of the cluster as the leader sees
them. LAG is in slots. It fails when no node that answered knows a leader, or the leader reaches no majority. Where
members serve clients is not known to the cluster: name all whose state is wanted with --addr. With --watch it is drawn
again every second until Ctrl-C, and what is wrong is said below; --json then prints a line of JSON each time.

`

// runStatus asks nodes for their state. It fails when they have no majority, unless it goes on watching.
func runStatus(args []string, std stdio) error {
	fs := newFlagSet("status", "[flags]", std)
	addresses := fs.String("addr", "127.0.0.1:6379", "client `addresses` of the nodes to ask, host:port[,host:port...]")
	var secured clientSecurity
	secured.flags(fs)
	asJSON := fs.Bool("json", false, "print JSON")
	watch := fs.Bool("watch", false, "go on every second until Ctrl-C")
	introduce(fs, statusUsage)
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usageErrorf("status takes flags only, not %q", fs.Arg(0))
	}
	security, err := secured.config()
	if err != nil {
		return err
	}
	ask := func(ctx context.Context) []nodeStatus { return askAll(ctx, strings.Split(*addresses, ","), security) }
	print := printTable
	if *asJSON {
		print = printJSON
	}
	if *watch {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		w := watching{ask: ask, out: std.out, asJSON: *asJSON, inPlace: !*asJSON && isTerminal(std.out) && os.Getenv("TERM") != "dumb", now: wallClock}
		return w.run(ctx, tick.C)
	}
	nodes := ask(context.Background())
	if err := print(std.out, nodes); err != nil {
		return err
	}
	return judge(nodes)
}

// judge says why the nodes that were asked are no cluster that works, if so.
func judge(nodes []nodeStatus) error {
	if !slices.ContainsFunc(nodes, func(n nodeStatus) bool { return n.Leader != 0 }) {
		return errNoLeader
	}
	for i := range nodes {
		if nodes[i].Error == "" && nodes[i].Role == "leader" && !hasMajority(nodes[i].MemberList) {
			return errNoMajority
		}
	}
	return nil
}

// hasMajority reports whether a leader that sees the members so reaches a majority of the voters, itself included. One that does not know any is
// taken at its word.
func hasMajority(members []member) bool {
	voters, reached := 0, 0
	for _, m := range members {
		if m.Role == "voter" {
			voters++
			if m.State != "unreachable" {
				reached++
			}
		}
	}
	return voters == 0 || 2*reached > voters
}

// askAll asks every address at the same time, so that a dead node costs one timeout, and sorts the answers by id;
// nodes that did not answer come last.
func askAll(ctx context.Context, addresses []string, security *tls.Config) []nodeStatus {
	nodes := make([]nodeStatus, len(addresses))
	var all sync.WaitGroup
	for i, address := range addresses {
		all.Go(func() { nodes[i] = ask(ctx, strings.TrimSpace(address), security) })
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

func ask(ctx context.Context, address string, security *tls.Config) nodeStatus {
	ctx, cancel := context.WithTimeout(ctx, 2*askTimeout)
	defer cancel()
	client := newClient(address, security)
	defer client.Close()
	defer context.AfterFunc(ctx, func() { _ = client.Close() })() // ends what waits for the answer
	info, err := askPaxos(ctx, client)
	if err != nil {
		return nodeStatus{Address: address, Role: "unreachable", Error: err.Error()}
	}
	loading := ""
	if info["loading"] == "1" {
		loading = info["loading_loaded_perc"] + "%"
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
		Loading:       loading,
		Checkpoint:    info.number("paxos_snapshot_slot"),
		FirstSlot:     info.number("paxos_first_slot"),
		JournalBytes:  info.number("paxos_journal_bytes"),
		DataEncrypted: info["paxos_data_encrypted"] == "1",
		Differing:     info["paxos_differing_nodes"],
		MemberList:    info.members(),
	}
}

func printJSON(w io.Writer, nodes []nodeStatus) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(nodes)
}

func printTable(w io.Writer, nodes []nodeStatus) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tADDRESS\tROLE\tLEADER\tBALLOT\tCHOSEN\tAPPLIED\tLAG\tLEASE\tCHECKPOINT\tLOG FROM\tJOURNAL\tSYNC P50\tSYNC P99")
	for _, n := range nodes {
		if n.Error != "" {
			fmt.Fprintf(table, "?\t%s\t%s: %s\n", n.Address, n.Role, n.Error)
			continue
		}
		role := n.Role
		if n.Loading != "" {
			role += ", loading " + n.Loading
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%d\t%d\t%s\t%dus\t%dus\n", n.ID, n.Address, role, leaderText(n.Leader),
			n.Ballot, n.Chosen, n.Applied, n.Lag, n.Lease, n.Checkpoint, n.FirstSlot, sizeText(n.JournalBytes), n.SyncP50Micros, n.SyncP99Micros)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, n := range nodes {
		if n.Differing != "" {
			fmt.Fprintf(w, "\nWARNING: node %d finds another state on node(s) %s; see their logs.\n", n.ID, n.Differing)
		}
	}
	if known := bestInformed(nodes); known != nil && len(known.MemberList) > 0 {
		fmt.Fprintf(w, "\nMembers, as node %d sees them:\n", known.ID)
		return printMembers(w, known.MemberList)
	}
	return nil
}

// bestInformed is the node that knows most of the others: the leader, or else one that is furthest.
func bestInformed(nodes []nodeStatus) *nodeStatus {
	var best *nodeStatus
	for i := range nodes {
		n := &nodes[i]
		switch {
		case n.Error != "":
		case n.Role == "leader":
			return n
		case best == nil || n.Applied > best.Applied:
			best = n
		}
	}
	return best
}

func leaderText(id uint64) string {
	if id == 0 {
		return "none"
	}
	return strconv.FormatUint(id, 10)
}
