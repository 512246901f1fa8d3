package statemachine

import "math"

var expireCommands = []Command{
	expireRow("EXPIRE", "1.0.0", "Sets the expiration time of a key in seconds.", "key seconds", expireForm{"expire", true, false}),
	expireRow("PEXPIRE", "2.6.0", "Sets the expiration time of a key in milliseconds.", "key milliseconds", expireForm{"pexpire", false, false}),
	expireRow("EXPIREAT", "1.2.0", "Sets the expiration time of a key to a Unix timestamp.", "key unix-time-seconds", expireForm{"expireat", true, true}),
	expireRow("PEXPIREAT", "2.6.0", "Sets the expiration time of a key to a Unix milliseconds timestamp.", "key unix-time-milliseconds", expireForm{"pexpireat", false, true}),
	ttlRow("TTL", "1.0.0", "Returns the expiration time in seconds of a key.", true, false),
	ttlRow("PTTL", "2.6.0", "Returns the expiration time in milliseconds of a key.", false, false),
	ttlRow("EXPIRETIME", "7.0.0", "Returns the expiration time of a key as a Unix timestamp.", true, true),
	ttlRow("PEXPIRETIME", "7.0.0", "Returns the expiration time of a key as a Unix milliseconds timestamp.", false, true),
	{Name: "PERSIST", Arity: 2, Flags: Write | Fast, Keys: firstKey, Group: groupGeneric, Since: "2.2.0", Complexity: "O(1)",
		Summary: "Removes the expiration time of a key.", Syntax: "key", Run: persist},
}

// expireForm tells EXPIRE and its kin apart.
type expireForm struct {
	name     string
	seconds  bool
	absolute bool
}

func expireRow(name, since, summary, syntax string, form expireForm) Command {
	return Command{Name: name, Arity: -3, Flags: Write | Fast, Keys: firstKey, Group: groupGeneric, Since: since, Complexity: "O(1)",
		Summary: summary, Syntax: syntax + " [NX | XX | GT | LT]",
		Run: func(tx *Tx, args Args, reply Reply) { expire(tx, args, form, reply) }}
}

func ttlRow(name, since, summary string, seconds, absolute bool) Command {
	row := Command{Name: name, Arity: 2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupGeneric, Since: since, Complexity: "O(1)",
		Summary: summary, Syntax: "key",
		Run: func(tx *Tx, args Args, reply Reply) { reply.Int(timeLeft(tx, args[1], seconds, absolute)) }}
	if !absolute {
		row.Tips = []string{"nondeterministic_output"}
	}
	return row
}

// expireOptions are the conditions of EXPIRE and its kin.
type expireOptions struct{ nx, xx, gt, lt bool }

func parseExpireOptions(args Args) (o expireOptions, problem string) {
	for _, arg := range args[3:] {
		switch {
		case is(arg, "NX"):
			o.nx = true
		case is(arg, "XX"):
			o.xx = true
		case is(arg, "GT"):
			o.gt = true
		case is(arg, "LT"):
			o.lt = true
		default:
			return o, oneLine(errUnsupportedStart + string(clip(arg, maxErrorNameBytes)))
		}
	}
	switch {
	case o.nx && (o.xx || o.gt || o.lt):
		return o, errExpireNX
	case o.gt && o.lt:
		return o, errExpireGTLT
	}
	return o, ""
}

// allow reports whether the conditions hold for a key whose deadline is current, if it has one. No deadline counts as
// one that never comes.
func (o expireOptions) allow(current int64, has bool, deadline int64) bool {
	switch {
	case o.nx && has, o.xx && !has:
		return false
	case o.gt && (!has || deadline <= current):
		return false
	case o.lt && has && deadline >= current:
		return false
	}
	return true
}

// expire: EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT key time [NX | XX | GT | LT]. A time that is not in the future removes
// the key. The version of a key that stays does not change.
func expire(tx *Tx, args Args, form expireForm, reply Reply) {
	o, problem := parseExpireOptions(args)
	if problem != "" {
		reply.Error(problem)
		return
	}
	n, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	deadline, ok := form.deadline(n, tx.ks.now)
	if !ok {
		reply.Error(invalidExpire(form.name))
		return
	}
	e := tx.entry(args[1])
	if e.object == nil {
		reply.Int(0)
		return
	}
	if current, has := e.db.keys.times.of(e.object); !o.allow(current, has, deadline) {
		reply.Int(0)
		return
	}
	if deadline <= tx.ks.now {
		tx.ks.remove(&e)
		tx.notify(EventGeneric, "del", args[1])
	} else {
		tx.ks.setDeadline(&e, deadline)
		tx.notify(EventGeneric, "expire", args[1])
	}
	reply.Int(1)
}

// deadline is the Unix millisecond meant by n; ok is false if it cannot be said in 64 bits.
func (f expireForm) deadline(n, now int64) (at int64, ok bool) {
	if f.seconds {
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			return 0, false
		}
		n *= 1000
	}
	if f.absolute {
		return n, true
	}
	if n > math.MaxInt64-now {
		return 0, false
	}
	return n + now, true
}

// timeLeft is the reply of TTL and kin: -2 for a missing key, -1 for one without a deadline. Seconds are rounded.
func timeLeft(tx *Tx, key []byte, seconds, absolute bool) int64 {
	o := tx.peek(key)
	if o == nil {
		tx.missed(key)
		return -2
	}
	at, ok := tx.database().keys.times.of(o)
	if !ok {
		return -1
	}
	if !absolute {
		at = max(0, at-tx.now)
	}
	if seconds {
		at = at/1000 + at%1000/500
	}
	return at
}

// persist: PERSIST key.
func persist(tx *Tx, args Args, reply Reply) {
	if e := tx.entry(args[1]); e.object != nil && tx.ks.clearDeadline(&e) {
		tx.notify(EventGeneric, "persist", args[1])
		reply.Int(1)
		return
	}
	reply.Int(0)
}
