package statemachine

// Recollect has the next checkpoint hold every record, and not those alone that changed since the checkpoint before: for when that one
// cannot be read any more. It may also hold deletions of what went since. Each call notes some of the objects as changed, under the
// lock for no longer than a bite of Next; when it returns false all are. It must not run beside Freeze, nor while a checkpoint is
// being written; commands, Restore and Reset may come in between.
func (m *Machine) Recollect() (more bool) { return m.recollect(biteVisits) }

func (m *Machine) recollect(most int) (more bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.checkpoint != nil {
		panic("statemachine: Recollect before the checkpoint before has been finished")
	}
	visits, size := 0, 0
	for _, s := range m.ks.spaces() {
		for ; !s.recollected; visits++ {
			if visits >= most || size >= biteBytes {
				return true
			}
			size += s.recollect()
		}
	}
	return false
}

// recollect notes the objects of the next bucket as changed, and returns how many bytes it had to look at for it.
func (s *space) recollect() (size int) {
	s.cursor = s.scan(s.cursor, func(o *Object) {
		if o.marks&s.turn == 0 {
			size += len(o.bytes())
			s.edit(o)
		}
	})
	s.recollected = s.cursor == 0
	return size
}
