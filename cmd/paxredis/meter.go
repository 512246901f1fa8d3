package main

import (
	"fmt"
	"io"
	"time"

	"github.com/paxredis/paxredis/storage/backup"
)

// meterInterval is the least time between two lines.
const meterInterval = 200 * time.Millisecond

// meter shows on a terminal how far something is, and nothing elsewhere. It belongs to one goroutine.
type meter struct {
	out   io.Writer // nil: not a terminal
	began time.Time
	shown time.Time
}

func newMeter(w io.Writer) *meter {
	m := &meter{began: time.Now()}
	if isTerminal(w) {
		m.out = w
	}
	return m
}

// show replaces the line, if it is time.
func (m *meter) show(h backup.Header, t backup.Totals) {
	now := time.Now()
	if m.out != nil {
		m.line(now, meterLine(h, t, now.Sub(m.began)))
	}
}

// line replaces the line, on a terminal, if it is time.
func (m *meter) line(now time.Time, text string) {
	if now.Sub(m.shown) >= meterInterval {
		m.shown = now
		fmt.Fprintf(m.out, "\r\x1b[K%s", text)
	}
}

// report is show for package backup.
func (m *meter) report(r backup.Report) { m.show(r.Header, r.Totals) }

// end removes the line.
func (m *meter) end() {
	if m.out != nil && !m.shown.IsZero() {
		fmt.Fprint(m.out, "\r\x1b[K")
	}
}

// meterLine is what there is to say. How much an incremental backup will have is not known.
func meterLine(h backup.Header, t backup.Totals, passed time.Duration) string {
	share := ""
	if h.IsFull() && h.Checkpoint.Count > 0 {
		share = fmt.Sprintf("%3d%%  ", 100*t.Records/h.Checkpoint.Count)
	}
	rate := float64(t.Bytes) / max(passed.Seconds(), 0.001)
	return fmt.Sprintf("%sslot %v  %d records  %s  %s/s", share, h.Slot(), t.Records+t.Deleted, sizeText(t.Bytes), sizeText(uint64(rate)))
}

// sizeText is a number of bytes for people.
func sizeText(n uint64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	value, units := float64(n)/unit, "KMGTP"
	for value >= unit && len(units) > 1 {
		value, units = value/unit, units[1:]
	}
	return fmt.Sprintf("%.1f %ciB", value, units[0])
}
