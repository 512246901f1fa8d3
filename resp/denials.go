package resp

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// deniedFor is why somebody was refused, as ACL LOG says it.
type deniedFor uint8

const (
	deniedCommand deniedFor = iota
	deniedKey
	deniedChannel
	deniedAuth
	deniedReasons
)

var deniedNames = [deniedReasons]string{"command", "key", "channel", "auth"}

// Where somebody was refused, as ACL LOG says it.
const (
	topLevel = "toplevel"
	inMulti  = "multi"
	inScript = "lua"
)

// denialAge is for how long a refusal like an earlier one counts as that one, as in Redis.
const denialAge = time.Minute

// denialText bounds what an entry keeps of a name, key or channel.
const denialText = 1 << 10

// denial is an entry of ACL LOG.
type denial struct {
	id             uint64
	count          int64
	reason         deniedFor
	context        string
	object, user   string
	client         string
	created, again time.Time
}

// denials are this node's newest refusals, and how many there were. Safe for use by several goroutines.
type denials struct {
	settings *Settings
	counts   [deniedReasons]atomic.Uint64

	mu      sync.Mutex
	nextID  uint64
	entries []denial // oldest first
}

// add notes a refusal. client is the client's line of CLIENT LIST.
func (d *denials) add(reason deniedFor, context, object, user, client string, at time.Time) {
	d.counts[reason].Add(1)
	object, user = clipped(object), clipped(user)
	d.mu.Lock()
	defer d.mu.Unlock()
	entry := denial{id: d.nextID, count: 1, reason: reason, context: context, object: object, user: user, client: client, created: at, again: at}
	for i := range d.entries {
		e := &d.entries[i]
		if e.reason == reason && e.context == context && e.object == object && e.user == user && at.Sub(e.again) <= denialAge {
			entry.id, entry.created, entry.count = e.id, e.created, e.count+1
			d.entries = append(d.entries[:i], d.entries[i+1:]...)
			break
		}
	}
	if entry.count == 1 {
		d.nextID++
	}
	d.entries = append(d.entries, entry)
	if over := len(d.entries) - int(d.settings.denialsKept.Load()); over > 0 {
		clear(d.entries[:over])
		d.entries = d.entries[over:]
	}
}

func clipped(text string) string { return strings.Clone(text[:min(len(text), denialText)]) }

// newest returns up to n entries, the newest first.
func (d *denials) newest(n int64) []denial {
	d.mu.Lock()
	defer d.mu.Unlock()
	n = min(max(n, 0), int64(len(d.entries)))
	found := make([]denial, n)
	for i := range found {
		found[i] = d.entries[len(d.entries)-1-i]
	}
	return found
}

func (d *denials) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = nil
}

// noteDenial notes what a client's user had no permission for.
func (l *eventLoop) noteDenial(c *Client, d statemachine.Denial, context string) {
	reason := map[statemachine.Refusal]deniedFor{statemachine.RefusedCommand: deniedCommand, statemachine.RefusedKey: deniedKey,
		statemachine.RefusedChannel: deniedChannel}[d.Refusal]
	l.server.denials.add(reason, context, d.Object, c.user.Name(), l.describe(c), l.now)
}

// noteScript notes what scripts of a client had no permission for; from any goroutine.
func (c *Client) noteScript(denied []statemachine.Denial) {
	if len(denied) == 0 {
		return
	}
	l := c.loop
	l.do(func() {
		if c.closed || c.user == nil {
			return
		}
		for _, d := range denied {
			l.noteDenial(c, d, inScript)
		}
	})
}

func (l *eventLoop) describe(c *Client) string { return string(appendClient(nil, c, l.now)) }

// writeDenial writes an entry as ACL LOG does.
func writeDenial(w *Writer, e *denial, now time.Time) {
	w.Map(10)
	w.BulkString("count")
	w.Int(e.count)
	for _, field := range [][2]string{{"reason", deniedNames[e.reason]}, {"context", e.context}, {"object", e.object}, {"username", e.user}} {
		w.BulkString(field[0])
		w.BulkString(field[1])
	}
	w.BulkString("age-seconds")
	w.Double(now.Sub(e.created).Seconds())
	w.BulkString("client-info")
	w.BulkString(e.client)
	w.BulkString("entry-id")
	w.Int(int64(e.id))
	w.BulkString("timestamp-created")
	w.Int(e.created.UnixMilli())
	w.BulkString("timestamp-last-updated")
	w.Int(e.again.UnixMilli())
}
