package resp

import (
	"sync"
	"time"
)

// rateInterval is how often the figures a second are made, each of the time since the last.
const rateInterval = time.Second

// rates are INFO's figures a second, of the newest interval. They are made whether or not somebody asks: else the first INFO in a while would
// tell of all that while.
type rates struct {
	mu                       sync.Mutex // guards what follows; watchRates alone writes it
	at                       int64
	processed, input, output uint64
	operations               uint64
	inputKBs, outputKBs      float64
}

// watchRates makes the rates until the server closes.
func (s *Server) watchRates() {
	tick := time.NewTicker(rateInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.rates.note(s.nanos(), s.total())
		case <-s.closing:
			return
		}
	}
}

// note ends an interval.
func (r *rates) note(now int64, t totals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seconds := time.Duration(now - r.at).Seconds()
	r.operations = uint64(float64(t.processed-r.processed)/seconds + 0.5)
	r.inputKBs = float64(t.inputBytes-r.input) / 1024 / seconds
	r.outputKBs = float64(t.outputBytes-r.output) / 1024 / seconds
	r.at, r.processed, r.input, r.output = now, t.processed, t.inputBytes, t.outputBytes
}

func (r *rates) fill(stats *StatsInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stats.OpsPerSecond, stats.InputRate, stats.OutputRate = r.operations, r.inputKBs, r.outputKBs
}
