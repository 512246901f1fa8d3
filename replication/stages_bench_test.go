package replication

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/uuid"
)

// The stages of a write that are this package's: commands are put into a lane, and taken out of it as chunks that are numbered; sections of them
// become the payload of a slot; and the nodes that apply the slot read it. Each has a benchmark, in a file of its own.

// stageCounts are how many commands come at once.
var stageCounts = []int{1, 16, 256}

// stageCommandBytes is what a SET of 16 bytes of key and 128 of value takes in the log.
const stageCommandBytes = 1 + 1 + 1 + (1 + 3) + (1 + 16) + (2 + 128)

// stageSections are the commands of so many nodes, n in all.
func stageSections(origins, n int) []section {
	sections := make([]section, origins)
	for i := range sections {
		count := n / origins
		sections[i] = section{node: 1, session: uuid.UUID{byte(i + 1)}, first: 1 << 30, count: uint32(count),
			commands: bytes.Repeat([]byte{1}, count*stageCommandBytes)}
	}
	return sections
}

// nsPerCommand reports what one command takes where b.N counts batches of them.
func nsPerCommand(b *testing.B, commands int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*commands), "ns/cmd")
}

func stageName(n int) string { return fmt.Sprintf("set-128B-x%d", n) }
