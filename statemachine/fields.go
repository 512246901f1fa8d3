package statemachine

// fields are those of a hash as a command sees them: one whose deadline has come is not there, though it may not have been removed yet.
// Those of a missing key are none.
type fields struct {
	elements
	tx *Tx
	// backlog: fields of the database are due by the command's time, so each has to be looked at.
	backlog bool
}

// fields opens a hash of the selected database; o may be nil.
func (tx *Tx) fields(o *Object) fields {
	if o == nil {
		return fields{tx: tx}
	}
	h := fields{elements: tx.elements(o), tx: tx}
	at, part := h.db.parts.times.first()
	h.backlog = part != nil && at <= tx.now
	return h
}

// dueElement reports whether an element's deadline has come, and notes when only the local clock says so.
func (tx *Tx) dueElement(e element) bool {
	if e.deadline == 0 || e.deadline > tx.now {
		return false
	}
	if e.deadline > tx.ks.now {
		tx.due = true
	}
	return true
}

// find returns a field.
func (h *fields) find(name []byte) (e element, ok bool) {
	if h.o == nil {
		return element{}, false
	}
	if e, ok = h.elements.find(name); ok && h.tx.dueElement(e) {
		return element{}, false
	}
	return e, ok
}

// reply replies with the value of a field.
func (h *fields) reply(name []byte, reply Reply) {
	if e, ok := h.find(name); ok {
		reply.Bulk(e.value)
		return
	}
	reply.Null()
}

// each visits all fields until visit returns false, as elements.each.
func (h *fields) each(visit func(element) bool) {
	if h.o == nil {
		return
	}
	h.elements.each(func(e element) bool { return h.tx.dueElement(e) || visit(e) })
}

// live is how many fields each visits.
func (h *fields) live() (n int) {
	switch {
	case h.o == nil:
	case h.backlog:
		h.each(func(element) bool { n++; return true })
	default:
		n = h.len()
	}
	return n
}

// put is elements.put; a field that is due is as good as none, but for being counted already.
func (h *fields) put(name, value []byte, deadline int64) (added bool) {
	if h.backlog {
		_, there := h.find(name)
		if h.elements.put(name, value, deadline) || there {
			return !there
		}
		h.tx.ks.expiredFields++
		return true
	}
	return h.elements.put(name, value, deadline)
}

// remove takes a field out, and reports whether it was there. One that is due stays until its turn comes.
func (h *fields) remove(name []byte) bool {
	if h.backlog {
		if _, there := h.find(name); !there {
			return false
		}
	}
	return h.elements.remove(name)
}

// random returns a field chosen by r, each with the same chance; there must be one.
func (h *fields) random(r *random) element {
	if !h.backlog {
		return h.elements.random(r)
	}
	for range randomTries {
		if e := h.elements.random(r); !h.tx.dueElement(e) {
			return e
		}
	}
	n := r.below(h.live())
	var chosen element
	h.each(func(e element) bool {
		chosen = e
		n--
		return n >= 0
	})
	return chosen
}
