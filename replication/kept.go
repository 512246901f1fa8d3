package replication

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// keptLog is what of the log stays for peers that fetch a checkpoint. Behind the checkpoint they need the entries that came since, and
// a log that goes on being cut would have them begin anew, for ever. Any node may serve a peer, and the one that does keeps the entries:
// that is enough, since the peer asks it for them first (paxos.Fetched.From). Safe for use by several goroutines.
type keptLog struct {
	storage Storage
	clock   Clock
	bytes   uint64 // of the log that stay at most
	log     *slog.Logger

	mu    sync.Mutex
	peers []*keptFor
}

// keptFor is what stays for one peer: the entries behind through.
type keptFor struct {
	peer paxos.NodeID
	// checkpoint is the one it was served, and journal Storage.JournalBytes when that began.
	checkpoint, through paxos.Slot
	journal             uint64
	until               int64 // Instant.Mono; later it is taken for gone
	given               bool  // up: it took too much. It is remembered so that the peer's next request does not begin it again.
}

// keptInstall is how long a peer may take to install a checkpoint of which it has the last part: nothing is heard of it meanwhile. While
// it fetches and while it learns what follows it has holdFor between two requests.
const keptInstall = 10 * time.Minute

func newKeptLog(g *Group) *keptLog {
	return &keptLog{storage: g.storage, clock: g.clock, bytes: uint64(g.cfg.Bounds.KeptLogBytes), log: g.cfg.Logger}
}

// serves notes that a peer was given a part of the checkpoint of slot.
func (k *keptLog) serves(peer paxos.NodeID, slot paxos.Slot, last bool) {
	journal := k.storage.JournalBytes()
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.of(peer)
	if p == nil || p.checkpoint != slot {
		k.forget(peer)
		p = &keptFor{peer: peer, checkpoint: slot, through: slot, journal: journal}
		k.peers = append(k.peers, p)
	}
	wait := holdFor
	if last {
		wait = keptInstall
	}
	p.until = k.clock.Now().Mono + int64(wait)
}

// learns notes that a peer asks for the entries from a slot on: what comes before that it has.
func (k *keptLog) learns(peer paxos.NodeID, from paxos.Slot) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p := k.of(peer); p != nil && from > p.checkpoint {
		p.through = max(p.through, from-1)
		p.until = k.clock.Now().Mono + int64(holdFor)
	}
}

// published notes that a peer has a checkpoint of its own of that slot, and so all entries before it. If that is later than the one that it
// was given, it has installed that one.
func (k *keptLog) published(peer paxos.NodeID, slot paxos.Slot) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p := k.of(peer); p != nil {
		p.through = max(p.through, slot)
		if slot > p.checkpoint {
			p.until = min(p.until, k.clock.Now().Mono+int64(holdFor))
		}
	}
}

// limit returns the slot below which the log may be cut, below if nobody needs more. newest is that of the newest checkpoint.
func (k *keptLog) limit(below, newest paxos.Slot) paxos.Slot {
	now, journal := k.clock.Now().Mono, k.storage.JournalBytes()
	full := errors.Is(k.storage.RoomForCheckpoint(), ErrDiskSpace)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.peers = withoutFunc(k.peers, func(p *keptFor) bool { return p.until < now })
	limit := below
	for _, p := range k.peers {
		if p.given || p.through+1 >= below {
			continue
		}
		bytes := p.share(journal, newest)
		if p.given = bytes > k.bytes || full; p.given {
			k.log.Warn("the log is cut although a peer that fetched a checkpoint has not caught up: it will have to fetch another one",
				"peer", p.peer, "has", p.through, "bytes", bytes, "at most", k.bytes, "disk full", full)
			continue
		}
		k.log.Info("the log is not cut as far as it could be: a peer that fetches a checkpoint needs it", "peer", p.peer, "has", p.through, "bytes", bytes)
		limit = min(limit, p.through+1)
	}
	return limit
}

// share estimates the bytes of the log behind what a peer has, as if all slots had the same.
func (p *keptFor) share(journal uint64, newest paxos.Slot) uint64 {
	if newest <= p.checkpoint {
		return 0
	}
	return uint64(float64(journal-p.journal) * float64(newest-p.through) / float64(newest-p.checkpoint))
}

// of returns what stays for a peer, nil if nothing does. k.mu is held.
func (k *keptLog) of(peer paxos.NodeID) *keptFor {
	for _, p := range k.peers {
		if p.peer == peer {
			return p
		}
	}
	return nil
}

// forget ends what stays for a peer. k.mu is held.
func (k *keptLog) forget(peer paxos.NodeID) {
	k.peers = withoutFunc(k.peers, func(p *keptFor) bool { return p.peer == peer })
}
