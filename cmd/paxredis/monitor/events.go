package monitor

import (
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// KeptEvents is how many events a node remembers. Older ones are in its log.
	KeptEvents = 128
	// maxEventText bounds the text of one, in bytes.
	maxEventText = 300
	// sameEvent is how long after an event another of its kind that repeats it is added to it: a disk that is slow is so many times a second,
	// and must not push out what came before.
	sameEvent = time.Minute
)

// Event is something that happened to a node.
type Event struct {
	Time time.Time `json:"time"`
	Kind string    `json:"kind"`
	// Node is whom it is about, 0 if that is the node itself or nobody.
	Node uint64 `json:"node,omitempty"`
	Text string `json:"text"`
	// TookMicros is how long it took, the longest of Count; 0: that is not said.
	TookMicros uint64 `json:"took_usec,omitempty"`
	// Count is how often it happened until Last; Last is empty if that is once.
	Count int        `json:"count"`
	Last  *time.Time `json:"last,omitempty"`
}

// events are the newest events, the oldest first. Safe for use by several goroutines.
type events struct {
	mu   sync.Mutex
	kept []Event
}

// add keeps an event, or counts it if it repeats the newest one.
func (e *events) add(n Event) {
	n.Text, n.Count = cut(n.Text, maxEventText), 1
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.kept) > 0 && e.kept[len(e.kept)-1].repeat(&n) {
		return
	}
	if len(e.kept) == KeptEvents {
		e.kept = slices.Delete(e.kept, 0, 1)
	}
	e.kept = append(e.kept, n)
}

// repeat counts n as another of e, if it is one.
func (e *Event) repeat(n *Event) bool {
	last := e.Time
	if e.Last != nil {
		last = *e.Last
	}
	if e.Kind != n.Kind || e.Node != n.Node || e.Text != n.Text || n.Time.Sub(last) > sameEvent {
		return false
	}
	e.Count++
	e.TookMicros = max(e.TookMicros, n.TookMicros)
	at := n.Time
	e.Last = &at
	return true
}

// all returns a copy, never nil.
func (e *events) all() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Event{}, e.kept...)
}

// cut returns at most n bytes of a text, and whole characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
