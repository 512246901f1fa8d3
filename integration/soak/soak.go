package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// rounds is how many lines the table of the overwrites has.
const rounds = 10

// mib is a number of bytes for people.
func mib(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/(1<<20)) }

// soak overwrites the keys and prints what disk and memory do meanwhile.
func soak(ctx context.Context, c *cluster, o options) error {
	l := &load{nodes: c.nodes, keys: o.keys, value: o.value, clients: o.clients, pipeline: o.pipeline, prefix: "key:"}
	live := int64(o.keys) * int64(o.value+len(l.prefix)+len(strconv.Itoa(o.keys-1)))
	fmt.Printf("%d overwrites of %d keys with values of %d bytes through %d connections with pipelines of %d; live data: %s MiB\n\n",
		o.writes, o.keys, o.value, o.clients, o.pipeline, mib(live))
	fmt.Println("| writes | seconds | resident MiB, node 1 / 2 / 3 | state MiB | journal MiB |\n|---:|---:|---|---|---|")
	peak := watchPeaks(ctx, c)
	began := time.Now()
	for round := 1; round <= rounds; round++ {
		if err := l.run(ctx, o.writes*round/rounds-o.writes*(round-1)/rounds); err != nil {
			return errors.Join(err, peak.stop())
		}
		s, err := sampleOf(c)
		if err != nil {
			return errors.Join(err, peak.stop())
		}
		fmt.Printf("| %d | %.0f | %s | %s | %s |\n", o.writes*round/rounds, time.Since(began).Seconds(), listed(s.residents), listed(s.states), listed(s.journals))
	}
	if err := peak.stop(); err != nil {
		return err
	}
	took := time.Since(began)
	return printSoak(ctx, c, peak, live, float64(o.writes)/took.Seconds())
}

// printSoak prints what is there at the end.
func printSoak(ctx context.Context, c *cluster, peak *peaks, live int64, perSecond float64) error {
	if err := c.nodes[0].checkpoint(ctx); err != nil {
		return err
	}
	now, err := sampleOf(c)
	if err != nil {
		return err
	}
	ofLive := func(bytes int64) float64 { return float64(bytes) / float64(live) }
	fmt.Printf("\n%.0f writes a second\n\n| node | checkpoints | state MiB | of live data | most state MiB | of live data | journal MiB | most journal MiB | most resident MiB |\n"+
		"|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n", perSecond)
	for i, n := range c.nodes {
		taken, err := n.checkpointsTaken()
		if err != nil {
			return err
		}
		fmt.Printf("| %d | %d | %s | %.2f | %s | %.2f | %s | %s | %s |\n", n.id, taken, mib(now.states[i]), ofLive(now.states[i]),
			mib(peak.most.states[i]), ofLive(peak.most.states[i]), mib(now.journals[i]), mib(peak.most.journals[i]), mib(peak.most.residents[i]))
	}
	fmt.Println()
	return nil
}

// checkpointsTaken counts them in the node's log.
func (n *node) checkpointsTaken() (int, error) {
	text, err := os.ReadFile(n.log.Name())
	return strings.Count(string(text), " msg=checkpoint "), err
}

// sample is what the nodes use at one moment, in bytes.
type sample struct{ residents, states, journals [size]int64 }

func sampleOf(c *cluster) (s sample, err error) {
	for i, n := range c.nodes {
		if s.residents[i], err = resident(n.process.PID()); err != nil {
			return s, err
		}
		if s.states[i], err = diskUse(filepath.Join(n.dir, "state")); err != nil {
			return s, err
		}
		if s.journals[i], err = diskUse(filepath.Join(n.dir, "journal")); err != nil {
			return s, err
		}
	}
	return s, nil
}

func listed(values [size]int64) string {
	parts := make([]string, size)
	for i, v := range values {
		parts[i] = mib(v)
	}
	return strings.Join(parts, " / ")
}

// peaks are the highest values of a while.
type peaks struct {
	cancel context.CancelFunc
	ended  chan error
	most   sample
}

// peakEvery is how often the nodes are looked at.
const peakEvery = 500 * time.Millisecond

// watchPeaks looks at the nodes until stop, which makes its result readable.
func watchPeaks(ctx context.Context, c *cluster) *peaks {
	ctx, cancel := context.WithCancel(ctx)
	p := &peaks{cancel: cancel, ended: make(chan error, 1)}
	go func() {
		tick := time.NewTicker(peakEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				p.ended <- nil
				return
			case <-tick.C:
			}
			now, err := sampleOf(c)
			if err != nil {
				p.ended <- err
				return
			}
			for i := range size {
				p.most.residents[i] = max(p.most.residents[i], now.residents[i])
				p.most.states[i] = max(p.most.states[i], now.states[i])
				p.most.journals[i] = max(p.most.journals[i], now.journals[i])
			}
		}
	}()
	return p
}

func (p *peaks) stop() error {
	p.cancel()
	return <-p.ended
}

// resident is the memory of a process, in bytes.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no VmRSS", pid)
}

// diskUse is what the files below a directory take, in bytes. Files may go while it looks.
func diskUse(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				if stat, ok := info.Sys().(*syscall.Stat_t); ok {
					bytes += stat.Blocks * 512
				}
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return bytes, err
}
