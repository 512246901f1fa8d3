package replication

import (
	"fmt"
	"testing"
)

// BenchmarkWrites has 50 clients wait for one command each, through every node in turn. The journal is memory, so it
// measures the group's own work.
func BenchmarkWrites(b *testing.B) {
	for _, size := range []int{1, 3} {
		b.Run(fmt.Sprintf("%d nodes", size), func(b *testing.B) {
			c := newCluster(b, size, nil)
			for _, id := range c.all {
				c.nodes[id].mustWrite("x")
			}
			const clients = 50
			done := make(chan struct{})
			b.ResetTimer()
			for i := range clients {
				n := c.nodes[c.all[i%size]]
				go func() {
					for range b.N / clients {
						n.mustWrite("a value of some length, for a command of some length")
					}
					done <- struct{}{}
				}()
			}
			for range clients {
				<-done
			}
			b.StopTimer()
			batches := uint64(0)
			for _, n := range c.nodes {
				batches += n.group.Status().Batches
			}
			b.ReportMetric(float64(b.N)/float64(batches), "commands/batch")
		})
	}
}
