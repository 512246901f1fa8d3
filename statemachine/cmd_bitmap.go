package statemachine

import "strings"

const groupBitmap = "bitmap"

var bitmapCommands = []Command{
	{Name: "SETBIT", Arity: 4, Flags: Write | DenyOOM, Keys: firstKey, Group: groupBitmap, Since: "2.2.0", Complexity: "O(1)",
		Summary: "Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.",
		Syntax:  "key offset value", Run: setbit},
	{Name: "GETBIT", Arity: 3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupBitmap, Since: "2.2.0", Complexity: "O(1)",
		Summary: "Returns a bit value by offset.", Syntax: "key offset", Run: getbit},
	{Name: "BITCOUNT", Arity: -2, Flags: ReadOnly, Keys: firstKey, Group: groupBitmap, Since: "2.6.0", Complexity: "O(N)",
		Summary: "Counts the number of set bits (population counting) in a string.",
		Syntax:  "key [start end [BYTE | BIT]]", Run: bitcount},
	{Name: "BITPOS", Arity: -3, Flags: ReadOnly, Keys: firstKey, Group: groupBitmap, Since: "2.8.7", Complexity: "O(N)",
		Summary: "Finds the first set (1) or clear (0) bit in a string.",
		Syntax:  "key bit [start [end [BYTE | BIT]]]", Run: bitpos},
	{Name: "BITOP", Arity: -4, Flags: Write | DenyOOM, Keys: Keys{First: 2, Last: -1, Step: 1}, Group: groupBitmap, Since: "2.6.0",
		Complexity: "O(N)",
		Summary:    "Performs bitwise operations on multiple strings, and stores the result.",
		Syntax:     "<AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey key [key ...]", Run: bitop},
}

// bitOffset reads the offset of a bit, or replies Redis's error. width, if not 0, is what an offset behind a # counts in.
// All width bits must be within the longest string.
func (tx *Tx) bitOffset(arg []byte, width int64, reply Reply) (int64, bool) {
	unit := int64(1)
	if width > 0 && len(arg) > 0 && arg[0] == '#' {
		arg, unit = arg[1:], width
	}
	most := int64(tx.maxString)*8 - max(1, width)
	if n, ok := ParseInt(arg); ok && n >= 0 && n <= most/unit {
		return n * unit, true
	}
	reply.Error(errBitOffset)
	return 0, false
}

// setbit: SETBIT key offset value. What changes nothing leaves the version as it is.
func setbit(tx *Tx, args Args, reply Reply) {
	offset, ok := tx.bitOffset(args[2], 0, reply)
	if !ok {
		return
	}
	bit, ok := ParseInt(args[3])
	if !ok || bit&^1 != 0 {
		reply.Error(errBit)
		return
	}
	e, ok := tx.entryString(args[1], reply)
	if !ok {
		return
	}
	var old int64
	length := int(offset>>3) + 1
	grows := e.object == nil
	if !grows {
		old, grows = bitAt(e.object.str(), offset), length > len(e.object.str())
	}
	if !grows && old == bit {
		e.nowRaw()
		reply.Int(old)
		return
	}
	if s, ok := tx.nextStamp(&e, reply); ok {
		putBit(tx.ks.bitmap(&e, length), offset, bit)
		tx.ks.stamp(&e, s)
		tx.notify(EventString, "setbit", args[1])
		reply.Int(old)
	}
}

// bitmap makes the key hold a bitmap of at least length bytes that may be changed in place, and returns it.
func (ks *keyspace) bitmap(e *entry, length int) []byte {
	if e.object == nil {
		ks.create(e, KindString, nil)
	}
	o := e.edit()
	o.extend(length)
	o.editedInPlace()
	return o.str()
}

// nowRaw notes that a command that changes strings in place found nothing to change: Redis has made room for it anyway.
func (e *entry) nowRaw() {
	if e.object.flags&encodingFlags != flagRaw {
		e.edit().editedInPlace()
	}
}

// getbit: GETBIT key offset.
func getbit(tx *Tx, args Args, reply Reply) {
	offset, ok := tx.bitOffset(args[2], 0, reply)
	if !ok {
		return
	}
	o, ok := tx.lookupString(args[1], reply)
	switch {
	case !ok:
	case o == nil:
		reply.Int(0)
	default:
		reply.Int(bitAt(o.str(), offset))
	}
}

// bitRange is what BITCOUNT and BITPOS say of where to look.
type bitRange struct {
	start, end int64 // negative counts from the back
	open       bool  // there is no end
	inBits     bool  // else bytes
}

// newBitRange is [start [end [BYTE | BIT]]] before it is read: the whole string.
func newBitRange(args Args) bitRange { return bitRange{end: -1, open: len(args) < 2} }

// bitRangeNumber reads the start or the end, if it is there, or replies Redis's error.
func bitRangeNumber(to *int64, args Args, i int, reply Reply) (ok bool) {
	if i >= len(args) {
		return true
	}
	*to, ok = intArg(args[i], reply)
	return ok
}

// unit reads what the range counts in, if it is there, or replies Redis's error.
func (r *bitRange) unit(args Args, reply Reply) bool {
	if len(args) < 3 {
		return true
	}
	r.inBits = is(args[2], "BIT")
	if !r.inBits && !is(args[2], "BYTE") {
		reply.Error(errSyntax)
		return false
	}
	return true
}

// of returns the first and the last bit that the range means of a string; first is behind last if there are none.
func (r bitRange) of(s []byte) (first, last int64) {
	unit := int64(8)
	if r.inBits {
		unit = 1
	}
	length := int64(len(s)) * 8 / unit
	start, end := r.start, r.end
	if start < 0 {
		start = max(0, start+length)
	}
	if end < 0 {
		end = max(0, end+length)
	}
	if end = min(end, length-1); start > end {
		return 1, 0
	}
	return start * unit, end*unit + unit - 1
}

// bitcount: BITCOUNT key [start end [BYTE | BIT]].
func bitcount(tx *Tx, args Args, reply Reply) {
	if len(args) == 3 || len(args) > 5 {
		reply.Error(errSyntax)
		return
	}
	where, r := args[2:], newBitRange(args[2:])
	if !bitRangeNumber(&r.start, where, 0, reply) || !bitRangeNumber(&r.end, where, 1, reply) || !r.unit(where, reply) {
		return
	}
	o, ok := tx.lookupString(args[1], reply)
	if !ok {
		return
	}
	if o == nil || r.start < 0 && r.end < 0 && r.start > r.end {
		reply.Int(0)
		return
	}
	first, last := r.of(o.str())
	if first > last {
		reply.Int(0)
		return
	}
	reply.Int(countRange(o.str(), first, last))
}

// bitpos: BITPOS key bit [start [end [BYTE | BIT]]]. Without an end, there are zeros without end behind the string.
func bitpos(tx *Tx, args Args, reply Reply) {
	bit, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	if bit != 0 && bit != 1 {
		reply.Error(errBitArgument)
		return
	}
	if len(args) > 6 {
		reply.Error(errSyntax)
		return
	}
	where, r := args[3:], newBitRange(args[3:])
	if !bitRangeNumber(&r.start, where, 0, reply) || !r.unit(where, reply) || !bitRangeNumber(&r.end, where, 1, reply) {
		return
	}
	o, ok := tx.lookupString(args[1], reply)
	switch {
	case !ok:
	case o == nil:
		reply.Int(-bit)
	default:
		reply.Int(r.find(o.str(), bit))
	}
}

// find is the offset of the first bit of a value in the range, or -1.
func (r bitRange) find(s []byte, bit int64) int64 {
	first, last := r.of(s)
	if first > last {
		return -1
	}
	at := findBit(s, bit, first, last)
	if at < 0 && bit == 0 && r.open {
		return last + 1
	}
	return at
}

// bitop: BITOP operation destkey key [key ...]. An empty result removes the key.
func bitop(tx *Tx, args Args, reply Reply) {
	op := bitOperationNamed(args[1])
	if op == nil {
		reply.Error(errSyntax)
		return
	}
	if keys := len(args) - 3; op.most > 0 && keys > op.most {
		reply.Error("ERR BITOP " + op.name + " must be called with a single source key.")
		return
	} else if keys < op.least {
		reply.Error("ERR BITOP " + op.name + " must be called with at least two source keys.")
		return
	}
	sources := make([][]byte, len(args)-3)
	for i, key := range args[3:] {
		o, ok := tx.lookupString(key, reply)
		if !ok {
			return
		}
		if o != nil {
			sources[i] = o.str()
		}
	}
	result := op.apply(sources)
	e := tx.entry(args[2])
	if len(result) == 0 {
		if e.object != nil {
			tx.ks.remove(&e)
			tx.notify(EventGeneric, "del", args[2])
		}
		reply.Int(0)
		return
	}
	if s, ok := tx.nextStamp(&e, reply); ok {
		tx.ks.putString(&e, result, s)
		e.edit().editedInPlace()
		tx.ks.clearDeadline(&e)
		tx.notify(EventString, "set", args[2])
		reply.Int(int64(len(result)))
	}
}

func bitOperationNamed(name []byte) *bitOperation {
	word := strings.ToUpper(string(clip(name, maxNameBytes)))
	for i := range bitOperations {
		if len(name) == len(word) && bitOperations[i].name == word {
			return &bitOperations[i]
		}
	}
	return nil
}
