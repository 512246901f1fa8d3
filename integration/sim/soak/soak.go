package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/paxredis/paxredis/integration/sim"
)

// totals are the figures of all histories so far. Safe for use by several goroutines.
type totals struct {
	mu         sync.Mutex
	began      time.Time
	histories  uint64
	operations uint64
	slots      uint64
	events     uint64
	simulated  time.Duration
	faults     sim.Counts
	figures    sim.Figures
}

func (t *totals) add(r *sim.Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.histories++
	t.operations += uint64(r.Operations)
	t.slots += uint64(r.Slots)
	t.events += r.Events
	t.simulated += r.Simulated
	t.faults.Add(&r.Faults)
	t.figures.Add(&r.Figures)
}

func (t *totals) print(out io.Writer, violations int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(out, "%v: %d histories, %d operations, %d slots, %d events, %v simulated, %v, %d violations; faults: %v\n",
		time.Since(t.began).Round(time.Second), t.histories, t.operations, t.slots, t.events, t.simulated.Round(time.Second), t.figures, violations, t.faults)
}

// errViolated is why a soak ends before its time.
var errViolated = errors.New("something that must always hold did not; the lines above say what")

// soak runs one history after the other on every worker.
func soak(ctx context.Context, s settings, out io.Writer) error {
	if s.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.duration)
		defer cancel()
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	t := &totals{began: time.Now()}
	fmt.Fprintf(out, "seeds from %d on, %d histories at once\n", s.first, s.workers)
	violations := make(chan sim.Report, s.workers)
	var ended sync.WaitGroup
	for worker := range s.workers {
		ended.Go(func() {
			for seed := s.first + uint64(worker); running.Err() == nil; seed += uint64(s.workers) {
				r := sim.Run(seed, sim.Options{})
				t.add(&r)
				if r.Violation != nil {
					violations <- r
					stop()
					return
				}
			}
		})
	}
	printEveryMinute(running, t, out)
	ended.Wait()
	close(violations)
	t.print(out, len(violations))
	if r, ok := <-violations; ok {
		return errors.Join(errViolated, explain(ctx, s, r, out))
	}
	return nil
}

func printEveryMinute(ctx context.Context, t *totals, out io.Writer) {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-minute.C:
			t.print(out, 0)
		}
	}
}

// explain shows a violation, makes its history smaller, and writes the trace of what is left.
func explain(ctx context.Context, s settings, r sim.Report, out io.Writer) error {
	show(out, "violated", r)
	if s.shrink > 0 {
		by := time.Now().Add(s.shrink)
		smaller := sim.Shrink(r, func() bool {
			return ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) || time.Now().After(by)
		})
		show(out, "shrunk", smaller)
		r = smaller
	}
	path, err := writeTrace(s, r)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "trace: %s\nreplay the whole history with: -seed %d\n", path, r.Seed)
	return printEnd(path, out)
}

func show(out io.Writer, what string, r sim.Report) {
	fmt.Fprintf(out, "%s: seed %d, salt %d, %d nodes, %d clients, %d operations, %d events, %v simulated, reads %v, %d faults of [%v]\n  %v\n",
		what, r.Seed, r.Options.Salt, r.Options.Nodes, r.Options.Clients, r.Operations, r.Events, r.Simulated, r.Options.ReadMode, len(r.Happened),
		r.Faults, r.Violation)
}

// writeTrace runs a history again, for its trace.
func writeTrace(s settings, r sim.Report) (path string, err error) {
	if path = s.trace; path == "" {
		path = fmt.Sprintf("%s/paxredis-sim-%d.trace", os.TempDir(), r.Seed)
	}
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	buffered := bufio.NewWriter(file)
	o := r.Options
	o.Trace = buffered
	again := sim.Run(r.Seed, o)
	err = errors.Join(again.TraceError, buffered.Flush(), file.Close())
	if err == nil && again.Hash != r.Hash {
		err = fmt.Errorf("the history of seed %d was another one when it was run again: hash %016x instead of %016x", r.Seed, again.Hash, r.Hash)
	}
	return path, err
}

// linesAtEnd is how many lines of a trace are shown: what led to the violation is at its end.
const linesAtEnd = 60

func printEnd(path string, out io.Writer) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var last []string
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if last = append(last, lines.Text()); len(last) > 2*linesAtEnd {
			last = append(last[:0], last[linesAtEnd:]...)
		}
	}
	for _, line := range last[max(0, len(last)-linesAtEnd):] {
		fmt.Fprintln(out, line)
	}
	return lines.Err()
}

// replay runs the history of one seed, with its trace.
func replay(ctx context.Context, s settings, out io.Writer) error {
	r := sim.Run(s.seed, sim.Options{})
	if r.Violation != nil {
		return errors.Join(errViolated, explain(ctx, s, r, out))
	}
	show(out, "nothing violated", r)
	path, err := writeTrace(s, r)
	fmt.Fprintln(out, "trace:", path)
	return err
}
