package main

import (
	"flag"
	"math"
	"net"
	"strings"
	"time"

	"github.com/paxredis/paxredis/cmd/paxredis/tracing"
	"github.com/paxredis/paxredis/resp"
	"github.com/paxredis/paxredis/statemachine"
)

// The groups, in the order of the help.
const (
	groupNode        group = "This node"
	groupPeers       group = "The other nodes"
	groupReplication group = "Replication and reads"
	groupStorage     group = "Journal, checkpoints and catching up"
	groupClients     group = "Clients"
	groupEndpoints   group = "TLS and Unix sockets for clients"
	groupMemory      group = "Memory of keys and values"
	groupListeners   group = "Pub/Sub, keyspace events and client-side caching"
	groupWatching    group = "Logs and latencies"
)

// unbounded is the last value of a field that has none.
const unbounded = math.MinInt

// options is the table, by groups. It is a function, not a variable: nothing can change it.
func options() []option {
	var all []option
	for _, rows := range [][]option{nodeOptions(), peerOptions(), replicationOptions(), storageOptions(), clientOptions(), endpointOptions(), memoryOptions(),
		listenerOptions(), watchingOptions()} {
		all = append(all, rows...)
	}
	return all
}

func nodeOptions() []option {
	return []option{
		{name: "id", group: groupNode, sample: "1", field: custom(func(c *Config) flag.Value { return (*idValue)(&c.ID) }),
			help: "this node's `number` in the cluster (default: what the data directory says; a new one gets the next free number with --join, and 1 as a single node)"},
		{name: "data-dir", group: groupNode,
			field: text(func(c *Config) *string { return &c.DataDir }).must("must name a directory", func(c *Config) bool { return c.DataDir != "" }),
			help:  "`directory` of this node's data; one that is in use already knows its node and its cluster, without --id, --peers or --join"},
		{name: "config", group: groupNode, place: notInFile, field: text(func(c *Config) *string { return &c.File }),
			help: "`file` with lines \"name value\", the names as here without --"},
		{name: "check-config", group: groupNode, place: commandLineOnly, field: toggle(func(c *Config) *bool { return &c.CheckConfig }),
			help: "say what is wrong with flags, environment and file, and with the files that they name, and end; nothing is started, and no data is touched"},
	}
}

func peerOptions() []option {
	return []option{
		{name: "peer-listen", group: groupPeers, sample: "10.0.0.1:7379",
			field: text(func(c *Config) *string { return &c.PeerListen }).must("must be host:port", func(c *Config) bool { return c.PeerListen == "" || isHostPort(c.PeerListen) }),
			help:  "`host:port` for the other nodes (default: this node's address as a member, or " + defaultPeerListen + "); a node without a cluster key has no peers and does not listen"},
		{name: "peer-advertise", group: groupPeers, sample: "node-1.example.net:7379", field: text(func(c *Config) *string { return &c.PeerAdvertise }),
			help: "`host:port` at which the other nodes reach this one, written down when it joins or begins as a single node (default: --peer-listen); beside --peers: which of them this node is"},
		{name: "http-listen", group: groupPeers, sample: "127.0.0.1:8379",
			field: text(func(c *Config) *string { return &c.HTTPListen }).must("must be host:port", func(c *Config) bool { return c.HTTPListen == "" || isHostPort(c.HTTPListen) }),
			help:  "`host:port` of an HTTP server with /healthz, /readyz, /status, /cluster and /metrics, without passwords: for a network of operators only (default: none)"},
		{name: "peers", group: groupPeers, sample: "1=10.0.0.1:7379,2=10.0.0.2:7379,3=10.0.0.3:7379", shared: true, field: custom(func(c *Config) flag.Value { return &c.Peers }),
			help: "for a new directory: the first voters, this node included, the same `list` on every node: 1=host:port,2=host:port,... (one that begins alone names itself only; without --peers, --join and a cluster key: a single node, which can be given a key later, and grow)"},
		{name: "join", group: groupPeers, sample: "10.0.0.1:7379,10.0.0.2:7379", field: custom(func(c *Config) flag.Value { return &c.Join }),
			help: "for a new directory: become a member of the running cluster that has a member at one of these peer `addresses`: host:port[,host:port...]"},
		{name: "cluster-key-file", group: groupPeers, sample: "/etc/paxredis/cluster.key", shared: true, field: text(func(c *Config) *string { return &c.ClusterKeyFile }),
			help: "`file` with the cluster key (see paxredis keygen), and in further lines others that are accepted while keys are exchanged; it is read again on SIGHUP; or the key itself in the environment as " + keyVariable},
		{name: "insecure-peers", group: groupPeers, shared: true, field: toggle(func(c *Config) *bool { return &c.InsecurePeers }),
			help: "run several nodes without a cluster key: whoever reaches the peer port can read and write everything"},
	}
}

func replicationOptions() []option {
	return []option{
		{name: "read-mode", group: groupReplication, field: custom(func(c *Config) flag.Value { return &c.ReadMode }),
			help: "`mode` of reads: quorum (linearizable by a round trip), lease (linearizable by bounded clock drift) or stale"},
		{name: "commit-timeout", group: groupReplication, field: duration(func(c *Config) *time.Duration { return &c.CommitTimeout }, 100*time.Millisecond, time.Hour),
			help: "`time` after which a command without a majority is answered with an error"},
		{name: "heartbeat", group: groupReplication, shared: true, field: custom(func(c *Config) flag.Value { return (*durationValue)(&c.Limits.Heartbeat) }),
			help: "`time` between two heartbeats of the leader"},
		{name: "lease", group: groupReplication, shared: true, field: custom(func(c *Config) flag.Value { return (*durationValue)(&c.Limits.Lease) }),
			help: "`time` for which a follower grants the leader its leadership"},
		{name: "election-timeout-min", group: groupReplication, shared: true, field: custom(func(c *Config) flag.Value { return (*durationValue)(&c.Limits.ElectionMin) }),
			help: "least `time` without a leader before a node stands for leader"},
		{name: "election-timeout-max", group: groupReplication, shared: true, field: custom(func(c *Config) flag.Value { return (*durationValue)(&c.Limits.ElectionMax) }),
			help: "longest such `time`"},
		{name: "tombstone-retention", group: groupReplication, shared: true, field: duration(func(c *Config) *time.Duration { return &c.TombstoneRetention }, time.Millisecond, unbounded),
			help: "`time` for which the version of a removed key is remembered; that of the leader counts"},
	}
}

func storageOptions() []option {
	return []option{
		{name: "data-key-file", group: groupStorage, sample: "/etc/paxredis/data.key", field: text(func(c *Config) *string { return &c.DataKeyFile }),
			help: "`file` with the data key (see paxredis keygen): a new data directory is encrypted with it, and one that is encrypted needs it; the keys of further lines open a directory, too, which is then the first one's; or the key itself in the environment as " + dataKeyVariable},
		{name: "journal-segment-bytes", group: groupStorage, field: size(func(c *Config) *byteSize { return &c.JournalSegment }, 1<<20, 1<<30),
			help: "`size` of one journal file"},
		{name: "checkpoint-journal-bytes", group: groupStorage, field: size(func(c *Config) *byteSize { return &c.CheckpointJournal }, 1<<20, 16<<30),
			help: "a checkpoint is taken when the journal has grown by so many `bytes`; about twice as many of the log are kept, and read at a start"},
		{name: "checkpoint-interval", group: groupStorage, field: duration(func(c *Config) *time.Duration { return &c.CheckpointInterval }, time.Second, 24*time.Hour),
			help: "`time` after which one is taken even so, if anything has changed"},
		{name: "catch-up-bytes-per-second", group: groupStorage, field: size(func(c *Config) *byteSize { return &c.CatchUpRate }, 64<<10, 16<<30),
			help: "most `bytes` a second at which this node fetches another one's checkpoint"},
		{name: "catch-up-journal-bytes", group: groupStorage, field: size(func(c *Config) *byteSize { return &c.CatchUpJournal }, 1<<20, 1<<40),
			help: "most `bytes` of the log that this node keeps, beyond the usual, for another one that fetches its checkpoint and needs what is written meanwhile"},
		{name: "min-free-disk", group: groupStorage, field: size(func(c *Config) *byteSize { return &c.MinFreeDisk }, 0, unbounded),
			help: "free `bytes` of the disk below which this node refuses writes (MISCONF) and hands leadership over; 0: it does not look"},
	}
}

func clientOptions() []option {
	return []option{
		{name: "listen", group: groupClients, field: custom(func(c *Config) flag.Value { return (*listenValue)(&c.Listen) }).must("must be host:port, or off", func(c *Config) bool { return c.Listen == "" || isHostPort(c.Listen) }),
			help: "`host:port` for clients without TLS; off: there is none"},
		{name: "advertise", group: groupClients, sample: "node-1.example.net:6379", field: text(func(c *Config) *string { return &c.Advertise }),
			help: "`host:port` at which clients reach this node, for --cluster-mode; a host that is left out is the one at which the other nodes reach it (default: --listen)"},
		{name: "cluster-mode", group: groupClients, shared: true, field: toggle(func(c *Config) *bool { return &c.ClusterMode }),
			help: "speak to Redis Cluster clients: CLUSTER and HELLO show the members as a cluster of one shard; the same on every node"},
		{name: "event-loops", group: groupClients, field: number(func(c *Config) *int { return &c.EventLoops }, 0, 256),
			help: "event loops for clients, a `number`; 0: one for four CPUs, 1 to 8"},
		{name: "maxclients", group: groupClients, parameter: "maxclients", field: number(func(c *Config) *int { return &c.MaxClients }, 1, unbounded),
			help: "most client connections at once, a `number`"},
		{name: "max-command-bytes", group: groupClients, shared: true, field: size(func(c *Config) *byteSize { return &c.MaxCommandBytes }, 1<<10, 512<<20),
			help: "most `bytes` in all arguments of one command, up to 512MiB"},
		{name: "client-output-limit", group: groupClients, parameter: "client-output-buffer-limit", field: size(func(c *Config) *byteSize { return &c.ClientOutputLimit }, 1<<20, unbounded),
			help: "`bytes` of replies owed to a client at which it is disconnected; one that leaves a quarter of that unread is not asked for more commands"},
		{name: "client-query-buffer-limit", group: groupClients, parameter: "client-query-buffer-limit", field: size(func(c *Config) *byteSize { return &c.ClientQueryLimit }, 0, unbounded),
			help: "`bytes` of a client's input that is not complete at which it is disconnected; 0: what the largest command takes, and 1MiB"},
		{name: "maxmemory-clients", group: groupClients, parameter: "maxmemory-clients", field: size(func(c *Config) *byteSize { return &c.MaxMemoryClients }, 0, unbounded),
			help: "`bytes` that all clients together may make the node keep, of replies that are not read and requests that are not complete; from a quarter of that on those who do not read are served less, and beyond it the one that takes most is disconnected; 0: 1GiB, or what one client may take if that is more"},
		{name: "requirepass", group: groupClients, shared: true, sample: "a-long-password", field: text(func(c *Config) *string { return &c.RequirePass }),
			help: "`password` of the default user on this node, as long as the cluster has not decided anything of that user (ACL SETUSER default, CONFIG SET requirepass); better in the environment or the file, since a command line can be read by every user of the machine"},
		{name: "protected-mode", group: groupClients, parameter: "protected-mode", field: custom(func(c *Config) flag.Value { return &c.ProtectedMode }),
			help: "`yes` or no: refuse clients that are not on this machine while the default user needs no password"},
		parameter("acllog-max-len", groupClients, "how many refusals ACL LOG keeps, a `number`"),
		parameter("timeout", groupClients, "`seconds` without a command after which a client is disconnected; 0: never"),
		parameter("tcp-keepalive", groupClients, "`seconds` without a word from a client after which it is asked whether it is there; 0: it is not asked"),
	}
}

// memoryOptions are those of what keys and values may take.
func memoryOptions() []option {
	return []option{
		{name: "maxmemory", group: groupMemory, shared: true, parameter: "maxmemory", field: size(func(c *Config) *byteSize { return &c.MaxMemory }, 0, unbounded),
			help: "`bytes` of keys and values beyond which keys are evicted, or this node refuses its clients' commands that may take more (OOM); 0: no limit; the same on every node"},
		{name: "memory-watermark", group: groupMemory, field: custom(func(c *Config) flag.Value { return &c.MemoryWatermark }),
			help: "`amount` of the container's or the machine's memory in use, as 90% or in bytes, from which on this node refuses its clients' commands that may take more (OOM) and hands leadership over; off: it does not look"},
		{name: "maxmemory-policy", group: groupMemory, shared: true, parameter: "maxmemory-policy",
			field: text(func(c *Config) *string { return &c.MaxMemoryPolicy }).must("must be one of "+policyNames(), func(c *Config) bool {
				_, ok := statemachine.ParseEvictionPolicy(c.MaxMemoryPolicy)
				return ok
			}),
			help: "which keys are evicted then, that of the leader counts: `name` of " + policyNames()},
		{name: "maxmemory-samples", group: groupMemory, shared: true, parameter: "maxmemory-samples", field: number(func(c *Config) *int { return &c.MaxMemorySamples }, 1, resp.MaxEvictionSamples),
			help: "`number` of keys of each database of which the one to be evicted is chosen"},
		shared(parameter("lfu-log-factor", groupMemory, "how fast a key's counter of accesses grows under the LFU policies: a `number`; the larger, the slower")),
		shared(parameter("lfu-decay-time", groupMemory, "`minutes` after which such a counter loses one; 0: never")),
	}
}

// listenerOptions are those of Pub/Sub, keyspace notifications and client-side caching.
func listenerOptions() []option {
	return []option{
		{name: "client-pubsub-limit", group: groupListeners, parameter: "client-output-buffer-limit", field: size(func(c *Config) *byteSize { return &c.PubsubLimit }, 1<<20, unbounded),
			help: "`bytes` of unread messages at which a subscriber is disconnected"},
		{name: "client-pubsub-soft-limit", group: groupListeners, parameter: "client-output-buffer-limit", field: size(func(c *Config) *byteSize { return &c.PubsubSoftLimit }, 1<<20, unbounded),
			help: "`bytes` of them at which it is disconnected, once that lasts --client-pubsub-soft-time; not above --client-pubsub-limit"},
		{name: "client-pubsub-soft-time", group: groupListeners, parameter: "client-output-buffer-limit", field: duration(func(c *Config) *time.Duration { return &c.PubsubSoftTime }, time.Second, 24*time.Hour),
			help: "`time` that a subscriber may be beyond the soft limit"},
		{name: "tracking-table-max-keys", group: groupListeners, field: number(func(c *Config) *int { return &c.TrackedKeys }, 1, unbounded),
			help: "most keys that this node remembers its clients to have cached, a `number`"},
		{name: "notify-keyspace-events", group: groupListeners, shared: true, parameter: "notify-keyspace-events", sample: "KEA",
			field: text(func(c *Config) *string { return &c.NotifyEvents }).must("must be letters of Ag$lshzxeKEtmdn", func(c *Config) bool { return resp.CheckEvents(c.NotifyEvents) == nil }),
			help:  "keyspace events that each node publishes to its own clients: `letters` as in Redis (empty: none)"},
	}
}

func watchingOptions() []option {
	return []option{
		{name: "log-level", group: groupWatching, parameter: "loglevel", field: custom(func(c *Config) flag.Value { return (*levelValue)(&c.LogLevel) }),
			help: "least `level` logged: debug, info, warn or error"},
		{name: "log-format", group: groupWatching, field: custom(func(c *Config) flag.Value { return &c.LogFormat }),
			help: "`format` of log lines: text or json"},
		parameter("slowlog-log-slower-than", groupWatching, "`microseconds` of run time from which on a command is in SLOWLOG; 0: every command, -1: none"),
		parameter("slowlog-max-len", groupWatching, "most entries that SLOWLOG keeps, a `number`"),
		parameter("latency-monitor-threshold", groupWatching, "`milliseconds` from which on an event is noted for LATENCY; 0: none is"),
		parameter("latency-tracking", groupWatching, "`yes` or no: whether the run times of commands are counted for INFO latencystats and LATENCY HISTOGRAM"),
		{name: "otlp-endpoint", group: groupWatching, sample: "http://127.0.0.1:4318",
			field: text(func(c *Config) *string { return &c.TraceEndpoint }).must("must be a URL as http://host:port or https://host:port, without user, password and query",
				func(c *Config) bool { return c.TraceEndpoint == "" || tracing.CheckEndpoint(c.TraceEndpoint) == nil }),
			help: "`URL` of an OpenTelemetry collector that takes OTLP over HTTP, to which traces of writes are sent; without a path it is /v1/traces (default: none are made)"},
		{name: "otlp-sample", group: groupWatching, field: custom(func(c *Config) flag.Value { return &c.TraceRatio }),
			help: "share of writes that are traced, drawn by chance: a `ratio` from 0 to 1"},
		{name: "otlp-slower-than", group: groupWatching, field: duration(func(c *Config) *time.Duration { return &c.TraceSlowerThan }, 0, time.Hour),
			help: "`time` from its hand-over to the log to its reply from which on a write is traced besides: one of those that were sent together; 0: none is"},
		parameter("latency-tracking-info-percentiles", groupWatching, "the `percentiles` that INFO latencystats shows, separated by blanks"),
	}
}

// parameter is an option that is a parameter of CONFIG SET under the same name and with the same values.
func parameter(name string, g group, help string) option {
	return option{name: name, group: g, parameter: name, help: help,
		field: custom(func(c *Config) flag.Value { return parameterValue{name, c.Parameters} })}
}

// shared marks an option as one that must be equal on all nodes.
func shared(o option) option {
	o.shared = true
	return o
}

func policyNames() string { return strings.Join(statemachine.EvictionPolicyNames(), ", ") }

func isHostPort(address string) bool {
	_, _, err := net.SplitHostPort(address)
	return err == nil
}
