package resp

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

const (
	// maxMonitorBacklog is how many bytes may wait for the loop of a client that monitors; what it has not read yet counts against
	// its output limit besides.
	maxMonitorBacklog = 16 << 20
	// maxMonitorArg is how much of an argument MONITOR shows, which Redis does not bound.
	maxMonitorArg = 16 << 10
)

// monitor is a client that MONITOR shows what this node is asked: by all its clients, not those of other nodes. All loops write into
// its backlog, and its own one takes it from there: one task for all that comes meanwhile.
type monitor struct {
	client *Client

	mu      sync.Mutex
	backlog []byte
	told    bool // its loop has been told that there is something
	over    bool // there was too much
}

// monitors are those of the whole node. Loops have copies, so that a command costs nothing while there are none. Safe for use by
// several goroutines.
type monitors struct {
	mu  sync.Mutex
	all []*monitor
	// showScripts says whether there is one that what scripts call is to be shown to.
	showScripts func(on bool)
}

func (m *monitors) current() []*monitor {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.all)
}

func (m *monitors) add(one *monitor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, one)
	m.showScripts(true)
}

func (m *monitors) remove(one *monitor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = slices.DeleteFunc(m.all, func(other *monitor) bool { return other == one })
	m.showScripts(len(m.all) > 0)
}

// show shows a line to all of them.
func (m *monitors) show(line []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.all {
		one.take(line)
	}
}

// followMonitors takes over who monitors.
func (l *eventLoop) followMonitors() { l.monitors = l.server.monitors.current() }

// stopMonitor ends a client's MONITOR.
func (l *eventLoop) stopMonitor(c *Client) {
	if c.monitor == nil {
		return
	}
	l.server.monitors.remove(c.monitor)
	c.monitor = nil
	for _, other := range l.server.allLoops() {
		other.do(other.followMonitors)
	}
}

// feedMonitors shows a command that runs. As in Redis those of administrators are not shown, and passwords neither. SkipMonitor is of scripts, and says
// that in Redis they show themselves, before what they call; here all commands are shown before they run, but for local ones.
func (l *eventLoop) feedMonitors(c *Client, r *row, args statemachine.Args) {
	if r.Flags.Has(statemachine.Admin) {
		return
	}
	if r.name == "exec" && c.tx != nil && !c.tx.spoiled {
		for i := range c.tx.queued { // they run now
			l.feedMonitors(c, c.tx.rows[i], c.tx.queued[i].Args)
		}
	}
	line := monitorLine(l.now, c.db, c.origin(), redacted(r, args))
	for _, m := range l.monitors {
		m.take(line)
	}
}

// Scripted implements statemachine.Events: monitors are shown what scripts call, without whose script it is, as in Redis.
func (h *hub) Scripted(db int, args statemachine.Args) {
	h.server.monitors.show(monitorLine(time.Now(), db, "lua", args))
}

// take adds a line to the backlog.
func (m *monitor) take(line []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.over:
		return
	case len(m.backlog)+len(line) > maxMonitorBacklog:
		m.over, m.backlog = true, nil
	default:
		m.backlog = append(m.backlog, line...)
	}
	if !m.told {
		m.told = true
		m.client.loop.do(m.show)
	}
}

// show sends the backlog to the client, on its loop.
func (m *monitor) show() {
	m.mu.Lock()
	lines, over := m.backlog, m.over
	m.backlog, m.told = nil, false
	m.mu.Unlock()
	c, l := m.client, m.client.loop
	switch {
	case c.closed || c.monitor != m:
	case over:
		l.dropFor(overOutput, c, "what it monitors is more than it takes")
	default:
		l.touch(c)
		l.outBuffer(c).Raw(lines)
	}
}

// monitorLine is a command as MONITOR shows it: +1339518083.107412 [0 127.0.0.1:60866] "keys" "*".
func monitorLine(at time.Time, db int, origin string, args statemachine.Args) []byte {
	micros := at.UnixMicro()
	line := strconv.AppendInt([]byte{'+'}, micros/1e6, 10)
	line = append(line, '.')
	fraction := strconv.AppendInt(nil, 1e6+micros%1e6, 10)
	line = append(append(line, fraction[1:]...), " ["...)
	line = append(strconv.AppendInt(line, int64(db), 10), ' ')
	line = append(append(line, origin...), ']')
	for _, arg := range args {
		line = append(line, ' ')
		if len(arg) <= maxMonitorArg {
			line = appendRepr(line, arg)
			continue
		}
		line = appendRepr(line, arg[:maxMonitorArg])
		line = append(line, "... ("...)
		line = append(strconv.AppendInt(line, int64(len(arg)-maxMonitorArg), 10), " more bytes)"...)
	}
	return append(line, lineEnd...)
}

// appendRepr quotes bytes as Redis does (sdscatrepr).
func appendRepr(dst, b []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range b {
		switch c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\a':
			dst = append(dst, `\a`...)
		case '\b':
			dst = append(dst, `\b`...)
		default:
			if c >= ' ' && c <= '~' {
				dst = append(dst, c)
			} else {
				dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
			}
		}
	}
	return append(dst, '"')
}

// monitorCommand: MONITOR. It is answered once every loop shows what it is asked.
func monitorCommand(l *eventLoop, c *Client, r *row, _ statemachine.Args) {
	if c.monitor != nil {
		l.reply(c, r, func(*Writer) {}) // as in Redis, which says nothing to that
		return
	}
	c.monitor = &monitor{client: c}
	l.server.monitors.add(c.monitor)
	l.onAllLoops(c, r, (*eventLoop).followMonitors, writeOK)
}
