package resp

import (
	"cmp"
	"io/fs"
	"math"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// SettingsSource is what Settings are made of: how this server was started.
type SettingsSource struct {
	Limits Limits
	// Listen is the address clients connect to, host:port.
	Listen string
	// TLS, UnixSocket and UnixSocketMode are as in Config.
	TLS            TLSConfig
	UnixSocket     string
	UnixSocketMode fs.FileMode
	// Dir is the data directory; empty if it is not known.
	Dir string
	// Cluster says that the node speaks to cluster clients.
	Cluster bool
	// SlowerThan is the first slowlog-log-slower-than, in microseconds, and SlowlogLength the first slowlog-max-len.
	SlowerThan    int64
	SlowlogLength int64
	// Protected is the first protected-mode.
	Protected bool
	// MaxMemory is the first maxmemory, in bytes; 0: no limit.
	MaxMemory int64
	// Eviction and EvictionSamples are the first maxmemory-policy and maxmemory-samples; 0 samples: 5.
	Eviction        statemachine.EvictionPolicy
	EvictionSamples int
}

// Settings are the parameters of CONFIG GET and CONFIG SET. Some can change while the server runs. The others are there
// for clients and tools that ask for them, and say what is so: that there are no RDB files.
// They are this node's own, and are as the node was started after a restart, but for those that are shared: the log has them. Safe for use by several goroutines.
type Settings struct {
	slowerMicros     atomic.Int64
	slowlogLen       atomic.Int64
	mostClients      atomic.Int64
	maxMemory        atomic.Int64 // bytes; 0: no limit
	eviction         atomic.Uint32
	evictionSamples  atomic.Int64
	lfuLogFactor     atomic.Int64
	lfuDecayMinutes  atomic.Int64
	outputBytes      atomic.Int64
	queryBytes       atomic.Int64
	allClientsBytes  atomic.Int64
	pubsub           atomic.Pointer[pubsubLimits]
	timeoutSeconds   atomic.Int64
	keepAliveSeconds atomic.Int64
	monitorMillis    atomic.Int64
	tracking         atomic.Bool
	protected        atomic.Bool
	denialsKept      atomic.Int64
	percentiles      atomic.Pointer[[]float64]
	// timeoutChanged, if not nil, is called when timeout was set.
	timeoutChanged func()
	// memoryChanged, if not nil, is called when what says how much memory the keys may take was set.
	memoryChanged func()

	// own is what the shared parameters were at the start, by name.
	own map[string]string

	parameters []parameter // sorted by name
	byName     map[string]*parameter
}

// parameter is one row of the settings.
type parameter struct {
	name string
	// fixed is its value if it cannot change.
	fixed string
	// immutable parameters refuse CONFIG SET in Redis, too. The other fixed ones take the value they have.
	immutable bool
	// setting is what can change; nil: it is fixed.
	setting setting
	// bound says that the setting comes from the server, see bind.
	bound bool
	// shared parameters are set on all nodes, through the log.
	shared bool
}

// NewSettings makes the settings of a server that was started so.
func NewSettings(from SettingsSource) *Settings {
	s := &Settings{}
	s.slowerMicros.Store(from.SlowerThan)
	s.slowlogLen.Store(from.SlowlogLength)
	s.mostClients.Store(int64(from.Limits.MaxClients))
	s.maxMemory.Store(from.MaxMemory)
	s.eviction.Store(uint32(from.Eviction))
	s.evictionSamples.Store(int64(cmp.Or(from.EvictionSamples, defaultEvictionSamples)))
	s.lfuLogFactor.Store(defaultLFULogFactor)
	s.lfuDecayMinutes.Store(defaultLFUDecayMinutes)
	s.outputBytes.Store(from.Limits.OutputBuffer)
	s.queryBytes.Store(from.Limits.QueryBuffer)
	s.allClientsBytes.Store(from.Limits.ClientMemory)
	s.pubsub.Store(&pubsubLimits{from.Limits.PubsubBuffer, from.Limits.PubsubSoftBuffer, from.Limits.PubsubSoftTime})
	s.keepAliveSeconds.Store(defaultKeepAlive)
	s.tracking.Store(true)
	s.protected.Store(from.Protected)
	s.denialsKept.Store(defaultDenialsKept)
	s.percentiles.Store(&[]float64{50, 99, 99.9})
	s.parameters = s.table(from)
	s.byName = make(map[string]*parameter, len(s.parameters))
	for i := range s.parameters {
		s.byName[s.parameters[i].name] = &s.parameters[i]
	}
	return s
}

// bind gives a parameter that is bound its setting, before the settings are used.
func (s *Settings) bind(name string, to setting) { s.byName[name].setting = to }

// slowerThan is from how many microseconds on a command is slow; negative: none is. It can be told in nanoseconds.
func (s *Settings) slowerThan() int64 { return min(s.slowerMicros.Load(), math.MaxInt64/1000) }

// slowlogLength is how many entries the slow log keeps.
func (s *Settings) slowlogLength() int64 { return s.slowlogLen.Load() }

// evictionPolicy says what goes when the keyspace takes more than maxmemory.
func (s *Settings) evictionPolicy() statemachine.EvictionPolicy {
	return statemachine.EvictionPolicy(s.eviction.Load())
}

// setMemory tells that maxmemory, or its policy, was set.
func (s *Settings) setMemory() {
	if s.memoryChanged != nil {
		s.memoryChanged()
	}
}

// maxClients bounds the connections at once.
func (s *Settings) maxClients() int { return int(s.mostClients.Load()) }

// outputLimit bounds the replies that one client has not read, in bytes.
func (s *Settings) outputLimit() int { return int(s.outputBytes.Load()) }

// queryLimit bounds the input of one client that is not parsed yet, in bytes.
func (s *Settings) queryLimit() int64 { return s.queryBytes.Load() }

// clientMemory bounds what all clients together make the server keep, in bytes.
func (s *Settings) clientMemory() int64 { return s.allClientsBytes.Load() }

// current are the limits that a server was started with, with what one client may take as it is now.
func (s *Settings) current(started Limits) Limits {
	started.OutputBuffer, started.QueryBuffer = s.outputBytes.Load(), s.queryBytes.Load()
	return started
}

// idleTimeout is after how long without a command a client is closed; 0: never.
func (s *Settings) idleTimeout() time.Duration {
	return time.Duration(s.timeoutSeconds.Load()) * time.Second
}

// keepAlive is how connections that are made now are kept alive, in Redis's way.
func (s *Settings) keepAlive() net.KeepAliveConfig {
	seconds := time.Duration(s.keepAliveSeconds.Load())
	if seconds == 0 {
		return net.KeepAliveConfig{}
	}
	return net.KeepAliveConfig{Enable: true, Idle: seconds * time.Second, Interval: max(1, seconds/3) * time.Second, Count: 3}
}

// monitorLatency is from how long on an event is a spike, for LATENCY; 0: none is looked for.
func (s *Settings) monitorLatency() time.Duration {
	return time.Duration(s.monitorMillis.Load()) * time.Millisecond
}

// tracksLatency reports whether the times of commands are counted.
func (s *Settings) tracksLatency() bool { return s.tracking.Load() }

// latencyPercentiles are those of INFO latencystats. They must not be changed.
func (s *Settings) latencyPercentiles() []float64 { return *s.percentiles.Load() }

// value is what CONFIG GET says.
func (p *parameter) value() string {
	if p.setting != nil {
		return p.setting.get()
	}
	return p.fixed
}

// Get answers CONFIG GET: the parameters that match any of the patterns, in any case, each once.
func (s *Settings) Get(patterns [][]byte, reply statemachine.Reply) {
	if len(patterns) > maxNames {
		reply.Error(errTooManyNames)
		return
	}
	found := make(map[*parameter]bool)
	for _, pattern := range patterns {
		matches := nameMatcher(string(pattern))
		for i := range s.parameters {
			if p := &s.parameters[i]; matches(p.name) {
				found[p] = true
			}
		}
	}
	reply.Map(len(found))
	for i := range s.parameters {
		if p := &s.parameters[i]; found[p] {
			reply.BulkString(p.name)
			reply.BulkString(p.value())
		}
	}
}

// Set answers CONFIG SET: all the parameters are set, or none.
func (s *Settings) Set(pairs [][]byte, reply statemachine.Reply) {
	if len(pairs) == 0 || len(pairs)%2 != 0 {
		reply.Error(errSyntaxError)
		return
	}
	changes, problem := s.changes(pairs)
	if problem != "" {
		reply.Error(problem)
		return
	}
	for _, apply := range changes {
		apply()
	}
	reply.Status("OK")
}

// changes checks the pairs of a CONFIG SET, and returns what makes them true.
func (s *Settings) changes(pairs [][]byte) (changes []func(), problem string) {
	seen := make(map[string]bool)
	for i := 0; i < len(pairs); i += 2 {
		name, value := strings.ToLower(string(pairs[i])), string(pairs[i+1])
		p := s.byName[name]
		switch {
		case p == nil:
			return nil, errConfigUnknown(pairs[i])
		case seen[name]:
			return nil, errConfigSet(name, "duplicate parameter")
		case p.immutable:
			return nil, errConfigSet(name, "can't set immutable config")
		case p.setting == nil && !strings.EqualFold(value, p.fixed):
			return nil, errConfigSet(name, "can't set immutable config")
		case p.setting != nil:
			apply, why := p.setting.parse(value)
			if why != "" {
				return nil, errConfigSet(name, why)
			}
			changes = append(changes, apply)
		}
		seen[name] = true
	}
	return changes, ""
}

// splitListen separates an address; one without a port is all host.
func splitListen(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address, "0"
	}
	return host, port
}
