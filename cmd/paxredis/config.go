package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
	"github.com/paxredis/paxredis/statemachine"
)

// defaultPeerListen is where a node listens for peers that nothing says another address of.
const defaultPeerListen = "127.0.0.1:7379"

// keyVariable holds the cluster key itself. It has no flag, since a command line can be read by every user of a machine.
const keyVariable = "PAXREDIS_CLUSTER_KEY"

// Config is what `paxredis server` can be told. Every field has one name, given as the flag --name, the environment
// variable PAXREDIS_NAME (upper case, - becomes _) or a line "name value" in the file of --config. A flag wins over the
// environment, and the environment over the file.
type Config struct {
	ID             uint // 0: the data directory's, or given by the cluster, or 1
	Listen         string
	Advertise      string // empty: Listen
	ClusterMode    bool
	PeerListen     string // empty: this node's address as a member
	PeerAdvertise  string // empty: PeerListen
	HTTPListen     string // empty: no HTTP server
	DataDir        string
	Peers          peerList    // the first voters of a new cluster
	Join           addressList // members of a running cluster; without both a new directory is a single node's
	ClusterKeyFile string
	ClusterKey     string // the text of PAXREDIS_CLUSTER_KEY
	InsecurePeers  bool

	ReadMode           readMode
	CommitTimeout      time.Duration
	Limits             paxos.Limits
	TombstoneRetention time.Duration
	MaxCommandBytes    byteSize
	MaxClients         int
	ClientOutputLimit  byteSize
	MaxMemory          byteSize // 0: no limit
	MaxMemoryPolicy    string
	MaxMemorySamples   int
	MaxMemoryClients   byteSize // 0: the default of resp.Limits
	PubsubLimit        byteSize
	PubsubSoftLimit    byteSize
	PubsubSoftTime     time.Duration
	TrackedKeys        int
	NotifyEvents       string
	JournalSegment     byteSize
	EventLoops         int

	CheckpointJournal  byteSize
	CheckpointInterval time.Duration
	CatchUpRate        byteSize // a second
	CatchUpJournal     byteSize
	MinFreeDisk        byteSize // 0: not watched

	LogLevel  slog.Level
	level     *slog.LevelVar // as it is now, once there is a logger
	LogFormat logFormat
	File      string
}

// defaultConfig is a working single node.
func defaultConfig() Config {
	return Config{
		Listen:             "127.0.0.1:6379",
		DataDir:            "./data",
		CommitTimeout:      10 * time.Second,
		Limits:             paxos.Limits{}.WithDefaults(),
		TombstoneRetention: 24 * time.Hour,
		MaxCommandBytes:    64 << 20,
		MaxClients:         10_000,
		MaxMemoryPolicy:    statemachine.NoEviction.String(),
		MaxMemorySamples:   5,
		ClientOutputLimit:  256 << 20,
		PubsubLimit:        32 << 20,
		PubsubSoftLimit:    8 << 20,
		PubsubSoftTime:     time.Minute,
		TrackedKeys:        1_000_000,
		JournalSegment:     64 << 20,
		CheckpointJournal:  64 << 20,
		CheckpointInterval: 5 * time.Minute,
		CatchUpRate:        8 << 20,
		CatchUpJournal:     1 << 30,
		MinFreeDisk:        512 << 20,
		LogFormat:          "text",
	}
}

// flags binds every field to its name. The values c holds already are the defaults.
func (c *Config) flags(fs *flag.FlagSet) {
	fs.UintVar(&c.ID, "id", c.ID, "this node's `number` in the cluster (default: what the data directory says; a new one gets the next free number with --join, and 1 as a single node)")
	fs.StringVar(&c.Listen, "listen", c.Listen, "`host:port` for clients")
	fs.StringVar(&c.Advertise, "advertise", c.Advertise, "`host:port` at which clients reach this node, for --cluster-mode; a host that is left out is the one at which the other nodes reach it (default: --listen)")
	fs.BoolVar(&c.ClusterMode, "cluster-mode", c.ClusterMode, "speak to Redis Cluster clients: CLUSTER and HELLO show the members as a cluster of one shard; the same on every node")
	fs.StringVar(&c.PeerListen, "peer-listen", c.PeerListen, "`host:port` for the other nodes (default: this node's address as a member, or "+defaultPeerListen+"); a node without a cluster key has no peers and does not listen")
	fs.StringVar(&c.PeerAdvertise, "peer-advertise", c.PeerAdvertise, "`host:port` at which the other nodes reach this one, written down when it joins or begins as a single node (default: --peer-listen)")
	fs.StringVar(&c.HTTPListen, "http-listen", c.HTTPListen, "`host:port` of an HTTP server with /healthz, /readyz, /status, /cluster and /metrics, without passwords: for a network of operators only (default: none)")
	fs.StringVar(&c.DataDir, "data-dir", c.DataDir, "`directory` of this node's data; one that is in use already knows its node and its cluster, without --id, --peers or --join")
	fs.Var(&c.Peers, "peers", "for a new directory: the first voters, this node included, the same `list` on every node: 1=host:port,2=host:port,... (one that begins alone names itself only; without --peers, --join and a cluster key: a single node, which can be given a key later, and grow)")
	fs.Var(&c.Join, "join", "for a new directory: become a member of the running cluster that has a member at one of these peer `addresses`: host:port[,host:port...]")
	fs.StringVar(&c.ClusterKeyFile, "cluster-key-file", c.ClusterKeyFile, "`file` with the cluster key (see paxredis keygen); or the key itself in the environment as "+keyVariable)
	fs.BoolVar(&c.InsecurePeers, "insecure-peers", c.InsecurePeers, "run several nodes without a cluster key: whoever reaches the peer port can read and write everything")

	fs.Var(&c.ReadMode, "read-mode", "`mode` of reads: quorum (linearizable by a round trip), lease (linearizable by bounded clock drift) or stale")
	fs.DurationVar(&c.CommitTimeout, "commit-timeout", c.CommitTimeout, "`time` after which a command without a majority is answered with an error")
	fs.DurationVar(&c.Limits.Heartbeat, "heartbeat", c.Limits.Heartbeat, "`time` between two heartbeats of the leader")
	fs.DurationVar(&c.Limits.Lease, "lease", c.Limits.Lease, "`time` for which a follower grants the leader its leadership")
	fs.DurationVar(&c.Limits.ElectionMin, "election-timeout-min", c.Limits.ElectionMin, "least `time` without a leader before a node stands for leader")
	fs.DurationVar(&c.Limits.ElectionMax, "election-timeout-max", c.Limits.ElectionMax, "longest such `time`")
	fs.DurationVar(&c.TombstoneRetention, "tombstone-retention", c.TombstoneRetention, "`time` for which the version of a removed key is remembered; that of the leader counts")
	fs.Var(&c.MaxCommandBytes, "max-command-bytes", "most `bytes` in all arguments of one command, up to 512MiB")
	fs.IntVar(&c.MaxClients, "maxclients", c.MaxClients, "most client connections at once")
	fs.Var(&c.ClientOutputLimit, "client-output-limit", "`bytes` of replies owed to a client at which it is disconnected; one that leaves a quarter of that unread is not asked for more commands")
	c.memoryFlags(fs)
	fs.Var(&c.MaxMemoryClients, "maxmemory-clients", "`bytes` that all clients together may make the node keep, of replies that are not read and requests that are not complete; from a quarter of that on those who do not read are served less, and beyond it the one that takes most is disconnected; 0: 1GiB, or what one client may take if that is more")
	c.listenerFlags(fs)
	fs.Var(&c.JournalSegment, "journal-segment-bytes", "`size` of one journal file")
	fs.IntVar(&c.EventLoops, "event-loops", c.EventLoops, "event loops for clients; 0: one for four CPUs, 1 to 8")

	fs.Var(&c.CheckpointJournal, "checkpoint-journal-bytes", "a checkpoint is taken when the journal has grown by so many `bytes`; about twice as many of the log are kept, and read at a start")
	fs.DurationVar(&c.CheckpointInterval, "checkpoint-interval", c.CheckpointInterval, "`time` after which one is taken even so, if anything has changed")
	fs.Var(&c.CatchUpRate, "catch-up-bytes-per-second", "most `bytes` a second at which this node fetches another one's checkpoint")
	fs.Var(&c.CatchUpJournal, "catch-up-journal-bytes", "most `bytes` of the log that this node keeps, beyond the usual, for another one that fetches its checkpoint and needs what is written meanwhile")
	fs.Var(&c.MinFreeDisk, "min-free-disk", "free `bytes` of the disk below which this node refuses writes (MISCONF) and hands leadership over; 0: it does not look")

	fs.TextVar(&c.LogLevel, "log-level", c.LogLevel, "least `level` logged: debug, info, warn or error")
	fs.Var(&c.LogFormat, "log-format", "`format` of log lines: text or json")
	fs.StringVar(&c.File, "config", c.File, "`file` with lines \"name value\", the names as here without --")
}

// memoryFlags are those of what keys and values may take. They can be changed by CONFIG SET.
func (c *Config) memoryFlags(fs *flag.FlagSet) {
	fs.Var(&c.MaxMemory, "maxmemory", "`bytes` of keys and values beyond which keys are evicted, or this node refuses its clients' commands that may take more (OOM); 0: no limit; the same on every node")
	fs.StringVar(&c.MaxMemoryPolicy, "maxmemory-policy", c.MaxMemoryPolicy, "which keys are evicted then, that of the leader counts: `name` of "+strings.Join(statemachine.EvictionPolicyNames(), ", "))
	fs.IntVar(&c.MaxMemorySamples, "maxmemory-samples", c.MaxMemorySamples, "`number` of keys of each database of which the one to be evicted is chosen")
}

// listenerFlags are those of Pub/Sub, keyspace notifications and client-side caching.
func (c *Config) listenerFlags(fs *flag.FlagSet) {
	fs.Var(&c.PubsubLimit, "client-pubsub-limit", "`bytes` of unread messages at which a subscriber is disconnected")
	fs.Var(&c.PubsubSoftLimit, "client-pubsub-soft-limit", "`bytes` of them at which it is disconnected, once that lasts --client-pubsub-soft-time")
	fs.DurationVar(&c.PubsubSoftTime, "client-pubsub-soft-time", c.PubsubSoftTime, "`time` that a subscriber may be beyond the soft limit")
	fs.IntVar(&c.TrackedKeys, "tracking-table-max-keys", c.TrackedKeys, "most keys that this node remembers its clients to have cached")
	fs.StringVar(&c.NotifyEvents, "notify-keyspace-events", c.NotifyEvents, "keyspace events that this node publishes to its own clients: `letters` as in Redis (empty: none)")
}

// loadConfig reads flags, environment and file into a validated Config.
func loadConfig(args []string, std stdio) (Config, error) {
	c := defaultConfig()
	fs := newFlagSet("server", "[flags]", std)
	c.flags(fs)
	usage := fs.Usage
	fs.Usage = func() {} // not the whole text for a mistyped flag
	err := ff.Parse(fs, args,
		ff.WithEnvVarPrefix("PAXREDIS"),
		ff.WithConfigFileFlag("config"),
		ff.WithConfigFileParser(ff.PlainParser))
	if errors.Is(err, flag.ErrHelp) {
		usage()
		return c, flag.ErrHelp
	}
	if err != nil {
		return c, usageError{err}
	}
	fs.Visit(func(f *flag.Flag) {
		if f.Name == "id" && c.ID == 0 { // which says that it is not given
			err = usageErrorf("--id 0: must be from 1 to 4294967295")
		}
	})
	if err != nil {
		return c, err
	}
	if fs.NArg() > 0 {
		return c, usageErrorf("server takes flags only, not %q", fs.Arg(0))
	}
	c.ClusterKey = os.Getenv(keyVariable)
	if err := c.Validate(); err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// Validate reports everything that is wrong with c, each with the flag, its value and the rule.
func (c *Config) Validate() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if c.ID > 1<<32-1 {
		refuse("--id %d: must be from 1 to 4294967295", c.ID)
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		refuse("--listen %q: must be host:port", c.Listen)
	}
	if c.HTTPListen != "" {
		if _, _, err := net.SplitHostPort(c.HTTPListen); err != nil {
			refuse("--http-listen %q: must be host:port", c.HTTPListen)
		}
	}
	if err := c.checkClientAddress(); err != nil {
		errs = append(errs, err)
	}
	if c.DataDir == "" {
		refuse("--data-dir: must name a directory")
	}
	if c.CommitTimeout < 100*time.Millisecond || c.CommitTimeout > time.Hour {
		refuse("--commit-timeout %v: must be from 100ms to 1h", c.CommitTimeout)
	}
	if c.TombstoneRetention < time.Millisecond {
		refuse("--tombstone-retention %v: must be a millisecond at least", c.TombstoneRetention)
	}
	if c.MaxCommandBytes < 1<<10 || c.MaxCommandBytes > 512<<20 {
		refuse("--max-command-bytes %v: must be from 1KiB to 512MiB", &c.MaxCommandBytes)
	}
	if c.MaxClients < 1 {
		refuse("--maxclients %d: must be at least 1", c.MaxClients)
	}
	if c.ClientOutputLimit < 1<<20 {
		refuse("--client-output-limit %v: must be at least 1MiB", &c.ClientOutputLimit)
	}
	if _, ok := statemachine.ParseEvictionPolicy(c.MaxMemoryPolicy); !ok {
		refuse("--maxmemory-policy %q: must be one of %s", c.MaxMemoryPolicy, strings.Join(statemachine.EvictionPolicyNames(), ", "))
	}
	if c.MaxMemorySamples < 1 || c.MaxMemorySamples > resp.MaxEvictionSamples {
		refuse("--maxmemory-samples %d: must be from 1 to %d", c.MaxMemorySamples, resp.MaxEvictionSamples)
	}
	if least := clientLimits(c).LeastClientMemory(); c.MaxMemoryClients != 0 && int64(c.MaxMemoryClients) < least {
		refuse("--maxmemory-clients %v: must be at least %d bytes, which the largest request and the replies of one client take", &c.MaxMemoryClients, least)
	}
	if c.JournalSegment < 1<<20 || c.JournalSegment > 1<<30 {
		refuse("--journal-segment-bytes %v: must be from 1MiB to 1GiB", &c.JournalSegment)
	}
	if c.EventLoops < 0 || c.EventLoops > 256 {
		refuse("--event-loops %d: must be from 0 to 256", c.EventLoops)
	}
	if err := c.Limits.Check(); err != nil {
		refuse("--heartbeat, --lease, --election-timeout-min, --election-timeout-max: %w", err)
	}
	errs = append(errs, c.validateListeners()...)
	errs = append(errs, c.validateCheckpoints()...)
	errs = append(errs, c.validatePeers()...)
	return errors.Join(errs...)
}

func (c *Config) validateListeners() []error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if c.PubsubLimit < 1<<20 {
		refuse("--client-pubsub-limit %v: must be at least 1MiB", &c.PubsubLimit)
	}
	if c.PubsubSoftLimit < 1<<20 {
		refuse("--client-pubsub-soft-limit %v: must be at least 1MiB", &c.PubsubSoftLimit)
	}
	if c.PubsubSoftTime < time.Second || c.PubsubSoftTime > 24*time.Hour {
		refuse("--client-pubsub-soft-time %v: must be from 1s to 24h", c.PubsubSoftTime)
	}
	if c.TrackedKeys < 1 {
		refuse("--tracking-table-max-keys %d: must be at least 1", c.TrackedKeys)
	}
	if err := resp.CheckEvents(c.NotifyEvents); err != nil {
		refuse("--notify-keyspace-events %q: %w", c.NotifyEvents, err)
	}
	return errs
}

func (c *Config) validateCheckpoints() []error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if c.CheckpointJournal < 1<<20 || c.CheckpointJournal > 16<<30 {
		refuse("--checkpoint-journal-bytes %v: must be from 1MiB to 16GiB", &c.CheckpointJournal)
	}
	if c.CheckpointInterval < time.Second || c.CheckpointInterval > 24*time.Hour {
		refuse("--checkpoint-interval %v: must be from 1s to 24h", c.CheckpointInterval)
	}
	if c.CatchUpRate < 64<<10 || c.CatchUpRate > 16<<30 {
		refuse("--catch-up-bytes-per-second %v: must be from 64KiB to 16GiB", &c.CatchUpRate)
	}
	if c.CatchUpJournal < 1<<20 || c.CatchUpJournal > 1<<40 {
		refuse("--catch-up-journal-bytes %v: must be from 1MiB to 1TiB", &c.CatchUpJournal)
	}
	return errs
}

func (c *Config) validatePeers() []error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if c.ClusterKeyFile != "" && c.ClusterKey != "" {
		refuse("--cluster-key-file %q: %s is set as well; give the key once", c.ClusterKeyFile, keyVariable)
	}
	if c.hasGivenKey() && c.InsecurePeers {
		refuse("--insecure-peers: there is a cluster key; leave one of them out")
	}
	if c.PeerListen != "" {
		if _, _, err := net.SplitHostPort(c.PeerListen); err != nil {
			refuse("--peer-listen %q: must be host:port", c.PeerListen)
		}
	}
	if c.PeerAdvertise != "" {
		if err := checkAdvertised(c.PeerAdvertise); err != nil {
			refuse("--peer-advertise %q: must be a host:port that the other nodes can dial: %w", c.PeerAdvertise, err)
		}
	}
	if len(c.Join) > 0 && !c.hasKey() {
		refuse("--join: needs the cluster's key: give this node the same file with --cluster-key-file (or --insecure-peers, if the cluster runs so)")
	}
	if len(c.Peers) == 0 {
		return errs
	}
	if len(c.Join) > 0 {
		refuse("--join: --peers is given as well; a node is either among the first voters of a new cluster, or joins one that runs")
	}
	if c.PeerAdvertise != "" {
		refuse("--peer-advertise %q: --peers says at which address the others reach this node; leave one of them out", c.PeerAdvertise)
	}
	if c.ID != 0 && c.Peers.find(paxos.NodeID(c.ID)) == nil {
		refuse("--peers %q: must include this node, --id %d", c.Peers.String(), c.ID)
	}
	if len(c.Peers) > 1 && !c.hasKey() {
		refuse("--peers: %d nodes need a cluster key: make one with `paxredis keygen cluster.key`, give every node the same file with "+
			"--cluster-key-file, or run without any protection with --insecure-peers", len(c.Peers))
	}
	return errs
}

// hasGivenKey reports whether a key was given, hasKey whether there can be peers.
func (c *Config) hasGivenKey() bool { return c.ClusterKeyFile != "" || c.ClusterKey != "" }
func (c *Config) hasKey() bool      { return c.hasGivenKey() || c.InsecurePeers }
