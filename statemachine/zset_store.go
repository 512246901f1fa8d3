package statemachine

// takeMembers removes members of the entry's sorted set, none of which is of its own bytes, tells of the event if there were any, and returns
// how many.
func takeMembers(tx *Tx, e *entry, members [][]byte, event string, reply Reply) (removed int64, ok bool) {
	if e.object == nil {
		return 0, true
	}
	s, ok := tx.nextStamp(e, reply)
	if !ok {
		return 0, false
	}
	z := tx.sortedSet(e.object)
	for _, member := range members {
		if z.take(member) {
			removed++
		}
	}
	if removed > 0 {
		tx.wrote(e, z.len(), s, EventZSet, event)
	}
	return removed, true
}

// copied is a list of members with their scores that needs no collection any more.
type copied struct {
	members []ranked
	bytes   []byte
}

// add appends a copy of an element. The memory of those before stays theirs.
func (c *copied) add(member []byte, score float64) {
	if cap(c.bytes)-len(c.bytes) < len(member) {
		c.bytes = make([]byte, 0, max(copiedBytes, len(member)))
	}
	at := len(c.bytes)
	c.bytes = append(c.bytes, member...)
	c.members = append(c.members, ranked{c.bytes[at:len(c.bytes):len(c.bytes)], score})
}

// copiedBytes is how much memory copies of members get at once.
const copiedBytes = 4 << 10

// names are the members alone.
func (c *copied) names() [][]byte {
	names := make([][]byte, len(c.members))
	for i, m := range c.members {
		names[i] = m.member
	}
	return names
}

// storeMembers makes the key hold a sorted set of the members, in place of whatever it held, without a deadline, and replies how many they
// are. Without any the key goes. If a member comes twice its last score counts. It tells of the event.
func storeMembers(tx *Tx, key []byte, members []ranked, event string, reply Reply) {
	e := tx.entry(key)
	if len(members) == 0 {
		if e.object != nil {
			tx.ks.remove(&e)
			tx.notify(EventGeneric, "del", key)
		}
		reply.Int(0)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	if e.object != nil {
		tx.ks.putString(&e, emptyCollection(), s)
		e.edit().kind = KindZSet
		tx.ks.clearDeadline(&e)
	} else {
		tx.ks.collection(&e, KindZSet)
	}
	z := tx.sortedSet(e.object)
	for _, m := range members {
		z.edit().noteRanked(len(members), m.member)
	}
	for _, m := range members {
		if old, there := z.find(m.member); !there {
			z.add(m.member, m.score)
		} else if old.score() != m.score {
			z.move(old, m.member, m.score)
		}
	}
	tx.wrote(&e, z.len(), s, EventZSet, event)
	reply.Int(int64(z.len()))
}
