package statemachine

import (
	"encoding/binary"
	"iter"
	"slices"
	"strings"

	"github.com/tidwall/btree"
)

// streamGroup is a consumer group. Its part's value is its name behind its length, the id of the entry delivered last, and how many
// entries were read, 8 bytes big-endian, unknownRead if that is not known.
type streamGroup struct {
	part      *Object
	number    uint64
	consumers []*streamConsumer // by name
	numbers   map[uint64]*streamConsumer
	pending   partTree // of what was delivered and not acknowledged, by id
}

// unknownRead: it is not known how many entries a group has read.
const unknownRead = -1

// streamConsumer is a consumer of a group. Its part's value is its name behind its length, and the Unix milliseconds at which it was last
// seen and last got something, 8 bytes big-endian each, never if it never has.
type streamConsumer struct {
	part   *Object
	number uint64
	// pending are the ids of what was delivered to it and not acknowledged. They are in the group's pending, too.
	pending btree.BTreeG[streamID]
}

const never = -1

// all are the group's parts.
func (g *streamGroup) all() iter.Seq[*Object] {
	return func(yield func(*Object) bool) {
		for part := range g.pending.all() {
			if !yield(part) {
				return
			}
		}
		for _, c := range g.consumers {
			if !yield(c.part) {
				return
			}
		}
		yield(g.part)
	}
}

// count is how many parts the group has.
func (g *streamGroup) count() int { return g.pending.parts + len(g.consumers) + 1 }

// release is index.release, but for the group's own part.
func (g *streamGroup) release(most int, free func(part *Object)) (blocks int) {
	blocks = g.pending.release(most, free)
	for ; blocks < most && len(g.consumers) > 0; blocks++ {
		last := len(g.consumers) - 1
		free(g.consumers[last].part)
		g.consumers[last] = nil
		g.consumers = g.consumers[:last]
	}
	return blocks
}

func newConsumer(part *Object, number uint64) *streamConsumer {
	return &streamConsumer{part: part, number: number,
		pending: *btree.NewBTreeGOptions(streamID.less, btree.Options{NoLocks: true})}
}

// namedPart splits the value of a group's or a consumer's part.
func namedPart(part *Object) (name, rest []byte) {
	value := part.str()
	length, n := binary.Uvarint(value)
	return value[n : n+int(length)], value[n+int(length):]
}

func (g *streamGroup) name() []byte { name, _ := namedPart(g.part); return name }

// last is the id delivered last, and read how many entries that makes.
func (g *streamGroup) last() streamID { _, rest := namedPart(g.part); return decodeStreamID(rest) }

func (g *streamGroup) read() int64 {
	_, rest := namedPart(g.part)
	return int64(binary.BigEndian.Uint64(rest[streamIDBytes:]))
}

func (c *streamConsumer) name() []byte { name, _ := namedPart(c.part); return name }

// seen and active are times in Unix milliseconds.
func (c *streamConsumer) seen() int64 {
	_, rest := namedPart(c.part)
	return int64(binary.BigEndian.Uint64(rest))
}

func (c *streamConsumer) active() int64 {
	_, rest := namedPart(c.part)
	return int64(binary.BigEndian.Uint64(rest[8:]))
}

// group finds a group by its name; nil if there is none.
func (s *stream) group(name []byte) *streamGroup {
	i, ok := s.index.findGroup(name)
	if !ok {
		return nil
	}
	return s.index.groups[i]
}

func (x *streamIndex) findGroup(name []byte) (int, bool) {
	return slices.BinarySearchFunc(x.groups, string(name), func(g *streamGroup, name string) int {
		return strings.Compare(string(g.name()), name)
	})
}

func (x *streamIndex) insertGroup(g *streamGroup) *streamGroup {
	i, _ := x.findGroup(g.name())
	x.groups = slices.Insert(x.groups, i, g)
	return g
}

// consumer finds a consumer by its name; nil if there is none.
func (g *streamGroup) consumer(name []byte) *streamConsumer {
	i, ok := g.findConsumer(name)
	if !ok {
		return nil
	}
	return g.consumers[i]
}

func (g *streamGroup) findConsumer(name []byte) (int, bool) {
	return slices.BinarySearchFunc(g.consumers, string(name), func(c *streamConsumer, name string) int {
		return strings.Compare(string(c.name()), name)
	})
}

func (g *streamGroup) insertConsumer(c *streamConsumer) *streamConsumer {
	i, _ := g.findConsumer(c.name())
	g.consumers = slices.Insert(g.consumers, i, c)
	if g.numbers == nil {
		g.numbers = map[uint64]*streamConsumer{}
	}
	g.numbers[c.number] = c
	return c
}

// link adds a part that is a consumer's, or of what was not acknowledged, to the group. It is called in the order of the parts' keys.
func (g *streamGroup) link(key []byte, part *Object) bool {
	if key[0] == streamConsumers {
		g.insertConsumer(newConsumer(part, binary.BigEndian.Uint64(key[1+8:])))
		return true
	}
	ok := true
	pendingOf(part, func(e pending) bool {
		c := g.numbers[e.consumer]
		if ok = c != nil; ok {
			c.pending.Set(e.id)
		}
		return ok
	})
	g.pending.insertAfter(g.pending.back(), part, len(part.str())/pendingBytes)
	return ok
}

// newGroup makes a group, which must not be there.
func (s *stream) newGroup(name []byte, last streamID, read int64) *streamGroup {
	number := s.number()
	var rest [1 + 8]byte
	value := appendBytes(nil, name)
	value = binary.BigEndian.AppendUint64(last.append(value), uint64(read))
	part := s.ks.newPart(s.db, KindStream, s.o.partsID(), binary.BigEndian.AppendUint64(append(rest[:0], streamGroups), number), value)
	return s.index.insertGroup(&streamGroup{part: part, number: number})
}

// number is a new one for a group or a consumer.
func (s *stream) number() uint64 {
	h := s.head()
	h.newest++
	s.setHead(h)
	return h.newest
}

// setGroup changes what a group has been delivered.
func (s *stream) setGroup(g *streamGroup, last streamID, read int64) {
	o := s.db.parts.edit(g.part)
	_, rest := namedPart(o.Object)
	binary.BigEndian.AppendUint64(last.append(rest[:0]), uint64(read))
}

// removeGroup takes a group away with all it has.
func (s *stream) removeGroup(g *streamGroup) {
	i, _ := s.index.findGroup(g.name())
	for part := range g.all() {
		s.ks.removePart(s.db, part)
	}
	s.index.groups = slices.Delete(s.index.groups, i, i+1)
}

// newConsumer makes a consumer of a group, which must not be there.
func (s *stream) newConsumer(g *streamGroup, name []byte, seen int64) *streamConsumer {
	number := s.number()
	var rest [1 + 8 + 8]byte
	key := binary.BigEndian.AppendUint64(append(rest[:0], streamConsumers), g.number)
	value := binary.BigEndian.AppendUint64(appendBytes(nil, name), uint64(seen))
	inactive := int64(never)
	value = binary.BigEndian.AppendUint64(value, uint64(inactive))
	part := s.ks.newPart(s.db, KindStream, s.o.partsID(), binary.BigEndian.AppendUint64(key, number), value)
	s.ks.notify(s.db, EventStream, "xgroup-createconsumer", s.o.key())
	return g.insertConsumer(newConsumer(part, number))
}

// consumerFor finds the consumer of a command, or makes it, and notes that it was seen.
func (s *stream) consumerFor(g *streamGroup, name []byte, now int64) (c *streamConsumer, made bool) {
	if c = g.consumer(name); c == nil {
		return s.newConsumer(g, name, now), true
	}
	s.setTimes(c, now, c.active())
	return c, false
}

// setTimes changes when a consumer was last seen, and last got something.
func (s *stream) setTimes(c *streamConsumer, seen, active int64) {
	if c.seen() == seen && c.active() == active {
		return
	}
	o := s.db.parts.edit(c.part)
	_, rest := namedPart(o.Object)
	binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(rest[:0], uint64(seen)), uint64(active))
}

// removeConsumer takes a consumer away with what was delivered to it, and returns how much that was.
func (s *stream) removeConsumer(g *streamGroup, c *streamConsumer) (pending int) {
	pending = c.pending.Len()
	for _, id := range c.pending.Items() {
		s.acknowledge(g, id)
	}
	i, _ := g.findConsumer(c.name())
	s.ks.removePart(s.db, c.part)
	g.consumers = slices.Delete(g.consumers, i, i+1)
	delete(g.numbers, c.number)
	return pending
}
