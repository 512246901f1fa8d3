package statemachine

import "github.com/paxredis/paxredis/statemachine/internal/lua"

// streamRead is what XREAD and XREADGROUP are to do.
type streamRead struct {
	count           int64 // 0: all
	block           bool
	timeoutMS       int64
	group, consumer []byte
	noAck           bool
	keys, ids       [][]byte
	idsAt           int // where ids are among the arguments
}

// parseStreamRead reads the options in front of the streams; name is the command's.
func (tx *Tx) parseStreamRead(args Args, name string, reply Reply) (r streamRead, ok bool) {
	isGroup := name == "xreadgroup"
	for i := 1; i < len(args); i++ {
		switch more := len(args) - i - 1; {
		case is(args[i], "BLOCK") && more > 0:
			if _, inScript := reply.(*lua.Capture); inScript {
				reply.Error("ERR " + string(args[0]) + " command is not allowed with BLOCK option from scripts")
				return r, false
			}
			i++
			if r.timeoutMS, ok = tx.milliTimeoutArg(args[i], reply); !ok {
				return r, false
			}
			r.block = true
		case is(args[i], "COUNT") && more > 0:
			i++
			if r.count, ok = intArg(args[i], reply); !ok {
				return r, false
			}
			r.count = max(0, r.count)
		case is(args[i], "STREAMS") && more > 0:
			if more%2 != 0 {
				reply.Error(errUnbalancedStreams(name, isGroup))
				return r, false
			}
			r.keys, r.ids, r.idsAt = args[i+1:i+1+more/2], args[i+1+more/2:], i+1+more/2
			if isGroup && r.group == nil {
				reply.Error(errReadNoGroup)
				return r, false
			}
			return r, true
		case is(args[i], "GROUP") && more >= 2:
			if !isGroup {
				reply.Error(errReadGroupOption)
				return r, false
			}
			r.group, r.consumer = args[i+1], args[i+2]
			i += 2
		case is(args[i], "NOACK"):
			if !isGroup {
				reply.Error(errReadNoAck)
				return r, false
			}
			r.noAck = true
		default:
			reply.Error(errSyntax)
			return r, false
		}
	}
	reply.Error(errSyntax)
	return r, false
}

// milliTimeoutArg reads a timeout in milliseconds, or replies Redis's error.
func (tx *Tx) milliTimeoutArg(arg []byte, reply Reply) (ms int64, ok bool) {
	ms, ok = ParseInt(arg)
	if !ok {
		reply.Error(errTimeoutInteger)
		return 0, false
	}
	return tx.timeout(ms, reply)
}

// xread: XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...].
func xread(tx *Tx, args Args, reply Reply) {
	r, ok := tx.parseStreamRead(args, "xread", reply)
	if !ok {
		return
	}
	after := make([]streamID, len(r.keys))
	streams := make([]*Object, len(r.keys))
	for i, key := range r.keys {
		if streams[i], ok = tx.lookupKind(key, KindStream, reply); !ok {
			return
		}
		if after[i], ok = tx.readAfter(streams[i], r.ids[i], reply); !ok {
			return
		}
	}
	ready := streams[:0:0]
	for i, o := range streams {
		if o == nil {
			continue
		}
		s := tx.stream(o)
		if newest, ok := s.newest(); !ok || !after[i].less(newest.id) {
			streams[i] = nil
			continue
		}
		ready = append(ready, o)
	}
	if len(ready) == 0 {
		tx.readNothing(&r, args, after, reply)
		return
	}
	replyStreams(len(ready), reply)
	for i, o := range streams {
		if o == nil {
			continue
		}
		s := tx.stream(o)
		replyStream(r.keys[i], reply)
		first, _ := after[i].next() // there is a higher one
		s.replyRange(first, maxStreamID, r.count, false, reply)
	}
}

// readAfter is the id that the entries to read must be higher than.
func (tx *Tx) readAfter(o *Object, arg []byte, reply Reply) (id streamID, ok bool) {
	switch string(arg) {
	case "$":
		if o != nil {
			s := tx.stream(o)
			id = s.head().last
		}
		return id, true
	case ">":
		reply.Error(errReadGreater)
		return id, false
	}
	return strictStreamID(arg, reply)
}

// readNothing ends an XREAD or XREADGROUP that found nothing. after has the ids that "$" stands for; nil for XREADGROUP.
func (tx *Tx) readNothing(r *streamRead, args Args, after []streamID, reply Reply) {
	if !r.block {
		reply.NullArray()
		return
	}
	b := Block{Kind: KindStream, Group: after == nil, Keys: r.keys, TimeoutMS: r.timeoutMS, NullArray: true}
	for i, arg := range r.ids {
		if string(arg) == "$" {
			if b.Args == nil {
				b.Args = append(b.Args, args...)
			}
			b.Args[r.idsAt+i] = after[i].text()
		}
	}
	tx.block(b, reply)
}

// replyStreams begins a reply of several streams' entries, replyStream that of one.
func replyStreams(n int, reply Reply) {
	if reply.Protocol() == 3 {
		reply.Map(n)
	} else {
		reply.Array(n)
	}
}

func replyStream(key []byte, reply Reply) {
	if reply.Protocol() != 3 {
		reply.Array(2)
	}
	reply.Bulk(key)
}

// xreadgroup: XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...].
func xreadgroup(tx *Tx, args Args, reply Reply) {
	r, ok := tx.parseStreamRead(args, "xreadgroup", reply)
	if !ok {
		return
	}
	reads := make([]groupRead, len(r.keys))
	for i := range reads {
		if ok = tx.openGroup(&reads[i], &r, i, reply); !ok {
			return
		}
	}
	ready := 0
	newest := map[*streamGroup]*groupRead{} // that of each group which takes what is new, if there is one
	for i := range reads {
		g := &reads[i]
		if g.look(tx, &r, newest[g.group]) {
			ready++
			if !g.history {
				newest[g.group] = g
			}
		}
	}
	if ready == 0 {
		tx.readNothing(&r, args, nil, reply)
		return
	}
	replyStreams(ready, reply)
	for i := range reads {
		if g := &reads[i]; g.ready {
			replyStream(r.keys[i], reply)
			if g.history {
				g.replyHistory(tx, r.count, reply)
			} else {
				g.replyNew(tx, r.count, r.noAck, reply)
			}
		}
	}
}

// groupRead is what XREADGROUP reads of one stream.
type groupRead struct {
	e        entry
	stamp    stamp
	stream   stream
	group    *streamGroup
	consumer *streamConsumer
	after    streamID
	history  bool // what was delivered to the consumer before, and not acknowledged
	ready    bool
}

// openGroup finds stream i of a call, and reads its id.
func (tx *Tx) openGroup(g *groupRead, r *streamRead, i int, reply Reply) (ok bool) {
	key := r.keys[i]
	if g.e, ok = tx.entryKind(key, KindStream, reply); !ok {
		return false
	}
	if g.e.object != nil {
		g.stream = tx.stream(g.e.object)
		g.group = g.stream.group(r.group)
	} else {
		tx.missed(key)
	}
	if g.group == nil {
		reply.Error(errNoGroupToRead(key, r.group))
		return false
	}
	switch string(r.ids[i]) {
	case "$":
		reply.Error(errReadDollar)
		return false
	case ">":
	default:
		if g.after, ok = strictStreamID(r.ids[i], reply); !ok {
			return false
		}
		g.history = g.after != maxStreamID // which stands for ">" in Redis, too
	}
	g.stamp, ok = tx.nextStamp(&g.e, reply)
	return ok
}

// look finds out whether there is something to reply, and makes the consumer if it is new. earlier is the read in front of this one in the call, if any,
// that takes what is new in the same group: only what it leaves is new.
func (g *groupRead) look(tx *Tx, r *streamRead, earlier *groupRead) bool {
	s := &g.stream
	after := g.group.last()
	if earlier != nil {
		after = earlier.lastNew(r.count)
	}
	g.ready = g.history
	if newest, ok := s.newest(); !g.history && ok && after.less(newest.id) {
		g.after, g.ready = after, true
	}
	var made bool
	if g.consumer, made = s.consumerFor(g.group, r.consumer, tx.now); made {
		tx.ks.stamp(&g.e, g.stamp)
	}
	tx.ks.dirty = true // the consumer was seen
	return g.ready
}

// lastNew is the id of the last entry that replyNew will reply with.
func (g *groupRead) lastNew(count int64) (last streamID) {
	first, _ := g.after.next() // there is a higher one
	g.stream.walk(first, maxStreamID, func(e streamEntry) bool {
		last, count = e.id, count-1
		return count != 0
	})
	return last
}

// replyNew replies with the entries that no consumer of the group has got, and notes that this one has.
func (g *groupRead) replyNew(tx *Tx, count int64, noAck bool, reply Reply) {
	s := &g.stream
	var ids []streamID
	first, _ := g.after.next() // there is a higher one
	s.walk(first, maxStreamID, func(e streamEntry) bool {
		ids = append(ids, e.id)
		return count <= 0 || int64(len(ids)) < count
	})
	s.replyRange(first, ids[len(ids)-1], count, false, reply)
	last, read, h := g.group.last(), g.group.read(), s.head()
	for _, id := range ids {
		if last.less(id) {
			if read != unknownRead && !s.hasDeleted(&h, last) {
				read++
			} else if h.added > 0 {
				read = s.estimateRead(&h, id)
			}
			last = id
		}
		if !noAck {
			s.deliver(g.group, g.consumer, pending{id: id, at: tx.now, times: 1})
		}
	}
	s.setGroup(g.group, last, read)
	s.setTimes(g.consumer, tx.now, tx.now)
	tx.ks.stamp(&g.e, g.stamp)
}

// replyHistory replies with what was delivered to the consumer and not acknowledged, and counts that as another delivery.
func (g *groupRead) replyHistory(tx *Tx, count int64, reply Reply) {
	var ids []streamID
	if first, ok := g.after.next(); ok {
		g.consumer.pending.Ascend(first, func(id streamID) bool {
			ids = append(ids, id)
			return count <= 0 || int64(len(ids)) < count
		})
	}
	reply.Array(len(ids))
	for _, id := range ids {
		e, ok := g.stream.find(id)
		if !ok {
			reply.Array(2)
			replyID(id, reply)
			reply.NullArray()
			continue
		}
		e.reply(reply)
		p, _ := g.group.findPending(id)
		p.at, p.times = tx.now, p.times+1
		g.stream.deliver(g.group, g.consumer, p)
	}
	if len(ids) > 0 {
		tx.ks.stamp(&g.e, g.stamp)
	}
}

// hasDeleted reports whether an entry from an id on may have been deleted.
func (s *stream) hasDeleted(h *streamHead, from streamID) bool {
	return s.len() > 0 && h.maxDeleted != (streamID{}) && !h.maxDeleted.less(from)
}

// estimateRead is how many entries there were up to an id in the stream's life, unknownRead if that cannot be told.
func (s *stream) estimateRead(h *streamHead, id streamID) int64 {
	if h.added == 0 {
		return 0
	}
	if s.len() == 0 && !h.last.less(id) {
		return int64(h.added)
	}
	if id != (streamID{}) && id.less(h.maxDeleted) {
		return unknownRead
	}
	switch {
	case id == h.last:
		return int64(h.added)
	case h.last.less(id):
		return unknownRead
	}
	first, _ := s.first()
	if h.maxDeleted == (streamID{}) || h.maxDeleted.less(first.id) {
		switch {
		case id.less(first.id):
			return int64(h.added) - int64(s.len())
		case id == first.id:
			return int64(h.added) - int64(s.len()) + 1
		}
	}
	return unknownRead
}
