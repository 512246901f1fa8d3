package replication

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// FormatVersion is the version of the payloads of batches and Forwards.
const FormatVersion = 1

// groupID tells the replicated groups of a process apart.
const groupID = 1

// sectionOverhead bounds the encoded bytes of a section apart from its commands.
const sectionOverhead = 96

// section is one chunk of one session, or the opening of a session.
type section struct {
	node    paxos.NodeID
	session uuid.UUID
	// boot is set in an opening section only.
	boot uint64
	open bool
	// first is the number of the first of count commands. Both are 0 in an opening section.
	first uint64
	count uint32
	// commands alias the payload they were decoded from, or are the origin's own.
	commands []byte
}

// last is the number of the section's last command.
func (s *section) last() uint64 { return s.first + uint64(s.count) - 1 }

// size bounds the encoded size.
func (s *section) size() int { return len(s.commands) + sectionOverhead }

// batch is what a slot holds.
type batch struct {
	timeMS      int64
	seed        uint64
	retentionMS int64
	sections    []section
}

// sectionSeed gives each section of a batch chance of its own (SplitMix64, Steele et al., "Fast Splittable
// Pseudorandom Number Generators", 2014).
func sectionSeed(seed uint64, index int) uint64 {
	z := seed + uint64(index+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func encodeBatch(b *batch) ([]byte, error) {
	return (&wire.Batch{
		Format: FormatVersion, Group: groupID, TimeMs: b.timeMS, Seed: b.seed, RetentionMs: b.retentionMS,
		Sections: encodeSections(b.sections),
	}).MarshalVT()
}

func encodeForwarded(sections []section) ([]byte, error) {
	return (&wire.Forwarded{Format: FormatVersion, Group: groupID, Sections: encodeSections(sections)}).MarshalVT()
}

func encodeSections(sections []section) []*wire.Section {
	values := make([]wire.Section, len(sections))
	pointers := make([]*wire.Section, len(sections))
	for i := range sections {
		s, w := &sections[i], &values[i]
		w.Node, w.Session, w.Boot, w.Open = uint32(s.node), s.session[:], s.boot, s.open
		w.First, w.Count, w.Commands = s.first, s.count, s.commands
		pointers[i] = w
	}
	return pointers
}

// decodeBatch reads the payload of a slot; its sections alias it. Whatever is wrong makes the whole batch undecodable.
func decodeBatch(payload []byte) (batch, error) {
	var w wire.Batch
	if err := w.UnmarshalVTUnsafe(payload); err != nil {
		return batch{}, undecodable("batch", payload, err)
	}
	if err := checkHeader(w.Format, w.Group); err != nil {
		return batch{}, err
	}
	if w.TimeMs < 0 || w.RetentionMs < 0 {
		return batch{}, fmt.Errorf("batch time %d ms or retention %d ms is negative", w.TimeMs, w.RetentionMs)
	}
	sections, err := decodeSections(w.Sections)
	return batch{timeMS: w.TimeMs, seed: w.Seed, retentionMS: w.RetentionMs, sections: sections}, err
}

// decodeForwarded reads the payload of a Forward; the sections alias it.
func decodeForwarded(payload []byte) ([]section, error) {
	var w wire.Forwarded
	if err := w.UnmarshalVTUnsafe(payload); err != nil {
		return nil, fmt.Errorf("forwarded commands of %d bytes: %w", len(payload), err)
	}
	if err := checkHeader(w.Format, w.Group); err != nil {
		return nil, err
	}
	return decodeSections(w.Sections)
}

func checkHeader(format, group uint32) error {
	if format > FormatVersion {
		return fmt.Errorf("format version %d, this build knows %d: %w", format, FormatVersion, paxos.ErrNewerFormat)
	}
	if format != FormatVersion {
		return fmt.Errorf("format version %d, this build knows %d", format, FormatVersion)
	}
	if group != groupID {
		return fmt.Errorf("group %d, this is group %d", group, groupID)
	}
	return nil
}

func decodeSections(encoded []*wire.Section) ([]section, error) {
	sections := make([]section, len(encoded))
	for i, w := range encoded {
		if err := checkSection(w); err != nil {
			return nil, fmt.Errorf("section %d of %d: %w", i+1, len(encoded), err)
		}
		sections[i] = section{
			node: paxos.NodeID(w.Node), session: uuid.UUID(w.Session), boot: w.Boot, open: w.Open,
			first: w.First, count: w.Count, commands: w.Commands,
		}
	}
	return sections, nil
}

// maxNumber keeps a section's last number from overflowing.
const maxNumber = 1 << 62

func checkSection(w *wire.Section) error {
	switch {
	case w.Node == 0:
		return errors.New("no origin")
	case len(w.Session) != len(uuid.UUID{}):
		return fmt.Errorf("session of %d bytes instead of 16", len(w.Session))
	case w.Open && (w.Boot == 0 || w.First != 0 || w.Count != 0 || len(w.Commands) != 0):
		return errors.New("an opening section has a boot number and nothing else")
	case w.Open:
		return nil
	case w.Count == 0 || w.First == 0 || w.First > maxNumber:
		return fmt.Errorf("%d commands numbered from %d", w.Count, w.First)
	case uint64(w.Count) > uint64(len(w.Commands)):
		return fmt.Errorf("%d commands in %d bytes", w.Count, len(w.Commands))
	}
	return nil
}
