package statemachine

import (
	"bytes"

	"github.com/paxredis/paxredis/statemachine/internal/arena"
)

// deadline is one object and the Unix millisecond at which it goes.
type deadline struct {
	at     int64
	object *Object
}

// deadlines orders objects by deadline, then key: a binary heap whose places the objects remember, so that an object
// without a deadline costs nothing but four bytes. The order is total, so what is removed first does not depend on
// how the heap came about.
type deadlines struct{ items blockList[deadline] }

func newDeadlines(memory *arena.Arena) deadlines {
	return deadlines{items: blockList[deadline]{memory: memory}}
}

func (d *deadlines) len() int { return d.items.used }

// of returns the object's deadline; ok is false if it has none.
func (d *deadlines) of(o *Object) (at int64, ok bool) {
	if o.deadline == 0 {
		return 0, false
	}
	return d.items.at(int(o.deadline - 1)).at, true
}

// first is the object that goes next, nil if none ever does.
func (d *deadlines) first() (at int64, o *Object) {
	if d.len() == 0 {
		return 0, nil
	}
	return d.items.at(0).at, d.items.at(0).object
}

// set gives the object a deadline, in place of the one it had.
func (d *deadlines) set(o *Object, at int64) {
	if o.deadline == 0 {
		d.append(o, at)
	} else {
		d.items.at(int(o.deadline - 1)).at = at
	}
	i := int(o.deadline - 1)
	if !d.up(i) {
		d.down(i)
	}
}

// append gives an object without a deadline one, out of order: order must be called before anything else is.
func (d *deadlines) append(o *Object, at int64) {
	d.items.push(deadline{at, o})
	o.deadline = uint32(d.len())
}

// order makes a heap of items in any order, in time in proportion to their number (R. W. Floyd, Treesort 3).
func (d *deadlines) order() {
	for i := d.len()/2 - 1; i >= 0; i-- {
		d.down(i)
	}
}

// remove takes the object's deadline away, if it has one.
func (d *deadlines) remove(o *Object) {
	if o.deadline == 0 {
		return
	}
	i := int(o.deadline - 1)
	o.deadline = 0
	if moved := d.items.pop(); i < d.len() {
		d.put(i, moved)
		if !d.up(i) {
			d.down(i)
		}
	}
}

// due counts the objects with a deadline at or before now. It takes time in proportion to that number.
func (d *deadlines) due(now int64) int { return d.dueBelow(0, now) }

func (d *deadlines) dueBelow(i int, now int64) int {
	if i >= d.len() || d.items.at(i).at > now {
		return 0
	}
	return 1 + d.dueBelow(2*i+1, now) + d.dueBelow(2*i+2, now)
}

// mean estimates the mean time left at now in milliseconds, from an even sample of the heap.
func (d *deadlines) mean(now int64) int64 {
	const sample = 1024
	if d.len() == 0 {
		return 0
	}
	step := max(1, d.len()/sample)
	var sum float64
	n := 0
	for i := 0; i < d.len(); i += step {
		sum += float64(max(0, d.items.at(i).at-now))
		n++
	}
	return int64(sum / float64(n))
}

func (d *deadlines) put(i int, item deadline) {
	*d.items.at(i) = item
	item.object.deadline = uint32(i + 1)
}

func (d *deadlines) less(i, j int) bool {
	a, b := d.items.at(i), d.items.at(j)
	if a.at != b.at {
		return a.at < b.at
	}
	return bytes.Compare(a.object.key(), b.object.key()) < 0
}

func (d *deadlines) swap(i, j int) {
	a, b := *d.items.at(i), *d.items.at(j)
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
		if child >= d.len() {
			return
		}
		if right := child + 1; right < d.len() && d.less(right, child) {
			child = right
		}
		if !d.less(child, i) {
			return
		}
		d.swap(i, child)
		i = child
	}
}
