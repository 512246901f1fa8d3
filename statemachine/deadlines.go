package statemachine

import "bytes"

// deadline is one object and the Unix millisecond at which it goes.
type deadline struct {
	at     int64
	object *Object
}

// deadlines orders objects by deadline, then key: a binary heap whose places the objects remember, so that an object
// without a deadline costs nothing but four bytes. The order is total, so what is removed first does not depend on
// how the heap came about.
type deadlines struct{ items []deadline }

func (d *deadlines) len() int { return len(d.items) }

// of returns the object's deadline; ok is false if it has none.
func (d *deadlines) of(o *Object) (at int64, ok bool) {
	if o.deadline == 0 {
		return 0, false
	}
	return d.items[o.deadline-1].at, true
}

// first is the object that goes next, nil if none ever does.
func (d *deadlines) first() (at int64, o *Object) {
	if len(d.items) == 0 {
		return 0, nil
	}
	return d.items[0].at, d.items[0].object
}

// set gives the object a deadline, in place of the one it had.
func (d *deadlines) set(o *Object, at int64) {
	if o.deadline == 0 {
		d.items = append(d.items, deadline{})
		d.put(len(d.items)-1, deadline{at, o})
	} else {
		d.items[o.deadline-1].at = at
	}
	i := int(o.deadline - 1)
	if !d.up(i) {
		d.down(i)
	}
}

// append gives an object without a deadline one, out of order: order must be called before anything else is.
func (d *deadlines) append(o *Object, at int64) {
	d.items = append(d.items, deadline{at, o})
	o.deadline = uint32(len(d.items))
}

// order makes a heap of items in any order, in time in proportion to their number (R. W. Floyd, Treesort 3).
func (d *deadlines) order() {
	for i := len(d.items)/2 - 1; i >= 0; i-- {
		d.down(i)
	}
}

// remove takes the object's deadline away, if it has one.
func (d *deadlines) remove(o *Object) {
	if o.deadline == 0 {
		return
	}
	i, last := int(o.deadline-1), len(d.items)-1
	o.deadline = 0
	moved := d.items[last]
	d.items[last] = deadline{}
	d.items = d.items[:last]
	if i < last {
		d.put(i, moved)
		if !d.up(i) {
			d.down(i)
		}
	}
	d.release()
}

// release gives memory back after a heap has shrunk a lot.
func (d *deadlines) release() {
	const worthwhile = 1024
	if c := cap(d.items); c > worthwhile && len(d.items) < c/4 {
		d.items = append(make([]deadline, 0, c/2), d.items...)
	}
}

// due counts the objects with a deadline at or before now. It takes time in proportion to that number.
func (d *deadlines) due(now int64) int { return d.dueBelow(0, now) }

func (d *deadlines) dueBelow(i int, now int64) int {
	if i >= len(d.items) || d.items[i].at > now {
		return 0
	}
	return 1 + d.dueBelow(2*i+1, now) + d.dueBelow(2*i+2, now)
}

// mean estimates the mean time left at now in milliseconds, from an even sample of the heap.
func (d *deadlines) mean(now int64) int64 {
	const sample = 1024
	if len(d.items) == 0 {
		return 0
	}
	step := max(1, len(d.items)/sample)
	var sum float64
	n := 0
	for i := 0; i < len(d.items); i += step {
		sum += float64(max(0, d.items[i].at-now))
		n++
	}
	return int64(sum / float64(n))
}

func (d *deadlines) put(i int, item deadline) {
	d.items[i] = item
	item.object.deadline = uint32(i + 1)
}

func (d *deadlines) less(i, j int) bool {
	a, b := d.items[i], d.items[j]
	if a.at != b.at {
		return a.at < b.at
	}
	return bytes.Compare(a.object.key(), b.object.key()) < 0
}

func (d *deadlines) swap(i, j int) {
	a, b := d.items[i], d.items[j]
	d.put(i, b)
	d.put(j, a)
}

func (d *deadlines) up(i int) (moved bool) {
	for i > 0 {
		parent := (i - 1) / 2
		if !d.less(i, parent) {
			break
		}
		d.swap(i, parent)
		i, moved = parent, true
	}
	return moved
}

func (d *deadlines) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(d.items) {
			return
		}
		if right := child + 1; right < len(d.items) && d.less(right, child) {
			child = right
		}
		if !d.less(child, i) {
			return
		}
		d.swap(i, child)
		i = child
	}
}
