package storage

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/paxredis/paxredis/storage/internal/secret"
	"github.com/paxredis/paxredis/storage/journal"
)

// encryption is what a directory is encrypted with. The zero value is that of one that is not.
type encryption struct {
	records *recordSealer
	// heads is the key of what the journal says of checkpoints, and state that of the checkpoints.
	heads, state secret.Key
}

// newEncryption derives what is needed from the key of a directory, which may be the zero Key.
func newEncryption(directory secret.Key) (e encryption, err error) {
	if directory.IsZero() {
		return e, nil
	}
	if e.records, err = newRecordSealer(directory); err != nil {
		return e, err
	}
	if e.heads, err = directory.Derive("checkpoint heads", nil); err != nil {
		return e, err
	}
	e.state, err = directory.Derive("checkpoints", nil)
	return e, err
}

// sealer is that of the journal, nil for none.
func (e *encryption) sealer() journal.Sealer {
	if e.records == nil {
		return nil
	}
	return e.records
}

// headData binds a head to its publication.
func headData(p *journal.Published) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(p.Slot)), p.Generation)
}

// sealHead returns p as it lies in the journal.
func (e *encryption) sealHead(p journal.Published) (sealed journal.Published, err error) {
	if !e.heads.IsZero() {
		p.Head, err = e.heads.Seal(p.Head, headData(&p))
	}
	return p, err
}

// openHead is the other way.
func (e *encryption) openHead(p journal.Published) (opened journal.Published, err error) {
	if e.heads.IsZero() {
		return p, nil
	}
	if p.Head, err = e.heads.Open(p.Head, headData(&p)); err != nil {
		return p, fmt.Errorf("what the journal says about the checkpoint of slot %v cannot be decrypted: %w", p.Slot, err)
	}
	return p, nil
}

// ledger is the journal as the checkpoints see it: with what it says of them in clear text. It implements state.Ledger.
type ledger struct {
	journal    *journal.Journal
	encryption *encryption

	mu     sync.Mutex
	newest journal.Published
	ok     bool // there is one
}

// openLedger reads what the journal says of the newest checkpoint.
func openLedger(j *journal.Journal, e *encryption) (l *ledger, err error) {
	l = &ledger{journal: j, encryption: e}
	if l.newest, l.ok = j.Published(); l.ok {
		l.newest, err = e.openHead(l.newest)
	}
	return l, err
}

// Published implements state.Ledger.
func (l *ledger) Published() (p journal.Published, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newest, l.ok
}

// Publish implements state.Ledger.
func (l *ledger) Publish(p journal.Published) error {
	sealed, err := l.encryption.sealHead(p)
	if err != nil {
		return err
	}
	if err := l.journal.Publish(sealed); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.newest, l.ok = p, true
	return nil
}
