package statemachine

var hashGetexCommands = []Command{
	{Name: "HGETDEL", Arity: -5, Flags: Write | Fast, Keys: firstKey, Group: groupHash, Since: "8.0.0", Complexity: fieldsComplexity,
		Summary: "Returns the value of a field and deletes it from the hash.", Syntax: "key FIELDS numfields field [field ...]", Run: hgetdel},
	{Name: "HGETEX", Arity: -5, Flags: Write | Fast, Keys: firstKey, Group: groupHash, Since: "8.0.0", Complexity: fieldsComplexity,
		Summary: "Get the value of one or more fields of a given hash key, and optionally set their expiration.",
		Syntax: "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] " +
			"FIELDS numfields field [field ...]", Run: hgetex},
	{Name: "HSETEX", Arity: -6, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupHash, Since: "8.0.0",
		Complexity: "O(N) where N is the number of fields being set.",
		Summary:    "Set the value of one or more fields of a given hash key, and optionally set their expiration.",
		Syntax: "key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] " +
			"FIELDS numfields field value [field value ...]", Run: hsetex},
}

// hgetdel: HGETDEL key FIELDS numfields field [field ...].
func hgetdel(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	names, ok := fieldsArg(args[2:], errFieldsNotPositive, reply)
	if !ok {
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	h := tx.fields(e.object)
	removed := false
	reply.Array(len(names))
	for _, name := range names {
		h.reply(name, reply)
		if h.o != nil && h.remove(name) {
			removed = true
		}
	}
	if removed {
		tx.wrote(&e, h.len(), s, EventHash, "hdel")
	}
}

// fieldExpiry reads EX, PX, EXAT or PXAT; ok is false for another word.
func fieldExpiry(word []byte, command string) (form expireForm, ok bool) {
	seconds, absolute := is(word, "EX") || is(word, "EXAT"), is(word, "EXAT") || is(word, "PXAT")
	return expireForm{command, seconds, absolute}, seconds || absolute || is(word, "PX")
}

// hgetex: HGETEX key [EX seconds | PX milliseconds | EXAT time | PXAT time | PERSIST] FIELDS numfields field [field ...].
func hgetex(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	rest, deadline := args[2:], int64(0)
	form, timed := fieldExpiry(rest[0], "hgetex")
	persist := is(rest[0], "PERSIST")
	switch {
	case timed:
		if deadline, ok = form.fieldDeadline(rest[1], tx.ks.now, reply); !ok {
			return
		}
		rest = rest[2:]
	case persist:
		rest = rest[1:]
	}
	names, ok := fieldsArg(rest, errFieldsNotPositive, reply)
	if !ok {
		return
	}
	c, ok := tx.changeTimes(&e, deadline, reply)
	if !ok {
		return
	}
	reply.Array(len(names))
	for _, name := range names {
		c.reply(name, reply)
		if field, there := c.find(name); there && (timed || persist && field.deadline != 0) {
			c.apply(field)
		}
	}
	c.end()
}

// hsetexOptions are HSETEX's.
type hsetexOptions struct {
	allNew, allThere bool // FNX, FXX
	timed, keep      bool // EX, PX, EXAT or PXAT; KEEPTTL
	deadline         int64
	pairs            Args // fields and values
}

// parseHsetex reads what is behind the key.
func parseHsetex(rest Args, now int64, reply Reply) (o hsetexOptions, ok bool) {
	for ; len(rest) > 0; rest = rest[1:] {
		word := rest[0]
		form, timed := fieldExpiry(word, "hsetex")
		keep, allNew, allThere := is(word, "KEEPTTL"), is(word, "FNX"), is(word, "FXX")
		switch {
		case is(word, "FIELDS"):
			o.pairs, ok = pairsArg(rest, reply)
			return o, ok
		case (timed || keep) && (o.timed || o.keep):
			reply.Error(errOneExpiry)
			return o, false
		case (allNew || allThere) && (o.allNew || o.allThere):
			reply.Error(errOneCondition)
			return o, false
		case timed && len(rest) == 1:
			reply.Error(errMissingExpire)
			return o, false
		case timed:
			if o.deadline, ok = form.fieldDeadline(rest[1], now, reply); !ok {
				return o, false
			}
			o.timed, rest = true, rest[1:]
		case keep, allNew, allThere:
			o.keep, o.allNew, o.allThere = o.keep || keep, o.allNew || allNew, o.allThere || allThere
		default:
			reply.Error(oneLine("ERR unknown argument: " + string(clip(word, maxErrorNameBytes))))
			return o, false
		}
	}
	reply.Error(wrongArguments("hsetex"))
	return o, false
}

// pairsArg reads FIELDS numfields field value [field value ...], the rest of the arguments.
func pairsArg(rest Args, reply Reply) (pairs Args, ok bool) {
	if len(rest) < 4 {
		reply.Error(wrongArguments("hsetex"))
		return nil, false
	}
	n, ok := ParseInt(rest[1])
	switch {
	case !ok || n < 1 || !isInt32(n):
		reply.Error(errNumberOfFields)
	case int64(len(rest)-2) != 2*n:
		reply.Error(wrongArguments("hsetex"))
	default:
		return rest[2:], true
	}
	return nil, false
}

// hsetex: HSETEX key [FNX | FXX] [EX seconds | PX milliseconds | EXAT time | PXAT time | KEEPTTL] FIELDS numfields field value ...
// Replies 1, or 0 if the condition does not hold.
func hsetex(tx *Tx, args Args, reply Reply) {
	o, ok := parseHsetex(args[2:], tx.ks.now, reply)
	if !ok {
		return
	}
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	h := tx.fields(e.object)
	if !o.allows(&h) {
		reply.Int(0)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	if o.timed && o.deadline <= tx.ks.now {
		o.dropFields(tx, &e, s)
	} else {
		o.setFields(tx, &e, s)
	}
	reply.Int(1)
}

// allows reports whether FNX or FXX holds.
func (o *hsetexOptions) allows(h *fields) bool {
	for i := 0; i < len(o.pairs) && (o.allNew || o.allThere); i += 2 {
		if _, there := h.find(o.pairs[i]); there != o.allThere {
			return false
		}
	}
	return true
}

// dropFields is HSETEX with a time that is not in the future: the fields go as soon as they are set.
func (o *hsetexOptions) dropFields(tx *Tx, e *entry, s stamp) {
	if e.object == nil {
		return
	}
	h := tx.fields(e.object)
	removed := false
	for i := 0; i < len(o.pairs); i += 2 {
		removed = h.remove(o.pairs[i]) || removed
	}
	if removed {
		tx.wrote(e, h.len(), s, EventHash, "hdel")
	}
}

// setFields sets the fields with their deadline.
func (o *hsetexOptions) setFields(tx *Tx, e *entry, s stamp) {
	tx.ks.collection(e, KindHash)
	h := tx.fields(e.object)
	for i := 0; i < len(o.pairs); i += 2 {
		deadline := o.deadline
		if o.keep {
			field, _ := h.find(o.pairs[i])
			deadline = field.deadline
		}
		h.put(o.pairs[i], o.pairs[i+1], deadline)
		e.edit().noteField(h.len(), o.pairs[i], o.pairs[i+1])
	}
	if o.timed {
		e.edit().flags |= flagTimed
	}
	tx.wrote(e, h.len(), s, EventHash, "hset")
	if o.timed {
		tx.notify(EventHash, "hexpire", e.key)
	}
}
