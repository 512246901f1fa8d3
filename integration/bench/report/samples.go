package report

import (
	"slices"
	"time"

	"github.com/paxredis/paxredis/integration/bench/load"
)

// Sample is one measurement: of a system under a workload, in a round.
type Sample struct {
	Round                  int // from 1
	Part, Workload, System string
	load.Figures
	// CPU is the time that all processes of the system used meanwhile, and CPUAfter what they used until they were quiet again.
	CPU, CPUAfter time.Duration
	// Others is how many CPUs other programs and threads of the kernel used meanwhile, or the host of a virtual machine took away.
	Others float64
}

// CPUOfOne is the time of the CPUs for one request, in microseconds, what it caused later included.
func (s Sample) CPUOfOne() float64 {
	return float64((s.CPU + s.CPUAfter).Nanoseconds()) / 1e3 / float64(s.Requests)
}

// Samples are measurements in the order in which they were made.
type Samples []Sample

// Cell is what the rounds of a system under a workload have in common.
type Cell struct{ Part, Workload, System string }

func (s Sample) cell() Cell { return Cell{s.Part, s.Workload, s.System} }

// workloads lists those of a part, in the order of their first samples.
func (all Samples) workloads(part string) []string {
	return all.names(part, func(s Sample) string { return s.Workload })
}

// systems lists those of a part, in the order of their first samples.
func (all Samples) systems(part string) []string {
	return all.names(part, func(s Sample) string { return s.System })
}

func (all Samples) names(part string, of func(Sample) string) []string {
	var names []string
	for _, s := range all {
		if s.Part == part && !slices.Contains(names, of(s)) {
			names = append(names, of(s))
		}
	}
	return names
}

// Spread sums a figure up over the rounds of a cell.
func (all Samples) Spread(c Cell, of func(Sample) float64) Spread {
	var values []float64
	for _, s := range all {
		if s.cell() == c {
			values = append(values, of(s))
		}
	}
	return SpreadOf(values)
}

// Ratios are the operations a second of a cell divided by those of another system under the same workload, one for each round in which
// both were measured.
func (all Samples) Ratios(c Cell, against string) []float64 {
	other := Cell{c.Part, c.Workload, against}
	var ratios []float64
	for _, s := range all {
		if s.cell() != c {
			continue
		}
		if i := slices.IndexFunc(all, func(o Sample) bool { return o.cell() == other && o.Round == s.Round }); i >= 0 && all[i].PerSecond > 0 {
			ratios = append(ratios, s.PerSecond/all[i].PerSecond)
		}
	}
	return ratios
}

func perSecond(s Sample) float64 { return s.PerSecond }
