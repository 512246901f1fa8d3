package state

import (
	"encoding/binary"
	"math"

	"github.com/dgraph-io/badger/v4"

	"github.com/paxredis/paxredis/replication/paxos"
)

// maxHistory is how many checkpoints back changes can be asked for.
const maxHistory = 1000

// publication is a checkpoint that changes can be asked since.
type publication struct {
	slot    paxos.Slot
	attempt uint64
	// highest is the highest space that was part of a checkpoint until then.
	highest uint64
}

func (p *publication) value() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, p.attempt), p.highest)
}

func parsePublication(item *badger.Item) (p publication, err error) {
	key := item.Key()
	value, err := item.ValueCopy(nil)
	if err != nil || len(value) != 16 || len(key) != 9 {
		return p, inconsistent("the attempts of the checkpoints cannot be read (%v)", err)
	}
	return publication{paxos.Slot(binary.BigEndian.Uint64(key[1:])), binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:])}, nil
}

// attemptOf returns the attempt that published the checkpoint of a slot, even if a later one does not see it any more.
func (g *generation) attemptOf(slot paxos.Slot) (attempt uint64, err error) {
	defer reading(&err)
	txn := g.db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	it := txn.NewKeyIterator(historyKey(slot), badger.IteratorOptions{})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if !it.Item().IsDeletedOrExpired() {
			p, err := parsePublication(it.Item())
			return p.attempt, err
		}
	}
	return 0, inconsistent("the checkpoint is not there")
}

// published returns the publication of the newest slot not above slot, as an attempt sees it; the zero value if there is none.
func (g *generation) published(slot paxos.Slot, seen uint64) (p publication, err error) {
	defer reading(&err)
	txn := g.db.NewTransactionAt(seen, false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{Reverse: true})
	defer it.Close()
	it.Seek(historyKey(slot))
	if !it.ValidForPrefix([]byte{historySpace}) {
		return p, nil
	}
	return parsePublication(it.Item())
}

// history returns the publications that an attempt sees, ascending.
func (g *generation) history(seen uint64) (all []publication, err error) {
	defer reading(&err)
	txn := g.db.NewTransactionAt(seen, false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{historySpace}})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		p, err := parsePublication(it.Item())
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}
