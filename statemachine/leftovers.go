package statemachine

// leftovers are the parts of collections that no key has any more, since they were deleted or overwritten, expired or were evicted. They are
// gone: no index finds them, and they are in no digest, in no checkpoint and in no figure of what is used. What is left is to free their memory,
// which for a million elements takes ten milliseconds and more, so it is done in bites (keyspace.release). Each node does it in its own time, and
// nothing that the log decides depends on how far that is.
type leftovers struct {
	queue []leftover // those that have been waiting longest come first
	parts int        // of all of them
}

// leftover is one collection.
type leftover struct {
	index index
	// parts is how many are left of whole, and bytes about what the whole took.
	parts, whole, bytes int
}

const (
	// releaseBite is how many parts, or blocks of a ranking, one bite frees: some 50 microseconds' worth.
	releaseBite = 64
	// releaseShare: a bite frees at least this share of what is left, so that what comes faster than bites do does not pile up.
	releaseShare = 128
	// leftoverSamples is how many parts of a collection are looked at to know what it took.
	leftoverSamples = 64
)

// leave takes a collection's index away and leaves its parts to release.
func (ks *keyspace) leave(db *database, o *Object) {
	id := o.partsID()
	x := db.indexes[id]
	delete(db.indexes, id)
	if o.flags&flagTimed != 0 { // or its fields would stay in line to expire
		for part := range x.all() {
			if part.deadline != 0 {
				db.parts.clearTime(part)
			}
		}
	}
	l := &db.parts.leftovers
	n := x.count()
	if n == 0 { // an empty stream
		return
	}
	l.queue = append(l.queue, leftover{index: x, parts: n, whole: n, bytes: db.memoryOfIndex(x, leftoverSamples)})
	l.parts += n
}

// bytes is about what is left takes.
func (l *leftovers) bytes() (n int) {
	for i := range l.queue {
		c := &l.queue[i]
		n += int(int64(c.bytes) * int64(c.parts) / int64(c.whole))
	}
	return n
}

// leftBytes is about what is left in the space takes.
func (s *space) leftBytes() int {
	n := s.leftovers.bytes()
	if s.frozen != nil {
		n += s.frozen.leftovers.bytes()
	}
	return n
}

// bite has free called for some parts, at most of them, which are left no more then, and returns how many blocks it has gone through.
func (l *leftovers) bite(most int, free func(part *Object)) (blocks int) {
	for blocks < most && len(l.queue) > 0 {
		c := &l.queue[0]
		n := c.index.release(most-blocks, func(part *Object) {
			c.parts--
			l.parts--
			free(part)
		})
		if blocks += n; blocks == most {
			return blocks
		}
		l.queue[0] = leftover{} // all of it is gone
		if l.queue = l.queue[1:]; len(l.queue) == 0 {
			l.queue = nil
		}
	}
	return blocks
}

// isLeft reports whether an object of one of the database's spaces is a part that is left.
func (db *database) isLeft(s *space, o *Object) bool {
	return s == db.parts && db.indexes[partOf(o)] == nil
}

// release frees at most so many blocks of what is left in all databases.
func (ks *keyspace) release(most int) {
	for i := 0; i < len(ks.databases) && most > 0; i++ {
		most -= ks.databases[i].parts.release(most)
	}
}

// left counts the collections of which something is left, and their parts, those included that a checkpoint has to let go of.
func (ks *keyspace) left() (collections, parts int) {
	for i := range ks.databases {
		c, p := ks.databases[i].parts.left()
		collections, parts = collections+c, parts+p
	}
	return collections, parts
}

// left is keyspace.left for one space.
func (s *space) left() (collections, parts int) {
	collections, parts = len(s.leftovers.queue), s.leftovers.parts
	if s.frozen != nil {
		collections, parts = collections+len(s.frozen.leftovers.queue), parts+s.frozen.leftovers.parts
	}
	return collections, parts
}

// release frees at most so many blocks of what is left in the space, and returns how many it has gone through.
func (s *space) release(most int) (blocks int) {
	if s.frozen != nil {
		blocks = s.frozen.release(most)
	}
	return blocks + s.leftovers.bite(most-blocks, func(part *Object) { s.remove(s.hasher.hash(part.key()), part) })
}

// release frees at most so many blocks of what was left in the space before the freeze.
func (f *frozenSpace) release(most int) (blocks int) { return f.leftovers.bite(most, f.disown) }

// disown removes a part that was left before the freeze, so that the checkpoint must not have it, as if it had been removed then.
func (f *frozenSpace) disown(part *Object) {
	s, hash := f.space, f.space.hasher.hash(part.key())
	if part.marks&f.turn == 0 { // the checkpoint before has it as it is
		sum := s.recordSum(part)
		s.sum -= sum
		f.sum -= sum
	}
	s.dict.remove(hash, part)
	if part.marks&markSaved != 0 {
		f.removed.insert(hash, newObject(s.memory, part.kind, part.key(), nil))
	}
	part.marks = part.marks&listed | markGone
	part.freeData(s.memory)
	s.unlist(part, 0)
}
