// Package scenario measures what a table of requests a second does not show: memory, take-over, restart, disk, what clients notice of checkpoints
// and of nodes that catch up, where the processor's time goes, and whether one part of the load or of the cluster slows the others.
//
// Each scenario starts three paxredis nodes of its own, and a redis-server where there is something to compare, and ends them. Nothing here
// passes or fails: the figures carry the goal beside them.
package scenario

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Env is where scenarios run, one at a time.
type Env struct {
	Paxredis string // the binary
	Dir      string // for data and logs; each scenario removes what it has put there
	Results  string // for pictures that stay; "": none are drawn
	BasePort int    // for clients: three ports from it on, the eleventh for redis-server; peer ports are 1000 higher
	Quick    bool   // a tenth of the time, or less: to see that it works
	Log      io.Writer
}

// Figure is something measured. What is measured several times has several values.
type Figure struct {
	Name      string
	Unit      string
	Values    []float64
	Reference []float64 // redis-server's; may be empty
	Goal      string    // such as "<= 1.5x redis"; may be empty
	Note      string
}

// Scenario is one thing to measure.
type Scenario struct {
	Name  string // a word, to choose it by
	Title string // a sentence
	Run   func(ctx context.Context, env Env) ([]Figure, error)
}

// All are the scenarios, in the order in which they are told.
func All() []Scenario {
	return []Scenario{
		{"memory", "Resident memory a key (16 bytes, with a value of 100 bytes)", memory},
		{"takeover", "Writes after the leader was killed under load", takeover},
		{"restart", "A node with many keys, killed and started again", restart},
		{"disk", "The disk after many overwrites of the same keys", disk},
		{"checkpoint", "What clients notice of a checkpoint", checkpoint},
		{"catchup", "What clients notice of a node that catches up by a checkpoint", catchUp},
		{"cpu", "Processor time a command, by stage", cpu},
		{"slow", "What clients notice of a node that is slow", slow},
		{"keys", "What clients notice of another one's KEYS", keys},
		{"large", "What clients notice of another one's large values and long pipelines", largeValues},
		{"overload", "Many clients that send without reading", overload},
	}
}

// say tells whoever waits what goes on.
func (e Env) say(format string, args ...any) {
	if e.Log != nil {
		fmt.Fprintf(e.Log, format+"\n", args...)
	}
}

// pick is a size or a number of times: in full, or quick.
func pick[T any](e Env, full, quick T) T {
	if e.Quick {
		return quick
	}
	return full
}

// single is a figure with one value.
func single(name, unit string, value float64) Figure {
	return Figure{Name: name, Unit: unit, Values: []float64{value}}
}

// against adds a goal.
func (f Figure) against(goal string) Figure {
	f.Goal = goal
	return f
}

// noting adds a note.
func (f Figure) noting(format string, args ...any) Figure {
	f.Note = fmt.Sprintf(format, args...)
	return f
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

func allMebibytes(all []int64) []float64 {
	var values []float64
	for _, n := range all {
		values = append(values, mebibytes(n))
	}
	return values
}
