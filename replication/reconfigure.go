package replication

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/paxredis/paxredis/replication/paxos"
)

// reachable is what a leader knows of who would vote with it.
type reachable func(id paxos.NodeID) bool

// plan says what configuration change c makes of active; done says that it is so already. id is the member's, found or picked
// where the change names none. The error says why the change is refused. A change whose plan was made active is done.
func plan(active *paxos.Configuration, c Change, reach reachable) (next paxos.Configuration, id paxos.NodeID, done bool, err error) {
	next = draft(active)
	switch c.Kind {
	case AddMember:
		id, err = planAdd(&next, c)
	case ReplaceMember:
		id, err = planReplace(&next, c)
	case RemoveMember:
		id, err = c.Member.ID, planRemove(&next, c)
	case MoveMember:
		id, err = c.Member.ID, planMove(&next, c)
	default:
		err = fmt.Errorf("this node does not know how to %v", c.Kind)
	}
	if err != nil {
		return next, id, false, err
	}
	if isSame(active, &next) {
		return next, id, true, nil
	}
	if !c.Force {
		err = checkMajority(active, &next, reach)
	}
	return next, id, false, errors.Join(err, next.Check())
}

// draft returns a copy of c to be changed. It remembers the highest id, which the copy may lose with its member.
func draft(c *paxos.Configuration) paxos.Configuration {
	next := paxos.Configuration{Base: c.Slot, Voters: slices.Clone(c.Voters), Learners: slices.Clone(c.Learners), HighestID: c.Highest()}
	if paxos.BreakM2Id.On() {
		next.HighestID = 0
	}
	return next
}

// isSame reports whether two configurations differ in nothing but their slots.
func isSame(a, b *paxos.Configuration) bool {
	return slices.Equal(a.Voters, b.Voters) && slices.Equal(a.Learners, b.Learners)
}

// edit returns the voter or learner of that id for changes in place, nil if there is none.
func edit(c *paxos.Configuration, id paxos.NodeID) *paxos.Member {
	for _, members := range [2][]paxos.Member{c.Voters, c.Learners} {
		for i := range members {
			if members[i].ID == id {
				return &members[i]
			}
		}
	}
	return nil
}

// planAdd makes a member a learner. One that learns already gets the UUID and the address asked for: it never voted, so
// nothing is forgotten with its former directory. A voter is another matter (rule D4).
func planAdd(next *paxos.Configuration, c Change) (paxos.NodeID, error) {
	m := c.Member
	m.Replaces = 0
	if m.ID == 0 {
		m.ID = findMember(next, m)
	}
	return m.ID, putLearner(next, m)
}

// planReplace makes a member a learner that is to take a voter's place.
func planReplace(next *paxos.Configuration, c Change) (paxos.NodeID, error) {
	m := c.Member
	m.Replaces = c.Replaces
	if next.IsVoter(m.ID) && !next.IsMember(c.Replaces) {
		return m.ID, nil // done, and the promotion, too
	}
	if !next.IsVoter(c.Replaces) {
		return m.ID, fmt.Errorf("node %v is not a voter, so there is nothing to replace; an id is given up with its directory: add a new member instead", c.Replaces)
	}
	if m.ID == c.Replaces || next.IsVoter(m.ID) {
		return m.ID, fmt.Errorf("node %v is a voter already; ids are never used again: give the new member the id %v, or none", m.ID, next.Highest()+1)
	}
	for _, l := range next.Learners {
		switch {
		case l.Replaces != c.Replaces || l.ID == m.ID:
		case m.ID == 0 && (m.UUID == "" || l.UUID == "" || m.UUID == l.UUID) && (m.Address == "" || m.Address == l.Address):
			m.ID = l.ID
		default:
			return m.ID, fmt.Errorf("node %v, at %s, is on its way to replace node %v: remove it first, or wait", l.ID, l.Address, c.Replaces)
		}
	}
	if m.ID == 0 {
		m.ID = next.Highest() + 1
	}
	if known := edit(next, m.ID); known != nil && m.Address != "" && m.Address != known.Address {
		return m.ID, fmt.Errorf("node %v learns already, at %s: move it, or leave its address out", m.ID, known.Address)
	}
	if m.Address == "" && !next.IsMember(m.ID) {
		m.Address = edit(next, c.Replaces).Address
	}
	return m.ID, putLearner(next, m)
}

// findMember returns the id of the member with m's UUID or else address, so that asking again adds nobody twice. Otherwise it
// is the next free id. Of two at one address the learner is meant: it is about to replace the other.
func findMember(c *paxos.Configuration, m paxos.Member) paxos.NodeID {
	id := c.Highest() + 1
	for _, known := range c.Members() {
		switch {
		case m.UUID != "" && known.UUID == m.UUID:
			return known.ID
		case m.Address != "" && known.Address == m.Address:
			id = known.ID
		}
	}
	return id
}

// putLearner adds a learner, or gives one that is there already what m says of it.
func putLearner(next *paxos.Configuration, m paxos.Member) error {
	known := edit(next, m.ID)
	if known == nil && m.ID <= next.Highest() {
		return fmt.Errorf("id %v was a node's before, and ids are never used again: take %v, or none", m.ID, next.Highest()+1)
	}
	if err := checkUUID(next, m); err != nil {
		return err
	}
	if next.IsVoter(m.ID) && !paxos.BreakD4Directory.On() {
		return checkSameVoter(known, m)
	}
	if known == nil {
		next.Learners = append(next.Learners, paxos.Member{ID: m.ID, UUID: m.UUID, Address: m.Address, Replaces: m.Replaces})
		return checkAddress(next, m)
	}
	if m.UUID != "" {
		known.UUID = m.UUID
	}
	if m.Replaces != 0 {
		known.Replaces = m.Replaces
	}
	if m.Address == "" || m.Address == known.Address {
		return nil
	}
	known.Address = m.Address
	return checkAddress(next, *known)
}

// checkSameVoter refuses to add a voter again unless it is asked for by whom it is.
func checkSameVoter(voter *paxos.Member, m paxos.Member) error {
	switch {
	case m.UUID != "" && m.UUID != voter.UUID:
		return fmt.Errorf("node %v is a voter with another data directory; what that one voted must not be forgotten: "+
			"if it is lost, run: paxredis member replace %v", voter.ID, voter.ID)
	case m.Address != "" && m.Address != voter.Address:
		return fmt.Errorf("node %v is a voter at %s already; if it is to move, run: paxredis member move %v=%s", voter.ID, voter.Address, voter.ID, m.Address)
	}
	return nil
}

// checkUUID refuses a data directory that is another member's: it was copied.
func checkUUID(c *paxos.Configuration, m paxos.Member) error {
	for _, other := range c.Members() {
		if m.UUID != "" && other.UUID == m.UUID && other.ID != m.ID {
			return fmt.Errorf("the data directory %s is that of node %v: a copy of a directory is no new node; start with an empty one", m.UUID, other.ID)
		}
	}
	return nil
}

// checkAddress refuses an address that no peer could dial, or that is another member's but the one it replaces.
func checkAddress(c *paxos.Configuration, m paxos.Member) error {
	host, port, ok := cutPort(m.Address)
	number, err := strconv.ParseUint(port, 10, 16)
	if !ok || host == "" || err != nil || number == 0 {
		return fmt.Errorf("the address %q of node %v is not a host:port that peers can dial", m.Address, m.ID)
	}
	for _, other := range c.Members() {
		if other.ID != m.ID && other.Address == m.Address && other.ID != m.Replaces && other.Replaces != m.ID {
			return fmt.Errorf("the address %s is that of node %v: if that node's directory is lost, run: paxredis member replace %v", m.Address, other.ID, other.ID)
		}
	}
	return nil
}

// cutPort splits host:port; an IPv6 host is in brackets.
func cutPort(address string) (host, port string, ok bool) {
	at := strings.LastIndexByte(address, ':')
	if at < 0 {
		return "", "", false
	}
	host, port = address[:at], address[at+1:]
	if inner, bracketed := strings.CutPrefix(host, "["); bracketed {
		inner, closed := strings.CutSuffix(inner, "]")
		return inner, port, closed
	}
	return host, port, !strings.ContainsRune(host, ':')
}

// planRemove takes a member out. The last voter stays: without it nothing could ever be chosen again.
func planRemove(next *paxos.Configuration, c Change) error {
	id := c.Member.ID
	if id == 0 || id > next.Highest() {
		return fmt.Errorf("there is no node %v", id)
	}
	if next.IsVoter(id) && len(next.Voters) == 1 {
		return fmt.Errorf("node %v is the last voter, and cannot be removed, forced or not; to replace it, run: paxredis member replace %v", id, id)
	}
	leave(next, id)
	return nil
}

// leave takes a node out, and out of the plans of who was to replace it.
func leave(next *paxos.Configuration, id paxos.NodeID) {
	isIt := func(m paxos.Member) bool { return m.ID == id }
	next.Voters = slices.DeleteFunc(next.Voters, isIt)
	next.Learners = slices.DeleteFunc(next.Learners, isIt)
	for _, members := range [2][]paxos.Member{next.Voters, next.Learners} {
		for i := range members {
			if members[i].Replaces == id {
				members[i].Replaces = 0
			}
		}
	}
}

func planMove(next *paxos.Configuration, c Change) error {
	known := edit(next, c.Member.ID)
	if known == nil {
		return fmt.Errorf("node %v is not a member", c.Member.ID)
	}
	if known.Address == c.Member.Address {
		return nil
	}
	known.Address = c.Member.Address
	return checkAddress(next, *known)
}

// checkMajority refuses a change of the voters after which those that can be reached are no majority.
func checkMajority(active, next *paxos.Configuration, reach reachable) error {
	if sameVoters(active, next) {
		return nil
	}
	there, missing := 0, []string(nil)
	for _, v := range next.Voters {
		if reach(v.ID) {
			there++
		} else {
			missing = append(missing, v.ID.String())
		}
	}
	if need := paxos.Majority(len(next.Voters)); there < need {
		return fmt.Errorf("of the %d voters that would be left %d can be reached, and %d are needed (not reached: %s): the cluster would stop; --force does it all the same",
			len(next.Voters), there, need, strings.Join(missing, ", "))
	}
	return nil
}

// sameVoters reports whether the same nodes vote in both.
func sameVoters(a, b *paxos.Configuration) bool {
	return slices.EqualFunc(a.Voters, b.Voters, func(x, y paxos.Member) bool { return x.ID == y.ID })
}
