package scenario

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/paxredis/paxredis/integration/bench/traffic"
)

func TestScenariosAreChosenByAWord(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range All() {
		if !regexp.MustCompile(`^[a-z]+$`).MatchString(s.Name) || seen[s.Name] || s.Title == "" || s.Run == nil {
			t.Errorf("%q: %q", s.Name, s.Title)
		}
		seen[s.Name] = true
	}
}

func TestFiguresAround(t *testing.T) {
	watchedFor := func(d time.Duration) watched {
		r := traffic.Result{Latencies: traffic.Measured(d)}
		return watched{r, r}
	}
	runs := []around{
		{before: watchedFor(time.Millisecond), during: watchedFor(3 * time.Millisecond), after: watchedFor(2 * time.Millisecond), took: time.Second},
		{before: watchedFor(time.Millisecond), during: watchedFor(time.Millisecond), after: watchedFor(time.Millisecond), took: 2 * time.Second, foreign: "; noisy"},
	}
	figures := figuresAround("it", runs)
	want := map[string][]float64{
		"SET p99 during it, of that before": {3, 1}, "GET p99 during it, of that before": {3, 1},
		"SET p99 before": {1, 1}, "SET p99 during": {3, 1}, "longest after": {2, 1}, "it": {1, 2},
	}
	for _, f := range figures {
		if w, ok := want[f.Name]; ok && !slices.Equal(f.Values, w) {
			t.Errorf("%s: %v, want %v", f.Name, f.Values, w)
		}
		if f.Name == "SET p99 before" && f.Note != "; noisy" {
			t.Errorf("%s is noted with %q", f.Name, f.Note)
		}
		delete(want, f.Name)
	}
	if len(want) > 0 {
		t.Errorf("nothing is told of %v", want)
	}
	if none := figuresAround("it", nil); none != nil {
		t.Errorf("of nothing: %v", none)
	}
}
