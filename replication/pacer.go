package replication

import "time"

// Long work on checkpoints rests for restShare times as long as it has worked, but for maxRest at most: heartbeats, and what clients
// wait for, come first.
const (
	restShare = 5
	maxRest   = 250 * time.Millisecond
)

// pacer has long work rest between its bites.
type pacer struct {
	// urgency is 0 while there is time, and 1 when the work must be done as fast as it can be.
	urgency func() float64
	stop    chan struct{} // closed at the end: nothing rests any more
}

func newPacer(urgency func() float64) *pacer {
	return &pacer{urgency: urgency, stop: make(chan struct{})}
}

// rest waits for as long as work of that length asks for.
func (p *pacer) rest(worked time.Duration) {
	d := min(time.Duration(float64(restShare*worked)*(1-min(1, p.urgency()))), maxRest)
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.stop:
	}
}

func (p *pacer) close() { close(p.stop) }
