package resp

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// redisVersion is the version of Redis that the commands follow, for clients that look at it.
const redisVersion = "7.2.4"

// The event loops that Config.Loops 0 stands for: one for so many usable cores, and so many at most. The applier, the group, and whoever
// else is on the machine need cores, too.
const (
	coresPerLoop    = 4
	maxDefaultLoops = 8
)

// Config is what a server needs to know.
type Config struct {
	// Listen is the TCP address for clients, host:port; empty: there is none. Port 0 picks one; see Server.Addr.
	Listen string
	// TLS is for clients that come by TLS. They may come with and without at the same time, on different ports.
	TLS TLSConfig
	// UnixSocket is the path of a Unix socket for clients; empty: there is none. UnixSocketMode is its permissions; 0: what the umask leaves.
	UnixSocket     string
	UnixSocketMode fs.FileMode
	// Loops is how many event loops serve clients; 0: one for four usable cores, at most 8.
	Loops int
	// Limits bound what a client may ask for and leave lying about; the zero value means the defaults.
	Limits Limits
	// MaxMemory is the first maxmemory: beyond so many bytes of keyspace keys are evicted, or this node refuses commands that may take more; 0: no limit.
	MaxMemory int64
	// MemoryLimit is how much memory this node's container or machine has; 0: that is not known. A maxmemory beyond it is warned of, and INFO tells it.
	MemoryLimit uint64
	// Eviction is the first maxmemory-policy, and EvictionSamples the first maxmemory-samples; 0: 5.
	Eviction        statemachine.EvictionPolicy
	EvictionSamples int
	// DataEncrypted says that the node's data directory is encrypted; INFO tells of it.
	DataEncrypted bool
	// RequirePass is the password of the default user as long as the cluster has not decided anything of that user; empty: it needs none.
	RequirePass string
	// ProtectedMode is the first protected-mode: clients that are not on this machine are refused while the default user needs no password.
	ProtectedMode bool
	// Parameters are first values of other parameters that CONFIG SET can change, by name, in the form they have there.
	Parameters map[string]string
	// Dir is the data directory, for CONFIG GET.
	Dir string
	// NotifyKeyspaceEvents are the keyspace events that this node publishes to its own clients, in the letters of Redis's
	// notify-keyspace-events; empty: none.
	NotifyKeyspaceEvents string
	// Version is the program's own version, for INFO.
	Version string
	// RunID identifies this run of the node in INFO; empty: a random one.
	RunID string
	// ClusterMode has the node speak to cluster clients: CLUSTER shows the members as a cluster of one shard.
	ClusterMode bool
	// ClusterUUID is what the names of the nodes there are made of, the same on all of them.
	ClusterUUID string
	// Advertise is where this node's clients are told to connect, host:port. What of it is empty or 0 is where they have found it.
	Advertise string
	// Peers tells about this node's links; nil: it has none.
	Peers func() []Peer
	// Checkpoints gives out this node's checkpoints, for backups; nil: clients are refused them.
	Checkpoints CheckpointSource
	// Tracing has single writes told about.
	Tracing Tracing
	// Shutdown is called when a client sends SHUTDOWN, on a goroutine of its own; nil: the command is refused.
	Shutdown func()
	// Logger gets what operators should know; nil: nothing is logged.
	Logger *slog.Logger
	// LogLevel is the least that Logger logs, for CONFIG SET loglevel; nil: that is fixed, and told to be notice.
	LogLevel *slog.LevelVar
	// Now is the wall clock; nil: time.Now.
	Now func() time.Time
}

// Server serves clients. Its methods are safe for use by several goroutines.
type Server struct {
	config   Config
	limits   Limits
	settings *Settings
	logger   *slog.Logger
	now      func() time.Time
	start    time.Time
	node     Node
	machine  *statemachine.Machine
	users    *statemachine.Users
	// required is the default user with the password of Config.RequirePass; nil: there is none.
	required   *statemachine.User
	usersKnown atomic.Bool // the node has loaded since it started
	denials    denials
	started    atomic.Bool // there are loops
	table      *statemachine.Table
	rows       map[*statemachine.Command]*row
	slow       slowLog
	syncs      recentSyncs           // for Config.Tracing
	replying   replication.Histogram // from when a chunk is applied until its replies are at their sockets, in nanoseconds
	latency    latencyMonitor
	halt       halt // CLIENT PAUSE
	sleeping   halt // DEBUG SLEEP
	monitors   monitors
	runID      string
	hub        *hub

	endpoints  []*endpoint
	handshakes *handshakes    // nil: there is no TLS
	opening    sync.WaitGroup // the listeners' goroutines, and connections on their way to a loop
	serving    sync.WaitGroup // the loops' goroutines

	nextID     atomic.Uint64
	open       atomic.Int64 // connections
	accepted   atomic.Uint64
	turnedAway atomic.Uint64
	// clientBytes is what all clients take of Limits.ClientMemory.
	clientBytes atomic.Int64
	waiting     atomic.Int64 // clients whose command is answered later, as WAIT
	peak        atomic.Uint64
	// startMemory is what the heap had before the first client came.
	startMemory uint64
	warnedOf    atomic.Int64 // the newest maxmemory that memoryChanged has seen
	baseline    atomic.Pointer[totals]
	rates       rates

	evictor       *evictor
	adopting      sync.Mutex // of settings from the log
	errands       errands
	holds         checkpointHolds
	partReaders   chan struct{} // a place for each that reads a part of a checkpoint
	listings      chan struct{} // a place for each list of keys that is made
	saveScheduled atomic.Bool
	saving        savingSince
	refusal       atomic.Pointer[string]         // of writes; nil: none
	pressure      atomic.Pointer[MemoryPressure] // nil: it is not watched
	loadingSince  atomic.Int64                   // Unix nanoseconds; 0: the node does not load, as far as anybody asked

	stopping  atomic.Bool
	closeOnce sync.Once
	closeErr  error
	closing   chan struct{} // closed when Close begins, and stopped when it is done
	stopped   chan struct{}

	mu    sync.Mutex    // guards empty, and eventLoop.count
	loops []*eventLoop  // once started, the same until the end
	empty chan struct{} // closed once the last connection is gone, while stopping
}

// Start listens for clients and serves them until Close. An address that cannot be listened on is an error that names it.
func Start(cfg Config, node Node, machine *statemachine.Machine) (*Server, error) {
	s, err := newServer(cfg, node, machine)
	if err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	if err := s.startLoops(); err != nil {
		return nil, errors.Join(fmt.Errorf("resp: cannot start event loops: %w", err), s.stopListening())
	}
	for _, e := range s.endpoints {
		s.opening.Add(1)
		go s.accept(e)
	}
	return s, nil
}

func newServer(cfg Config, node Node, machine *statemachine.Machine) (*Server, error) {
	limits := cfg.Limits.WithDefaults()
	if err := limits.Check(); err != nil {
		return nil, err
	}
	s := &Server{config: cfg, limits: limits, logger: cfg.Logger, now: cfg.Now, node: node,
		machine: machine, empty: make(chan struct{}), closing: make(chan struct{}), stopped: make(chan struct{}),
		partReaders: make(chan struct{}, maxCheckpointReads), listings: make(chan struct{}, maxListings)}
	s.hub = newHub(s)
	s.errands.init()
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if cfg.TLS.Listen != "" {
		if err := cfg.TLS.Check(); err != nil {
			return nil, fmt.Errorf("resp: %w", err)
		}
		c, err := newCertificates(cfg.TLS, s.logger)
		if err != nil {
			return nil, err
		}
		s.handshakes = newHandshakes(c)
	}
	s.start = time.Now()
	s.users = machine.Users()
	if cfg.RequirePass != "" {
		s.required = statemachine.DefaultUserWith(cfg.RequirePass)
	}
	s.startMemory = processMemory().Used
	if s.runID = cfg.RunID; s.runID == "" {
		s.runID = newRunID()
	}
	s.settings = NewSettings(SettingsSource{Limits: limits, Listen: cfg.Listen, TLS: cfg.TLS, UnixSocket: cfg.UnixSocket, UnixSocketMode: cfg.UnixSocketMode, Dir: cfg.Dir, Cluster: cfg.ClusterMode,
		SlowerThan: defaultSlowerThan, SlowlogLength: defaultSlowlogLength,
		Protected: cfg.ProtectedMode, MaxMemory: cfg.MaxMemory, Eviction: cfg.Eviction, EvictionSamples: cfg.EvictionSamples})
	if cfg.LogLevel != nil {
		s.settings.bind(logLevelParameter, logLevel{cfg.LogLevel})
	}
	s.settings.bind(notifyParameter, eventSetting{s.hub})
	if err := s.settings.setFirst(cfg.Parameters); err != nil {
		return nil, err
	}
	s.slow.settings = s.settings
	s.denials.settings = s.settings
	s.evictor = newEvictor(s)
	s.settings.memoryChanged = s.memoryChanged
	s.memoryChanged()
	s.settings.timeoutChanged = s.closeIdleClients
	var err error
	if s.table, s.rows, err = buildRows(); err != nil {
		return nil, err
	}
	if err := CheckEvents(cfg.NotifyKeyspaceEvents); err != nil {
		return nil, fmt.Errorf("resp: NotifyKeyspaceEvents is %q: %w", cfg.NotifyKeyspaceEvents, err)
	}
	machine.Listen(s.hub)
	s.monitors.showScripts = machine.ShowScripts
	node.CountAt(s.hub.countFor)
	node.WatchSaves(s.saved)
	events, _ := parseEvents(cfg.NotifyKeyspaceEvents)
	s.hub.setNotified(events)
	s.settings.keepOwn()
	s.hub.SettingsChanged() // the state may be there already
	return s, nil
}

// saved takes in that the journal was written, and synced.
func (s *Server) saved(took time.Duration) {
	s.stall(eventSync, took)
	if s.config.Tracing.Sink != nil {
		s.syncs.note(s.nanos(), took)
	}
}

// newRunID makes an id of 40 hexadecimal digits, as Redis's are.
func newRunID() string {
	id := make([]byte, 20)
	rand.Read(id) // never fails: crypto/rand
	return hex.EncodeToString(id)
}

// The defaults of slowlog-log-slower-than (microseconds) and slowlog-max-len.
const (
	defaultSlowerThan    = 10_000
	defaultSlowlogLength = 128
)

func (s *Server) startLoops() error {
	count := s.config.Loops
	if count <= 0 {
		count = max(1, min(runtime.GOMAXPROCS(0)/coresPerLoop, maxDefaultLoops))
	}
	var loops []*eventLoop
	for range count {
		l, err := newEventLoop(s)
		if err != nil {
			for _, l := range loops {
				err = errors.Join(err, l.poller.close())
			}
			return err
		}
		loops = append(loops, l)
	}
	s.loops = loops
	s.started.Store(true)
	for _, l := range loops {
		s.serving.Go(l.run)
	}
	s.serving.Go(s.evictor.run)
	s.serving.Go(s.watchRates)
	return nil
}

// nanos is a monotonic clock for durations.
func (s *Server) nanos() int64 { return int64(time.Since(s.start)) }

// leastBusy chooses the loop for another client, and counts it.
func (s *Server) leastBusy() *eventLoop {
	s.mu.Lock()
	defer s.mu.Unlock()
	least := slices.MinFunc(s.loops, func(a, b *eventLoop) int { return cmp.Compare(a.count, b.count) })
	least.count++
	return least
}

func (s *Server) allLoops() []*eventLoop { return s.loops }

// left is called when a connection is gone from its loop.
func (s *Server) left(l *eventLoop) {
	s.mu.Lock()
	l.count--
	s.mu.Unlock()
	s.gone()
}

// gone is called when a connection is gone.
func (s *Server) gone() {
	if s.open.Add(-1) == 0 && s.stopping.Load() {
		s.signalEmpty()
	}
}

func (s *Server) signalEmpty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.empty:
	default:
		close(s.empty)
	}
}

// Close stops accepting connections and reading from those there are, has everything answered that was accepted, and
// closes them. When ctx ends first, the rest is closed: those that were answered and have not taken their replies are logged, and
// ctx's error is returned if there are others. Further calls wait for the first and return the same.
func (s *Server) Close(ctx context.Context) error {
	s.closeOnce.Do(func() {
		s.closeErr = s.shutDown(ctx)
		close(s.stopped)
	})
	<-s.stopped
	return s.closeErr
}

func (s *Server) shutDown(ctx context.Context) error {
	s.stopping.Store(true)
	close(s.closing)
	problems := []error{s.stopListening()}
	if s.handshakes != nil {
		s.handshakes.close()
	}
	s.halt.end()
	s.sleeping.end()
	s.opening.Wait()
	loops := s.allLoops()
	for _, l := range loops {
		l.do(l.drain)
	}
	if s.open.Load() == 0 {
		s.signalEmpty()
	}
	select {
	case <-s.empty:
	case <-ctx.Done():
		open, unanswered := s.open.Load(), unansweredOf(loops)
		if unanswered > 0 {
			problems = append(problems, fmt.Errorf("resp: %d connections were closed before everything was answered: %w", unanswered, ctx.Err()))
		}
		if deaf := open - int64(unanswered); deaf > 0 {
			s.logger.Warn("resp: clients are closed that do not take their replies", "clients", deaf)
		}
	}
	for _, l := range loops {
		l.mailbox.close(l.stop)
	}
	s.serving.Wait()
	problems = append(problems, s.errands.await(ctx))
	s.holds.releaseAll()
	return errors.Join(problems...)
}

// unansweredOf counts the clients of draining loops that still wait for a reply, not for their own reader.
func unansweredOf(loops []*eventLoop) int {
	counted := make(chan int, len(loops))
	total := 0
	for _, l := range loops {
		if !l.do(func() { counted <- l.unanswered() }) {
			continue
		}
		total += <-counted
	}
	return total
}
