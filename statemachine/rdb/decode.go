package rdb

import (
	"errors"
	"fmt"
	"math"
)

// Errors of values whose bytes are right.
var (
	errEmpty = errors.New("a collection without elements")
	errTwice = errors.New("an element comes twice")
	errNaN   = errors.New("a score is not a number")
	errPairs = errors.New("an element has no partner")
)

// Decode reads an encoded value: the byte of its type and what follows, without a footer. maxBytes is as for Load.
func Decode(b []byte, maxBytes int) (Value, error) {
	r := &reader{rest: b, longest: maxBytes, expansion: maxBytes}
	kind := valueType(r.byte())
	v := r.value(kind)
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("a value of type %d: %w", kind, err)
	}
	return v, nil
}

func (r *reader) value(kind valueType) Value {
	switch kind {
	case typeString:
		return String(r.string())
	case typeList, typeListZiplist, typeListQuicklist, typeListQuicklist2:
		return r.list(kind)
	case typeSet, typeSetIntset, typeSetListpack:
		return r.set(kind)
	case typeZSet, typeZSet2, typeZSetZiplist, typeZSetListpack:
		return r.zset(kind)
	case typeHash, typeHashZipmap, typeHashZiplist, typeHashListpack:
		return r.hash(kind)
	case typeHashTimes, typeHashListpackEx:
		return r.timedHash(kind)
	case typeStreamListpacks, typeStreamListpacks2, typeStreamListpacks3:
		return r.stream(kind)
	}
	r.fail("there is no such type, or it is a module's")
	return nil
}

// strings reads a count and as many times each strings.
func (r *reader) strings(each int) [][]byte {
	n := r.count(each)
	all := make([][]byte, 0, n*each)
	for range n * each {
		all = append(all, r.string())
	}
	return all
}

// check fails if there are no elements, or if one of those that are step apart comes twice.
func (r *reader) check(elements [][]byte, step int) {
	if r.err != nil {
		return
	}
	if len(elements) == 0 {
		r.fail("%w", errEmpty)
	}
	if len(elements)%step != 0 {
		r.fail("%w", errPairs)
	}
	seen := make(map[string]struct{}, len(elements)/step)
	for i := 0; i < len(elements); i += step {
		seen[string(elements[i])] = struct{}{}
	}
	if len(seen) != (len(elements)+step-1)/step {
		r.fail("%w", errTwice)
	}
}

func (r *reader) list(kind valueType) Value {
	var l List
	switch kind {
	case typeList:
		l = r.strings(1)
	case typeListZiplist:
		l = r.pack("ziplist", readZiplist)
	default:
		l = r.quicklist(kind)
	}
	if r.err == nil && len(l) == 0 {
		r.fail("%w", errEmpty)
	}
	return l
}

// Containers of a quicklist's nodes.
const (
	nodePlain  = 1
	nodePacked = 2
)

func (r *reader) quicklist(kind valueType) List {
	var l List
	for range r.count(1) {
		if r.err != nil {
			break
		}
		container := uint64(nodePacked)
		if kind == typeListQuicklist2 {
			container = r.length()
		}
		switch {
		case r.err != nil:
		case container == nodePlain:
			l = append(l, r.string())
		case container != nodePacked:
			r.fail("there is no node of a list of form %d", container)
		case kind == typeListQuicklist:
			l = append(l, r.pack("ziplist", readZiplist)...)
		default:
			l = append(l, r.listpack()...)
		}
	}
	return l
}

func (r *reader) set(kind valueType) Value {
	var s Set
	switch kind {
	case typeSet:
		s = r.strings(1)
	case typeSetIntset:
		s = r.pack("intset", readIntset)
	default:
		s = r.listpack()
	}
	r.check(s, 1)
	return s
}

func (r *reader) zset(kind valueType) Value {
	var members [][]byte
	var scores []float64
	switch kind {
	case typeZSet, typeZSet2:
		for range r.count(2) {
			members = append(members, r.string())
			if kind == typeZSet {
				scores = append(scores, r.textScore())
			} else {
				scores = append(scores, math.Float64frombits(r.uint64()))
			}
			if r.err != nil {
				return nil
			}
		}
	default:
		pairs := r.pack("ziplist or listpack", zsetPack(kind))
		for i := 0; i+1 < len(pairs); i += 2 {
			members, scores = append(members, pairs[i]), append(scores, r.parseScore(pairs[i+1]))
		}
		if len(pairs)%2 != 0 {
			r.fail("%w", errPairs)
		}
	}
	r.check(members, 1)
	z := make(ZSet, len(members))
	for i := range members {
		if math.IsNaN(scores[i]) {
			r.fail("%w", errNaN)
		}
		z[i] = ScoredMember{Member: members[i], Score: scores[i]}
	}
	return z
}

func zsetPack(kind valueType) func([]byte) ([][]byte, error) {
	if kind == typeZSetZiplist {
		return readZiplist
	}
	return readListpack
}

func (r *reader) hash(kind valueType) Value {
	var pairs [][]byte
	switch kind {
	case typeHash:
		pairs = r.strings(2)
	case typeHashZipmap:
		pairs = r.pack("zipmap", readZipmap)
	case typeHashZiplist:
		pairs = r.pack("ziplist", readZiplist)
	default:
		pairs = r.listpack()
	}
	r.check(pairs, 2)
	if r.err != nil {
		return nil
	}
	h := make(Hash, len(pairs)/2)
	for i := range h {
		h[i] = Field{Name: pairs[2*i], Value: pairs[2*i+1]}
	}
	return h
}

// timedHash reads a hash whose fields have times to live. In front is the least of them, which those of typeHashTimes are relative to,
// with one more, as 0 means none.
func (r *reader) timedHash(kind valueType) Value {
	least := int64(r.uint64())
	var h Hash
	var names [][]byte
	add := func(name, value []byte, at int64) {
		if at < 0 {
			r.fail("a field ends at %d ms", at)
		}
		h, names = append(h, Field{Name: name, Value: value, ExpireAt: at}), append(names, name)
	}
	if kind == typeHashTimes {
		for range r.count(3) {
			at := int64(r.length())
			if at != 0 {
				at += least - 1
			}
			add(r.string(), r.string(), at)
			if r.err != nil {
				return nil
			}
		}
	} else {
		triples := r.listpack()
		if len(triples)%3 != 0 {
			r.fail("%w", errPairs)
		}
		for ; len(triples) >= 3; triples = triples[3:] {
			at, ok := canonicalInt(triples[2])
			if !ok {
				r.fail("a field's time to live is %q", triples[2])
			}
			add(triples[0], triples[1], at)
		}
	}
	r.check(names, 1)
	return h
}
