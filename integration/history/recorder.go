package history

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// never is when a command whose outcome is unknown returned.
const never = int64(math.MaxInt64)

// samples is how many unexpected errors are kept as texts.
const samples = 5

// Recorder keeps what clients called and what came of it. All its methods may be called from any goroutine.
type Recorder struct {
	began time.Time // its monotonic reading is the zero of all times here

	mu         sync.Mutex
	histories  map[string]*history
	order      []string // of the histories' names, by their first command
	figures    figures
	unexpected []string
	lastWrite  int64 // when the newest successful write returned
	last       int64 // when the newest command returned
	waiting    map[*wait]struct{}
	processes  int
}

// figures are the sums of a recorder.
type figures struct {
	commands, ok, refused, unknown, unexpected, writes int64
	names                                              map[string]int64 // successful commands, by what they did
	pause                                              int64            // the longest time without a successful write, in nanoseconds
}

// wait is someone who waits for writes.
type wait struct {
	writes int64 // until there were so many
	done   chan struct{}
}

// history is what happened to one key, or to one group of keys.
type history struct {
	group      bool
	operations []porcupine.Operation
}

// command is a finished command.
type command struct {
	key     string // or the group's name
	group   bool
	name    string // what it did, for the figures
	process int
	write   bool
	called  int64
	outcome outcome
	problem error // the text of an unexpected outcome
	input   any   // registerCall or groupCall
	output  any   // registerReply or groupReply; only if it replied
}

// NewRecorder returns an empty recorder. Its time begins now.
func NewRecorder() *Recorder {
	return &Recorder{
		began:     time.Now(),
		histories: map[string]*history{},
		waiting:   map[*wait]struct{}{},
		figures:   figures{names: map[string]int64{}},
	}
}

// now is the recorder's monotonic time in nanoseconds.
func (r *Recorder) now() int64 { return time.Since(r.began).Nanoseconds() }

// process returns a number for a client that does one command after the other. A client gets another number after a command
// whose outcome is unknown, which may still be going on.
func (r *Recorder) process() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.processes++
	return r.processes
}

// Writes is the number of writes that succeeded so far.
func (r *Recorder) Writes() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.figures.writes
}

// AwaitWrites waits until so many further writes have succeeded. Its error says how many were missing when ctx ended.
func (r *Recorder) AwaitWrites(ctx context.Context, more int64) error {
	r.mu.Lock()
	w := &wait{writes: r.figures.writes + more, done: make(chan struct{})}
	if more <= 0 {
		r.mu.Unlock()
		return nil
	}
	r.waiting[w] = struct{}{}
	r.mu.Unlock()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, w)
	return fmt.Errorf("history: %d of %d awaited writes have not succeeded: %w", w.writes-r.figures.writes, more, context.Cause(ctx))
}

// record takes a command that returned at a time. A command that was refused has no place in a history, and neither has a
// read without a reply.
func (r *Recorder) record(c *command, returned int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count(c, returned)
	if c.outcome == refused || c.outcome != replied && !c.write {
		return
	}
	h := r.histories[c.key]
	if h == nil {
		h = &history{group: c.group}
		r.histories[c.key] = h
		r.order = append(r.order, c.key)
	}
	if c.outcome != replied {
		returned = never
		c.output = unknownReply(c.group)
	}
	if call, ok := c.input.(registerCall); ok {
		call.called, call.returned = c.called, returned
		if returned == never {
			call.life.latest = 0 // whenever it takes effect, the time to live begins then
		}
		c.input = call
	}
	h.operations = append(h.operations, porcupine.Operation{
		ClientId: c.process, Input: c.input, Call: c.called, Output: c.output, Return: returned,
	})
}

func unknownReply(group bool) any {
	if group {
		return groupReply{unknown: true}
	}
	return registerReply{unknown: true, version: -1}
}

// count adds a command to the figures.
func (r *Recorder) count(c *command, returned int64) {
	f := &r.figures
	f.commands++
	r.last = max(r.last, returned)
	switch c.outcome {
	case replied:
		f.ok++
		f.names[c.name]++
	case refused:
		f.refused++
	case unknown:
		f.unknown++
	case unexpected:
		f.unexpected++
		if len(r.unexpected) < samples {
			r.unexpected = append(r.unexpected, fmt.Sprintf("%s of %s: %v", c.name, c.key, c.problem))
		}
	}
	if c.write && c.outcome == replied {
		f.writes++
		r.wrote(returned)
	}
}

// wrote takes note of a successful write.
func (r *Recorder) wrote(at int64) {
	r.figures.pause = max(r.figures.pause, at-r.lastWrite)
	r.lastWrite = max(r.lastWrite, at)
	for w := range r.waiting {
		if r.figures.writes >= w.writes {
			close(w.done)
			delete(r.waiting, w)
		}
	}
}
