package journal

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Salvaged is what can be taken from a journal that is to be left behind.
type Salvaged struct {
	// Promised is the highest ballot found anywhere.
	Promised paxos.Ballot
	// Published is the newest publication, nil if there never was one.
	Published *Published
	// Chosen is the highest chosen hint.
	Chosen paxos.Slot
	// Damage says what is damaged; empty if Open would accept the journal. Records and hints behind the first damage are left out: a
	// newer record of a slot may be among what is lost. Publications are not: each holds by itself.
	Damage string

	scanner *scanner
	records map[paxos.Slot]RecordEntry
	stopped bool
}

// Salvage reads a journal without changing it. Damage is an error unless despiteDamage is set; a journal of another node or of a
// later format always is. Close must be called.
func Salvage(dir string, o Options, despiteDamage bool) (*Salvaged, error) {
	if o.Files == nil {
		o.Files = readOnly{}
	}
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	s := &Salvaged{records: make(map[paxos.Slot]RecordEntry)}
	var damage *Corrupt
	if _, err := verify(dir, &o); errors.As(err, &damage) && despiteDamage {
		s.Damage = fmt.Sprintf("%s (%s)", damage.What, damage.Where)
	} else if err != nil {
		return nil, err
	}
	s.scanner = &scanner{dir: dir, o: &o, visit: s.take, chunk: make([]byte, fillBytes)}
	if err := s.scanner.run(); err != nil {
		return nil, errors.Join(err, s.scanner.close())
	}
	if front := s.scanner.front; front != nil {
		s.promise(front.promised)
		if s.Damage == "" {
			s.Chosen = max(s.Chosen, front.chosen)
		}
	}
	return s, nil
}

// take collects from what a scanner visits.
func (s *Salvaged) take(e Entry) error {
	inSegment := filepath.Base(e.File) != frontierName
	if e.Problem != "" && inSegment {
		s.stopped = true
	}
	if e.Frame == nil {
		return nil
	}
	s.promise(e.Frame.Promised)
	if p := e.Frame.Published; p != nil {
		s.Published = &Published{Slot: p.Slot, Generation: p.Generation, Head: p.Head}
	}
	for _, r := range e.Frame.Records {
		s.promise(r.Ballot)
		if !s.stopped {
			s.records[r.Slot] = r
		}
	}
	if !s.stopped {
		s.Chosen = max(s.Chosen, e.Frame.Chosen)
	}
	return nil
}

func (s *Salvaged) promise(b paxos.Ballot) {
	if s.Promised.Less(b) {
		s.Promised = b
	}
}

// Base is the slot of the published checkpoint, 0 without one.
func (s *Salvaged) Base() paxos.Slot {
	if s.Published == nil {
		return 0
	}
	return s.Published.Slot
}

// Last is the highest slot such that it and all between Base and it have a record.
func (s *Salvaged) Last() paxos.Slot {
	last := s.Base()
	for {
		if _, ok := s.records[last+1]; !ok {
			return last
		}
		last++
	}
}

// Above counts the slots above the given one that have a record.
func (s *Salvaged) Above(slot paxos.Slot) (n int) {
	for other := range s.records {
		if other > slot {
			n++
		}
	}
	return n
}

// Kind is that of the newest record of a slot, 0 without one.
func (s *Salvaged) Kind(slot paxos.Slot) paxos.EntryKind { return s.records[slot].Kind }

// Record reads the newest record of a slot up to Last.
func (s *Salvaged) Record(slot paxos.Slot) (paxos.Record, error) {
	r, ok := s.records[slot]
	if !ok {
		return paxos.Record{}, fmt.Errorf("storage: slot %v is not stored", slot)
	}
	payload, err := r.Payload()
	if err != nil {
		return paxos.Record{}, err
	}
	return paxos.Record{Slot: slot, Ballot: r.Ballot, Entry: paxos.Entry{Kind: r.Kind, Payload: payload}}, nil
}

// Close releases the files.
func (s *Salvaged) Close() error { return s.scanner.close() }
