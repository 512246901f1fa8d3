package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paxredis/paxredis/resp"
)

// How often memory is looked at, since no event tells of it: seldom while less than half of the watermark is taken, often beyond.
const (
	memoryInterval      = time.Second
	tightMemoryInterval = 100 * time.Millisecond
)

const (
	// memoryBack is by which part of the limit memory must be below the watermark before commands are taken again, or it would go to and fro.
	memoryBack = 32
	// collectRest is how long the Go heap's garbage is not given back again after it was: it takes the time of a whole collection.
	collectRest = 10 * time.Second
)

// watermark is how much memory may be taken: a part of the limit, or bytes. The zero value means that nobody looks.
type watermark struct {
	percent int
	bytes   byteSize
}

func (w *watermark) off() bool { return *w == watermark{} }

// of is the watermark in bytes. One that is beyond the limit is the limit.
func (w *watermark) of(limit uint64) uint64 {
	if w.percent > 0 {
		return limit / 100 * uint64(w.percent)
	}
	return min(limit, uint64(w.bytes))
}

// String implements flag.Value.
func (w *watermark) String() string {
	switch {
	case w.off():
		return "off"
	case w.percent > 0:
		return strconv.Itoa(w.percent) + "%"
	}
	return w.bytes.String()
}

// Set implements flag.Value.
func (w *watermark) Set(text string) error {
	if text == "off" || text == "0" {
		*w = watermark{}
		return nil
	}
	if digits, found := strings.CutSuffix(text, "%"); found {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > 99 {
			return errors.New("must be from 1% to 99%")
		}
		*w = watermark{percent: n}
		return nil
	}
	var bytes byteSize
	if err := bytes.Set(text); err != nil {
		return errors.New("must be a part as 90%, bytes such as 4gb, or off")
	}
	*w = watermark{bytes: bytes}
	return nil
}

// memoryWatch keeps the kernel from killing a node that its clients fill: from the watermark on it refuses their commands that may take more, and leaves
// leading to others, so that a node that is killed nevertheless is not the one whose end is an election. What other nodes have
// accepted it goes on applying. It belongs to one goroutine.
type memoryWatch struct {
	retreat
	most    watermark
	measure func() (used, limit uint64, err error)
	collect func() // gives memory back that is not used
	tell    func(resp.MemoryPressure)
	note    func(text string) // remembers an event

	low       bool
	unknown   bool // how much there is could not be told, and that was logged
	collected time.Time
}

// run looks until ctx ends.
func (m *memoryWatch) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		timer.Reset(m.look(ctx))
	}
}

// look does what the memory of the moment asks for, and returns when to look again.
func (m *memoryWatch) look(ctx context.Context) time.Duration {
	used, limit, err := m.measure()
	if err == nil && used >= m.most.of(limit) && time.Since(m.collected) >= collectRest {
		m.collect()
		m.collected = time.Now()
		used, limit, err = m.measure()
	}
	if err != nil {
		if !m.unknown {
			m.log.Warn("how much memory there is cannot be told: writes are not refused for it", "error", err)
		}
		m.unknown = true
		return memoryInterval
	}
	m.unknown = false
	most := m.most.of(limit)
	switch {
	case used >= most && !m.low:
		m.low = true
		m.log.Error("memory is nearly full: commands that may take more are refused until there is room again", "used", used, "memory-watermark", most, "limit", limit)
		m.note("memory is nearly full: commands that may take more are refused")
	case m.low && used < most-min(most, limit/memoryBack):
		m.low = false
		m.over()
		m.log.Info("there is enough memory again: commands that take more are accepted", "used", used, "memory-watermark", most, "limit", limit)
		m.note("there is enough memory again: commands that take more are accepted")
	}
	pressure := resp.MemoryPressure{Used: used, Watermark: most, Limit: limit}
	if m.low {
		pressure.Refusal = fmt.Sprintf("OOM this node's memory is nearly full: commands that may take more are refused, since %s of %s are in use (--memory-watermark); remove keys, or give the nodes more memory",
			sizeText(used), sizeText(limit))
	}
	m.tell(pressure)
	if m.low {
		m.leave(ctx, "memory is nearly full")
	}
	if used < most/2 {
		return memoryInterval
	}
	return tightMemoryInterval
}
