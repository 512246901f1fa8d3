package statemachine

import "slices"

var hashExpireCommands = []Command{
	hexpireRow("HEXPIRE", "Set expiry for hash field using relative time to expire (seconds)", "seconds", expireForm{"hexpire", true, false}),
	hexpireRow("HPEXPIRE", "Set expiry for hash field using relative time to expire (milliseconds)", "milliseconds", expireForm{"hpexpire", false, false}),
	hexpireRow("HEXPIREAT", "Set expiry for hash field using an absolute Unix timestamp (seconds)", "unix-time-seconds", expireForm{"hexpireat", true, true}),
	hexpireRow("HPEXPIREAT", "Set expiry for hash field using an absolute Unix timestamp (milliseconds)", "unix-time-milliseconds",
		expireForm{"hpexpireat", false, true}),
	httlRow("HTTL", "Returns the TTL in seconds of a hash field.", true, false),
	httlRow("HPTTL", "Returns the TTL in milliseconds of a hash field.", false, false),
	httlRow("HEXPIRETIME", "Returns the expiration time of a hash field as a Unix timestamp, in seconds.", true, true),
	httlRow("HPEXPIRETIME", "Returns the expiration time of a hash field as a Unix timestamp, in msec.", false, true),
	{Name: "HPERSIST", Arity: -5, Flags: Write | Fast, Keys: firstKey, Group: groupHash, Since: "7.4.0", Complexity: fieldsComplexity,
		Summary: "Removes the expiration time for each specified field", Syntax: "key FIELDS numfields field [field ...]", Run: hpersist},
}

const fieldsComplexity = "O(N) where N is the number of specified fields"

func hexpireRow(name, summary, time string, form expireForm) Command {
	return Command{Name: name, Arity: -6, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupHash, Since: "7.4.0",
		Complexity: fieldsComplexity, Summary: summary, Syntax: "key " + time + " [NX | XX | GT | LT] FIELDS numfields field [field ...]",
		Run: func(tx *Tx, args Args, reply Reply) { hexpire(tx, args, form, reply) }}
}

func httlRow(name, summary string, seconds, absolute bool) Command {
	return Command{Name: name, Arity: -5, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupHash, Since: "7.4.0",
		Complexity: fieldsComplexity, Summary: summary, Syntax: "key FIELDS numfields field [field ...]", Tips: []string{"nondeterministic_output"},
		Run: func(tx *Tx, args Args, reply Reply) { httl(tx, args, seconds, absolute, reply) }}
}

// What HEXPIRE, HTTL and their kin reply for a field.
const (
	fieldMissing = -2
	fieldUntimed = -1
	fieldRefused = 0 // NX, XX, GT or LT do not hold
	fieldTimed   = 1
	fieldGone    = 2 // the deadline has passed already
)

// maxFieldDeadline is the latest deadline of a field in Unix milliseconds, in the year 4199, as in Redis.
const maxFieldDeadline = 1<<46 - 1

// fieldDeadline reads a time to live, or until which to live, of fields: a Unix millisecond.
func (f expireForm) fieldDeadline(arg []byte, now int64, reply Reply) (at int64, ok bool) {
	n, ok := intArg(arg, reply)
	if !ok {
		return 0, false
	}
	if n < 0 {
		reply.Error(errNegativeExpire)
		return 0, false
	}
	most := int64(maxFieldDeadline)
	if f.seconds {
		most /= 1000
	}
	if n <= most {
		at, ok = f.deadline(n, now)
	}
	if n > most || !ok || at > maxFieldDeadline {
		reply.Error(invalidExpire(f.name))
		return 0, false
	}
	return max(1, at), true // 0 is no deadline
}

// fieldsArg reads FIELDS numfields field [field ...], the rest of the arguments. problem is the error for a number that is none.
func fieldsArg(rest Args, problem string, reply Reply) (names Args, ok bool) {
	if len(rest) == 0 || !is(rest[0], "FIELDS") {
		reply.Error(errFieldsMissing)
		return nil, false
	}
	if len(rest) == 1 {
		reply.Error(errFieldsNumber)
		return nil, false
	}
	n, ok := ParseInt(rest[1])
	if !ok || n < 1 {
		reply.Error(problem)
		return nil, false
	}
	if n != int64(len(rest)-2) {
		reply.Error(errFieldsNumber)
		return nil, false
	}
	return rest[2:], true
}

// hexpire: HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT key time [NX | XX | GT | LT] FIELDS numfields field [field ...]. Fields go at once if
// the time is not in the future. As with EXPIRE, the version stays as long as nothing goes.
func hexpire(tx *Tx, args Args, form expireForm, reply Reply) {
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	deadline, ok := form.fieldDeadline(args[2], tx.ks.now, reply)
	if !ok {
		return
	}
	o, rest := expireOptions{}, args[3:]
	o.nx, o.xx, o.gt, o.lt = is(rest[0], "NX"), is(rest[0], "XX"), is(rest[0], "GT"), is(rest[0], "LT")
	if o != (expireOptions{}) {
		rest = rest[1:]
	}
	names, ok := fieldsArg(rest, errFieldsPositive, reply)
	if !ok {
		return
	}
	c, ok := tx.changeTimes(&e, deadline, reply)
	if !ok {
		return
	}
	reply.Array(len(names))
	for _, name := range names {
		reply.Int(c.expire(name, o))
	}
	c.end()
}

// timeChange is a command that gives fields of a hash a deadline, or takes theirs away.
type timeChange struct {
	fields
	e        *entry
	deadline int64 // 0: none
	past     bool  // the deadline is not in the future
	stamp    stamp // if past
	updated  bool
	removed  bool
}

// changeTimes begins a change of deadlines; ok is false when an error was replied.
func (tx *Tx) changeTimes(e *entry, deadline int64, reply Reply) (c timeChange, ok bool) {
	c = timeChange{fields: tx.fields(e.object), e: e, deadline: deadline, past: deadline != 0 && deadline <= tx.ks.now}
	ok = true
	if c.past {
		c.stamp, ok = tx.nextStamp(e, reply)
	}
	return c, ok
}

// expire gives a field the deadline if the conditions hold, and returns what to reply.
func (c *timeChange) expire(name []byte, o expireOptions) int64 {
	e, there := c.find(name)
	switch {
	case !there:
		return fieldMissing
	case !o.allow(e.deadline, e.deadline != 0, c.deadline):
		return fieldRefused
	}
	c.apply(e)
	if c.past {
		return fieldGone
	}
	return fieldTimed
}

// apply gives a field that is there the deadline.
func (c *timeChange) apply(e element) {
	name := slices.Clone(e.name)
	if c.past {
		c.remove(name)
		c.removed = true
		return
	}
	c.elements.put(name, slices.Clone(e.value), c.deadline)
	c.updated = true
	if c.deadline != 0 {
		c.e.edit().flags |= flagTimed
	}
}

// end notes what has changed, and tells of it.
func (c *timeChange) end() {
	switch tx := c.tx; {
	case c.removed:
		tx.wrote(c.e, c.len(), c.stamp, EventHash, "hdel")
	case c.updated:
		tx.ks.revise(c.e.db.keys, c.e.object)
		tx.notify(EventHash, c.event(), c.e.key)
	}
}

// event is that of deadlines that have changed.
func (c *timeChange) event() string {
	if c.deadline == 0 {
		return "hpersist"
	}
	return "hexpire"
}

// hpersist: HPERSIST key FIELDS numfields field [field ...].
func hpersist(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	names, ok := fieldsArg(args[2:], errFieldsNotPositive, reply)
	if !ok {
		return
	}
	c, ok := tx.changeTimes(&e, 0, reply)
	if !ok {
		return
	}
	reply.Array(len(names))
	for _, name := range names {
		switch e, there := c.find(name); {
		case !there:
			reply.Int(fieldMissing)
		case e.deadline == 0:
			reply.Int(fieldUntimed)
		default:
			c.apply(e)
			reply.Int(fieldTimed)
		}
	}
	c.end()
}

// httl: HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME key FIELDS numfields field [field ...]. Seconds are rounded up.
func httl(tx *Tx, args Args, seconds, absolute bool, reply Reply) {
	h, ok := tx.lookupFields(args[1], reply)
	if !ok {
		return
	}
	names, ok := fieldsArg(args[2:], errFieldsNotPositive, reply)
	if !ok {
		return
	}
	reply.Array(len(names))
	for _, name := range names {
		reply.Int(h.timeLeft(name, seconds, absolute))
	}
}

// timeLeft is what httl replies for a field.
func (h *fields) timeLeft(name []byte, seconds, absolute bool) int64 {
	e, there := h.find(name)
	switch {
	case !there:
		return fieldMissing
	case e.deadline == 0:
		return fieldUntimed
	}
	at := e.deadline
	if !absolute {
		at -= h.tx.now
	}
	if seconds {
		at = (at + 999) / 1000
	}
	return at
}
