package statemachine

var streamInfoSubcommands = []Command{
	{Name: "CONSUMERS", Arity: 4, Flags: ReadOnly, Keys: objectKey, Group: groupStream, Since: "5.0.0", Complexity: "O(1)",
		Summary: "Returns a list of the consumers in a consumer group.", Syntax: "key group", Tips: []string{"nondeterministic_output"}, Run: xinfoConsumers},
	{Name: "GROUPS", Arity: 3, Flags: ReadOnly, Keys: objectKey, Group: groupStream, Since: "5.0.0", Complexity: "O(1)",
		Summary: "Returns a list of the consumer groups of a stream.", Syntax: "key", Run: xinfoGroups},
	{Name: "HELP", Arity: 2, Flags: Loading | Stale, Group: groupStream, Since: "5.0.0", Complexity: "O(1)",
		Summary: "Returns helpful text about the different subcommands.", Run: xinfoHelp},
	{Name: "STREAM", Arity: -3, Flags: ReadOnly, Keys: objectKey, Group: groupStream, Since: "5.0.0", Complexity: "O(1)",
		Summary: "Returns information about a stream.", Syntax: "key [FULL [COUNT count]]", Run: xinfoStream},
}

// streamFor finds the stream of an XINFO call, or replies the error.
func streamFor(tx *Tx, args Args, reply Reply) (s stream, ok bool) {
	o, ok := tx.lookupKind(args[2], KindStream, reply)
	if !ok {
		return s, false
	}
	if o == nil {
		reply.Error(errNoKey)
		return s, false
	}
	return tx.stream(o), true
}

// xinfoConsumers: XINFO CONSUMERS key group.
func xinfoConsumers(tx *Tx, args Args, reply Reply) {
	s, ok := streamFor(tx, args, reply)
	if !ok {
		return
	}
	g := s.group(args[3])
	if g == nil {
		reply.Error(errNoGroupForKey(args[3], args[2]))
		return
	}
	reply.Array(len(g.consumers))
	for _, c := range g.consumers {
		reply.Map(4)
		reply.BulkString("name")
		reply.Bulk(c.name())
		reply.BulkString("pending")
		reply.Int(int64(c.pending.Len()))
		reply.BulkString("idle")
		reply.Int(max(0, tx.now-c.seen()))
		reply.BulkString("inactive")
		if active := c.active(); active == never {
			reply.Int(never)
		} else {
			reply.Int(max(0, tx.now-active))
		}
	}
}

// xinfoGroups: XINFO GROUPS key.
func xinfoGroups(tx *Tx, args Args, reply Reply) {
	s, ok := streamFor(tx, args, reply)
	if !ok {
		return
	}
	reply.Array(len(s.index.groups))
	for _, g := range s.index.groups {
		reply.Map(6)
		reply.BulkString("name")
		reply.Bulk(g.name())
		reply.BulkString("consumers")
		reply.Int(int64(len(g.consumers)))
		reply.BulkString("pending")
		reply.Int(int64(g.pending.len()))
		s.replyProgress(g, reply)
	}
}

// replyProgress replies with how far a group has come: last-delivered-id, entries-read and lag.
func (s *stream) replyProgress(g *streamGroup, reply Reply) {
	reply.BulkString("last-delivered-id")
	replyID(g.last(), reply)
	reply.BulkString("entries-read")
	if read := g.read(); read == unknownRead {
		reply.Null()
	} else {
		reply.Int(read)
	}
	reply.BulkString("lag")
	if lag, ok := s.lag(g); ok {
		reply.Int(lag)
	} else {
		reply.Null()
	}
}

// lag is how many entries a group has not been delivered yet; ok is false if that cannot be told.
func (s *stream) lag(g *streamGroup) (lag int64, ok bool) {
	h, last := s.head(), g.last()
	if h.added == 0 {
		return 0, true
	}
	read := g.read()
	if read == unknownRead || s.hasDeleted(&h, last) {
		read = s.estimateRead(&h, last)
	}
	return int64(h.added) - read, read != unknownRead
}

// xinfoStream: XINFO STREAM key [FULL [COUNT count]].
func xinfoStream(tx *Tx, args Args, reply Reply) {
	s, ok := streamFor(tx, args, reply)
	if !ok {
		return
	}
	if len(args) == 3 {
		s.replyInfo(reply)
		return
	}
	if len(args) != 4 && len(args) != 6 || !is(args[3], "FULL") || len(args) == 6 && !is(args[4], "COUNT") {
		reply.Error(BadSubcommand(args))
		return
	}
	const defaultCount = 10
	count := int64(defaultCount)
	if len(args) == 6 {
		if count, ok = intArg(args[5], reply); !ok {
			return
		}
		if count < 0 {
			count = defaultCount
		}
	}
	s.replyFull(count, reply)
}

// replyLengths replies with what both forms of XINFO STREAM begin with. What Redis calls radix tree nodes are the parts here.
func (s *stream) replyLengths(reply Reply) {
	h := s.head()
	reply.BulkString("length")
	reply.Int(int64(s.len()))
	reply.BulkString("radix-tree-keys")
	reply.Int(int64(s.index.entries.parts))
	reply.BulkString("radix-tree-nodes")
	reply.Int(int64(s.index.entries.parts) + 1)
	reply.BulkString("last-generated-id")
	replyID(h.last, reply)
	reply.BulkString("max-deleted-entry-id")
	replyID(h.maxDeleted, reply)
	reply.BulkString("entries-added")
	reply.Int(int64(h.added))
	reply.BulkString("recorded-first-entry-id")
	first, _ := s.first()
	replyID(first.id, reply)
}

func (s *stream) replyInfo(reply Reply) {
	reply.Map(10)
	s.replyLengths(reply)
	reply.BulkString("groups")
	reply.Int(int64(len(s.index.groups)))
	reply.BulkString("first-entry")
	replyIfAny(s.first, reply)
	reply.BulkString("last-entry")
	replyIfAny(s.newest, reply)
}

func replyIfAny(get func() (streamEntry, bool), reply Reply) {
	if e, ok := get(); ok {
		e.reply(reply)
	} else {
		reply.Null()
	}
}

// replyFull replies with everything, count entries of each sort at most; all if it is 0.
func (s *stream) replyFull(count int64, reply Reply) {
	reply.Map(9)
	s.replyLengths(reply)
	reply.BulkString("entries")
	s.replyRange(streamID{}, maxStreamID, count, false, reply)
	reply.BulkString("groups")
	reply.Array(len(s.index.groups))
	for _, g := range s.index.groups {
		reply.Map(7)
		reply.BulkString("name")
		reply.Bulk(g.name())
		s.replyProgress(g, reply)
		reply.BulkString("pel-count")
		reply.Int(int64(g.pending.len()))
		reply.BulkString("pending")
		all := g.firstPending(count)
		reply.Array(len(all))
		for _, p := range all {
			reply.Array(4)
			replyID(p.id, reply)
			reply.Bulk(g.numbers[p.consumer].name())
			reply.Int(p.at)
			reply.Int(int64(p.times))
		}
		reply.BulkString("consumers")
		reply.Array(len(g.consumers))
		for _, c := range g.consumers {
			g.replyConsumer(c, count, reply)
		}
	}
}

func (g *streamGroup) replyConsumer(c *streamConsumer, count int64, reply Reply) {
	reply.Map(5)
	reply.BulkString("name")
	reply.Bulk(c.name())
	reply.BulkString("seen-time")
	reply.Int(c.seen())
	reply.BulkString("active-time")
	reply.Int(c.active())
	reply.BulkString("pel-count")
	reply.Int(int64(c.pending.Len()))
	reply.BulkString("pending")
	var ids []streamID
	c.pending.Scan(func(id streamID) bool {
		ids = append(ids, id)
		return count == 0 || int64(len(ids)) < count
	})
	reply.Array(len(ids))
	for _, id := range ids {
		p, _ := g.findPending(id)
		reply.Array(3)
		replyID(id, reply)
		reply.Int(p.at)
		reply.Int(int64(p.times))
	}
}

// firstPending is what is pending first, count of it at most; all if it is 0.
func (g *streamGroup) firstPending(count int64) (all []pending) {
	g.walkPending(streamID{}, func(p pending) bool {
		all = append(all, p)
		return count == 0 || int64(len(all)) < count
	})
	return all
}

// xinfoHelp: XINFO HELP.
func xinfoHelp(_ *Tx, _ Args, reply Reply) {
	replyHelp(reply, []string{
		"XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"CONSUMERS <key> <groupname>",
		"    Show consumers of <groupname>.",
		"GROUPS <key>",
		"    Show the stream consumer groups.",
		"STREAM <key> [FULL [COUNT <count>]",
		"    Show information about the stream.",
		"HELP",
		"    Prints this help.",
	})
}
