package replication

import (
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// tending is what a leader knows for the care of the members; the zero value belongs to a new leadership.
type tending struct {
	// since is the Instant.Mono at which this leadership was noticed. It takes every member for reachable at first.
	since int64
	// named says that no UUID this node has met is missing in the configuration.
	named bool
	// handOverAt is the Instant.Mono from which this leader may hand over again, to be replaced itself.
	handOverAt int64
}

// promoteWithin is how many slots a learner may lack when it is promoted. Fewer, and a cluster that is written to all the time
// would never find it there; many more, and its vote would be waited for while it catches up.
const promoteWithin = 64

// reach tells who answered lately.
func (l *loop) reach() reachable {
	return func(id paxos.NodeID) bool { return id == l.g.cfg.Self || l.core.Progress(id).Recent }
}

// knowsReach reports whether a lease time has passed since that Instant.Mono, in this leadership: whoever counts as reachable
// has answered since.
func (l *loop) knowsReach(since int64) bool {
	return l.now.Mono-max(since, l.tending.since) > int64(l.g.cfg.Limits.Lease)
}

// workOnChange does what a Change asks for, step by step. The step that changes the configuration, or hands leadership over,
// ends this leadership and with it this work: the asker asks again, and the next leader finds it done, or goes on.
func (l *loop) workOnChange(a *asked) (answer, bool) {
	c := a.request.change
	if a.handOverBy != 0 {
		return l.awaitHandOver(a)
	}
	if !l.core.CanReconfigure() {
		return answer{}, false // one change at a time (rule M2)
	}
	if c.Kind == TransferLeadership {
		return l.workOnTransfer(a)
	}
	active := l.core.Configuration()
	next, id, done, err := plan(&active, c, l.reach())
	switch {
	case done:
		return answer{state: answerDone, node: id, configuration: active}, true
	case !sameVoters(&active, &next) && !c.Force && !l.knowsReach(a.since): // a voter that is down since a moment ago must not be counted on
		return answer{}, false
	case err != nil:
		return answer{state: answerRefused, refused: err.Error()}, true
	case !next.IsMember(l.g.cfg.Self):
		return l.beginHandOver(a, 0)
	}
	if c.Kind == ReplaceMember && c.Member.ID == 0 {
		l.tell(a, answer{state: answerPicked, node: id}) // once it is promoted, nothing else would tell which it was
	}
	l.proposeConfiguration(next)
	return answer{}, false
}

// workOnTransfer hands leadership to the voter asked for. Which one it is to be is settled once, so that the next leader does
// not hand it on.
func (l *loop) workOnTransfer(a *asked) (answer, bool) {
	active, to := l.core.Configuration(), a.request.change.Member.ID
	refuse := func(why string) (answer, bool) { return answer{state: answerRefused, refused: why}, true }
	switch {
	case to == l.g.cfg.Self:
		return answer{state: answerDone, node: to, configuration: active}, true
	case to != 0 && !active.IsVoter(to):
		return refuse(fmt.Sprintf("node %v is not a voter", to))
	case !l.knowsReach(0):
		return answer{}, false
	case to == 0:
		if to = l.successor(); to == 0 {
			return refuse(errHandOverFailed.Error())
		}
		l.tell(a, answer{state: answerPicked, node: to})
	case !l.reach()(to):
		return refuse(fmt.Sprintf("node %v does not answer", to))
	}
	return l.beginHandOver(a, to)
}

// successor is the most up to date other voter that answers, 0 without one.
func (l *loop) successor() paxos.NodeID {
	active := l.core.Configuration()
	var best paxos.MemberProgress
	for _, v := range active.Voters {
		if m := l.core.Progress(v.ID); v.ID != l.g.cfg.Self && m.Recent && (best.Node == 0 || m.Synced > best.Synced) {
			best = m
		}
	}
	return best.Node
}

func (l *loop) beginHandOver(a *asked, to paxos.NodeID) (answer, bool) {
	if to == 0 {
		if to = l.successor(); to == 0 {
			return answer{state: answerRefused, refused: errHandOverFailed.Error()}, true
		}
	}
	a.handOverTo, a.handOverBy = to, l.now.Mono+l.patience()
	l.step(paxos.HandOverAsked{To: to})
	return answer{}, false
}

// awaitHandOver tries again when the core has given a hand-over up. As long as this is called, the leadership has not ended.
func (l *loop) awaitHandOver(a *asked) (answer, bool) {
	if l.now.Mono < a.handOverBy {
		if to := a.handOverTo; l.core.CanReconfigure() && l.reach()(to) {
			l.step(paxos.HandOverAsked{To: to})
		}
		return answer{}, false
	}
	return answer{state: answerRefused, refused: "the voter to hand over to did not catch up in time, so this node still leads"}, true
}

// proposeConfiguration has the core propose a configuration, which names the UUIDs this node has met by the way.
func (l *loop) proposeConfiguration(next paxos.Configuration) {
	l.nameMet(&next)
	payload, err := next.Encode()
	if err != nil {
		l.g.fail(fmt.Errorf("a configuration of %d members could not be encoded: %w", len(next.Members()), err))
		return
	}
	l.step(paxos.Proposed{Entry: paxos.Entry{Kind: paxos.EntryConfiguration, Payload: payload}})
}

// tendMembers makes the changes that are the leader's own to make, one at a time.
func (l *loop) tendMembers() {
	if !l.active || l.closing.started || !l.core.CanReconfigure() {
		return
	}
	active := l.core.Configuration()
	if len(active.Learners) > 0 && l.promote(&active) {
		return
	}
	if l.settleReplaced(&active) {
		return
	}
	if l.tending.named {
		return
	}
	l.tending.named = true
	if next := draft(&active); l.nameMet(&next) {
		l.proposeConfiguration(next)
	}
}

// promote makes a learner that has caught up a voter, and takes out whom it replaces in the same entry. If that is this node
// itself it stays, as one voter more, until the new one leads: a leader cannot see a change through that leaves it out.
func (l *loop) promote(active *paxos.Configuration) bool {
	for _, m := range active.Learners {
		p := l.core.Progress(m.ID)
		// A learner that has synced anything has answered this very leadership.
		if !paxos.BreakM2CaughtUp.On() && (!p.Recent || p.Synced == 0 || p.Synced+promoteWithin < l.core.Chosen()) {
			continue
		}
		next := draft(active)
		leave(&next, m.ID)
		if !next.IsVoter(m.Replaces) {
			m.Replaces = 0
		}
		if m.Replaces != 0 && m.Replaces != l.g.cfg.Self {
			leave(&next, m.Replaces)
			m.Replaces = 0
		}
		next.Voters = append(next.Voters, m)
		if checkMajority(active, &next, l.reach()) != nil || next.Check() != nil {
			continue
		}
		l.proposeConfiguration(next)
		return true
	}
	return false
}

// settleReplaced finishes a replacement of a leader: the replaced one hands over to the voter that replaces it, which then
// takes it out.
func (l *loop) settleReplaced(active *paxos.Configuration) bool {
	for _, v := range active.Voters {
		switch {
		case v.Replaces == 0:
		case v.Replaces != l.g.cfg.Self:
			next := draft(active)
			leave(&next, v.Replaces)
			edit(&next, v.ID).Replaces = 0
			if l.knowsReach(0) && checkMajority(active, &next, l.reach()) == nil {
				l.proposeConfiguration(next)
				return true
			}
		case l.now.Mono >= l.tending.handOverAt && l.core.Progress(v.ID).Recent:
			l.tending.handOverAt = l.now.Mono + l.patience()
			l.step(paxos.HandOverAsked{To: v.ID})
			return true
		}
	}
	return false
}

// met notes the UUID of a node.
func (l *loop) met(id paxos.NodeID, uuid string) {
	if len(l.uuids) >= maxMet && l.uuids[id] == "" {
		active := l.g.Configuration()
		for known := range l.uuids {
			if !active.IsMember(known) {
				delete(l.uuids, known)
			}
		}
	}
	if l.uuids == nil {
		l.uuids = map[paxos.NodeID]string{}
	}
	l.uuids[id] = uuid
	l.tending.named = false
}

// maxMet is at how many UUIDs those of nodes that are no members are forgotten.
const maxMet = 256

// nameMet gives the members without a UUID the one this node has met them with. It reports whether there were any.
func (l *loop) nameMet(next *paxos.Configuration) bool {
	named := false
	for _, m := range next.Members() {
		if uuid := l.uuids[m.ID]; m.UUID == "" && uuid != "" {
			edit(next, m.ID).UUID = uuid
			named = true
		}
	}
	return named
}
