package statemachine

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

const sortComplexity = "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. " +
	"When the elements are not sorted, complexity is O(N)."

var sortCommands = []Command{
	{Name: "SORT", Arity: -2, Flags: Write | DenyOOM | MovableKeys, Keys: firstKey, Group: groupGeneric, Since: "1.0.0", Complexity: sortComplexity,
		Summary:    "Sorts the elements in a list, a set, or a sorted set, optionally storing the result.",
		Syntax:     "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]",
		Categories: []string{"set", "sortedset", "list", "dangerous"}, Run: func(tx *Tx, args Args, reply Reply) { sortKey(tx, args, true, reply) }},
	{Name: "SORT_RO", Arity: -2, Flags: ReadOnly | MovableKeys, Keys: firstKey, Group: groupGeneric, Since: "7.0.0", Complexity: sortComplexity,
		Summary:    "Returns the sorted elements of a list, a set, or a sorted set.",
		Syntax:     "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]",
		Categories: []string{"set", "sortedset", "list", "dangerous"}, Run: func(tx *Tx, args Args, reply Reply) { sortKey(tx, args, false, reply) }},
}

const errSortScores = "ERR One or more scores can't be converted into double"

// sortOptions are those of SORT.
type sortOptions struct {
	desc, alpha   bool
	offset, limit int64
	by            []byte // nil: the elements themselves
	unsorted      bool   // BY a pattern that no element changes
	get           [][]byte
	store         []byte // nil: nowhere
}

// parseSort reads what is behind the key, or replies the error. STORE is for SORT alone.
func parseSort(rest Args, mayStore bool, reply Reply) (o sortOptions, ok bool) {
	o.limit = -1
	for ; len(rest) > 0; rest = rest[1:] {
		word, more := rest[0], len(rest)-1
		switch {
		case is(word, "ASC"):
			o.desc = false
		case is(word, "DESC"):
			o.desc = true
		case is(word, "ALPHA"):
			o.alpha = true
		case is(word, "LIMIT") && more >= 2:
			if o.offset, ok = intArg(rest[1], reply); !ok {
				return o, false
			}
			if o.limit, ok = intArg(rest[2], reply); !ok {
				return o, false
			}
			rest = rest[2:]
		case more >= 1 && mayStore && is(word, "STORE"):
			o.store, rest = rest[1], rest[1:]
		case more >= 1 && is(word, "BY"):
			o.by, rest = rest[1], rest[1:]
			o.unsorted = o.unsorted || !bytes.ContainsRune(cString(o.by), '*')
		case more >= 1 && is(word, "GET"):
			o.get, rest = append(o.get, rest[1]), rest[1:]
		default:
			reply.Error(errSyntax)
			return o, false
		}
	}
	return o, true
}

// cString is what C's functions see of a string: no more than what is in front of a NUL.
func cString(b []byte) []byte {
	b, _, _ = bytes.Cut(b, []byte{0})
	return b
}

// sortItem is an element with what it is sorted by: score, or with ALPHA weight, nil if BY finds none.
type sortItem struct {
	name, weight []byte
	score        float64
}

// sortKey: SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE destination], and SORT_RO.
func sortKey(tx *Tx, args Args, mayStore bool, reply Reply) {
	o, ok := parseSort(args[2:], mayStore, reply)
	if !ok {
		return
	}
	object := tx.lookup(args[1])
	if object != nil && object.kind != KindList && object.kind != KindSet && object.kind != KindZSet {
		reply.Error(errWrongType)
		return
	}
	items := o.load(tx, object)
	if !o.unsorted {
		if !o.weigh(tx, items) {
			reply.Error(errSortScores)
			return
		}
		slices.SortStableFunc(items, o.compare)
	}
	items = o.within(items)
	if o.store != nil {
		o.storeItems(tx, items, reply)
		return
	}
	reply.Array(len(items) * max(1, len(o.get)))
	o.results(tx, items, func(value []byte) {
		if value == nil {
			reply.Null()
			return
		}
		reply.Bulk(value)
	})
}

// load returns the elements: of a list in its order, of a sorted set that is not sorted in its own, either backwards with DESC; and in any
// other case in the order of their bytes, for the order of a set depends on its history, and must not decide between what is equal.
func (o *sortOptions) load(tx *Tx, object *Object) (items []sortItem) {
	if object == nil {
		return nil
	}
	add := func(name []byte) bool {
		items = append(items, sortItem{name: name})
		return true
	}
	backwards := o.unsorted && o.desc
	switch object.kind {
	case KindList:
		l := tx.list(object)
		if backwards {
			l.walkBack(l.len()-1, add)
		} else {
			l.walk(0, add)
		}
	case KindZSet:
		z := tx.sortedSet(object)
		first := 0
		if backwards {
			first = z.len() - 1
		}
		z.walk(first, z.len(), backwards, func(e element) bool { return add(e.name) })
	default:
		m := tx.members(object)
		m.each(func(e element) bool { return add(e.name) })
	}
	if object.kind == KindSet || object.kind == KindZSet && !o.unsorted {
		slices.SortFunc(items, func(a, b sortItem) int { return bytes.Compare(a.name, b.name) })
		if backwards {
			slices.Reverse(items)
		}
	}
	return items
}

// weigh finds what the elements are sorted by; ok is false if something is no number.
func (o *sortOptions) weigh(tx *Tx, items []sortItem) (ok bool) {
	ok = true
	for i := range items {
		item := &items[i]
		if item.weight = item.name; o.by != nil {
			item.weight = tx.byPattern(o.by, item.name)
		}
		if o.alpha || item.weight == nil {
			continue
		}
		text := cString(item.weight)
		score, n, inRange := strtod(text)
		item.score = score
		ok = ok && n == len(text) && inRange && !math.IsNaN(score) && !isRoundedNearZero(score, text)
	}
	return ok
}

// compare is the order of two elements. Those of the same score are in the order of their bytes.
func (o *sortOptions) compare(a, b sortItem) (order int) {
	switch {
	case !o.alpha:
		order = cmp.Or(cmp.Compare(a.score, b.score), bytes.Compare(a.name, b.name))
	case a.weight == nil || b.weight == nil:
		order = cmp.Compare(presence(a.weight), presence(b.weight))
	default:
		order = bytes.Compare(a.weight, b.weight)
	}
	if o.desc {
		return -order
	}
	return order
}

// presence puts an element without a weight in front of one that has any.
func presence(weight []byte) int {
	if weight == nil {
		return 0
	}
	return 1
}

// within are the elements that LIMIT leaves.
func (o *sortOptions) within(items []sortItem) []sortItem {
	n := int64(len(items))
	first := min(max(o.offset, 0), n)
	if o.limit < 0 {
		return items[first:]
	}
	return items[first : first+min(o.limit, n-first)]
}

// results visits the elements, or what GET finds for each; nil is nothing.
func (o *sortOptions) results(tx *Tx, items []sortItem, visit func(value []byte)) {
	for _, item := range items {
		if len(o.get) == 0 {
			visit(item.name)
		}
		for _, pattern := range o.get {
			visit(tx.byPattern(pattern, item.name))
		}
	}
}

// byPattern is the value that a pattern of BY or GET leads to for an element, nil if there is none: "#" is the element, "*" in a key is
// where the element goes, and what is behind "->" is the field of a hash.
func (tx *Tx) byPattern(pattern, name []byte) []byte {
	text := cString(pattern)
	if string(text) == "#" {
		return name
	}
	star := bytes.IndexByte(text, '*')
	if star < 0 {
		return nil
	}
	end, field := len(pattern), []byte(nil)
	if arrow := bytes.Index(text[star+1:], []byte("->")); arrow >= 0 && star+1+arrow+2 < len(text) {
		end = star + 1 + arrow
		field = pattern[end+2:]
	}
	o := tx.lookup(slices.Concat(pattern[:star], name, pattern[star+1:end]))
	switch {
	case o == nil:
	case field == nil && o.kind == KindString:
		return present(o.str())
	case field != nil && o.kind == KindHash:
		h := tx.fields(o)
		if e, ok := h.find(field); ok {
			return present(e.value)
		}
	}
	return nil
}

// present is a value that is there, even if it is empty.
func present(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

// storeItems makes STORE's key a list of the results, in place of whatever it held, and replies how many they are. Without any the key goes.
func (o *sortOptions) storeItems(tx *Tx, items []sortItem, reply Reply) {
	var values rdb.List
	o.results(tx, items, func(value []byte) { values = append(values, bytes.Clone(value)) }) // the source may be the key
	e := tx.entry(o.store)
	if len(values) == 0 {
		if e.object != nil {
			tx.ks.remove(&e)
			tx.notify(EventGeneric, "del", e.key)
		}
		reply.Int(0)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	tx.putList(&e, values, s)
	tx.ks.clearDeadline(&e)
	tx.notify(EventList, "sortstore", e.key)
	reply.Int(int64(len(values)))
}
