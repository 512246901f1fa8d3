package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/cmd/paxredis/moving"
)

const importUsage = `paxredis import moves data into a running cluster.

Usage:
  paxredis import [flags] FILE                   an RDB file of any Redis from 2.6 to 8.0
  paxredis import [flags] --from URL             a live Redis or Valkey, redis://[user:password@]host:port

A file is checked from end to end before anything is written. A live source is followed as a replica follows it, until the cut-over: at once when the
cluster has caught up (--cut-over), or when this program gets the signal USR1. Then the source is kept from taking writes, the rest is
applied, both are compared, and the applications may go on with the cluster. No one should use the cluster before.

`

// importTimeout is how long a node may take for a transaction: longer than what a cluster takes to say that nobody knows.
const importTimeout = 30 * time.Second

// importFlags are those of import.
type importFlags struct {
	addresses addressList
	security  clientSecurity
	patience  time.Duration
	replace   bool
	keep      bool
	options   moving.Options
	from      string
	live      moving.FollowOptions
	noFence   bool
}

func runImport(args []string, std stdio) error {
	fs := newFlagSet("import", "[flags] FILE | --from URL", std)
	f := importFlags{addresses: addressList{"127.0.0.1:6379"}}
	fs.Var(&f.addresses, "addr", "client `addresses` of the cluster's nodes, tried in turn: host:port[,host:port...]")
	f.security.flags(fs)
	fs.DurationVar(&f.patience, "patience", 2*time.Minute, "`time` for which a transaction is tried again while no node takes it")
	fs.BoolVar(&f.replace, "replace", false, "let the cluster have keys already: those that the source has, too, get its values")
	fs.BoolVar(&f.keep, "skip-existing", false, "let the cluster have keys already, which stay as they are (of a FILE only)")
	fs.IntVar(&f.options.Connections, "connections", moving.DefaultConnections, "`number` of connections that load at the same time, from 1 to 64")
	fs.BoolVar(&f.options.Verify, "verify", false, "compare every key and value with the source in the end, not only their numbers")
	fs.StringVar(&f.from, "from", "", "follow the live server at this `URL`: redis://[user:password@]host:port, or rediss:// with TLS")
	fs.StringVar(&f.live.SpoolDir, "spool-dir", "", "`directory` for the source's snapshot and the stream that waits (default: the system's for temporary files)")
	fs.Int64Var(&f.live.SpoolBytes, "spool-bytes", moving.DefaultSpoolBytes, "most `bytes` of the stream that wait on disk; beyond, the source is read no faster than the cluster takes it")
	fs.BoolVar(&f.live.Resume, "resume", false, "go on following the source where an import that was interrupted left off")
	fs.BoolVar(&f.live.CutOver, "cut-over", false, "cut over as soon as the cluster has caught up, without a signal")
	fs.BoolVar(&f.noFence, "no-fence", false, "do not keep the source from taking writes at the cut-over: you have stopped all who write")
	introduce(fs, importUsage)
	files, err := parseMixed(fs, args)
	if err != nil {
		return err
	}
	if err := f.check(files); err != nil {
		return err
	}
	security, err := f.security.config()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	m := newImportMeter(std.err)
	f.options.Progress = m.show
	f.options.Logger = slog.New(slog.NewTextHandler(std.err, nil))
	cluster := &moving.Cluster{Addresses: f.addresses, Patience: f.patience, Dial: func(address string) *redis.Client {
		return newClientWithin(address, importTimeout, security)
	}}
	var report *moving.Report
	if f.from == "" {
		report, err = moving.ImportFile(ctx, cluster, files[0], f.options)
	} else {
		report, err = f.follow(ctx, cluster, std)
	}
	m.end()
	if report != nil {
		printReport(std.out, report, f.from != "")
	}
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if f.from != "" {
		fmt.Fprintln(std.out, "The cluster has all of the source. Applications may switch to it.")
	}
	return nil
}

// check refuses flags that do not go together.
func (f *importFlags) check(files []string) error {
	switch live := f.from != ""; {
	case live == (len(files) > 0) || len(files) > 1:
		return usageErrorf("import: name one FILE, or a live source with --from")
	case f.replace && f.keep:
		return usageErrorf("--replace, --skip-existing: give one of them")
	case live && f.keep:
		return usageErrorf("--skip-existing: a live source is followed key by key, so what is there cannot be left as it is; empty the cluster first")
	case !live && (f.live.Resume || f.live.CutOver || f.noFence):
		return usageErrorf("--resume, --cut-over, --no-fence: only with --from")
	}
	switch {
	case f.replace:
		f.options.Existing = moving.Replace
	case f.keep:
		f.options.Existing = moving.Keep
	}
	return nil
}

// printReport says what was done.
func printReport(w io.Writer, r *moving.Report, live bool) {
	var b strings.Builder
	part := func(title string, c moving.Counts) {
		if c.Total() > 0 {
			fmt.Fprintf(&b, "%s %d keys:\n%v\n", title, c.Total(), c)
		}
	}
	if live {
		part("Of the source's snapshot there were written", r.Written)
		part("At the cut-over the source had, those apart that end soon,", r.Source)
		part("and the cluster", r.Found)
	} else {
		part("In the source:", r.Source)
		part("Written:", r.Written)
		part("There before, and left:", r.Kept)
		part("In the cluster:", r.Found)
	}
	if r.Expired > 0 {
		fmt.Fprintf(&b, "Passed over because their time was over: %d keys\n", r.Expired)
	}
	if r.Libraries > 0 {
		fmt.Fprintf(&b, "Libraries of functions: %d\n", r.Libraries)
	}
	if r.Verified > 0 {
		fmt.Fprintf(&b, "Compared key by key: %d keys are equal\n", r.Verified)
	}
	for _, name := range r.Modules {
		fmt.Fprintf(&b, "Passed over: what module %q keeps besides keys\n", name)
	}
	fmt.Fprint(w, b.String())
}

// lineInterval is the least time between two lines of progress where there is no terminal.
const lineInterval = 5 * time.Second

// importMeter shows how far an import is: on a terminal in one line that changes, elsewhere in a line now and then. Any goroutine may use it.
type importMeter struct {
	mu    sync.Mutex
	meter *meter
	plain io.Writer
	phase string
}

func newImportMeter(w io.Writer) *importMeter {
	return &importMeter{meter: newMeter(w), plain: w}
}

func (m *importMeter) show(p moving.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	line := importLine(p)
	if m.meter.out != nil {
		m.meter.line(now, line)
		return
	}
	if p.Phase == m.phase && now.Sub(m.meter.shown) < lineInterval {
		return
	}
	m.phase, m.meter.shown = p.Phase, now
	fmt.Fprintln(m.plain, line)
}

func (m *importMeter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meter.end()
}

// importLine is what there is to say.
func importLine(p moving.Progress) string {
	line := p.Phase
	if p.Total > 0 {
		line += fmt.Sprintf(" %3d%%  %s of %s", 100*p.Done/p.Total, sizeText(uint64(p.Done)), sizeText(uint64(p.Total)))
	} else if p.Done > 0 {
		line += "  " + sizeText(uint64(p.Done))
	}
	if p.Keys > 0 {
		line += fmt.Sprintf("  %d keys", p.Keys)
	}
	if p.Phase == moving.PhaseFollowing {
		line += fmt.Sprintf("  %s behind", sizeText(uint64(p.Lag)))
	}
	return line
}

// follow follows a live source until the cut-over.
func (f *importFlags) follow(ctx context.Context, cluster *moving.Cluster, std stdio) (*moving.Report, error) {
	source, err := moving.ParseSource(f.from)
	if err != nil {
		return nil, usageErrorf("--from: %w", err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	defer signal.Stop(signals)
	begin := make(chan struct{})
	go func() {
		select {
		case <-signals:
			close(begin)
		case <-ctx.Done():
		}
	}()
	f.live.Begin, f.live.Fence = begin, !f.noFence
	if !f.live.CutOver {
		fmt.Fprintf(std.err, "The cut-over begins with: kill -USR1 %d\n", os.Getpid())
	}
	return moving.Follow(ctx, cluster, source, f.options, f.live)
}
