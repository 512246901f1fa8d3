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

// pictureLimit bounds a second search, the one that draws.
const pictureLimit = 20 * time.Second

// pictures is how many violations get a picture; more say nothing new, and each takes a search.
const pictures = 3

// Check searches all histories, which must be over, for an order in which they could have happened one command at a time. It
// takes no longer than about timeout, beside the pictures, which go to files in dir unless that is empty. What is not decided
// by then counts as a violation.
func (r *Recorder) Check(timeout time.Duration, dir string) *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	began := time.Now()
	report := r.report()
	deadline := began.Add(timeout)
	results := make([]porcupine.CheckResult, len(r.order))
	var all sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range next {
				results[i] = r.histories[r.order[i]].check(deadline)
			}
		})
	}
	for i := range r.order {
		next <- i
	}
	close(next)
	all.Wait()
	for i, result := range results {
		if result != porcupine.Ok {
			report.Violations = append(report.Violations, r.violation(r.order[i], result, dir, len(report.Violations)))
		}
	}
	report.Checked = time.Since(began)
	return report
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

// check searches one history until the deadline.
func (h *history) check(deadline time.Time) porcupine.CheckResult {
	left := time.Until(deadline)
	if left <= 0 {
		return porcupine.Unknown // 0 would be no limit at all
	}
	return porcupine.CheckOperationsTimeout(h.model(), h.operations, left)
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
