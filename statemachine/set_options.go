package statemachine

import "math"

// setOptions are SET's.
type setOptions struct {
	notExists, exists bool // NX, XX
	get               bool
	withVersion       bool
	condition         condition
	comparison        comparison
	expiry            expiry
}

// expiry is what SET and GETEX say of a key's time to live.
type expiry struct {
	value    []byte // the number, if there is one; read only once the rest of the command is known to be right
	seconds  bool   // EX, EXAT: else milliseconds
	absolute bool   // EXAT, PXAT: else from now on
	keep     bool   // KEEPTTL
	persist  bool   // PERSIST
	command  string // for the error, in lower case
}

// deadline returns the Unix millisecond meant, or the error; 0 if the options have no number.
func (x *expiry) deadline(now int64) (at int64, problem string) {
	if x.value == nil {
		return 0, ""
	}
	at, ok := ParseInt(x.value)
	switch {
	case !ok:
		return 0, errNotInteger
	case at <= 0 || x.seconds && at > math.MaxInt64/1000:
		return 0, invalidExpire(x.command)
	}
	if x.seconds {
		at *= 1000
	}
	if x.absolute {
		return at, ""
	}
	if at > math.MaxInt64-now {
		return 0, invalidExpire(x.command)
	}
	return at + now, ""
}

// option reads the expiry option at args[i], and returns how many arguments it takes; 0 if it is none, or does not go
// with those before.
func (x *expiry) option(args Args, i int) int {
	word := args[i]
	seconds, milliseconds := is(word, "EX"), is(word, "PX")
	secondsAt, millisecondsAt := is(word, "EXAT"), is(word, "PXAT")
	if !seconds && !milliseconds && !secondsAt && !millisecondsAt {
		return 0
	}
	n := expiry{seconds: seconds || secondsAt, absolute: secondsAt || millisecondsAt}
	// The same option twice is allowed, as in Redis: the last one counts.
	if x.keep || x.persist || i+1 == len(args) || x.value != nil && (x.seconds != n.seconds || x.absolute != n.absolute) {
		return 0
	}
	x.value, x.seconds, x.absolute = args[i+1], n.seconds, n.absolute
	return 2
}

// parseSet reads SET's options, in any order.
func parseSet(args Args) (o setOptions, problem string) {
	o.expiry.command = "set"
	var version []byte
	for i := 3; i < len(args); {
		n := o.expiry.option(args, i)
		if n == 0 {
			n = o.word(args[i])
		}
		if n == 0 && version == nil && i+1 < len(args) && (is(args[i], "VER") || is(args[i], "IFVER")) {
			version = args[i+1]
			o.condition = condition{given: true, exact: is(args[i], "IFVER")}
			n = 2
		}
		if n == 0 {
			n = o.compare(args, i)
		}
		if n == 0 {
			return o, errSyntax
		}
		i += n
	}
	if !o.condition.given {
		return o, ""
	}
	return o, o.readVersion(version)
}

// readVersion completes the condition.
func (o *setOptions) readVersion(n []byte) (problem string) {
	if o.notExists || o.exists || o.comparison.given {
		return errSyntax
	}
	least := int64(1)
	if o.condition.exact {
		least = 0
	}
	var ok bool
	if o.condition.n, ok = parseVersion(n, least); !ok {
		return errVersion
	}
	return ""
}

// compare reads the comparison at args[i], and returns how many arguments it takes; 0 if it is none, or does not go with those
// before. The same one twice is allowed, as in Redis: the last one counts.
func (o *setOptions) compare(args Args, i int) int {
	c, ok := newComparison(args, i)
	old := &o.comparison
	if !ok || o.notExists || o.exists || old.given && (old.unequal != c.unequal || old.byDigest != c.byDigest) {
		return 0
	}
	*old = c
	return 2
}

// word reads an option of one word, and returns 1, or 0 if it is none or does not go with those before.
func (o *setOptions) word(arg []byte) int {
	switch {
	case is(arg, "NX") && !o.exists && !o.comparison.given:
		o.notExists = true
	case is(arg, "XX") && !o.notExists && !o.comparison.given:
		o.exists = true
	case is(arg, "GET"):
		o.get = true
	case is(arg, "WITHVER"):
		o.withVersion = true
	case is(arg, "KEEPTTL") && o.expiry.value == nil:
		o.expiry.keep = true
	default:
		return 0
	}
	return 1
}

// parseGetex reads GETEX's options.
func parseGetex(args Args) (x expiry, ok bool) {
	x.command = "getex"
	for i := 2; i < len(args); {
		n := x.option(args, i)
		if n == 0 && is(args[i], "PERSIST") && x.value == nil {
			x.persist = true
			n = 1
		}
		if n == 0 {
			return x, false
		}
		i += n
	}
	return x, true
}
