package statemachine

import (
	"slices"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

// How values go to package rdb and come back.

// rdbValue is an object's value in package rdb's model, not to be kept beyond the lock.
func (tx *Tx) rdbValue(o *Object) rdb.Value {
	switch o.kind {
	case KindString:
		return rdb.String(o.str())
	case KindList:
		var all rdb.List
		l := tx.list(o)
		l.walk(0, func(value []byte) bool {
			all = append(all, value)
			return true
		})
		return all
	case KindHash:
		var all rdb.Hash
		h := tx.elements(o)
		h.each(func(e element) bool {
			all = append(all, rdb.Field{Name: e.name, Value: e.value, ExpireAt: e.deadline})
			return true
		})
		return all
	case KindSet:
		var all rdb.Set
		m := tx.members(o)
		m.each(func(e element) bool {
			all = append(all, e.name)
			return true
		})
		return all
	case KindZSet:
		var all rdb.ZSet
		z := tx.sortedSet(o)
		z.walk(0, z.len(), false, func(e element) bool {
			all = append(all, rdb.ScoredMember{Member: e.name, Score: e.score()})
			return true
		})
		return all
	}
	s := tx.stream(o)
	return s.rdbValue()
}

// fitsKey reports whether a key can hold a value: fields of a hash end when commands could have them end, at the latest.
func fitsKey(v rdb.Value) bool {
	h, _ := v.(rdb.Hash)
	return !slices.ContainsFunc(h, func(f rdb.Field) bool { return f.ExpireAt > maxFieldDeadline })
}

// putRDB makes the key hold a value that fits, with the stamp's version.
func (tx *Tx) putRDB(e *entry, v rdb.Value, s stamp) {
	switch v := v.(type) {
	case rdb.String:
		tx.ks.putString(e, v, s)
	case rdb.List:
		tx.putList(e, v, s)
	case rdb.Hash:
		tx.putHash(e, v, s)
	case rdb.Set:
		tx.putSet(e, v, s)
	case rdb.ZSet:
		tx.putZSet(e, v, s)
	case *rdb.Stream:
		tx.putStream(e, v, s)
	}
}

// putEmpty makes the key hold a collection of a kind without elements, which the caller adds.
func (tx *Tx) putEmpty(e *entry, kind Kind, s stamp) {
	tx.ks.putString(e, emptyCollection(), s)
	e.edit().kind = kind
}

func (tx *Tx) putList(e *entry, elements rdb.List, s stamp) {
	tx.putEmpty(e, KindList, s)
	l := tx.list(e.object)
	for _, element := range elements {
		l.noteAdded(len(element))
		l.push(listRight, element)
	}
	tx.ks.signal(e.db, e.object)
}

// putHash puts fields with their deadlines. Those that are due already go with the next slot, as any others.
func (tx *Tx) putHash(e *entry, fields rdb.Hash, s stamp) {
	tx.putEmpty(e, KindHash, s)
	h := tx.elements(e.object)
	for i, f := range fields {
		h.put(f.Name, f.Value, f.ExpireAt)
		e.edit().noteField(i+1, f.Name, f.Value)
		if f.ExpireAt != 0 {
			e.edit().flags |= flagTimed
		}
	}
}

func (tx *Tx) putSet(e *entry, names rdb.Set, s stamp) {
	tx.putEmpty(e, KindSet, s)
	m := tx.members(e.object)
	for i, name := range names {
		m.put(name, nil, 0)
		e.edit().noteMember(i+1, name)
	}
}

func (tx *Tx) putZSet(e *entry, members rdb.ZSet, s stamp) {
	tx.putEmpty(e, KindZSet, s)
	z := tx.sortedSet(e.object)
	for _, m := range members { // all of them first: the encoding says what is kept of -0
		z.edit().noteRanked(len(members), m.Member)
	}
	for _, m := range members {
		z.add(m.Member, m.Score)
	}
	tx.ks.signal(e.db, e.object)
}
