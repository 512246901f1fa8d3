package statemachine

import "github.com/paxredis/paxredis/statemachine/internal/arena"

// marks say where an object stands between two checkpoints. They are this node's own: digests and records leave them out.
type marks uint8

const (
	// markSaved: the newest checkpoint has a record of the object's key, as far as it has been encoded.
	markSaved marks = 1 << iota
	// markOdd and markEven: the object is in the list of changes of its space. The two take turns from one checkpoint to
	// the next, so that a whole list becomes that of a frozen space at once: an object with the mark of the time before
	// is frozen, and not encoded yet.
	markOdd
	markEven
	// listedOdd and listedEven: the list of changes of that turn has an entry of the object, be it stale.
	listedOdd
	listedEven
	// markGone: the object is in its space no more. It is freed when the last list lets it go.
	markGone
)

// listed are the marks of all lists.
const listed = listedOdd | listedEven

// other is the mark that takes turns with m.
func (m marks) other() marks { return m ^ (markOdd | markEven) }

// listed is the mark of a list's entry, of the mark of its turn.
func (m marks) listed() marks { return m * (listedOdd / markOdd) }

// space is a set of objects that can be dropped as a whole: the keys of a database, or its tombstones. It knows which of
// them have changed since the last checkpoint. An object never goes from one space to another.
//
// Everything that changes an object goes through its space: insert, remove, setTime and clearTime note the change by
// themselves, and edit is the only way to the methods that change a value.
//
// All of a space is in its memory, outside Go's heap: the objects and their bytes, the tables, the lists. It goes as a whole.
type space struct {
	dict
	// id names the space in checkpoints; no other ever has the same.
	id uint64
	// times are the deadlines of keys, or when tombstones are purged.
	times deadlines

	// turn is the mark of the objects in changed.
	turn    marks
	changed changes
	// removed has an object without value for each key that had markSaved when it was removed: the next checkpoint
	// deletes their records, but for those whose keys have been made again.
	removed dict
	// sum is that of the records of all objects that have not changed since the last checkpoint.
	sum uint64
	// frozen is what a checkpoint that is being written has of this space, nil without one.
	frozen *frozenSpace
	// listings are under way, and told of keys that change.
	listings []*Listing
	// cursor is where Recollect goes on, and recollected says that it is done: all objects are in changed.
	cursor      uint64
	recollected bool
	// leftovers are parts of collections that are gone.
	leftovers leftovers
	// dropped: no database has the space any more, but a checkpoint that is being written does.
	dropped bool
}

func newSpace(id uint64, h hasher, memory *arena.Arena) *space {
	return &space{dict: newDict(h, memory), id: id, times: newDeadlines(memory), turn: markOdd, changed: newChanges(memory),
		removed: newDict(h, memory)}
}

// drop gives up the space with all its memory, as soon as no checkpoint needs it.
func (s *space) drop() {
	if s.frozen != nil {
		s.dropped = true
		return
	}
	s.memory.Drop()
}

// edit notes that the object, which is in s, is about to change, and returns it to be changed. It must be called before
// anything that the log decides of an object is written: value, kind, flags, version, revision.
func (s *space) edit(o *Object) editable {
	if o.marks&s.turn == 0 {
		s.settle(o)
		o.marks |= s.turn
		s.list(o)
	}
	s.note(o, false)
	return editable{o, s.memory}
}

// list adds an object to the changes.
func (s *space) list(o *Object) {
	o.marks |= s.turn.listed()
	s.changed.push(o)
	s.changed.step(s.turn, s.unlist)
}

// unlist notes that a list, if any, has the object no more, and frees it if it is gone and in none.
func (s *space) unlist(o *Object, list marks) {
	o.marks &^= list
	if o.marks&markGone != 0 && o.marks&listed == 0 {
		o.free(s.memory)
	}
}

// note tells the listings that a key comes, goes or has another deadline (its presence), or that it changes otherwise, of which only those
// with versions want to know.
func (s *space) note(o *Object, presence bool) {
	for _, l := range s.listings {
		if presence || l.versions {
			l.note(o)
		}
	}
}

// settle prepares the first change of an object since the last checkpoint: what a checkpoint still has to write of it is
// set aside, or its record is taken out of the sum.
func (s *space) settle(o *Object) {
	switch {
	case s.frozen != nil && o.marks&s.turn.other() != 0:
		s.frozen.setAside(o)
	case o.marks&markSaved != 0:
		s.sum -= s.recordSum(o)
	}
}

// insert adds an object that is in no space yet, and whose key is not there.
func (s *space) insert(hash uint64, o *Object) {
	s.note(o, true)
	s.dict.insert(hash, o)
	o.marks = s.turn
	if s.removed.len() > 0 {
		if before := s.removed.find(hash, o.key()); before != nil {
			s.removed.remove(hash, before)
			before.free(s.memory)
			o.marks |= markSaved
		}
	}
	s.list(o)
}

// remove takes an object out, with its time and its value. It may be free memory afterwards.
func (s *space) remove(hash uint64, o *Object) {
	s.note(o, true)
	if o.marks&s.turn != 0 {
		s.changed.stale++
	} else {
		s.settle(o)
	}
	s.times.remove(o)
	s.dict.remove(hash, o)
	if o.marks&markSaved != 0 {
		s.removed.insert(hash, newObject(s.memory, o.kind, o.key(), nil))
	}
	o.marks = o.marks&listed | markGone
	o.freeData(s.memory)
	s.unlist(o, 0)
	s.changed.step(s.turn, s.unlist)
}

// setTime gives an object a time, in place of the one it had.
func (s *space) setTime(o *Object, at int64) {
	s.edit(o)
	s.note(o, true)
	s.times.set(o, at)
}

// clearTime takes an object's time away.
func (s *space) clearTime(o *Object) {
	s.edit(o)
	s.note(o, true)
	s.times.remove(o)
}
