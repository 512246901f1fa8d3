package resp

import (
	"fmt"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// clusterCommands are what CLUSTER has about nodes; what it has about keys is the state machine's. All are refused unless the node
// speaks to cluster clients.
func clusterCommands() []localCommand {
	sub := func(name string, arity int, since, syntax, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: arity, Since: since, Flags: statemachine.Stale,
			Group: groupCluster, Complexity: "O(N) where N is the total number of nodes", Summary: summary, Syntax: syntax}}
	}
	loading := func(c localCommand) localCommand {
		c.Flags |= statemachine.Loading
		return c
	}
	replicas := sub("REPLICAS", 3, "5.0.0", "node-id", "Lists the replica nodes of a master node.", clusterReplicas).with(tipsVaries)
	slaves := sub("SLAVES", 3, "3.0.0", "node-id", "Lists the replica nodes of a master node.", clusterReplicas).with(tipsVaries)
	replicas.Flags |= statemachine.Admin
	slaves.Flags |= statemachine.Admin
	failures := sub("COUNT-FAILURE-REPORTS", 3, "3.0.0", "node-id", "Returns the number of active failure reports active for a node.", clusterFailureReports).with(tipsVaries)
	failures.Flags |= statemachine.Admin
	return []localCommand{
		{Command: statemachine.Command{Name: "CLUSTER"}, subcommands: []localCommand{
			failures,
			loading(sub("HELP", 2, "5.0.0", "", "Returns helpful text about the different subcommands.", clusterHelp)),
			sub("INFO", 2, "3.0.0", "", "Returns information about the state of a node.", clusterInfo).with(tipsVaries),
			sub("LINKS", 2, "7.0.0", "", "Returns a list of all TCP links to and from peer nodes.", clusterLinks).with(tipsVaries),
			sub("MYID", 2, "3.0.0", "", "Returns the ID of a node.", clusterMyID),
			sub("MYSHARDID", 2, "7.2.0", "", "Returns the shard ID of a node.", clusterMyShardID).with(tipsVaries),
			sub("NODES", 2, "3.0.0", "", "Returns the cluster configuration for a node.", clusterNodes).with(tipsVaries),
			replicas,
			loading(sub("SHARDS", 2, "7.0.0", "", "Returns the mapping of cluster slots to shards.", clusterShards)).with(tipsVaries),
			slaves,
			loading(sub("SLOTS", 2, "3.0.0", "", "Returns the mapping of cluster slots to nodes.", clusterSlots)).with(tipsVaries),
		}},
		{local: asking, Command: statemachine.Command{Name: "ASKING", Arity: 1, Flags: statemachine.Fast, Group: groupCluster, Since: "3.0.0",
			Complexity: "O(1)", Summary: "Signals that a cluster client is following an -ASK redirect, which are never sent.",
			Categories: []string{"connection"}}},
	}
}

// needsClusterMode reports whether a command is refused unless the node speaks to cluster clients. READONLY and READWRITE are not:
// whoever asks for reads that may be behind gets them from any node.
func needsClusterMode(name string) bool {
	return name == "asking" || strings.HasPrefix(name, "cluster|")
}

// asking: ASKING.
func asking(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) { writeOK(w) }

// clusterMyID: CLUSTER MYID.
func clusterMyID(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	w.BulkString(l.server.nodeName(uint64(l.server.node.Status().Self)))
}

// clusterMyShardID: CLUSTER MYSHARDID.
func clusterMyShardID(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	w.BulkString(l.server.shardName())
}

// clusterInfo: CLUSTER INFO. The cluster is ok as long as somebody is known to lead it.
func clusterInfo(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	t := l.server.topology(c)
	state, ok := "ok", statemachine.HashSlots
	if !t.hasLed {
		state, ok = "fail", 0
	}
	var text infoWriter
	text.str("cluster_state", state)
	text.int("cluster_slots_assigned", statemachine.HashSlots)
	text.int("cluster_slots_ok", int64(ok))
	text.zeros("cluster_slots_pfail")
	text.int("cluster_slots_fail", int64(statemachine.HashSlots-ok))
	text.int("cluster_known_nodes", int64(len(t.nodes)))
	text.int("cluster_size", 1)
	text.num("cluster_current_epoch", t.epoch)
	text.num("cluster_my_epoch", t.epoch)
	text.zeros("cluster_stats_messages_sent", "cluster_stats_messages_received", "total_cluster_links_buffer_limit_exceeded")
	w.Verbatim("txt", string(text.text))
}

// clusterNodes: CLUSTER NODES.
func clusterNodes(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	t := l.server.topology(c)
	var text strings.Builder
	for i := range t.nodes {
		text.WriteString(t.nodes[i].line(t) + "\n")
	}
	w.Verbatim("txt", text.String())
}

// clusterSlots: CLUSTER SLOTS. Nodes that clients could not reach are left out, as Redis leaves out replicas that fail.
func clusterSlots(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	nodes := l.server.topology(c).usable()
	if len(nodes) == 0 || !nodes[0].isMaster {
		w.Array(0) // where the master's clients connect is not known yet
		return
	}
	w.Array(1)
	w.Array(2 + len(nodes))
	w.Int(0)
	w.Int(statemachine.HashSlots - 1)
	for _, n := range nodes {
		w.Array(4)
		w.BulkString(n.host)
		w.Int(int64(n.port))
		w.BulkString(n.name)
		w.Map(0)
	}
}

// clusterShards: CLUSTER SHARDS.
func clusterShards(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	t := l.server.topology(c)
	w.Array(1)
	w.Map(2)
	w.BulkString("slots")
	w.Array(2)
	w.Int(0)
	w.Int(statemachine.HashSlots - 1)
	w.BulkString("nodes")
	w.Array(len(t.nodes))
	for i := range t.nodes {
		t.nodes[i].writeShard(w)
	}
}

// writeShard writes the node as an element of CLUSTER SHARDS. Its offset is the slot of the log up to which it is known to be.
func (n *clusterNode) writeShard(w *Writer) {
	role, health := "replica", "online"
	if n.isMaster {
		role = "master"
	}
	if !n.reachable {
		health = "fail"
	} else if n.isLearner {
		health = "loading"
	}
	w.Map(7)
	writeField(w, "id", n.name)
	writeNumber(w, "port", int64(n.port))
	writeField(w, "ip", n.host)
	writeField(w, "endpoint", n.host)
	writeField(w, "role", role)
	writeNumber(w, "replication-offset", int64(n.syncedSlot))
	writeField(w, "health", health)
}

// writeField and writeNumber write a pair of a map.
func writeField(w *Writer, name, value string) {
	w.BulkString(name)
	w.BulkString(value)
}

func writeNumber(w *Writer, name string, value int64) {
	w.BulkString(name)
	w.Int(value)
}

// clusterReplicas: CLUSTER REPLICAS node-id, and CLUSTER SLAVES.
func clusterReplicas(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	t := l.server.topology(c)
	n := t.find(string(args[2]))
	switch {
	case n == nil:
		w.Error(errUnknownNode(args[2]))
		return
	case !n.isMaster:
		w.Error("ERR The specified node is not a master")
		return
	}
	w.Array(len(t.nodes) - 1)
	for i := range t.nodes {
		if other := &t.nodes[i]; !other.isMaster {
			w.BulkString(other.line(t))
		}
	}
}

// clusterFailureReports: CLUSTER COUNT-FAILURE-REPORTS node-id. Nodes do not report each other's failures: whoever does not hear from its
// leader stands for election.
func clusterFailureReports(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	if l.server.topology(c).find(string(args[2])) == nil {
		w.Error(errUnknownNode(args[2]))
		return
	}
	w.Int(0)
}

// clusterLinks: CLUSTER LINKS. There is one link for each pair of nodes, in both directions.
func clusterLinks(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	var linked []clusterNode
	for _, n := range l.server.topology(c).nodes {
		if n.reachable && !n.isMyself {
			linked = append(linked, n)
		}
	}
	w.Array(len(linked))
	for _, n := range linked {
		w.Map(6)
		writeField(w, "direction", "to")
		writeField(w, "node", n.name)
		writeNumber(w, "create-time", n.since.UnixMilli())
		writeField(w, "events", "rw")
		writeNumber(w, "send-buffer-allocated", int64(n.queued))
		writeNumber(w, "send-buffer-used", int64(n.queued))
	}
}

// errUnknownNode is the error of CLUSTER for a name that no node has.
func errUnknownNode(name []byte) string { return fmt.Sprintf("ERR Unknown node %s", quoted(name)) }

// clusterHelp: CLUSTER HELP.
func clusterHelp(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	writeHelp(w, "CLUSTER", []string{
		"COUNTKEYSINSLOT <slot>", "    Return the number of keys in <slot>.",
		"GETKEYSINSLOT <slot> <count>", "    Return key names stored by current node in a slot.",
		"INFO", "    Return information about the cluster.",
		"KEYSLOT <key>", "    Return the hash slot for <key>.",
		"MYID", "    Return the node id.",
		"MYSHARDID", "    Return the node's shard id.",
		"NODES", "    Return cluster configuration seen by node. Output format:",
		"    <id> <ip:port@bus-port[,hostname]> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...",
		"REPLICAS <node-id>", "    Return <node-id> replicas.",
		"SLOTS", "    Return information about slots range mappings. Each range is made of:",
		"    start, end, master and replicas IP addresses, ports and ids",
		"SHARDS", "    Return information about slot range mappings and the nodes associated with them.",
		"LINKS", "    Return information about all network links between this node and its peers.",
		"    Output format is an array where each array element is a map containing attributes of a link",
		"COUNT-FAILURE-REPORTS <node-id>", "    Return number of failure reports for <node-id>.",
	})
}
