package state

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestWaitingAsksForNoRest: what passes while work is suspended is not counted.
func TestWaitingAsksForNoRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Duration
		p := newPace(func(worked time.Duration) { asked = append(asked, worked) })
		pass := func(d time.Duration) { <-time.After(d) }

		pass(time.Second)
		p.pause()
		pass(time.Second)
		p.suspend()
		pass(time.Hour)
		p.resume()
		pass(2 * time.Second)
		p.pause()
		p.suspend()
		pass(time.Hour)
		p.pause()

		want := []time.Duration{time.Second, 3 * time.Second, 0}
		for i := range want {
			if len(asked) != len(want) || asked[i] != want[i] {
				t.Fatalf("rests were asked for after %v of work, not %v", asked, want)
			}
		}
	})
}
