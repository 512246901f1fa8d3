package main

import (
	"fmt"
	"io"
	"time"
)

// progress tells how far a run is.
type progress struct {
	out         io.Writer
	total, done int // measurements
	began       time.Time
	later       time.Duration // about what follows the measurements
}

func newProgress(out io.Writer, total int, later time.Duration) *progress {
	return &progress{out: out, total: total, began: time.Now(), later: later}
}

// step tells of a measurement that is done.
func (p *progress) step(text string) {
	p.done++
	p.say(text)
}

// skip counts measurements that will not be made.
func (p *progress) skip(n int) { p.done += n }

// say tells of something else.
func (p *progress) say(text string) {
	fmt.Fprintf(p.out, "bench: %s   [%d of %d, %s left]\n", text, p.done, p.total, about(p.left(time.Since(p.began))))
}

// left estimates the time that is left, from the mean of the measurements so far.
func (p *progress) left(passed time.Duration) time.Duration {
	if p.done == 0 {
		return -1
	}
	return passed/time.Duration(p.done)*time.Duration(p.total-p.done) + p.later
}

// about writes a time as people say it.
func about(d time.Duration) string {
	switch {
	case d < 0:
		return "unknown time"
	case d < 2*time.Minute:
		return fmt.Sprintf("about %d s", int(d.Seconds()))
	}
	return fmt.Sprintf("about %d min", int(d.Minutes()+0.5))
}
