package peer

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// maxGuests bounds the nodes that are let in by a newer configuration than this node's.
const maxGuests = 32

// view is whom this node has links with at a time: the members of a configuration, and guests. It never changes once it
// is the Transport's; another one takes its place.
type view struct {
	configuration paxos.Configuration
	digest        []byte
	remotes       map[paxos.NodeID]*remote
}

// configurationDigest identifies the members a node works with, whatever their order.
func configurationDigest(members []paxos.Member) []byte {
	h := sha256.New()
	for _, m := range sortedByID(members) {
		fmt.Fprintf(h, "%d=%q\n", m.ID, m.Address)
	}
	return h.Sum(nil)
}

func newView(c paxos.Configuration) *view {
	return &view{configuration: c, digest: configurationDigest(c.Members()), remotes: make(map[paxos.NodeID]*remote)}
}

// with returns v with other remotes.
func (v *view) with(change func(map[paxos.NodeID]*remote)) *view {
	next := *v
	next.remotes = maps.Clone(v.remotes)
	change(next.remotes)
	return &next
}

// sorted returns the remotes by id.
func (v *view) sorted() []*remote {
	return slices.SortedFunc(maps.Values(v.remotes), func(a, b *remote) int { return int(int64(a.id) - int64(b.id)) })
}

// guests counts the remotes that are no members.
func (v *view) guests() int {
	count := 0
	for id := range v.remotes {
		if !v.configuration.IsMember(id) {
			count++
		}
	}
	return count
}

// SetMembers says which configuration is active from now on, and returns at once. Links to new members are made; a
// link to a node that is no member any more writes what is queued, for at most Limits.FlushTimeout, says which
// configuration ended it, and is gone. A configuration older than the one that is active changes nothing. The
// configuration must not change any more.
func (t *Transport) SetMembers(c paxos.Configuration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.view.Load()
	if t.closed || old != nil && c.Slot < old.configuration.Slot {
		return
	}
	next := newView(c)
	for _, m := range c.Members() {
		if m.ID != t.door.self {
			next.remotes[m.ID] = t.enrolled(old, m)
		}
	}
	if old != nil {
		for id, r := range old.remotes {
			switch {
			case next.remotes[id] != nil:
			case r.guestBeyond(c.Slot):
				next.remotes[id] = r
			default:
				t.part(r, ending{reason: endRemoved, slot: c.Slot,
					text: fmt.Sprintf("node %v was removed from the cluster by the configuration of slot %v", id, c.Slot)})
			}
		}
	}
	t.view.Store(next)
	t.steer()
}

// enrolled returns the remote of a member: the one there is, unless its link turns out to be with a node that only says
// it is that member, or a new one.
func (t *Transport) enrolled(old *view, m paxos.Member) *remote {
	var r *remote
	if old != nil {
		r = old.remotes[m.ID]
	}
	if r != nil && m.UUID != "" && !r.mayBe(m.UUID) {
		t.part(r, ending{reason: endRefused, text: fmt.Sprintf("node %v is known by another UUID", m.ID)})
		r = nil
	}
	if r == nil {
		r = t.newRemote(m.ID)
	}
	r.counts.otherConfiguration.Store(false)
	r.enrol(m)
	return r
}

// newRemote makes a remote whose first link waits for the last one of a remote of that id that is on its way out.
func (t *Transport) newRemote(id paxos.NodeID) *remote {
	return &remote{id: id, outbox: newOutbox(t.limits), since: time.Now(), last: t.leaving[id]}
}

// part ends the links of a node for good, for the reason that e gives.
func (t *Transport) part(r *remote, e ending) {
	if r.stopDialling != nil {
		r.stopDialling()
	}
	open := r.close(fmt.Errorf("%w: %s", errParted, e.text), e)
	if len(open) == 0 {
		return
	}
	last := r.newest()
	t.leaving[r.id] = last
	t.running.Go(func() {
		flush(open, t.limits.FlushTimeout)
		<-last.done
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.leaving[r.id] == last {
			delete(t.leaving, r.id)
		}
	})
}

// flush waits until all links are dead, and cuts those that are not after the time limit.
func flush(open []*link, limit time.Duration) {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for i, l := range open {
		select {
		case <-l.dead:
		case <-deadline.C:
			for _, late := range open[i:] {
				late.fail(errClosed)
			}
			return
		}
	}
}

// steer starts and stops dialling: the higher id dials, and the lower inquires if it does not. A node that knows itself
// to be removed does neither, since all would refuse it.
func (t *Transport) steer() {
	v := t.view.Load()
	active := t.started && !removed(&v.configuration, t.door.self)
	for _, r := range v.remotes {
		dials := active && v.configuration.IsMember(r.id)
		switch {
		case dials && r.stopDialling == nil:
			ctx, cancel := context.WithCancel(t.ctx)
			r.stopDialling = cancel
			if t.dials(v, r) {
				t.running.Go(func() { t.dial(ctx, r) })
			} else {
				t.running.Go(func() { t.inquire(ctx, r) })
			}
		case !dials && r.stopDialling != nil:
			r.stopDialling()
			r.stopDialling = nil
		}
	}
}

// removed reports whether id was a member before c and is none in it. A node that c does not know yet has a higher id
// than all that ever were (rule M2).
func removed(c *paxos.Configuration, id paxos.NodeID) bool {
	return id != 0 && id <= c.Highest() && !c.IsMember(id)
}

// dials reports whether it is this node that makes the links to r.
func (t *Transport) dials(v *view, r *remote) bool {
	return r.id < t.door.self && v.configuration.IsMember(r.id)
}

// remoteFor returns the remote of a node whose hello was found good; a guest gets one of its own.
func (t *Transport) remoteFor(s shown) (*remote, *refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.view.Load()
	if r := v.remotes[s.id]; r != nil {
		r.claim(s.configurationSlot)
		return r, nil
	}
	if t.closed || s.configurationSlot <= v.configuration.Slot {
		return nil, t.door.refuseStranger(v, s.id) // the configuration has changed since the hello was judged
	}
	if v.guests() >= maxGuests {
		return nil, refuse("node %v has %d guests with newer configurations already", t.door.self, maxGuests)
	}
	r := t.newRemote(s.id)
	r.claimed = s.configurationSlot
	t.view.Store(v.with(func(remotes map[paxos.NodeID]*remote) { remotes[s.id] = r }))
	return r, nil
}

// forget lets a guest without a link go.
func (t *Transport) forget(r *remote) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.view.Load(); v.remotes[r.id] == r && r.depart() {
		t.view.Store(v.with(func(remotes map[paxos.NodeID]*remote) { delete(remotes, r.id) }))
	}
}

// toldRemoved takes note that a peer says this node is no member any more, unless this node knows better.
func (t *Transport) toldRemoved(by paxos.NodeID, slot paxos.Slot, why string) {
	if slot > t.view.Load().configuration.Slot && t.onRemoved != nil {
		t.onRemoved(by, why)
	}
}

// toldReplaced takes note that a peer knows this node's id with another UUID.
func (t *Transport) toldReplaced(by paxos.NodeID, why string) {
	if t.onReplaced != nil {
		t.onReplaced(by, why)
	}
}
