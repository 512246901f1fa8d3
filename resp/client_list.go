package resp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// appendClient appends a client's line of CLIENT LIST, without the line feed. Figures that have no meaning here are 0.
func appendClient(dst []byte, c *Client, now time.Time) []byte {
	flags := ""
	if c.tx != nil {
		flags += "x"
	}
	if c.monitor != nil {
		flags += "O"
	}
	if c.heldBy != nil && (c.paused == nil || !c.paused.brief) {
		flags += "b"
	}
	if c.closing {
		flags += "c"
	}
	if c.stale {
		flags += "r"
	}
	if c.noEvict {
		flags += "e"
	}
	if c.noTouch {
		flags += "T"
	}
	if c.kind == endpointUnix {
		flags += "U"
	}
	flags += c.listenFlags()
	if flags == "" {
		flags = "N"
	}
	multi, multiBytes := -1, 0
	if c.tx != nil {
		multi, multiBytes = len(c.tx.queued), c.tx.bytes
	}
	command := "NULL"
	if c.lastRow != nil {
		command = c.lastRow.name
	}
	buffered := c.conn.OutboundBuffered()
	return fmt.Appendf(dst, "id=%d addr=%s laddr=%s fd=%d name=%s age=%d idle=%d flags=%s db=%d sub=%d psub=%d ssub=%d multi=%d "+
		"qbuf=%d qbuf-free=%d argv-mem=0 multi-mem=%d rbs=%d rbp=%d obl=%d oll=0 omem=%d tot-mem=%d events=r cmd=%s "+
		"user=%s redir=%d resp=%d lib-name=%s lib-ver=%s",
		c.id, c.remote, c.local, c.fd, c.name, int(now.Sub(c.created).Seconds()), int(now.Sub(c.active).Seconds()), flags, c.db,
		len(c.subscriptions[toChannel]), len(c.subscriptions[toPattern]), len(c.subscriptions[toShard]), multi,
		c.input.len(), cap(c.input.buf)-len(c.input.buf), multiBytes, cap(c.out.Buf), cap(c.out.Buf), len(c.out.Buf), buffered,
		cap(c.input.buf)+cap(c.out.Buf)+buffered+multiBytes+c.owed, command, c.userName(), c.redirection(), c.proto, c.libName, c.libVersion)
}

// clientFilter chooses clients for CLIENT LIST and CLIENT KILL.
type clientFilter struct {
	ids         []uint64 // any of them; nil: all
	addr, laddr string
	others      bool   // a type that nobody here has
	user        string // empty: all
	kind        string // "normal", "pubsub"; empty: both
	maxAge      int64  // in seconds: those that are as old, or older; 0: all
	skipMe      bool
	counts      bool // KILL replies with how many there were
}

func (f *clientFilter) matches(c *Client) bool {
	return !f.others && !c.closed &&
		(f.kind == "" || (f.kind == "pubsub") == c.isSubscriber()) &&
		(f.user == "" || f.user == c.userName()) &&
		(f.ids == nil || slices.Contains(f.ids, c.id)) &&
		(f.addr == "" || f.addr == c.remote.String()) &&
		(f.laddr == "" || f.laddr == c.local.String()) &&
		(f.maxAge == 0 || int64(c.loop.now.Sub(c.created)/time.Second) >= f.maxAge)
}

// setType narrows the filter to a type of client: a subscriber is one of its own.
func (f *clientFilter) setType(arg []byte) (problem string) {
	switch kind := strings.ToLower(string(arg)); kind {
	case "normal", "pubsub":
		f.kind = kind
	case "master", "slave", "replica":
		f.others = true
	default:
		return "ERR Unknown client type '" + string(arg) + "'"
	}
	return ""
}

// listFilter reads the options of CLIENT LIST.
func listFilter(args [][]byte) (f clientFilter, problem string) {
	if len(args) == 0 {
		return f, ""
	}
	switch strings.ToUpper(string(args[0])) {
	case "TYPE":
		if len(args) == 2 {
			return f, f.setType(args[1])
		}
	case "ID":
		for _, arg := range args[1:] {
			id, ok := parseID(arg)
			if !ok {
				return f, errInvalidID
			}
			f.ids = append(f.ids, id)
		}
		if len(f.ids) > 0 {
			return f, ""
		}
	}
	return f, errSyntaxError
}

// killFilter reads the arguments of CLIENT KILL.
func killFilter(args [][]byte) (f clientFilter, problem string) {
	if len(args) == 1 {
		return clientFilter{addr: string(args[0])}, ""
	}
	if len(args)%2 != 0 {
		return f, errSyntaxError
	}
	f.skipMe, f.counts = true, true
	for i := 0; i < len(args) && problem == ""; i += 2 {
		problem = f.option(strings.ToUpper(string(args[i])), args[i+1])
	}
	return f, problem
}

func (f *clientFilter) option(name string, value []byte) (problem string) {
	switch name {
	case "ID":
		id, ok := parseID(value)
		if !ok {
			return errClientID
		}
		f.ids = []uint64{id}
	case "TYPE":
		return f.setType(value)
	case "ADDR":
		f.addr = string(value)
	case "LADDR":
		f.laddr = string(value)
	case "USER":
		f.user = string(value) // that there is one of that name is for who knows the users
	case "MAXAGE":
		age, ok := statemachine.ParseInt(value)
		switch {
		case !ok:
			return errMaxAge
		case age <= 0:
			return errMaxAgeSign
		}
		f.maxAge = age
	case "SKIPME":
		switch strings.ToLower(string(value)) {
		case "yes":
			f.skipMe = true
		case "no":
			f.skipMe = false
		default:
			return errSyntaxError
		}
	default:
		return errSyntaxError
	}
	return ""
}

// visit is what a client had to say.
type visit struct {
	id   uint64
	said []byte
}

// visitAll has ask called for every client of the server, each on its own loop, and then answers the client that wanted
// to know, on its loop. That client is held meanwhile. Clients for which ask returns nil are left out.
func (l *eventLoop) visitAll(c *Client, r *row, ask func(*Client) []byte, answer func([]visit, *Writer)) {
	l.pause(c, r, func(p *pause) {
		p.brief = true
		gathering := &gathering{}
		loops := l.server.allLoops()
		gathering.missing = len(loops)
		gathering.done = func(found []visit) {
			p.post(func(w *Writer) { answer(found, w) })
		}
		for _, other := range loops {
			if !other.do(func() { gathering.add(other.ask(ask)) }) {
				gathering.add(nil)
			}
		}
	})
}

// onAllLoops has do called on every loop of the server, and then answers the client. That client is held meanwhile.
func (l *eventLoop) onAllLoops(c *Client, r *row, do func(other *eventLoop), answer func(*Writer)) {
	l.pause(c, r, func(p *pause) {
		p.brief = true
		loops := l.server.allLoops()
		gathering := &gathering{missing: len(loops), done: func([]visit) { p.post(answer) }}
		for _, other := range loops {
			if !other.do(func() { do(other); gathering.add(nil) }) {
				gathering.add(nil)
			}
		}
	})
}

func (l *eventLoop) ask(ask func(*Client) []byte) []visit {
	var found []visit
	for c := range l.clients {
		if c.ended {
			continue // as good as gone
		}
		if said := ask(c); said != nil {
			found = append(found, visit{c.id, said})
		}
	}
	return found
}

// gathering collects what the loops found. The last one calls done.
type gathering struct {
	mu      sync.Mutex
	missing int
	found   []visit
	done    func([]visit)
}

func (g *gathering) add(found []visit) {
	g.mu.Lock()
	g.found = append(g.found, found...)
	g.missing--
	last := g.missing == 0
	g.mu.Unlock()
	if last {
		slices.SortFunc(g.found, func(a, b visit) int { return cmp.Compare(a.id, b.id) })
		g.done(g.found)
	}
}
