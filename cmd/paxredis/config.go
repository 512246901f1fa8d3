package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
	"github.com/paxredis/paxredis/statemachine"
)

// defaultPeerListen is where a node listens for peers that nothing says another address of.
const defaultPeerListen = "127.0.0.1:7379"

// keyVariable holds the cluster key itself. It has no flag, since a command line can be read by every user of a machine.
const keyVariable = "PAXREDIS_CLUSTER_KEY"

// Config is what `paxredis server` can be told, by the names in options_table.go: flags, variables of the environment, and lines of a file. A flag
// wins over the environment, and the environment over the file.
type Config struct {
	ID             uint   // 0: the data directory's, or given by the cluster, or 1
	Listen         string // empty: clients come by TLS or a Unix socket only
	Endpoints      endpoints
	Advertise      string // empty: Listen, or that of TLS
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
	DataKeyFile    string // empty, and DataKey as well: a new data directory is not encrypted
	DataKey        string // the text of PAXREDIS_DATA_KEY

	ReadMode           readMode
	CommitTimeout      time.Duration
	Limits             paxos.Limits
	TombstoneRetention time.Duration
	MaxCommandBytes    byteSize
	MaxClients         int
	RequirePass        string
	ProtectedMode      yesNo
	ClientOutputLimit  byteSize
	ClientQueryLimit   byteSize // 0: the default of resp.Limits
	MemoryWatermark    watermark
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

	TraceEndpoint   string // empty: no traces
	TraceRatio      ratioValue
	TraceSlowerThan time.Duration // 0: none for its time
	// Parameters are first values of parameters of CONFIG SET that are given in the form they have there, by name; those that are not in
	// it have resp's defaults.
	Parameters map[string]string

	File        string
	CheckConfig bool
	// given says of each setting that was given where: empty for the command line, a variable, or a line of a file.
	given map[string]string
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
		ProtectedMode:      true,
		MaxMemoryPolicy:    statemachine.NoEviction.String(),
		MaxMemorySamples:   5,
		ClientOutputLimit:  256 << 20,
		MemoryWatermark:    watermark{percent: 90},
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
		TraceRatio:         0.001,
		TraceSlowerThan:    100 * time.Millisecond,
		Parameters:         make(map[string]string),
	}
}

// Validate reports everything that is wrong with c, each with the flag, its value and the rule: first what single values break, then
// what contradicts each other.
func (c *Config) Validate() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	for _, o := range options() {
		if err := o.check(c); err != nil {
			errs = append(errs, err)
		}
	}
	if err := c.checkClientAddress(); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.validateEndpoints()...)
	errs = append(errs, c.validateListeners()...)
	errs = append(errs, c.validateTraces()...)
	if least := (resp.Limits{MaxCommandBytes: int64(c.MaxCommandBytes)}).LeastQueryBuffer(); c.ClientQueryLimit != 0 && int64(c.ClientQueryLimit) < least {
		refuse("--client-query-buffer-limit %v: must be at least %d bytes, which the largest command takes (--max-command-bytes)", &c.ClientQueryLimit, least)
	}
	if least := clientLimits(c).LeastClientMemory(); c.MaxMemoryClients != 0 && int64(c.MaxMemoryClients) < least {
		refuse("--maxmemory-clients %v: must be at least %d bytes, which the largest request and the replies of one client take", &c.MaxMemoryClients, least)
	}
	if c.isGiven("client-pubsub-soft-limit") && c.PubsubSoftLimit > c.PubsubLimit {
		refuse("--client-pubsub-soft-limit %v, --client-pubsub-limit %v: the soft limit must not be above the other one, which disconnects at once", &c.PubsubSoftLimit, &c.PubsubLimit)
	}
	if err := c.Limits.Check(); err != nil {
		refuse("--heartbeat, --lease, --election-timeout-min, --election-timeout-max: %w", err)
	}
	if err := givenOnce("--data-key-file", c.DataKeyFile, dataKeyVariable, c.DataKey); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.validatePeers()...)
	return errors.Join(errs...)
}

// isGiven reports whether a setting was given, be it with its default.
func (c *Config) isGiven(name string) bool {
	_, given := c.given[name]
	return given
}

// givenOnce refuses a key that is both in a file that an option names, and in the environment.
func givenOnce(option, file, variable, text string) error {
	if file != "" && text != "" {
		return fmt.Errorf("%s %q: %s is set as well; give the key once", option, file, variable)
	}
	return nil
}

func (c *Config) validatePeers() []error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if err := givenOnce("--cluster-key-file", c.ClusterKeyFile, keyVariable, c.ClusterKey); err != nil {
		errs = append(errs, err)
	}
	if c.hasGivenKey() && c.InsecurePeers {
		refuse("--insecure-peers: there is a cluster key; leave one of them out")
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
	if err := c.checkSelfAmongPeers(); err != nil {
		errs = append(errs, err)
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

// checkSelfAmongPeers: where --peer-advertise is given beside --peers it says which of them this node is, so that nodes that differ in nothing
// but their names need no --id.
func (c *Config) checkSelfAmongPeers() error {
	if c.PeerAdvertise == "" {
		return nil
	}
	self := c.Peers.at(c.PeerAdvertise)
	switch {
	case self == nil:
		return fmt.Errorf("--peer-advertise %q: is none of --peers, which say where the others reach this node; correct one, or leave one of them out", c.PeerAdvertise)
	case c.ID != 0 && self.ID != paxos.NodeID(c.ID):
		return fmt.Errorf("--peer-advertise %q: is node %v of --peers, and --id says %d", c.PeerAdvertise, self.ID, c.ID)
	}
	return nil
}

// hasGivenKey reports whether a key was given, hasKey whether there can be peers.
func (c *Config) hasGivenKey() bool { return c.ClusterKeyFile != "" || c.ClusterKey != "" }
func (c *Config) hasKey() bool      { return c.hasGivenKey() || c.InsecurePeers }
