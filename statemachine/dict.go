package statemachine

import (
	"encoding/binary"
	"math/bits"

	"github.com/dchest/siphash"

	"github.com/paxredis/paxredis/statemachine/internal/arena"
)

// hasher is SipHash-2-4 with the cluster's seed. The seed is the same on every node, so a SCAN cursor, which counts
// through hashes, means the same on each of them; it is secret, so that clients cannot choose keys that collide.
type hasher struct{ k0, k1 uint64 }

func newHasher(seed [16]byte) hasher {
	return hasher{binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:])}
}

func (h hasher) hash(key []byte) uint64 { return siphash.Hash(h.k0, h.k1, key) }

const (
	dictInitialSize = 4
	// dictMinFill: a table with fewer than 1/8 of its buckets' worth of objects shrinks.
	dictMinFill = 8
	// rehashEmptyVisits bounds how many empty buckets one step of a rehash passes over.
	rehashEmptyVisits = 16
)

// dict is a hash dictionary of objects by key: chained, a power of two in size, and rehashed one bucket a change, so
// that no single change pays for the growth. Its iteration by cursor is Redis's (dictScan, by Pieter Noordhuis): the
// cursor counts with its bits reversed, from the high end of the mask, so a table that grows or shrinks between two
// calls never hides an object that was there all the time.
//
// Reading methods change nothing and may run beside each other.
type dict struct {
	hasher hasher
	memory *arena.Arena // which has the tables
	// tables[1] is nil but during a rehash, when the buckets of tables[0] below moved have gone over to it. An object is in the one
	// table that has its bucket, so that whoever looks for a key looks in one of them: a rehash may last, as nothing moves it on but changes.
	tables [2][]*Object
	moved  int
	used   int
}

func newDict(h hasher, memory *arena.Arena) dict { return dict{hasher: h, memory: memory} }

func (d *dict) len() int { return d.used }

// chain is the head of the chain that the objects of a hash are in. There must be a table.
func (d *dict) chain(hash uint64) **Object {
	table := d.tables[0]
	i := hash & uint64(len(table)-1)
	if d.tables[1] != nil && i < uint64(d.moved) {
		table = d.tables[1]
		i = hash & uint64(len(table)-1)
	}
	return &table[i]
}

// find returns the object of key, whose hash is given, or nil.
func (d *dict) find(hash uint64, key []byte) *Object {
	if len(d.tables[0]) == 0 {
		return nil
	}
	tag := tagOf(hash)
	for o := *d.chain(hash); o != nil; o = o.next {
		if o.tag == tag && string(o.key()) == string(key) {
			return o
		}
	}
	return nil
}

// tagOf takes the bits of a hash that its bucket, in any table there may be, tells least of.
func tagOf(hash uint64) uint8 { return uint8(hash >> 56) }

// insert adds an object whose key is not there yet.
func (d *dict) insert(hash uint64, o *Object) {
	d.step()
	if d.tables[1] == nil && d.used >= len(d.tables[0]) {
		d.resize(max(dictInitialSize, 2*len(d.tables[0])))
	}
	push(d.chain(hash), hash, o)
	d.used++
}

// bulkGrowth is how many times larger insertMany makes a table that is full, and bulkSize how large its first one may be.
const (
	bulkGrowth = 16
	bulkSize   = 1 << 16
)

// insertMany is insert for one of many objects, total of them as it is said, into a dictionary that knows no other way
// yet. A table is made for all of them as soon as enough are there to believe it, so that few are moved, and a number
// that is not true costs little.
func (d *dict) insertMany(hash uint64, o *Object, total uint64) {
	if size := len(d.tables[0]); d.used >= size {
		believed := uint64(max(bulkSize, bulkGrowth*size))
		before := d.tables[0]
		d.tables[0] = d.newTable(max(dictInitialSize, 1<<bits.Len64(min(total, believed)-1)))
		d.pushAll(before)
		d.freeTable(before)
	}
	push(d.chain(hash), hash, o)
	d.used++
}

// pushAll puts the objects of another table into the first one.
func (d *dict) pushAll(table []*Object) {
	for _, chain := range table {
		for chain != nil {
			o := chain
			chain = o.next
			hash := d.hasher.hash(o.key())
			push(d.chain(hash), hash, o)
		}
	}
}

// remove takes out an object that is there.
func (d *dict) remove(hash uint64, o *Object) {
	if len(d.tables[0]) != 0 && unlink(d.chain(hash), o) {
		d.used--
	}
	d.step()
	if size := len(d.tables[0]); d.tables[1] == nil && size > dictInitialSize && d.used*dictMinFill < size {
		d.resize(max(dictInitialSize, 1<<bits.Len(uint(d.used))))
	}
}

// smallestTable is the size of the smaller table in use, that of the only one without a rehash.
func (d *dict) smallestTable() int {
	if d.tables[1] != nil {
		return min(len(d.tables[0]), len(d.tables[1]))
	}
	return len(d.tables[0])
}

func (d *dict) newTable(size int) []*Object { return arena.MakeSlice[*Object](d.memory, size) }

func (d *dict) freeTable(table []*Object) {
	if table != nil {
		arena.FreeSlice(d.memory, table)
	}
}

// freeTables gives up the tables, but not what was in them. The dictionary is empty then.
func (d *dict) freeTables() {
	d.freeTable(d.tables[0])
	d.freeTable(d.tables[1])
	d.tables, d.moved, d.used = [2][]*Object{}, 0, 0
}

// resize begins a rehash into a table of size buckets.
func (d *dict) resize(size int) {
	if len(d.tables[0]) == 0 {
		d.tables[0] = d.newTable(size)
		return
	}
	d.tables[1] = d.newTable(size)
	d.moved = 0
}

// step moves one bucket on, if a rehash is under way.
func (d *dict) step() {
	if d.tables[1] == nil {
		return
	}
	from := d.tables[0]
	for range rehashEmptyVisits {
		if d.moved == len(from) {
			d.tables[0], d.tables[1] = d.tables[1], nil
			d.freeTable(from)
			return
		}
		chain := from[d.moved]
		from[d.moved] = nil
		d.moved++
		if chain == nil {
			continue
		}
		for chain != nil { // to the other table, as moved says by now
			o := chain
			chain = o.next
			hash := d.hasher.hash(o.key())
			push(d.chain(hash), hash, o)
		}
		return
	}
}

func push(chain **Object, hash uint64, o *Object) {
	o.tag = tagOf(hash)
	o.next = *chain
	*chain = o
}

func unlink(link **Object, o *Object) bool {
	for ; *link != nil; link = &(*link).next {
		if *link == o {
			*link, o.next = o.next, nil
			return true
		}
	}
	return false
}

// each calls visit for every object, in no particular order, until it returns false.
func (d *dict) each(visit func(*Object) bool) {
	for _, table := range d.tables {
		for _, o := range table {
			for ; o != nil; o = o.next {
				if !visit(o) {
					return
				}
			}
		}
	}
}

// scan visits the objects at a cursor and returns the next one; 0 begins, and 0 returned is the end. An object that is
// there from the first call to the last is visited at least once.
func (d *dict) scan(cursor uint64, visit func(*Object)) uint64 {
	small, large := d.tables[0], d.tables[1]
	if len(small) == 0 {
		return 0
	}
	if large == nil {
		mask := uint64(len(small) - 1)
		visitChain(small[cursor&mask], visit)
		return advance(cursor, mask)
	}
	if len(small) > len(large) {
		small, large = large, small
	}
	smallMask, largeMask := uint64(len(small)-1), uint64(len(large)-1)
	visitChain(small[cursor&smallMask], visit)
	// All buckets of the larger table that the small one's bucket expands to.
	for {
		visitChain(large[cursor&largeMask], visit)
		cursor = advance(cursor, largeMask)
		if cursor&(smallMask^largeMask) == 0 {
			return cursor
		}
	}
}

func visitChain(o *Object, visit func(*Object)) {
	for ; o != nil; o = o.next {
		visit(o)
	}
}

// advance adds one to the reverse of the cursor's bits under mask.
func advance(cursor, mask uint64) uint64 {
	return bits.Reverse64(bits.Reverse64(cursor|^mask) + 1)
}

// randomProbes is how many buckets random tries before it goes through the table in order.
const randomProbes = 256

// random returns an object chosen by r, nil in an empty dictionary. As in Redis the choice is of a bucket first, so it
// is not quite uniform.
func (d *dict) random(r *random) *Object {
	if d.used == 0 {
		return nil
	}
	total := len(d.tables[0]) + len(d.tables[1])
	for range randomProbes {
		if o := d.bucket(r.below(total)); o != nil {
			return pick(o, r)
		}
	}
	for i := range total {
		if o := d.bucket(i); o != nil {
			return pick(o, r)
		}
	}
	return nil
}

// bucket is chain i of both tables counted through.
func (d *dict) bucket(i int) *Object {
	if i < len(d.tables[0]) {
		return d.tables[0][i]
	}
	return d.tables[1][i-len(d.tables[0])]
}

func pick(chain *Object, r *random) *Object {
	n := 0
	for o := chain; o != nil; o = o.next {
		n++
	}
	for range r.below(n) {
		chain = chain.next
	}
	return chain
}
