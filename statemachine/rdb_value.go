package statemachine

import "github.com/paxredis/paxredis/statemachine/internal/rdb"

// How values go to package rdb and come back. A kind of value that is in none of the two functions cannot be dumped and restored.

// rdbValue is an object's value in package rdb's model, not to be kept beyond the lock; ok is false if its kind has none.
func (tx *Tx) rdbValue(o *Object) (v rdb.Value, ok bool) {
	switch o.kind {
	case KindString:
		return rdb.String(o.str()), true
	case KindList:
		var all rdb.List
		l := tx.list(o)
		l.walk(0, func(value []byte) bool {
			all = append(all, value)
			return true
		})
		return all, true
	case KindHash:
		var all rdb.Hash
		h := tx.elements(o)
		h.each(func(e element) bool {
			all = append(all, rdb.Field{Name: e.name, Value: e.value, ExpireAt: e.deadline})
			return true
		})
		return all, true
	case KindStream:
		s := tx.stream(o)
		return s.rdbValue(), true
	}
	return nil, false
}

// putRDB makes the key hold a value, with the stamp's version; false, and nothing is changed, if a key cannot hold its kind.
func (tx *Tx) putRDB(e *entry, v rdb.Value, s stamp) bool {
	switch v := v.(type) {
	case rdb.String:
		tx.ks.putString(e, v, s)
	case rdb.List:
		tx.putList(e, v, s)
	case rdb.Hash:
		tx.putHash(e, v, s)
	case *rdb.Stream:
		tx.putStream(e, v, s)
	default:
		return false
	}
	return true
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

func (tx *Tx) putHash(e *entry, fields rdb.Hash, s stamp) {
	tx.putEmpty(e, KindHash, s)
	h := tx.elements(e.object)
	for i, f := range fields {
		h.put(f.Name, f.Value, f.ExpireAt)
		e.edit().noteField(i+1, f.Name, f.Value)
	}
}
