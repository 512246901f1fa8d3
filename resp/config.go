package resp

import (
	"fmt"
	"math"
	"net"
	"strconv"
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
	// Dir is the data directory; empty if it is not known.
	Dir string
	// KeepAlive is the interval of TCP keep-alives; 0: none.
	KeepAlive time.Duration
	// SlowerThan is the first slowlog-log-slower-than, in microseconds, and SlowlogLength the first slowlog-max-len.
	SlowerThan    int64
	SlowlogLength int64
}

// Settings are the parameters of CONFIG GET and CONFIG SET. A few can change while the server runs. The others are there
// for clients and tools that ask for them, and say what is so: that there are no RDB files, and no eviction.
// Safe for use by several goroutines.
type Settings struct {
	slowerMicros atomic.Int64
	slowlogLen   atomic.Int64
	mostClients  atomic.Int64
	parameters   []parameter // sorted by name
	byName       map[string]*parameter
}

// parameter is one row of the settings.
type parameter struct {
	name string
	// fixed is its value if it cannot change.
	fixed string
	// immutable parameters refuse CONFIG SET in Redis, too. The other fixed ones take the value they have.
	immutable bool
	// variable, least and most are of those that can change.
	variable    *atomic.Int64
	least, most int64
	// setting is what else can change; nil: nothing.
	setting setting
}

// NewSettings makes the settings of a server that was started so.
func NewSettings(from SettingsSource) *Settings {
	s := &Settings{}
	s.slowerMicros.Store(from.SlowerThan)
	s.slowlogLen.Store(from.SlowlogLength)
	s.mostClients.Store(int64(from.Limits.MaxClients))
	s.parameters = s.table(from)
	s.byName = make(map[string]*parameter, len(s.parameters))
	for i := range s.parameters {
		s.byName[s.parameters[i].name] = &s.parameters[i]
	}
	return s
}

// bind makes a parameter one that can change, before the settings are used.
func (s *Settings) bind(name string, to setting) { s.byName[name].setting = to }

// slowerThan is from how many microseconds on a command is slow; negative: none is. It can be told in nanoseconds.
func (s *Settings) slowerThan() int64 { return min(s.slowerMicros.Load(), math.MaxInt64/1000) }

// slowlogLength is how many entries the slow log keeps.
func (s *Settings) slowlogLength() int64 { return s.slowlogLen.Load() }

// maxClients bounds the connections at once.
func (s *Settings) maxClients() int { return int(s.mostClients.Load()) }

// value is what CONFIG GET says.
func (p *parameter) value() string {
	if p.setting != nil {
		return p.setting.get()
	}
	if p.variable != nil {
		return strconv.FormatInt(p.variable.Load(), 10)
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

// changes checks the pairs of a CONFIG SET, and returns what has them take effect.
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
		case p.setting != nil:
			apply, why := p.setting.parse(value)
			if why != "" {
				return nil, errConfigSet(name, why)
			}
			changes = append(changes, apply)
		case p.variable == nil && !strings.EqualFold(value, p.fixed):
			return nil, errConfigSet(name, "can't set immutable config")
		case p.variable != nil:
			n, why := p.parse(value)
			if why != "" {
				return nil, errConfigSet(name, why)
			}
			changes = append(changes, func() { p.variable.Store(n) })
		}
		seen[name] = true
	}
	return changes, ""
}

// parse reads a value of a parameter that can change, or says why it is not one.
func (p *parameter) parse(text string) (n int64, why string) {
	n, ok := parseLength([]byte(text))
	if !ok {
		return 0, "argument couldn't be parsed into an integer"
	}
	if n < p.least || n > p.most {
		return 0, fmt.Sprintf("argument must be between %d and %d inclusive", p.least, p.most)
	}
	return n, ""
}

// splitListen separates an address; one without a port is all host.
func splitListen(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address, "0"
	}
	return host, port
}
