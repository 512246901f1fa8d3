package state

import (
	"fmt"
	"sync"

	"github.com/paxredis/paxredis/replication/paxos"
)

// load hands out all records of a checkpoint.
type load struct {
	c *Checkpoints
	r *reader

	mu     sync.Mutex
	s      *scanner
	tally  Tally
	key    []byte // of the record that next returned last
	value  []byte
	left   uint64 // of a hashed key: what is still to come
	result error  // why there are no more, once s is nil
}

// Load returns every record of the newest published checkpoint, one a call of next, which reports false at their end. A record is valid
// until the next call. Count and sum are checked by the end; damage is a *Damaged. done must be called.
func (c *Checkpoints) Load() (next func() (paxos.CheckpointRecord, bool, error), done func() error, err error) {
	c.mu.Lock()
	damage := c.damage
	c.mu.Unlock()
	if damage != nil {
		return nil, nil, damage
	}
	r, err := c.reader(0)
	if err != nil {
		return nil, nil, err
	}
	l := &load{c: c, r: r, s: r.g.scan(r.view(), nil)}
	c.mu.Lock()
	c.loads[l] = struct{}{}
	closed := c.closed
	c.mu.Unlock()
	if closed {
		l.end(ErrClosed)
	}
	return l.next, l.done, nil
}

// end ends it early or late, and lets go of the database.
func (l *load) end(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endLocked(why)
}

func (l *load) endLocked(why error) {
	if l.s == nil {
		return
	}
	l.s.close()
	l.s, l.result = nil, why
	if err := l.r.g.forgetPages(); err != nil && l.result == nil {
		l.result = err
	}
	l.c.mu.Lock()
	delete(l.c.loads, l)
	l.c.mu.Unlock()
	if err := l.r.done(); err != nil && l.result == nil {
		l.result = err
	}
}

func (l *load) done() error {
	l.end(errEnded)
	return nil
}

var errEnded = fmt.Errorf("storage: the load of the checkpoint has ended")

func (l *load) next() (record paxos.CheckpointRecord, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.s == nil {
		return record, false, l.result
	}
	for {
		item, err := l.s.next()
		if err == nil && item == nil {
			return record, false, l.finishLocked()
		}
		if err == nil {
			err = l.s.parse(item)
		}
		complete := false
		if err == nil {
			complete, err = l.add(&l.s.piece)
		}
		if err != nil {
			l.endLocked(l.damaged(err))
			return record, false, l.result
		}
		if complete {
			return paxos.CheckpointRecord{Space: l.s.piece.space, Key: l.key, Value: l.value}, true, nil
		}
	}
}

func (l *load) damaged(err error) error {
	return &Damaged{l.r.checkpoint.Slot, l.r.g.dir, err}
}

// add takes a piece, and reports whether key and value are those of a whole record now.
func (l *load) add(p *piece) (complete bool, err error) {
	if err := l.tally.add(p); err != nil || p.deleted() {
		return false, err
	}
	content := p.content
	if p.number == 0 {
		l.key, l.value, l.left = l.key[:0], l.value[:0], p.keyBytes
		if !p.hashed {
			l.key = append(l.key, p.inline()...)
		}
	}
	if n := min(l.left, uint64(len(content))); n > 0 {
		l.key, content = append(l.key, content[:n]...), content[n:]
		l.left -= n
	}
	l.value = append(l.value, content...)
	return l.tally.sequence.left == 0, nil
}

// finishLocked compares what was read with what there should be.
func (l *load) finishLocked() error {
	err := l.tally.end()
	if err == nil {
		err = compare(&l.tally, &l.r.checkpoint)
	}
	if err != nil {
		l.endLocked(l.damaged(err))
		return l.result
	}
	g := l.r.g
	l.endLocked(nil)
	l.c.learn(g, &l.tally)
	return l.result
}

// learn keeps for the writer what a load told.
func (c *Checkpoints) learn(g *generation, t *Tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g.learned = t
}

// takeNote is the writer's side of learn.
func (c *Checkpoints) takeNote(g *generation) {
	c.mu.Lock()
	t := g.learned
	g.learned = nil
	c.mu.Unlock()
	if t != nil {
		g.know(t)
		g.deleted += t.Deleted
	}
}
