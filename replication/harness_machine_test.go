package replication

import (
	"encoding/binary"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
)

// result is what became of a submitted item.
type result struct {
	outcome Outcome // 0: applied
	slot    uint64
	seen    int // how many commands were applied before this one
}

// item is one command, or a read behind commands when text is empty.
type item struct {
	text string
	done chan result
}

// items are the Replies of a chunk.
type items struct{ list []*item }

func (r *items) Fail(o Outcome) {
	for _, it := range r.list {
		it.done <- result{outcome: o}
	}
}

// recorder is a machine that remembers what it was told to apply.
type recorder struct {
	deadline atomic.Int64
	// midTurn, if set, is called once by the loop, in the middle of a turn.
	midTurn atomic.Pointer[func()]

	mu      sync.Mutex
	changed sync.Cond
	applied []string
	times   []int64  // of each slot with a batch
	seeds   []uint64 // of each section run
	slot    uint64
	// written is how many of applied are in a checkpoint, or frozen for one; restored how often there was a Restore.
	written, restored int
	frozen            *frozenRecorder
	// distort, if set, makes this machine apply something else than the others: memory that fails.
	distort func(text string) string
}

func newRecorder() *recorder {
	r := &recorder{}
	r.changed.L = &r.mu
	return r
}

func appendCommand(dst []byte, text string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

func (r *recorder) NextDeadline() int64 {
	if f := r.midTurn.Swap(nil); f != nil {
		(*f)()
	}
	return r.deadline.Load()
}

func (r *recorder) Apply(slot uint64, stamp Stamp, commands []byte, count int, replies Replies) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.changed.Broadcast()
	r.slot = max(r.slot, slot)
	r.times = append(r.times, stamp.TimeMS)
	if deadline := r.deadline.Load(); deadline != 0 && stamp.TimeMS >= deadline {
		r.deadline.Store(0)
	}
	if count > 0 {
		r.seeds = append(r.seeds, stamp.Seed)
	}
	var waiting []*item
	if replies != nil {
		waiting = replies.(*items).list
	}
	answer := func() {
		waiting[0].done <- result{slot: slot, seen: len(r.applied)}
		waiting = waiting[1:]
	}
	for range count {
		n, size := binary.Uvarint(commands)
		text := string(commands[size : size+int(n)])
		commands = commands[size+int(n):]
		for len(waiting) > 0 && waiting[0].text == "" {
			answer()
		}
		if len(waiting) > 0 {
			answer()
		}
		if r.distort != nil {
			text = r.distort(text)
		}
		if r.frozen != nil {
			r.frozen.waiting.Add(int64(len(text)))
		}
		r.applied = append(r.applied, text)
	}
	for len(waiting) > 0 {
		answer()
	}
}

func (r *recorder) log() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.applied)
}

// wait returns once the machine satisfies a condition.
func (r *recorder) wait(done func(r *recorder) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !done(r) {
		r.changed.Wait()
	}
}

func (r *recorder) waitCount(n int) {
	r.wait(func(r *recorder) bool { return len(r.applied) >= n })
}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }
