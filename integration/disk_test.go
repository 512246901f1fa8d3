package integration

import (
	"fmt"
	"strings"
	"testing"
)

// TestFullDiskStopsANodeAndLosesNothing fills the disk of one node of three. It must stop with an error that says so,
// the others go on, and with room again it comes back with everything.
func TestFullDiskStopsANodeAndLosesNothing(t *testing.T) {
	needsProcesses(t)
	disk := newSmallDisk(t, "24m")
	c := newFaulty(t, 3, "--journal-segment-bytes", "4mb", "--min-free-disk", "0")
	full, writer := c.nodes[2], c.nodes[0]
	disk.give(c, full)
	c.start()
	c.awaitServing()

	value := strings.Repeat("v", 100_000)
	written := 0
	disk.awaitFull(t, func() {
		for range 10 {
			expect(t, writer, "OK", "SET", fmt.Sprint("k", written), value)
			written++
		}
	})
	expect(t, writer, "OK", "SET", "after", "v")

	disk.enlarge(t)
	full.start()
	full.awaitServing()
	expect(t, full, fmt.Sprint(written+1), "DBSIZE")
	c.awaitEqual()
}
