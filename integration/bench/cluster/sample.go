package cluster

import (
	"context"
	"path/filepath"
	"time"
)

// Sample is what each node uses at one moment, in bytes.
type Sample struct {
	Resident [Size]int64
	State    [Size]int64 // on the disk, for checkpoints
	Journal  [Size]int64 // on the disk, for the log
}

// Sample looks at all nodes, which must run.
func (c *Cluster) Sample() (s Sample, err error) {
	for i, n := range c.Nodes {
		if s.Resident[i], err = Resident(n.PID()); err != nil {
			return s, err
		}
		if s.State[i], err = DiskUse(filepath.Join(n.Dir, "state")); err != nil {
			return s, err
		}
		if s.Journal[i], err = DiskUse(filepath.Join(n.Dir, "journal")); err != nil {
			return s, err
		}
	}
	return s, nil
}

// Peaks are the highest values of a while.
type Peaks struct {
	cancel context.CancelFunc
	ended  chan error
	most   Sample
}

// peakEvery is how often the nodes are looked at.
const peakEvery = 500 * time.Millisecond

// WatchPeaks looks at the nodes until Stop. None may be killed or started meanwhile.
func (c *Cluster) WatchPeaks(ctx context.Context) *Peaks {
	ctx, cancel := context.WithCancel(ctx)
	p := &Peaks{cancel: cancel, ended: make(chan error, 1)}
	go func() { p.ended <- p.watch(ctx, c) }()
	return p
}

func (p *Peaks) watch(ctx context.Context, c *Cluster) error {
	tick := time.NewTicker(peakEvery)
	defer tick.Stop()
	for {
		now, err := c.Sample()
		if err != nil {
			return err
		}
		for i := range Size {
			p.most.Resident[i] = max(p.most.Resident[i], now.Resident[i])
			p.most.State[i] = max(p.most.State[i], now.State[i])
			p.most.Journal[i] = max(p.most.Journal[i], now.Journal[i])
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Stop returns the highest values. It is called once.
func (p *Peaks) Stop() (Sample, error) {
	p.cancel()
	err := <-p.ended
	return p.most, err
}
