package resp

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// maxSlowlogLength bounds slowlog-max-len: an entry can take a few KiB.
const maxSlowlogLength = 1 << 20

// The default of maxmemory-samples and, as in Redis, its bound: more would hold commands up.
const (
	defaultEvictionSamples = 5
	MaxEvictionSamples     = 64
)

// The defaults of lfu-log-factor and, in minutes, of lfu-decay-time.
const (
	defaultLFULogFactor    = 10
	defaultLFUDecayMinutes = 1
)

// maxMonitorMillis bounds latency-monitor-threshold: it can be told as a duration.
const maxMonitorMillis = math.MaxInt64 / int64(time.Millisecond)

// defaultDenialsKept is the default of acllog-max-len.
const defaultDenialsKept = 128

// The parameters that are bound when a server is made: what they say is the hub's, and the logger's.
const (
	notifyParameter   = "notify-keyspace-events"
	logLevelParameter = "loglevel"
)

// defaultKeepAlive finds clients that are gone without a word, in Redis's default time; in seconds.
const defaultKeepAlive = 300

// table returns the parameters, sorted by name.
func (s *Settings) table(from SettingsSource) []parameter {
	host, port := splitListen(from.Listen)
	limits := from.Limits
	rows := []parameter{
		// What can change while the server runs.
		{name: "slowlog-log-slower-than", setting: integer{value: &s.slowerMicros, least: -1, most: math.MaxInt64}},
		{name: "slowlog-max-len", setting: integer{value: &s.slowlogLen, least: 0, most: maxSlowlogLength}},
		{name: "maxclients", setting: integer{value: &s.mostClients, least: 1, most: mostArgs}},
		{name: "maxmemory", shared: true, setting: memorySize{&s.maxMemory, s.setMemory}},
		{name: "maxmemory-policy", shared: true, setting: evictionSetting{&s.eviction, s.setMemory}},
		{name: "maxmemory-samples", shared: true, setting: integer{value: &s.evictionSamples, least: 1, most: MaxEvictionSamples}},
		{name: "lfu-log-factor", shared: true, setting: integer{value: &s.lfuLogFactor, least: 0, most: math.MaxInt32, changed: s.setMemory}},
		{name: "lfu-decay-time", shared: true, setting: integer{value: &s.lfuDecayMinutes, least: 0, most: math.MaxInt32, changed: s.setMemory}},
		{name: "client-output-buffer-limit", setting: outputBuffers{&s.outputBytes, &s.pubsub}},
		{name: "client-query-buffer-limit", setting: clientBound{&s.queryBytes, func() Limits { return limits }, Limits.LeastQueryBuffer, Limits.defaultQueryBuffer}},
		{name: "maxmemory-clients", setting: clientBound{&s.allClientsBytes, func() Limits { return s.current(limits) }, Limits.LeastClientMemory, Limits.defaultClientMemory}},
		{name: "timeout", setting: integer{value: &s.timeoutSeconds, least: 0, most: math.MaxInt32, changed: s.setTimeout}},
		{name: "tcp-keepalive", setting: integer{value: &s.keepAliveSeconds, least: 0, most: math.MaxInt32}},
		{name: "latency-monitor-threshold", setting: integer{value: &s.monitorMillis, least: 0, most: maxMonitorMillis}},
		{name: "protected-mode", setting: yesOrNo{&s.protected}},
		{name: "acllog-max-len", setting: integer{value: &s.denialsKept, least: 0, most: maxSlowlogLength}},
		{name: "latency-tracking", setting: yesOrNo{&s.tracking}},
		{name: "latency-tracking-info-percentiles", setting: percentiles{&s.percentiles}},

		// How the server was started.
		{name: "bind", fixed: host},
		{name: "port", fixed: port},
		{name: "unixsocket", fixed: from.UnixSocket, immutable: true},
		{name: "unixsocketperm", fixed: strconv.FormatUint(uint64(from.UnixSocketMode.Perm()), 8), immutable: true},
		{name: "dir", fixed: from.Dir},
		{name: "databases", fixed: strconv.Itoa(statemachine.Databases), immutable: true},
		{name: "proto-max-bulk-len", fixed: strconv.FormatInt(limits.MaxCommandBytes, 10)},

		// Durability is the log's: every acknowledged write is synced on a majority, as with an append-only file that
		// is synced always. There are no RDB files.
		{name: "appendonly", fixed: "yes"},
		{name: "appendfsync", fixed: "always"},
		{name: "no-appendfsync-on-rewrite", fixed: "no"},
		{name: "save", fixed: ""},
		{name: "stop-writes-on-bgsave-error", fixed: "yes"},
		{name: "rdbcompression", fixed: "no"}, // a checkpoint's values are as they are in memory
		{name: "rdbchecksum", fixed: "yes", immutable: true},

		// A script ends by itself, and nobody is told meanwhile that the server is busy, which is what 0 says.
		{name: "lua-time-limit", fixed: "0"},
		{name: "busy-reply-threshold", fixed: "0"},

		{name: notifyParameter, shared: true, bound: true},
		{name: logLevelParameter, fixed: "notice", bound: true}, // fixed without Config.LogLevel
		{name: "tracking-table-max-keys", fixed: strconv.Itoa(limits.TrackedKeys)},
		{name: "requirepass", fixed: "", immutable: true}, // but see configSet; it is never shown
		{name: "acl-pubsub-default", fixed: "resetchannels"},
		{name: "cluster-enabled", fixed: yesNo(from.Cluster), immutable: true},
	}
	rows = append(rows, foreignParameters()...)
	rows = append(rows, tlsParameters(from.TLS)...)
	rows = append(rows, encodingParameters()...)
	slices.SortFunc(rows, func(a, b parameter) int { return cmp.Compare(a.name, b.name) })
	return rows
}

// foreignParameters are of what there is not here, for those who ask.
func foreignParameters() []parameter {
	return []parameter{
		{name: "masterauth", fixed: ""},
		{name: "aclfile", fixed: "", immutable: true},
		{name: "cluster-require-full-coverage", fixed: "yes"},
		{name: "cluster-allow-reads-when-down", fixed: "no"},
		{name: "replicaof", fixed: "", immutable: true},
		{name: "slaveof", fixed: "", immutable: true},
		{name: "replica-read-only", fixed: "no"},
		{name: "slave-read-only", fixed: "no"},
		{name: "min-replicas-to-write", fixed: "0"},
		{name: "activedefrag", fixed: "no"},
		{name: "io-threads", fixed: "1", immutable: true},
		{name: "daemonize", fixed: "no", immutable: true},
		{name: "supervised", fixed: "no", immutable: true},
		{name: "lazyfree-lazy-expire", fixed: "no"},
		{name: "lazyfree-lazy-eviction", fixed: "no"},
		{name: "lazyfree-lazy-server-del", fixed: "no"},
		{name: "lazyfree-lazy-user-del", fixed: "no"},
		{name: "lazyfree-lazy-user-flush", fixed: "no"},
		{name: "enable-debug-command", fixed: "yes", immutable: true},
	}
}

// tlsParameters are how TLS was set up. The files are read again when they change; other files need a restart.
func tlsParameters(t TLSConfig) []parameter {
	port, user := "0", "off"
	if t.Listen != "" {
		_, port = splitListen(t.Listen)
	}
	if t.UserFromName {
		user = "CN"
	}
	return []parameter{
		{name: "tls-port", fixed: port},
		{name: "tls-cert-file", fixed: t.CertFile},
		{name: "tls-key-file", fixed: t.KeyFile},
		{name: "tls-ca-cert-file", fixed: t.CAFile},
		{name: "tls-auth-clients", fixed: t.Clients.String()},
		{name: "tls-auth-clients-user", fixed: user},
		{name: "tls-protocols", fixed: "TLSv1.2 TLSv1.3"},
		{name: "tls-session-caching", fixed: "no"},
		{name: "tls-replication", fixed: "no"}, // links between nodes are always encrypted, in a way of their own
		{name: "tls-cluster", fixed: "no"},
	}
}

// encodingParameters decide what OBJECT ENCODING says, which must be the same on all nodes: they are Redis 7.2's defaults, for
// good.
func encodingParameters() []parameter {
	return []parameter{
		{name: "hash-max-listpack-entries", fixed: "512"},
		{name: "hash-max-ziplist-entries", fixed: "512"},
		{name: "hash-max-listpack-value", fixed: "64"},
		{name: "hash-max-ziplist-value", fixed: "64"},
		{name: "list-max-listpack-size", fixed: "-2"},
		{name: "list-max-ziplist-size", fixed: "-2"},
		{name: "list-compress-depth", fixed: "0"},
		{name: "set-max-intset-entries", fixed: "512"},
		{name: "set-max-listpack-entries", fixed: "128"},
		{name: "set-max-listpack-value", fixed: "64"},
		{name: "zset-max-listpack-entries", fixed: "128"},
		{name: "zset-max-ziplist-entries", fixed: "128"},
		{name: "zset-max-listpack-value", fixed: "64"},
		{name: "zset-max-ziplist-value", fixed: "64"},
		{name: "hll-sparse-max-bytes", fixed: "3000"},
		{name: "stream-node-max-bytes", fixed: "4096"},
		{name: "stream-node-max-entries", fixed: "100"},
	}
}
