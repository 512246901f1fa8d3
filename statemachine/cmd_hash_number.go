package statemachine

import (
	"math"
	"strconv"
)

// hincrby: HINCRBY key field increment. A deadline that the field has stays.
func hincrby(tx *Tx, args Args, reply Reply) {
	n, ok := intArg(args[3], reply)
	if !ok {
		return
	}
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	var old int64
	h := tx.fields(e.object)
	field, there := h.find(args[2])
	if there {
		if old, ok = ParseInt(field.value); !ok {
			reply.Error(errHashNotInteger)
			return
		}
	}
	if n > 0 && old > math.MaxInt64-n || n < 0 && old < math.MinInt64-n {
		reply.Error(errIncrOverflow)
		return
	}
	var buf [20]byte
	if tx.setField(&e, args[2], strconv.AppendInt(buf[:0], old+n, 10), field.deadline, "hincrby", reply) {
		reply.Int(old + n)
	}
}

// hincrbyfloat: HINCRBYFLOAT key field increment. A deadline that the field has stays.
func hincrbyfloat(tx *Tx, args Args, reply Reply) {
	n, ok := parseLongDouble(args[3])
	if !ok {
		reply.Error(errNotFloat)
		return
	}
	if n.f.IsInf() {
		reply.Error(errInfinite)
		return
	}
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	var old longDouble
	h := tx.fields(e.object)
	field, there := h.find(args[2])
	if there {
		if old, ok = parseLongDouble(field.value); !ok {
			reply.Error(errHashNotFloat)
			return
		}
	}
	sum, ok := old.add(n)
	if !ok {
		reply.Error(errNaN)
		return
	}
	text := sum.human()
	if tx.setField(&e, args[2], text, field.deadline, "hincrbyfloat", reply) {
		reply.Bulk(text)
	}
}
