// Package scenario is what the benchmark suite measures beside operations a second: memory, restarts, take-overs and the like.
package scenario

import (
	"context"
	"io"
)

// Env is what a scenario may use. Ports from BasePort on are free, and nothing else runs on the machine meanwhile.
type Env struct {
	Paxredis string // the binary
	Dir      string // an empty directory, removed by the caller
	BasePort int
	Quick    bool // a scenario that is made short shows that it works, and little else
	Log      io.Writer
}

// Figure is one thing that was measured, once or several times, and the same of redis-server where it has it.
type Figure struct {
	Name, Unit string
	Values     []float64
	Reference  []float64 // redis-server's, may be empty
	Goal       string    // such as "<= 1.5x redis", may be empty
	Note       string
}

// Scenario measures some figures on servers that it starts and stops itself.
type Scenario struct {
	Name, Title string
	Run         func(ctx context.Context, env Env) ([]Figure, error)
}

// All lists the scenarios in the order in which they run.
func All() []Scenario { return nil }
