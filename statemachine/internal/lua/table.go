package lua

import (
	"math"
	"math/bits"
)

// Table is Lua's table, an array and a hash with the layout of the reference implementation (Ierusalimschy, de Figueiredo, Celes: The
// Implementation of Lua 5.0, section 4): a script that goes through a table with pairs, or encodes it with cjson, meets the keys in the very order
// that it has in Redis. The order depends on nothing but what the script did.
type Table struct {
	array    []Value
	nodes    []node // their number is a power of two, or none
	free     int    // all nodes from here on have been in use
	meta     *Table
	id       uint32
	readonly bool
}

// node is an entry of the hash: a chained scatter table with Brent's variation.
type node struct {
	key, value Value
	next       int32 // one more than the index of the next node in the chain; 0 ends it
}

// maxArray is the largest array part.
const maxArray = 1 << 26

// What a table costs of the memory that a script may take, in bytes.
const (
	tableBytes = 80
	slotBytes  = 16
	nodeBytes  = 40
)

// arrayIndex is a key's place in an array, from 1; 0 if it cannot have one.
func arrayIndex(key Value) int {
	if f, ok := key.(float64); ok && f >= 1 && f <= maxArray {
		if i := int(f); float64(i) == f {
			return i
		}
	}
	return 0
}

// stringHash is the hash that Redis's Lua has of a string: of all its bytes, from the last one.
func stringHash(s string) uint32 {
	h := uint32(len(s))
	for i := len(s) - 1; i >= 0; i-- {
		h ^= h<<5 + h>>2 + uint32(s[i])
	}
	return h
}

// hashing accounts for the hash of a long string, which is computed each time that it is a key.
func (in *Interp) hashing(key Value) {
	if s, ok := key.(string); ok && len(s) > bytesPerStep {
		in.work(int64(len(s) / hashedPerStep))
	}
}

// position is the index of a key's main position.
func (t *Table) position(key Value) int {
	size := uint32(len(t.nodes))
	var h uint32
	switch k := key.(type) {
	case string:
		return int(stringHash(k) & (size - 1))
	case float64:
		if k == 0 {
			return 0
		}
		b := math.Float64bits(k)
		h = uint32(b) + uint32(b>>32)
	case bool:
		if k {
			return int(1 & (size - 1))
		}
		return 0
	case *Table:
		h = k.id
	case *Function:
		h = k.id
	case *Coroutine:
		h = k.id
	}
	return int(h % ((size - 1) | 1))
}

// find returns the node of a key, nil without one.
func (t *Table) find(key Value) *node {
	if len(t.nodes) == 0 {
		return nil
	}
	for i := t.position(key); ; {
		n := &t.nodes[i]
		if n.key == key {
			return n
		}
		if n.next == 0 {
			return nil
		}
		i = int(n.next) - 1
	}
}

// findString is find for a string whose hash is known.
func (t *Table) findString(key string, hash uint32) *node {
	if len(t.nodes) == 0 {
		return nil
	}
	for i := int(hash & uint32(len(t.nodes)-1)); ; {
		n := &t.nodes[i]
		if s, ok := n.key.(string); ok && s == key {
			return n
		}
		if n.next == 0 {
			return nil
		}
		i = int(n.next) - 1
	}
}

// Get returns what a key has, nil without it.
func (t *Table) Get(key Value) Value {
	if i := arrayIndex(key); i != 0 {
		return t.At(i)
	}
	if n := t.find(key); n != nil {
		return n.value
	}
	return nil
}

// At returns what an integer from 1 has.
func (t *Table) At(i int) Value {
	if uint(i-1) < uint(len(t.array)) {
		return t.array[i-1]
	}
	if n := t.find(number(float64(i))); n != nil {
		return n.value
	}
	return nil
}

// Field returns what a string has.
func (t *Table) Field(key string) Value { return t.field(key, stringHash(key)) }

func (t *Table) field(key string, hash uint32) Value {
	if n := t.findString(key, hash); n != nil {
		return n.value
	}
	return nil
}

// set gives a key, which is neither nil nor NaN, a value.
func (t *Table) set(in *Interp, key, value Value) {
	if i := arrayIndex(key); i != 0 && i <= len(t.array) {
		t.array[i-1] = value
		return
	}
	if n := t.find(key); n != nil {
		n.value = value
		return
	}
	t.insert(in, key, value)
}

// put is set for an integer from 1.
func (t *Table) put(in *Interp, i int, value Value) {
	if uint(i-1) < uint(len(t.array)) {
		t.array[i-1] = value
		return
	}
	t.set(in, number(float64(i)), value)
}

// insert adds a key that has no node.
func (t *Table) insert(in *Interp, key, value Value) {
	if len(t.nodes) == 0 {
		t.rehash(in, key)
		t.set(in, key, value)
		return
	}
	at := t.position(key)
	if t.nodes[at].value != nil {
		free, ok := t.takeFree()
		if !ok {
			t.rehash(in, key)
			t.set(in, key, value)
			return
		}
		n, other := &t.nodes[at], t.position(t.nodes[at].key)
		if other != at { // its place is somewhere else: it makes room
			for int(t.nodes[other].next)-1 != at {
				other = int(t.nodes[other].next) - 1
			}
			t.nodes[other].next = int32(free + 1)
			t.nodes[free] = *n
			n.next, n.value = 0, nil
		} else {
			t.nodes[free].next = n.next
			n.next = int32(free + 1)
			at = free
		}
	}
	t.nodes[at].key, t.nodes[at].value = key, value
}

// takeFree returns a node that was never in use.
func (t *Table) takeFree() (int, bool) {
	for t.free > 0 {
		t.free--
		if t.nodes[t.free].key == nil {
			return t.free, true
		}
	}
	return 0, false
}

// rehash makes room for one more key: the array as large as it can be with more than half of it in use, everything else in the hash.
func (t *Table) rehash(in *Interp, extra Value) {
	in.work(int64(len(t.array) + len(t.nodes)))
	var counts [27]int // of the integers above 2^(i-1) up to 2^i
	total, integers := 1, 0
	count := func(key Value) {
		if i := arrayIndex(key); i != 0 {
			counts[bits.Len(uint(i-1))]++
			integers++
		}
	}
	for i, v := range t.array {
		if v != nil {
			counts[bits.Len(uint(i))]++
			integers++
			total++
		}
	}
	for i := range t.nodes {
		if t.nodes[i].value != nil {
			in.hashing(t.nodes[i].key)
			total++
			count(t.nodes[i].key)
		}
	}
	count(extra)
	size, inArray := arraySize(&counts, integers)
	t.resize(in, size, total-inArray)
}

// arraySize is the largest power of two of which more than half would be in use.
func arraySize(counts *[27]int, integers int) (size, used int) {
	sum := 0
	for i, power := 0, 1; power/2 < integers && i < len(counts); i, power = i+1, power*2 {
		if counts[i] > 0 {
			if sum += counts[i]; sum > power/2 {
				size, used = power, sum
			}
		}
		if sum == integers {
			break
		}
	}
	return size, used
}

// resize gives the table an array of a size and a hash for so many keys.
func (t *Table) resize(in *Interp, size, keys int) {
	hash := 0
	if keys > 0 {
		hash = 1 << bits.Len(uint(keys-1))
	}
	in.charge(int64(max(0, size-len(t.array)))*slotBytes + int64(hash)*nodeBytes)
	array, nodes := t.array, t.nodes
	t.array = make([]Value, size)
	copy(t.array, array)
	t.nodes, t.free = make([]node, hash), hash
	for i := size; i < len(array); i++ {
		if array[i] != nil {
			t.set(in, number(float64(i+1)), array[i])
		}
	}
	for i := len(nodes) - 1; i >= 0; i-- {
		if nodes[i].value != nil {
			t.set(in, nodes[i].key, nodes[i].value)
		}
	}
}

// Len is the # of a table: an n whose n is there and whose n+1 is not.
func (t *Table) Len() int {
	high := len(t.array)
	if high > 0 && t.array[high-1] == nil {
		low := 0
		for high-low > 1 {
			if middle := (low + high) / 2; t.array[middle-1] == nil {
				high = middle
			} else {
				low = middle
			}
		}
		return low
	}
	if len(t.nodes) == 0 {
		return high
	}
	low := high
	for high++; t.At(high) != nil; high *= 2 {
		low = high
	}
	for high-low > 1 {
		if middle := (low + high) / 2; t.At(middle) == nil {
			high = middle
		} else {
			low = middle
		}
	}
	return low
}

// next returns the key behind another one, the first for nil, and what it has; nil behind the last. ok is false for a key that is not there.
func (t *Table) next(in *Interp, key Value) (k, v Value, ok bool) {
	at := 0
	in.hashing(key)
	if key != nil {
		if i := arrayIndex(key); i != 0 && i <= len(t.array) {
			at = i
		} else if at = t.index(key); at < 0 {
			return nil, nil, false
		} else {
			at += len(t.array) + 1
		}
	}
	k, v = t.from(in, at)
	return k, v, true
}

// index is the place of a key's node, -1 without one.
func (t *Table) index(key Value) int {
	if len(t.nodes) == 0 {
		return -1
	}
	for i := t.position(key); ; i = int(t.nodes[i].next) - 1 {
		if t.nodes[i].key == key {
			return i
		}
		if t.nodes[i].next == 0 {
			return -1
		}
	}
}

// from returns the first key at a place or behind it.
func (t *Table) from(in *Interp, at int) (k, v Value) {
	start := at
	for ; at < len(t.array); at++ {
		if t.array[at] != nil {
			in.work(int64(at - start))
			return number(float64(at + 1)), t.array[at]
		}
	}
	for i := at - len(t.array); i < len(t.nodes); i++ {
		if n := &t.nodes[i]; n.value != nil {
			in.work(int64(i + len(t.array) - start))
			return n.key, n.value
		}
	}
	in.work(int64(len(t.array) + len(t.nodes) - start))
	return nil, nil
}

// each calls f with all keys in their order, until it returns false. f must not add any.
func (t *Table) each(f func(k, v Value) bool) {
	for i, v := range t.array {
		if v != nil && !f(number(float64(i+1)), v) {
			return
		}
	}
	for i := range t.nodes {
		if n := &t.nodes[i]; n.value != nil && !f(n.key, n.value) {
			return
		}
	}
}
