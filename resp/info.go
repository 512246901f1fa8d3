package resp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// InfoSource is what INFO tells (https://redis.io/docs/latest/commands/info/): plain values, of one moment. A field of
// Redis that is not here has no meaning for this server; INFO gives it the value that says so, or leaves it out.
type InfoSource struct {
	Server      ServerInfo
	Clients     ClientsInfo
	Memory      MemoryInfo
	Persistence PersistenceInfo
	Stats       StatsInfo
	Listeners   ListenersInfo
	Replication ReplicationInfo
	CPU         CPUInfo
	Commands    []CommandInfo // those that were called or refused, in the order they are told
	Latencies   []LatencyInfo // those that were timed, in the order they are told
	Percentiles []float64     // of those that are told
	Errors      []ErrorInfo   // in the order they are told
	Keyspace    []KeyspaceInfo
	Paxos       PaxosInfo
}

// ServerInfo is the section Server.
type ServerInfo struct {
	RedisVersion string // the version of Redis that is followed
	Version      string // the program's own
	Mode         string // standalone, or cluster if it speaks to cluster clients
	OS           string
	ArchBits     int
	ProcessID    int
	RunID        string // 40 hexadecimal digits
	Port         int    // of TCP; 0: there is none
	Listeners    []ListenerInfo
	Now          time.Time
	Uptime       time.Duration
	Executable   string
	ConfigFile   string
	EventLoops   int
}

// ClientsInfo is the section Clients.
type ClientsInfo struct {
	Connected, MaxClients, Blocked int
	// MaxInput and MaxOutput are the largest input and output buffers, in bytes.
	MaxInput, MaxOutput int64
}

// MemoryInfo is the section Memory, in bytes.
type MemoryInfo struct {
	// Pressure is nil if nobody watches how much memory there is.
	Pressure *MemoryPressure
	Used     uint64 // by Go's runtime, without what its heap has free, and by the keyspace
	Start    uint64 // of Used, before the first client came
	RSS      uint64 // in memory, of the process's own: no file stands behind it
	Files    uint64 // in memory, pages of files, which the kernel takes back when it needs them
	Peak     uint64 // of Used, as far as it was seen
	System   uint64 // of the machine
	Limit    uint64 // of the process's container, if that is less; 0: it is not known
	Stacks   uint64
	Dataset  uint64 // by the keyspace
	Mapped   uint64 // from the kernel for the keyspace
	Clients  uint64 // by replies that clients do not read, and requests that are not complete
	// Scripts, Libraries and Functions are how many are loaded.
	Scripts, Libraries, Functions int
	// ScriptBytes and LibraryBytes are what their texts take. What the interpreters take is part of Used and not known apart.
	ScriptBytes, LibraryBytes uint64
	// Left is how many removed collections have memory that has not been freed yet, and Freed how many had it.
	Left  int
	Freed uint64
	// Most is maxmemory, 0: no limit, and Policy maxmemory-policy.
	Most   uint64
	Policy string
}

// PersistenceInfo is the section Persistence.
type PersistenceInfo struct {
	Loading bool
	// LoadingSince is when that began, and LoadingFor how long ago it is.
	LoadingSince time.Time
	LoadingFor   time.Duration
	// LoadedDone and LoadedTotal are how many items of the state are loaded: records of the checkpoint, then slots of the log.
	LoadedDone, LoadedTotal uint64
	// ChangesSinceSave counts the slots of the log, of one write or more each, that the newest checkpoint does not have.
	ChangesSinceSave uint64
	// LastSave is when the newest checkpoint was taken, in Unix seconds, and LastSaveTook how long that took; 0: another
	// boot or node took it, or there is none.
	LastSave     int64
	LastSaveTook time.Duration
	// SnapshotSlot and Records are the newest checkpoint's, RunningSlot that of the one being written, which began RunningFor
	// ago, as far as is known. 0: none.
	SnapshotSlot, Records uint64
	RunningSlot           uint64
	RunningFor            time.Duration
	// FirstSlot is the first slot of the log that is kept, JournalBytes how much it has grown since the newest checkpoint.
	FirstSlot, JournalBytes uint64
	// Skipped is how many checkpoints this node has not taken since its start, NotTaken why it has not taken the newest.
	Skipped  uint64
	NotTaken string
	// Encrypted says that the data directory is encrypted.
	Encrypted bool
	// WritesRefused says that writes get an error, since the disk is nearly full.
	WritesRefused bool
	// Differing are the ids of the nodes whose state at slot Compared is not this node's; there should be none.
	Differing []uint64
	Compared  uint64
	// FetchingSlot is the slot of the checkpoint that comes from another node, 0: none; FetchedBytes is how much is here.
	FetchingSlot, FetchedBytes uint64
}

// StatsInfo is the section Stats. All but the rates are since the start or CONFIG RESETSTAT.
type StatsInfo struct {
	Connections, Commands   uint64
	OpsPerSecond            uint64
	InputBytes, OutputBytes uint64
	Reads, Writes           uint64                // of sockets, that something came of
	InputRate, OutputRate   float64               // KiB/s
	Rejected                uint64                // connections turned away
	TLS                     *TLSInfo              // nil: this node has no TLS
	Expired, ExpiredFields  uint64                // keys, and fields of hashes
	Evicted                 uint64                // keys
	Denied                  [deniedReasons]uint64 // commands of users without the permission, and passwords that were wrong
	Dropped                 [overLimits]uint64    // clients that were beyond a limit
	Hits, Misses            uint64
	Errors                  uint64 // error replies
	Tombstones              uint64 // versions of removed keys that are kept
}

// TLSInfo counts TLS handshakes: those that were done, those that failed, and those of them that others took the place of.
type TLSInfo struct{ Done, Failed, Displaced uint64 }

// ListenersInfo is what the sections Clients and Stats tell of this node's subscribers and of the clients that cache.
type ListenersInfo struct {
	Channels, Patterns, Shards int // different ones that clients are subscribed to
	// Trackers are the clients that track; Keys are those that they may have cached, Items for how many clients in all, and Prefixes those of
	// broadcast mode.
	Trackers, Keys, Items, Prefixes int
}

// ReplicationInfo is the section Replication. The role is always master: every node takes writes.
type ReplicationInfo struct {
	ReplicationID string // 40 hexadecimal digits
	Offset        uint64
}

// CPUInfo is the section CPU.
type CPUInfo struct{ System, User time.Duration }

// CommandInfo is one line of the section Commandstats.
type CommandInfo struct {
	Name                    string // in lower case, "config|get"
	Calls, Rejected, Failed uint64
	Time                    time.Duration
}

// LatencyInfo is one line of the section Latencystats, and an element of LATENCY HISTOGRAM.
type LatencyInfo struct {
	Name string // as CommandInfo's
	*latencies
}

// ErrorInfo is one line of the section Errorstats.
type ErrorInfo struct {
	Code  string
	Count uint64
}

// KeyspaceInfo is one line of the section Keyspace. Databases without keys are not told.
type KeyspaceInfo struct {
	DB, Keys, Expires int
	AvgTTL            int64 // milliseconds
}

// PaxosInfo is the section Paxos: the node's part in the replicated group.
type PaxosInfo struct {
	NodeID       uint64
	Role         string // leader, follower, candidate, learner, removed
	LeaderID     uint64 // 0: nobody is known to lead
	Ballot       string
	ChosenSlot   uint64
	AppliedSlot  uint64
	SnapshotSlot uint64
	FirstSlot    uint64
	Lease        bool
	Members      []MemberInfo
	// ConfigurationSlot is the slot of the entry that holds the configuration; 0: it is the first one.
	ConfigurationSlot uint64
	SyncP50           time.Duration
	SyncP99           time.Duration
	BatchMean         float64 // commands a slot
}

// infoText answers INFO: the sections asked for, by names in any case, in Redis's order. No names ask for the default ones;
// "default", "all" and "everything" stand for several. A name that is no section asks for nothing.
func infoText(sections []string, src *InfoSource) string {
	wanted := wantedSections(sections)
	text := make([]byte, 0, 4<<10)
	for i := range infoSections {
		s := &infoSections[i]
		if !wanted[strings.ToLower(s.name)] {
			continue
		}
		if len(text) > 0 {
			text = append(text, lineEnd...)
		}
		text = append(append(append(text, "# "...), s.name...), lineEnd...)
		w := infoWriter{text}
		s.write(&w, src)
		text = w.text
	}
	return string(text)
}

// wantedSections returns the names, in lower case, of the sections that are asked for.
func wantedSections(names []string) map[string]bool {
	if len(names) == 0 {
		names = []string{"default"}
	}
	wanted := make(map[string]bool)
	for _, name := range names {
		name = strings.ToLower(name)
		if wanted[name] {
			continue // a name that comes a million times costs no more than once
		}
		wanted[name] = true
		all := name == "all" || name == "everything"
		if !all && name != "default" {
			continue
		}
		for _, s := range infoSections {
			if (all || s.byDefault) && (s.name != "Modules" || name != "all") {
				wanted[strings.ToLower(s.name)] = true
			}
		}
	}
	return wanted
}

// infoWriter appends the lines of a section.
type infoWriter struct{ text []byte }

func (w *infoWriter) str(name, value string) {
	w.text = append(append(w.text, name...), ':')
	w.text = append(append(w.text, oneInfoLine(value)...), lineEnd...)
}

func (w *infoWriter) num(name string, value uint64) { w.str(name, strconv.FormatUint(value, 10)) }

func (w *infoWriter) int(name string, value int64) { w.str(name, strconv.FormatInt(value, 10)) }

func (w *infoWriter) flag(name string, value bool) {
	if value {
		w.str(name, "1")
	} else {
		w.str(name, "0")
	}
}

// zeros writes fields of things that do not exist here.
func (w *infoWriter) zeros(names ...string) {
	for _, name := range names {
		w.str(name, "0")
	}
}

// bytes writes a size and, under the name with _human, the same for people.
func (w *infoWriter) bytes(name string, value uint64) {
	w.num(name, value)
	w.str(name+"_human", humanBytes(value))
}

// seconds writes a duration in whole seconds, -1 if it is not known.
func (w *infoWriter) seconds(name string, d time.Duration, known bool) {
	if !known {
		w.str(name, "-1")
		return
	}
	w.int(name, int64(d/time.Second))
}

func (w *infoWriter) fixed(name string, value float64, digits int) {
	w.str(name, strconv.FormatFloat(value, 'f', digits, 64))
}

// oneInfoLine keeps a value from ending its line.
var oneInfoLine = strings.NewReplacer("\r", " ", "\n", " ").Replace

// humanBytes writes a size as Redis does: 967.15K.
func humanBytes(n uint64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%dB", n)
	}
	value, units := float64(n)/(1<<10), "KMGTPE"
	for value >= 1<<10 && len(units) > 1 {
		value /= 1 << 10
		units = units[1:]
	}
	return fmt.Sprintf("%.2f%c", value, units[0])
}

// ratio is a / b, or 0 if there is nothing to compare with.
func ratio(a, b uint64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
