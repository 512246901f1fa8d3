package monitor

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paxredis/paxredis/cmd/paxredis/tracing"
	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/resp"
)

// namespace begins the name of every metric but Go's and the process's.
const namespace = "paxredis_"

// scrape is what one scrape reads of a node: each part once.
type scrape struct {
	group      replication.Status
	figures    replication.Figures
	checkpoint replication.CheckpointStatus
	info       *resp.InfoSource
	clients    resp.Figures
	links      []peer.LinkStatus
	spans      tracing.Counts
	freeDisk   uint64
	ready      bool
}

// sample is one value of a metric, with the values of its labels in their order.
type sample struct {
	value  float64
	counts *replication.HistogramCounts // of a histogram, in place of value
	labels []string
}

// metric is a row of the table: what it is called, and where its samples are.
type metric struct {
	name, help string
	kind       prometheus.ValueType // 0: a histogram
	labels     []string
	scale      scale // of a histogram
	read       func(*scrape) []sample

	desc *prometheus.Desc
}

// scale says which buckets of a Histogram are told, and in which unit.
type scale struct {
	first, last, step int     // powers of two
	unit              float64 // what one is worth
}

// The scales: durations from 4 us to 17 s; those of commands, of which there are many, in coarser steps from 1 us to 1 s; what clients wait for them, of which
// quantiles are asked for, from 16 us to 17 s; sizes.
var (
	fineSeconds   = scale{12, 34, 1, 1e-9}
	coarseSeconds = scale{10, 30, 2, 1e-9}
	waitSeconds   = scale{14, 34, 1, 1e-9}
	countScale    = scale{0, 16, 1, 1}
	byteScale     = scale{6, 26, 2, 1}
)

// buckets are the counts as Prometheus has them: how many were at most so much.
func (s scale) buckets(c *replication.HistogramCounts) (total uint64, sum float64, upTo map[float64]uint64) {
	upTo = make(map[float64]uint64)
	for power, n := range c.Counts {
		if total += n; power >= s.first && power <= s.last && (power-s.first)%s.step == 0 {
			upTo[float64(uint64(1)<<power-1)*s.unit] = total
		}
	}
	return total, float64(c.Sum) * s.unit, upTo
}

func gauge(name, help string, read func(*scrape) float64) metric {
	return metric{name: name, help: help, kind: prometheus.GaugeValue, read: one(read)}
}

func counter(name, help string, read func(*scrape) uint64) metric {
	return metric{name: name, help: help, kind: prometheus.CounterValue, read: one(func(s *scrape) float64 { return float64(read(s)) })}
}

func one(read func(*scrape) float64) func(*scrape) []sample {
	return func(s *scrape) []sample { return []sample{{value: read(s)}} }
}

func histogram(name, help string, sc scale, read func(*scrape) *replication.HistogramCounts) metric {
	return metric{name: name, help: help, scale: sc, read: func(s *scrape) []sample { return []sample{{counts: read(s)}} }}
}

// byCommand is a counter of each command that was called or refused.
func byCommand(name, help string, read func(*resp.CommandFigures) uint64) metric {
	return metric{name: name, help: help, kind: prometheus.CounterValue, labels: []string{"command"},
		read: ofCommands(func(c *resp.CommandFigures) sample { return sample{value: float64(read(c))} })}
}

// durationByCommand is a histogram of each of them.
func durationByCommand(name, help string, sc scale, read func(*resp.CommandFigures) *replication.HistogramCounts) metric {
	return metric{name: name, help: help, scale: sc, labels: []string{"command"},
		read: ofCommands(func(c *resp.CommandFigures) sample { return sample{counts: read(c)} })}
}

// ofCommands reads a sample of each command, which it labels with the name.
func ofCommands(read func(*resp.CommandFigures) sample) func(*scrape) []sample {
	return func(s *scrape) []sample {
		samples := make([]sample, len(s.clients.Commands))
		for i := range samples {
			c := &s.clients.Commands[i]
			samples[i] = read(c)
			samples[i].labels = []string{c.Name}
		}
		return samples
	}
}

// byPeer is a metric of each node that there is, or was, a link to.
func byPeer(kind prometheus.ValueType, name, help string, read func(*peer.LinkStatus) float64) metric {
	return metric{name: name, help: help, kind: kind, labels: []string{"peer"}, read: func(s *scrape) []sample {
		samples := make([]sample, len(s.links))
		for i := range samples {
			samples[i] = sample{value: read(&s.links[i]), labels: []string{s.links[i].ID.String()}}
		}
		return samples
	}}
}

// byDatabase is a gauge of each database that has keys.
func byDatabase(name, help string, read func(*resp.KeyspaceInfo) int) metric {
	return metric{name: name, help: help, kind: prometheus.GaugeValue, labels: []string{"db"}, read: func(s *scrape) []sample {
		var samples []sample
		for i := range s.info.Keyspace {
			if k := &s.info.Keyspace[i]; k.Keys > 0 {
				samples = append(samples, sample{value: float64(read(k)), labels: []string{strconv.Itoa(k.DB)}})
			}
		}
		return samples
	}}
}

func flagValue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
