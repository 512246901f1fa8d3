package resp

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// maxSlowlogLength bounds slowlog-max-len: an entry can take a few KiB.
const maxSlowlogLength = 1 << 20

// table returns the parameters, sorted by name.
func (s *Settings) table(from SettingsSource) []parameter {
	host, port := splitListen(from.Listen)
	limits := from.Limits
	rows := []parameter{
		// What can change while the server runs.
		{name: "slowlog-log-slower-than", variable: &s.slowerMicros, least: -1, most: math.MaxInt64},
		{name: "slowlog-max-len", variable: &s.slowlogLen, least: 0, most: maxSlowlogLength},
		{name: "maxclients", variable: &s.mostClients, least: 1, most: mostArgs},

		// How the server was started.
		{name: "bind", fixed: host},
		{name: "port", fixed: port},
		{name: "dir", fixed: from.Dir},
		{name: "tcp-keepalive", fixed: strconv.Itoa(int(from.KeepAlive / time.Second))},
		{name: "databases", fixed: strconv.Itoa(statemachine.Databases), immutable: true},
		{name: "proto-max-bulk-len", fixed: strconv.FormatInt(limits.MaxCommandBytes, 10)},
		{name: "client-query-buffer-limit", fixed: strconv.FormatInt(limits.QueryBuffer, 10)},
		{name: "client-output-buffer-limit", fixed: outputLimits(limits)},

		// Durability is the log's: every acknowledged write is synced on a majority, as with an append-only file that
		// is synced always. There are no RDB files.
		{name: "appendonly", fixed: "yes"},
		{name: "appendfsync", fixed: "always"},
		{name: "no-appendfsync-on-rewrite", fixed: "no"},
		{name: "save", fixed: ""},
		{name: "stop-writes-on-bgsave-error", fixed: "yes"},

		// What there is not.
		{name: "maxmemory", fixed: "0"},
		{name: "maxmemory-policy", fixed: "noeviction"},
		{name: "maxmemory-clients", fixed: "0"},
		{name: "timeout", fixed: "0"},
		{name: "notify-keyspace-events"}, // see hub
		{name: "tracking-table-max-keys", fixed: strconv.Itoa(limits.TrackedKeys)},
		{name: "latency-monitor-threshold", fixed: "0"},
		{name: "latency-tracking", fixed: "no"},
		{name: "requirepass", fixed: ""},
		{name: "masterauth", fixed: ""},
		{name: "aclfile", fixed: "", immutable: true},
		{name: "protected-mode", fixed: "no"},
		{name: "unixsocket", fixed: "", immutable: true},
		{name: "tls-port", fixed: "0"},
		{name: "cluster-enabled", fixed: "no", immutable: true},
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
	slices.SortFunc(rows, func(a, b parameter) int { return cmp.Compare(a.name, b.name) })
	return rows
}

// outputLimits is client-output-buffer-limit: a hard limit for all clients, and one of their own, also a soft one, for subscribers.
func outputLimits(l Limits) string {
	return fmt.Sprintf("normal %d 0 0 slave %d 0 0 pubsub %d %d %d", l.OutputBuffer, l.OutputBuffer,
		l.PubsubBuffer, l.PubsubSoftBuffer, int(l.PubsubSoftTime/time.Second))
}
