package monitor

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
)

// metrics is the table of all metrics of a node that works. Labels have few values: commands and error codes of the program, members, databases.
var metrics = slices.Concat(clusterMetrics, pathMetrics, peerMetrics, clientMetrics, stateMetrics)

// clusterMetrics are about the node's place in the cluster.
var clusterMetrics = []metric{
	gauge("ready", "1 if clients should be sent to this node, as /readyz says.", func(s *scrape) float64 { return flagValue(s.ready) }),
	gauge("loading", "1 while the state is restored.", func(s *scrape) float64 { return flagValue(s.info.Persistence.Loading) }),
	{name: "role", help: "1 for the role that this node has.", kind: prometheus.GaugeValue, labels: []string{"role"}, read: roles},
	gauge("leader_known", "1 if this node knows a leader.", func(s *scrape) float64 { return flagValue(s.group.Leader != 0) }),
	gauge("leader_id", "The leader that this node follows, itself included; 0: none.", func(s *scrape) float64 { return float64(s.group.Leader) }),
	gauge("ballot_round", "The round of the ballot that this node works at.", func(s *scrape) float64 { return float64(s.group.Ballot.Round) }),
	gauge("lease_held", "1 while this node holds a lease, in lease mode.", func(s *scrape) float64 { return flagValue(s.group.Lease) }),
	counter("elections_total", "How often this node stood for leader.", func(s *scrape) uint64 { return s.figures.Elections }),
	counter("leader_changes_total", "How often this node found a leader to follow, itself included.", func(s *scrape) uint64 { return s.figures.Leaders }),
	gauge("chosen_slot", "Every slot up to this one is chosen, as far as this node can tell.", func(s *scrape) float64 { return float64(s.group.Chosen) }),
	gauge("known_slot", "The highest slot that this node knows to be chosen anywhere.", func(s *scrape) float64 { return float64(s.group.Known) }),
	gauge("applied_slot", "Every slot up to this one is applied here.", func(s *scrape) float64 { return float64(s.group.Applied) }),
	gauge("first_slot", "The first slot of the log that is kept here.", func(s *scrape) float64 { return float64(s.group.FirstKept) }),
	gauge("lag_slots", "Slots that are known to be chosen and are not applied here.", func(s *scrape) float64 { return float64(lagOf(&s.group)) }),
	{name: "members", help: "Members of the cluster, as this node knows them.", kind: prometheus.GaugeValue, labels: []string{"role"}, read: func(s *scrape) []sample {
		c := &s.group.Configuration
		return []sample{{value: float64(len(c.Voters)), labels: []string{"voter"}}, {value: float64(len(c.Learners)), labels: []string{"learner"}}}
	}},
	{name: "member_synced_slot", help: "The slot up to which a voter has the log on stable storage, as far as this node was told.", kind: prometheus.GaugeValue,
		labels: []string{"member"}, read: func(s *scrape) []sample {
			samples := make([]sample, len(s.group.Synced))
			for i, e := range s.group.Synced {
				samples[i] = sample{value: float64(e.Slot), labels: []string{e.Node.String()}}
			}
			return samples
		}},
	gauge("differing_nodes", "Nodes whose state differs from this one's: there should be none.", func(s *scrape) float64 { return float64(len(s.checkpoint.Differing)) }),
}

// pathMetrics are about the way of commands through the log.
var pathMetrics = []metric{
	{name: "stage_duration_seconds", help: "How long what clients of this node sent together took: queue until it left for the log, replicate until it was chosen and its turn came, " +
		"sync for how much of that this node's journal wrote and synced, apply to be applied, reply until the replies were at their sockets.", scale: fineSeconds, labels: []string{"stage"}, read: func(s *scrape) []sample {
		return []sample{{counts: &s.figures.Queue, labels: []string{"queue"}}, {counts: &s.figures.Replicate, labels: []string{"replicate"}},
			{counts: &s.figures.ReplicateSync, labels: []string{"sync"}},
			{counts: &s.figures.Apply, labels: []string{"apply"}}, {counts: &s.clients.Reply, labels: []string{"reply"}}}
	}},
	histogram("journal_sync_duration_seconds", "How long each write and sync of this node's journal took.", fineSeconds, func(s *scrape) *replication.HistogramCounts { return &s.figures.Sync }),
	histogram("batch_commands", "Commands in each batch that this node proposed as leader.", countScale, func(s *scrape) *replication.HistogramCounts { return &s.figures.BatchCommands }),
	histogram("batch_bytes", "Bytes of each batch that this node proposed as leader.", byteScale, func(s *scrape) *replication.HistogramCounts { return &s.figures.BatchBytes }),
	counter("forwarded_total", "What clients of this node sent together that it sent to a leader for the first time.", func(s *scrape) uint64 { return s.group.Forwarded }),
	counter("resent_total", "The same that was sent again.", func(s *scrape) uint64 { return s.group.Resent }),
	counter("received_total", "The same that this node took over from others as leader.", func(s *scrape) uint64 { return s.group.Received }),
	counter("set_aside_total", "Messages that this node left to be sent again, being behind.", func(s *scrape) uint64 { return s.group.Dropped }),
	gauge("in_flight_bytes", "Bytes of this node's clients' commands on their way into the log.", func(s *scrape) float64 { return float64(s.group.BytesInFlight) }),
	gauge("unstored_writes", "Writes that wait for the journal.", func(s *scrape) float64 { return float64(s.group.Unstored) }),
	counter("trace_spans_sent_total", "Spans of traces that the collector of --otlp-endpoint has taken.", func(s *scrape) uint64 { return s.spans.Sent }),
	counter("trace_spans_dropped_total", "Spans of traces that were lost: their queue was full, or the collector did not take them.", func(s *scrape) uint64 { return s.spans.Dropped }),
	gauge("unapplied_slots", "Chosen slots that wait to be applied.", func(s *scrape) float64 { return float64(s.group.Unapplied) }),
}

// peerMetrics are about the links to other nodes.
var peerMetrics = []metric{
	byPeer(prometheus.GaugeValue, "peer_up", "1 if there is a link to the node.", func(l *peer.LinkStatus) float64 { return flagValue(l.Connected) }),
	byPeer(prometheus.GaugeValue, "peer_round_trip_seconds", "What the newest ping took; 0: there was none.", func(l *peer.LinkStatus) float64 { return l.RoundTrip.Seconds() }),
	byPeer(prometheus.CounterValue, "peer_links_total", "Links made to the node, renewals included.", func(l *peer.LinkStatus) float64 { return float64(l.Links) }),
	byPeer(prometheus.CounterValue, "peer_sent_bytes_total", "Bytes sent to the node.", func(l *peer.LinkStatus) float64 { return float64(l.BytesSent) }),
	byPeer(prometheus.CounterValue, "peer_received_bytes_total", "Bytes received from the node.", func(l *peer.LinkStatus) float64 { return float64(l.BytesReceived) }),
	byPeer(prometheus.CounterValue, "peer_sent_messages_total", "Messages sent to the node.", func(l *peer.LinkStatus) float64 { return float64(l.MessagesSent) }),
	byPeer(prometheus.CounterValue, "peer_received_messages_total", "Messages received from the node.", func(l *peer.LinkStatus) float64 { return float64(l.MessagesReceived) }),
	byPeer(prometheus.CounterValue, "peer_dropped_messages_total", "Messages to the node that were dropped: its queue was full, or there was no link.", func(l *peer.LinkStatus) float64 {
		return float64(l.Overflowed + l.Unlinked + l.Unsendable)
	}),
	byPeer(prometheus.GaugeValue, "peer_queued_bytes", "Bytes that wait to be sent to the node.", func(l *peer.LinkStatus) float64 { return float64(l.QueuedBytes) }),
}

// clientMetrics are about clients and what they ask for.
var clientMetrics = []metric{
	byCommand("commands_total", "Calls of each command.", func(c *resp.CommandFigures) uint64 { return c.Calls }),
	byCommand("commands_failed_total", "Calls that were answered with an error as they ran.", func(c *resp.CommandFigures) uint64 { return c.Failed }),
	byCommand("commands_rejected_total", "Calls that were refused before they ran.", func(c *resp.CommandFigures) uint64 { return c.Rejected }),
	durationByCommand("command_duration_seconds", "How long each command took to run, without what it waited for.", coarseSeconds,
		func(c *resp.CommandFigures) *replication.HistogramCounts { return &c.Latency }),
	durationByCommand("command_wait_seconds", "How long clients waited for each command's reply: from when it had come whole until the reply was handed to the socket.", waitSeconds,
		func(c *resp.CommandFigures) *replication.HistogramCounts { return &c.Wait }),
	{name: "errors_total", help: "Error replies by their code; other: by those that only a script can make up.", kind: prometheus.CounterValue, labels: []string{"code"}, read: errorCodes},
	gauge("connections", "Connections of clients.", func(s *scrape) float64 { return float64(s.info.Clients.Connected) }),
	gauge("connections_max", "The most there may be.", func(s *scrape) float64 { return float64(s.info.Clients.MaxClients) }),
	gauge("blocked_clients", "Clients that wait for what others do.", func(s *scrape) float64 { return float64(s.info.Clients.Blocked) }),
	counter("connections_accepted_total", "Connections that were taken.", func(s *scrape) uint64 { return s.clients.Connections }),
	counter("connections_rejected_total", "Connections that were turned away.", func(s *scrape) uint64 { return s.clients.Rejected }),
	counter("client_input_bytes_total", "Bytes received from clients.", func(s *scrape) uint64 { return s.clients.InputBytes }),
	counter("client_output_bytes_total", "Bytes sent to clients.", func(s *scrape) uint64 { return s.clients.OutputBytes }),
}

// stateMetrics are about what the node holds, in memory and on disk.
var stateMetrics = []metric{
	byDatabase("keys", "Keys of each database that has any.", func(k *resp.KeyspaceInfo) int { return k.Keys }),
	byDatabase("expiring_keys", "Those of them that have a deadline.", func(k *resp.KeyspaceInfo) int { return k.Expires }),
	gauge("tombstones", "Versions of removed keys that are remembered.", func(s *scrape) float64 { return float64(s.info.Stats.Tombstones) }),
	counter("keyspace_hits_total", "Reads of keys that were there.", func(s *scrape) uint64 { return s.clients.Hits }),
	counter("keyspace_misses_total", "Reads of keys that were not.", func(s *scrape) uint64 { return s.clients.Misses }),
	counter("expired_keys_total", "Keys that were removed by their deadline, since the cluster began.", func(s *scrape) uint64 { return s.clients.Expired }),
	counter("expired_fields_total", "Fields of hashes that were, likewise.", func(s *scrape) uint64 { return s.clients.ExpiredFields }),
	counter("evicted_keys_total", "Keys that were evicted.", func(s *scrape) uint64 { return s.clients.Evicted }),
	gauge("memory_used_bytes", "Memory of keys and values, and of Go's heap.", func(s *scrape) float64 { return float64(s.info.Memory.Used) }),
	gauge("memory_dataset_bytes", "Memory of keys and values.", func(s *scrape) float64 { return float64(s.info.Memory.Dataset) }),
	gauge("memory_mapped_bytes", "Memory taken from the system for keys and values.", func(s *scrape) float64 { return float64(s.info.Memory.Mapped) }),
	gauge("memory_max_bytes", "maxmemory; 0: no limit.", func(s *scrape) float64 { return float64(s.info.Memory.Most) }),
	gauge("memory_system_bytes", "Memory of the machine.", func(s *scrape) float64 { return float64(s.info.Memory.System) }),
	gauge("memory_watermark_bytes", "Memory in use from which on commands that may take more are refused; 0: it is not watched.", func(s *scrape) float64 { return float64(s.pressure().Watermark) }),
	gauge("memory_watermark_used_bytes", "Memory in use of the container or the machine, as it is compared with that.", func(s *scrape) float64 { return float64(s.pressure().Used) }),
	gauge("memory_watermark_limit_bytes", "Memory that the container or the machine has.", func(s *scrape) float64 { return float64(s.pressure().Limit) }),
	gauge("memory_watermark_reached", "1 while commands that may take more memory are refused, since it is nearly full.", func(s *scrape) float64 { return flagValue(s.pressure().Refusal != "") }),
	gauge("disk_free_bytes", "Free space where this node's data is; absent if that cannot be told.", func(s *scrape) float64 { return float64(s.freeDisk) }),
	gauge("writes_refused", "1 while writes are refused, since the disk is nearly full.", func(s *scrape) float64 { return flagValue(s.info.Persistence.WritesRefused) }),
	gauge("data_encrypted", "1 if the data directory is encrypted.", func(s *scrape) float64 { return flagValue(s.info.Persistence.Encrypted) }),
	gauge("journal_bytes", "Growth of the journal since the newest checkpoint.", func(s *scrape) float64 { return float64(s.checkpoint.JournalBytes) }),
	gauge("checkpoint_slot", "The slot of the newest checkpoint; 0: there is none.", func(s *scrape) float64 { return float64(s.checkpoint.Slot) }),
	gauge("checkpoint_records", "Records of the newest checkpoint.", func(s *scrape) float64 { return float64(s.checkpoint.Records) }),
	gauge("checkpoint_duration_seconds", "How long the newest checkpoint took; 0: an earlier boot, or another node, took it.", func(s *scrape) float64 { return s.checkpoint.Took.Seconds() }),
	gauge("checkpoint_timestamp_seconds", "When the newest checkpoint was decided on, in Unix time; 0: that is not known.", func(s *scrape) float64 {
		if s.checkpoint.At.IsZero() {
			return 0
		}
		return float64(s.checkpoint.At.UnixMilli()) / 1000
	}),
	gauge("checkpoint_running", "1 while a checkpoint is written.", func(s *scrape) float64 { return flagValue(s.checkpoint.Running != 0) }),
	gauge("checkpoint_fetching", "1 while a checkpoint of another node is fetched.", func(s *scrape) float64 { return flagValue(s.checkpoint.Fetching != 0) }),
	counter("checkpoints_total", "Checkpoints that this node has taken.", func(s *scrape) uint64 { return s.figures.Checkpoints }),
	counter("checkpoints_skipped_total", "Checkpoints that this node has not taken.", func(s *scrape) uint64 { return s.checkpoint.Skipped }),
}

// pressure is what the watch of memory has found; nothing if nobody looks, or has not yet.
func (s *scrape) pressure() resp.MemoryPressure {
	if p := s.info.Memory.Pressure; p != nil {
		return *p
	}
	return resp.MemoryPressure{}
}

// knownCode is what an error code of the program, or of Redis, looks like.
var knownCode = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,30}$`)

// errorCodes has a sample for each code, and one for all that scripts have made up, which may be any bytes.
func errorCodes(s *scrape) []sample {
	samples, other := []sample{}, uint64(0)
	for _, e := range s.clients.Errors {
		if knownCode.MatchString(e.Code) {
			samples = append(samples, sample{value: float64(e.Count), labels: []string{e.Code}})
		} else {
			other += e.Count
		}
	}
	return append(samples, sample{value: float64(other), labels: []string{"other"}})
}

// roles has a sample for each role, so that the series of a former one goes to 0.
func roles(s *scrape) []sample {
	var samples []sample
	for _, r := range []paxos.Role{paxos.RoleFollower, paxos.RoleCandidate, paxos.RoleLeader, paxos.RoleLearner, paxos.RoleRemoved} {
		samples = append(samples, sample{value: flagValue(s.group.Role == r), labels: []string{r.String()}})
	}
	return samples
}

// infoLabels are those of paxredis_info.
var infoLabels = []string{"version", "redis_version", "id", "cluster"}

func (s *scrape) infoValues(version, cluster string) []string {
	return []string{version, s.info.Server.RedisVersion, strconv.FormatUint(uint64(s.group.Self), 10), cluster}
}
