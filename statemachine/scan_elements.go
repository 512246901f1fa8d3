package statemachine

import "strconv"

// scanComplexity is that of HSCAN and its kin.
const scanComplexity = "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. " +
	"N is the number of elements inside the collection."

// elementScan is what a call of HSCAN or its kin found.
type elementScan struct {
	scanOptions
	cursor uint64
	found  []element
}

// scanElements finds what HSCAN, SSCAN or ZSCAN of a hash, a set or a sorted set replies. ok is false if it has replied: an error, or that
// the key is missing. As in Redis, a collection in a compact encoding comes as a whole.
func (tx *Tx) scanElements(args Args, kind Kind, reply Reply) (s elementScan, ok bool) {
	cursor, ok := parseCursor(args[2])
	if !ok {
		reply.Error(errCursor)
		return s, false
	}
	o, ok := tx.lookupKind(args[1], kind, reply)
	if !ok {
		return s, false
	}
	if o == nil {
		s.replyNames(reply)
		return s, false
	}
	if s.scanOptions, ok = parseScan(args[1:], kind, reply); !ok {
		return s, false
	}
	s.collect(tx, tx.elements(o), cursor)
	return s, true
}

// collect goes through the elements from a cursor on, until it has seen enough of them.
func (s *elementScan) collect(tx *Tx, t elements, cursor uint64) {
	match := matcher(s.pattern)
	seen := int64(0)
	visit := func(e element) {
		seen++
		if match(e.name) && !tx.dueElement(e) {
			s.found = append(s.found, e)
		}
	}
	all := func(e element) bool { visit(e); return true }
	switch large := t.o.flags&flagLarge != 0; {
	case !large && t.o.kind == KindSet:
		m := members{t}
		m.each(all)
		return
	case !large:
		t.each(all)
		return
	}
	s.cursor = t.scan(cursor, visit)
	for visits := int64(1); s.cursor != 0 && seen < s.count && visits/scanVisits < s.count; visits++ {
		s.cursor = t.scan(s.cursor, visit)
	}
}

// head replies with the cursor, and says that n words follow.
func (s *elementScan) head(n int, reply Reply) {
	var buf [20]byte
	reply.Array(2)
	reply.Bulk(strconv.AppendUint(buf[:0], s.cursor, 10))
	reply.Array(n)
}

// replyNames replies with the names of what was found.
func (s *elementScan) replyNames(reply Reply) {
	s.head(len(s.found), reply)
	for _, e := range s.found {
		reply.Bulk(e.name)
	}
}
