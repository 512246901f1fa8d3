package resp

import (
	"cmp"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// info: INFO [section [section ...]].
func info(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	sections := make([]string, len(args)-1)
	for i, arg := range args[1:] {
		sections[i] = string(arg)
	}
	w.Verbatim("txt", infoText(sections, l.server.infoSource()))
}

// Info collects what INFO tells. It may be called by any goroutine, and waits while a command is applied.
func (s *Server) Info() *InfoSource { return s.infoSource() }

// IsStopping reports whether clients are being sent away.
func (s *Server) IsStopping() bool { return s.stopping.Load() }

// infoSource collects what INFO tells. It must not be called with a view open.
func (s *Server) infoSource() *InfoSource {
	state := s.machine.Stats()
	t := s.sinceReset()
	src := &InfoSource{
		Server: s.serverInfo(),
		Clients: ClientsInfo{Connected: int(s.open.Load()), MaxClients: s.settings.maxClients(), Blocked: int(s.waiting.Load()),
			MaxInput: t.maxInput, MaxOutput: t.maxOutput},
		Memory:      s.memoryInfo(&state),
		Persistence: s.persistenceInfo(),
		Stats: StatsInfo{Connections: t.connections, Commands: t.processed, InputBytes: t.inputBytes, OutputBytes: t.outputBytes, Reads: t.reads, Writes: t.writes,
			Rejected: t.rejected, TLS: s.tlsInfo(), Expired: t.expired, ExpiredFields: t.expiredFields, Evicted: t.evicted, Denied: t.denied, Dropped: t.dropped,
			Hits: t.hits, Misses: t.misses, Tombstones: uint64(state.Tombstones)},
		Listeners:   s.hub.figures(),
		Replication: ReplicationInfo{ReplicationID: s.runID, Offset: state.Slot},
		CPU:         cpuInfo(),
		Commands:    s.commandInfo(t),
		Latencies:   s.latencyInfo(nil),
		Percentiles: s.settings.latencyPercentiles(),
		Paxos:       s.paxosInfo(),
	}
	for code, n := range t.errors {
		src.Errors = append(src.Errors, ErrorInfo{code, n})
		src.Stats.Errors += n
	}
	slices.SortFunc(src.Errors, func(a, b ErrorInfo) int { return cmp.Compare(a.Code, b.Code) })
	for db, d := range state.Databases {
		src.Keyspace = append(src.Keyspace, KeyspaceInfo{DB: db, Keys: d.Keys, Expires: d.Expires, AvgTTL: d.AvgTTL})
	}
	s.rates.fill(&src.Stats)
	return src
}

func (s *Server) serverInfo() ServerInfo {
	executable, err := os.Executable()
	if err != nil {
		executable = ""
	}
	return ServerInfo{RedisVersion: redisVersion, Version: s.config.Version, Mode: s.mode(), OS: osName(), ArchBits: strconv.IntSize,
		ProcessID: os.Getpid(), RunID: s.runID, Listeners: s.listenerInfo(), Port: s.port(), Now: s.now(), Uptime: time.Since(s.start),
		Executable: executable, EventLoops: len(s.loops)}
}

func (s *Server) memoryInfo(state *statemachine.Stats) MemoryInfo {
	m, keyspace := processMemory(), s.machine.Memory()
	m.Dataset, m.Mapped = uint64(keyspace.InUse), uint64(keyspace.Mapped)
	m.Used += m.Dataset
	m.Most, m.Policy = uint64(s.settings.maxMemory.Load()), s.settings.evictionPolicy().String()
	m.Pressure, m.Limit = s.pressure.Load(), s.config.MemoryLimit
	m.Clients = uint64(max(s.clientBytes.Load(), 0))
	m.Scripts, m.Libraries, m.Functions = state.Scripts, state.Libraries, state.Functions
	m.ScriptBytes, m.LibraryBytes = uint64(state.ScriptBytes), uint64(state.LibraryBytes)
	m.Left, m.Freed = state.Left, state.Freed
	m.Start = min(s.startMemory, m.Used-m.Dataset)
	for {
		peak := s.peak.Load()
		if m.Used <= peak {
			m.Peak = peak
			return m
		}
		if s.peak.CompareAndSwap(peak, m.Used) {
			m.Peak = m.Used
			return m
		}
	}
}

// commandInfo returns the figures of the commands that were called or refused, sorted by name.
func (s *Server) commandInfo(t totals) []CommandInfo {
	var commands []CommandInfo
	for _, r := range s.rows {
		if c := t.commands[r.index]; c.calls+c.rejected > 0 {
			commands = append(commands, CommandInfo{Name: r.name, Calls: c.calls, Rejected: c.rejected, Failed: c.failed,
				Time: time.Duration(c.nanos)})
		}
	}
	slices.SortFunc(commands, func(a, b CommandInfo) int { return cmp.Compare(a.Name, b.Name) })
	return commands
}

// latencyInfo returns how long the commands of these names took, sorted by name; nil: all commands. Those without a time are
// left out.
func (s *Server) latencyInfo(names map[string]bool) []LatencyInfo {
	loops := s.allLoops()
	var all []LatencyInfo
	for _, r := range s.rows {
		if names != nil && !names[r.name] {
			continue
		}
		var sum *latencies
		for _, l := range loops {
			if h := l.stats.commands[r.index].latency.Load(); h != nil {
				if sum == nil {
					sum = new(latencies)
				}
				sum.include(h)
			}
		}
		if sum != nil && sum.calls > 0 {
			all = append(all, LatencyInfo{r.name, sum})
		}
	}
	slices.SortFunc(all, func(a, b LatencyInfo) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (s *Server) paxosInfo() PaxosInfo {
	st := s.node.Status()
	return PaxosInfo{NodeID: uint64(st.Self), Role: st.Role.String(), LeaderID: uint64(st.Leader), Ballot: st.Ballot.String(),
		ChosenSlot: uint64(st.Chosen), AppliedSlot: uint64(st.Applied), SnapshotSlot: uint64(s.node.CheckpointStatus().Slot),
		FirstSlot: uint64(st.FirstKept), Lease: st.Lease, Members: membersOf(st.Configuration, &st),
		ConfigurationSlot: uint64(st.Configuration.Slot), SyncP50: st.SyncP50, SyncP99: st.SyncP99, BatchMean: st.BatchMean}
}

func (s *Server) persistenceInfo() PersistenceInfo {
	c, st := s.node.CheckpointStatus(), s.node.Status()
	p := PersistenceInfo{LastSave: s.lastSave(), LastSaveTook: c.Took, SnapshotSlot: uint64(c.Slot), Records: c.Records,
		RunningSlot: uint64(c.Running), RunningFor: s.saving.passed(c.Running, s.now()), FirstSlot: uint64(st.FirstKept), JournalBytes: c.JournalBytes,
		FetchingSlot: uint64(c.Fetching), FetchedBytes: c.Fetched, Skipped: c.Skipped, NotTaken: c.NotTaken, Compared: uint64(c.Compared)}
	for _, id := range c.Differing {
		p.Differing = append(p.Differing, uint64(id))
	}
	if st.Applied > c.Slot {
		p.ChangesSinceSave = uint64(st.Applied - c.Slot)
	}
	p.Loading, p.LoadedDone, p.LoadedTotal = s.node.Loading()
	s.noteLoading(p.Loading)
	p.LoadingSince, p.LoadingFor = s.loadingFor()
	p.WritesRefused, p.Encrypted = s.refusesWrites() != "", s.config.DataEncrypted
	return p
}

// osName names the system where nothing more is known.
func osName() string {
	if name := unameText(); name != "" {
		return name
	}
	return runtime.GOOS + " " + runtime.GOARCH
}
