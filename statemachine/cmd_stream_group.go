package statemachine

import (
	"math"
	"strconv"
)

var streamGroupCommands = []Command{
	{Name: "XREADGROUP", Arity: -7, Flags: Write | Blocking | MovableKeys, Keys: Keys{Word: "STREAMS", From: 4}, Group: groupStream, Since: "5.0.0",
		Complexity: "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.",
		Summary:    "Returns new or historical messages from a stream for a consumer in a group. Blocks until a message is available otherwise.",
		Syntax:     "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]", Run: xreadgroup},
	{Name: "XACK", Arity: -4, Flags: Write | Fast, Keys: firstKey, Group: groupStream, Since: "5.0.0",
		Complexity: "O(1) for each message ID processed.",
		Summary:    "Returns the number of messages that were successfully acknowledged by the consumer group member of a stream.",
		Syntax:     "key group id [id ...]", Run: xack},
	{Name: "XPENDING", Arity: -3, Flags: ReadOnly, Keys: firstKey, Group: groupStream, Since: "5.0.0",
		Complexity: "O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer.",
		Summary:    "Returns the information and entries from a stream consumer group's pending entries list.",
		Syntax:     "key group [[IDLE min-idle-time] start end count [consumer]]", Tips: []string{"nondeterministic_output"}, Run: xpending},
	{Name: "XCLAIM", Arity: -6, Flags: Write | Fast, Keys: firstKey, Group: groupStream, Since: "5.0.0",
		Complexity: "O(log N) with N being the number of messages in the PEL of the consumer group.",
		Summary:    "Changes, or acquires, ownership of a message in a consumer group, as if the message was delivered a consumer group member.",
		Syntax:     "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
		Tips:       []string{"nondeterministic_output"}, Run: xclaim},
	{Name: "XAUTOCLAIM", Arity: -6, Flags: Write | Fast, Keys: firstKey, Group: groupStream, Since: "6.2.0",
		Complexity: "O(1) if COUNT is small.",
		Summary:    "Changes, or acquires, ownership of messages in a consumer group, as if the messages were delivered to as consumer group member.",
		Syntax:     "key group consumer min-idle-time start [COUNT count] [JUSTID]",
		Tips:       []string{"nondeterministic_output"}, Run: xautoclaim},
	{Name: "XGROUP", Arity: -2, Group: groupStream, Since: "5.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for consumer groups commands.", Subcommands: streamGroupSubcommands},
	{Name: "XINFO", Arity: -2, Group: groupStream, Since: "5.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for stream introspection commands.", Subcommands: streamInfoSubcommands},
}

var streamGroupSubcommands = []Command{
	{Name: "CREATE", Arity: -5, Flags: Write | DenyOOM, Keys: objectKey, Group: groupStream, Since: "5.0.0", Complexity: "O(1)",
		Summary: "Creates a consumer group.", Syntax: "key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]", Run: xgroupCreate},
	{Name: "CREATECONSUMER", Arity: 5, Flags: Write | DenyOOM, Keys: objectKey, Group: groupStream, Since: "6.2.0", Complexity: "O(1)",
		Summary: "Creates a consumer in a consumer group.", Syntax: "key group consumer", Run: xgroupCreateConsumer},
	{Name: "DELCONSUMER", Arity: 5, Flags: Write, Keys: objectKey, Group: groupStream, Since: "5.0.0", Complexity: "O(1)",
		Summary: "Deletes a consumer from a consumer group.", Syntax: "key group consumer", Run: xgroupDelConsumer},
	{Name: "DESTROY", Arity: 4, Flags: Write, Keys: objectKey, Group: groupStream, Since: "5.0.0",
		Complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
		Summary:    "Destroys a consumer group.", Syntax: "key group", Run: xgroupDestroy},
	{Name: "HELP", Arity: 2, Flags: Loading | Stale, Group: groupStream, Since: "5.0.0", Complexity: "O(1)",
		Summary: "Returns helpful text about the different subcommands.", Run: xgroupHelp},
	{Name: "SETID", Arity: -5, Flags: Write, Keys: objectKey, Group: groupStream, Since: "5.0.0", Complexity: "O(1)",
		Summary: "Sets the last-delivered ID of a consumer group.", Syntax: "key group <id | $> [ENTRIESREAD entries-read]", Run: xgroupSetID},
}

// groupOptions are those of XGROUP CREATE and SETID.
type groupOptions struct {
	makeStream bool
	read       int64
}

func parseGroupOptions(args Args, mayMake bool, reply Reply) (o groupOptions, ok bool) {
	o.read = unknownRead
	for i := 5; i < len(args); i++ {
		switch {
		case mayMake && is(args[i], "MKSTREAM"):
			o.makeStream = true
		case is(args[i], "ENTRIESREAD") && i+1 < len(args):
			i++
			if o.read, ok = intArg(args[i], reply); !ok {
				return o, false
			}
			if o.read < 0 && o.read != unknownRead {
				reply.Error(errEntriesRead)
				return o, false
			}
		default:
			reply.Error(BadSubcommand(args))
			return o, false
		}
	}
	return o, true
}

// openForGroup finds the stream of an XGROUP call; missing says that none is needed.
func openForGroup(tx *Tx, args Args, missing bool, reply Reply) (e entry, s stamp, ok bool) {
	if e, ok = tx.entryKind(args[2], KindStream, reply); !ok {
		return e, s, false
	}
	if e.object == nil && !missing {
		reply.Error(errGroupNoStream)
		return e, s, false
	}
	s, ok = tx.nextStamp(&e, reply)
	return e, s, ok
}

// xgroupCreate: XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD entries-read].
func xgroupCreate(tx *Tx, args Args, reply Reply) {
	o, ok := parseGroupOptions(args, true, reply)
	if !ok {
		return
	}
	e, stamp, ok := openForGroup(tx, args, o.makeStream, reply)
	if !ok {
		return
	}
	if len(args) > 8 { // the same options over and over
		reply.Error(BadSubcommand(args))
		return
	}
	var id streamID
	if string(args[4]) != "$" {
		if id, ok = strictStreamID(args[4], reply); !ok {
			return
		}
	} else if e.object != nil {
		s := tx.stream(e.object)
		id = s.head().last
	}
	made := e.object == nil
	s := tx.streamForWrite(&e)
	if !made && s.group(args[3]) != nil {
		reply.Error(errGroupExists)
		return
	}
	s.newGroup(args[3], id, o.read)
	tx.ks.stamp(&e, stamp)
	tx.notify(EventStream, "xgroup-create", args[2])
	reply.Status("OK")
}

// openGroupOf finds the stream and the group of an XGROUP call.
func openGroupOf(tx *Tx, args Args, reply Reply) (e entry, s stream, g *streamGroup, st stamp, ok bool) {
	if e, st, ok = openForGroup(tx, args, false, reply); !ok {
		return e, s, nil, st, false
	}
	s = tx.stream(e.object)
	if g = s.group(args[3]); g == nil {
		reply.Error(errNoGroupForKey(args[3], args[2]))
		return e, s, nil, st, false
	}
	return e, s, g, st, true
}

// xgroupSetID: XGROUP SETID key group id|$ [ENTRIESREAD entries-read].
func xgroupSetID(tx *Tx, args Args, reply Reply) {
	o, ok := parseGroupOptions(args, false, reply)
	if !ok {
		return
	}
	e, s, g, stamp, ok := openGroupOf(tx, args, reply)
	if !ok {
		return
	}
	if len(args) != 5 && len(args) != 7 {
		reply.Error(BadSubcommand(args))
		return
	}
	id := s.head().last
	if string(args[4]) != "$" {
		if id, ok = parseStreamID(args[4], 0, false); !ok {
			reply.Error(errStreamID)
			return
		}
	}
	s.setGroup(g, id, o.read)
	tx.ks.stamp(&e, stamp)
	tx.notify(EventStream, "xgroup-setid", args[2])
	reply.Status("OK")
}

// xgroupDestroy: XGROUP DESTROY key group.
func xgroupDestroy(tx *Tx, args Args, reply Reply) {
	e, stamp, ok := openForGroup(tx, args, false, reply)
	if !ok {
		return
	}
	s := tx.stream(e.object)
	g := s.group(args[3])
	if g == nil {
		reply.Int(0)
		return
	}
	s.removeGroup(g)
	tx.ks.stamp(&e, stamp) // which tells those who wait for the group
	tx.notify(EventStream, "xgroup-destroy", args[2])
	reply.Int(1)
}

// xgroupCreateConsumer: XGROUP CREATECONSUMER key group consumer.
func xgroupCreateConsumer(tx *Tx, args Args, reply Reply) {
	e, s, g, stamp, ok := openGroupOf(tx, args, reply)
	if !ok {
		return
	}
	if g.consumer(args[4]) != nil {
		reply.Int(0)
		return
	}
	s.newConsumer(g, args[4], tx.now)
	tx.ks.stamp(&e, stamp)
	reply.Int(1)
}

// xgroupDelConsumer: XGROUP DELCONSUMER key group consumer. Replies with how many entries it had pending.
func xgroupDelConsumer(tx *Tx, args Args, reply Reply) {
	e, s, g, stamp, ok := openGroupOf(tx, args, reply)
	if !ok {
		return
	}
	c := g.consumer(args[4])
	if c == nil {
		reply.Int(0)
		return
	}
	pending := s.removeConsumer(g, c)
	tx.ks.stamp(&e, stamp)
	tx.notify(EventStream, "xgroup-delconsumer", args[2])
	reply.Int(int64(pending))
}

// xgroupHelp: XGROUP HELP.
func xgroupHelp(_ *Tx, _ Args, reply Reply) {
	replyHelp(reply, []string{
		"XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"CREATE <key> <groupname> <id|$> [option]",
		"    Create a new consumer group. Options are:",
		"    * MKSTREAM",
		"      Create the empty stream if it does not exist.",
		"    * ENTRIESREAD entries_read",
		"      Set the group's entries_read counter (internal use).",
		"CREATECONSUMER <key> <groupname> <consumer>",
		"    Create a new consumer in the specified group.",
		"DELCONSUMER <key> <groupname> <consumer>",
		"    Remove the specified consumer.",
		"DESTROY <key> <groupname>",
		"    Remove the specified group.",
		"SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
		"    Set the current group ID and entries_read counter.",
		"HELP",
		"    Prints this help.",
	})
}

// xack: XACK key group id [id ...].
func xack(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryKind(args[1], KindStream, reply)
	if !ok {
		return
	}
	var s stream
	var g *streamGroup
	if e.object != nil {
		s = tx.stream(e.object)
		g = s.group(args[2])
	} else {
		tx.missed(args[1])
	}
	if g == nil {
		reply.Int(0)
		return
	}
	ids, ok := streamIDArgs(args[3:], reply)
	if !ok {
		return
	}
	stamp, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	acknowledged := int64(0)
	for _, id := range ids {
		if s.acknowledge(g, id) {
			acknowledged++
		}
	}
	if acknowledged > 0 {
		tx.ks.stamp(&e, stamp)
	}
	reply.Int(acknowledged)
}

// pendingQuery is what the longer form of XPENDING asks for.
type pendingQuery struct {
	minIdle     int64
	first, last streamID
	count       int64
	consumer    []byte
}

func parsePending(args Args, reply Reply) (q pendingQuery, ok bool) {
	if len(args) < 6 || len(args) > 9 {
		reply.Error(errSyntax)
		return q, false
	}
	at := 3
	if is(args[3], "IDLE") {
		if q.minIdle, ok = intArg(args[4], reply); !ok {
			return q, false
		}
		if len(args) < 8 {
			reply.Error(errSyntax)
			return q, false
		}
		at = 5
	}
	if q.count, ok = intArg(args[at+2], reply); !ok {
		return q, false
	}
	if q.first, q.last, ok = streamRangeArgs(args[at], args[at+1], reply); !ok {
		return q, false
	}
	if at+3 < len(args) {
		q.consumer = args[at+3]
	}
	return q, true
}

// xpending: XPENDING key group [[IDLE min-idle-time] start end count [consumer]].
func xpending(tx *Tx, args Args, reply Reply) {
	var q pendingQuery
	ok := true
	if len(args) > 3 {
		if q, ok = parsePending(args, reply); !ok {
			return
		}
	}
	o, ok := tx.lookupKind(args[1], KindStream, reply)
	if !ok {
		return
	}
	var g *streamGroup
	if o != nil {
		s := tx.stream(o)
		g = s.group(args[2])
	}
	switch {
	case g == nil:
		reply.Error(errNoGroup(args[1], args[2]))
	case len(args) == 3:
		g.replySummary(reply)
	default:
		g.replyPending(&q, tx.now, reply)
	}
}

// replySummary is XPENDING key group: how much is pending, between which ids, and for whom.
func (g *streamGroup) replySummary(reply Reply) {
	reply.Array(4)
	reply.Int(int64(g.pending.len()))
	if g.pending.len() == 0 {
		reply.Null()
		reply.Null()
		reply.NullArray()
		return
	}
	replyID(decodeStreamID(g.pending.front().part().str()), reply)
	last := g.pending.back().part().str()
	replyID(decodeStreamID(last[len(last)-pendingBytes:]), reply)
	busy := 0
	for _, c := range g.consumers {
		if c.pending.Len() > 0 {
			busy++
		}
	}
	reply.Array(busy)
	for _, c := range g.consumers {
		if n := c.pending.Len(); n > 0 {
			reply.Array(2)
			reply.Bulk(c.name())
			reply.BulkString(strconv.Itoa(n))
		}
	}
}

// replyPending is the longer form: each entry, its consumer, how long ago it was delivered, and how many times it was.
func (g *streamGroup) replyPending(q *pendingQuery, now int64, reply Reply) {
	var found []pending
	visit := func(e pending) bool {
		if q.last.less(e.id) || int64(len(found)) >= q.count {
			return false
		}
		if q.minIdle == 0 || now-e.at >= q.minIdle {
			found = append(found, e)
		}
		return true
	}
	if q.consumer == nil {
		g.walkPending(q.first, visit)
	} else if c := g.consumer(q.consumer); c != nil {
		c.pending.Ascend(q.first, func(id streamID) bool {
			e, _ := g.findPending(id)
			return visit(e)
		})
	}
	reply.Array(len(found))
	for _, e := range found {
		reply.Array(4)
		replyID(e.id, reply)
		reply.Bulk(g.numbers[e.consumer].name())
		reply.Int(max(0, now-e.at))
		reply.Int(int64(min(e.times, math.MaxInt64)))
	}
}
