package history

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// firstLimit bounds the first search of each history. One that is linearizable is decided within milliseconds; to show that one is
// not can take for ever, above all with unknown outcomes.
const firstLimit = 2 * time.Second

// pictureLimit bounds another search, the one that draws.
const pictureLimit = 5 * time.Second

// pictures is how many violations get a picture; more say nothing new, and each takes a search.
const pictures = 3

// Check searches all histories, which must be over, for an order in which they could have happened one command at a time. It
// takes no longer than about timeout, beside the pictures, which go to files in dir unless that is empty. What is not decided
// by then counts as a violation, and so does what is not decided soon once another history is known to be wrong: the violations
// that are certain come first.
func (r *Recorder) Check(timeout time.Duration, dir string) *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	began := time.Now()
	report := r.report()
	deadline := began.Add(timeout)
	results := map[string]porcupine.CheckResult{}
	r.search(r.order, min(timeout, firstLimit), deadline, results)
	if len(with(r.order, results, porcupine.Illegal)) == 0 {
		r.search(with(r.order, results, porcupine.Unknown), timeout, deadline, results)
	}
	for _, wrong := range []porcupine.CheckResult{porcupine.Illegal, porcupine.Unknown} {
		for _, key := range with(r.order, results, wrong) {
			report.Violations = append(report.Violations, r.violation(key, wrong, dir, len(report.Violations)))
		}
	}
	report.Checked = time.Since(began)
	return report
}

// with are the histories whose search ended so.
func with(keys []string, results map[string]porcupine.CheckResult, result porcupine.CheckResult) []string {
	var some []string
	for _, key := range keys {
		if results[key] == result {
			some = append(some, key)
		}
	}
	return some
}

// search checks histories on all processors, each for no longer than most, and all until the deadline.
func (r *Recorder) search(keys []string, most time.Duration, deadline time.Time, results map[string]porcupine.CheckResult) {
	var mu sync.Mutex
	var all sync.WaitGroup
	next := make(chan string)
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for key := range next {
				result := r.histories[key].check(min(most, time.Until(deadline)))
				mu.Lock()
				results[key] = result
				mu.Unlock()
			}
		})
	}
	for _, key := range keys {
		next <- key
	}
	close(next)
	all.Wait()
}

// report is the figures, without those of the check.
func (r *Recorder) report() *Report {
	f := &r.figures
	report := &Report{
		Operations: f.commands, OK: f.ok, Refused: f.refused, Unknown: f.unknown, Writes: f.writes,
		Unexpected: f.unexpected, UnexpectedErrors: slices.Clone(r.unexpected), Names: maps.Clone(f.names),
		Histories:    len(r.order),
		WithoutWrite: time.Duration(max(f.pause, r.last-r.lastWrite)),
		Recorded:     time.Since(r.began),
	}
	for _, h := range r.histories {
		n := len(h.operations)
		report.Longest = max(report.Longest, n)
		if h.group {
			report.Transaction += int64(n)
		} else {
			report.Register += int64(n)
		}
	}
	return report
}

// model is what the keys of a history may do.
func (h *history) model() porcupine.Model {
	if h.group {
		return groupModel()
	}
	return registerModel()
}

// check searches one history for that long.
func (h *history) check(limit time.Duration) porcupine.CheckResult {
	if limit <= 0 {
		return porcupine.Unknown // 0 would be no limit at all
	}
	return porcupine.CheckOperationsTimeout(h.model(), h.operations, limit)
}

// violation describes a history that is wrong, or not decided, with a picture if there are not enough of them yet.
func (r *Recorder) violation(key string, result porcupine.CheckResult, dir string, before int) Violation {
	h := r.histories[key]
	v := Violation{Key: key, Operations: len(h.operations), Undecided: result == porcupine.Unknown}
	if dir == "" || before >= pictures {
		return v
	}
	picture, err := h.draw(dir, key)
	if err != nil {
		picture = fmt.Sprintf("no picture: %v", err)
	}
	v.Picture = picture
	return v
}

// draw writes porcupine's visualization of a history to a file named after its key.
func (h *history) draw(dir, key string) (path string, err error) {
	model := h.model()
	_, info := porcupine.CheckOperationsVerbose(model, h.operations, pictureLimit)
	name := strings.Map(func(c rune) rune {
		if c == ':' || c == '/' {
			return '-'
		}
		return c
	}, key)
	path = filepath.Join(dir, name+".html")
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	if err := porcupine.Visualize(model, info, file); err != nil {
		_ = file.Close()
		return "", err
	}
	return path, file.Close()
}
