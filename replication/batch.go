package replication

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// FormatVersion is the highest version of this package's payloads: of batches and Forwards with fragments, and of the state of a group whose
// sessions have had some. All else is written as plainFormat, which older releases read.
const (
	FormatVersion = 2
	plainFormat   = 1
)

// groupID tells the replicated groups of a process apart.
const groupID = 1

// sectionOverhead bounds the encoded bytes of a section apart from its commands.
const sectionOverhead = 96

// section is one chunk of one session, a fragment of a large command, or the opening of a session.
type section struct {
	node    paxos.NodeID
	session uuid.UUID
	// boot is set in an opening section only.
	boot uint64
	open bool
	// first is the number of the first of count commands. Both are 0 in an opening section.
	first uint64
	count uint32
	// large is the number of the large command that a fragment belongs to, 0 in every other section. Then first is 0, count is that of the whole,
	// and commands are the whole's from offset on, of total bytes.
	large         uint64
	offset, total uint64
	// voids is the number of a large command that is not to be applied any more once this section is, nor are those before it; mostly 0. A
	// fragment, or an opening section, has none.
	voids uint64
	// commands alias the payload they were decoded from, or are the origin's own.
	commands []byte
}

// last is the number of the section's last command.
func (s *section) last() uint64 { return s.first + uint64(s.count) - 1 }

func (s *section) isFragment() bool { return s.large != 0 }

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
		Format: formatOf(b.sections), Group: groupID, TimeMs: b.timeMS, Seed: b.seed, RetentionMs: b.retentionMS,
		Sections: encodeSections(b.sections),
	}).MarshalVT()
}

func encodeForwarded(sections []section) ([]byte, error) {
	return (&wire.Forwarded{Format: formatOf(sections), Group: groupID, Sections: encodeSections(sections)}).MarshalVT()
}

// formatOf is the lowest format that has what there is in the sections.
func formatOf(sections []section) uint32 {
	for i := range sections {
		if sections[i].isFragment() || sections[i].voids != 0 {
			return FormatVersion
		}
	}
	return plainFormat
}

func encodeSections(sections []section) []*wire.Section {
	values := make([]wire.Section, len(sections))
	pointers := make([]*wire.Section, len(sections))
	for i := range sections {
		s, w := &sections[i], &values[i]
		w.Node, w.Session, w.Boot, w.Open = uint32(s.node), s.session[:], s.boot, s.open
		w.First, w.Count, w.Commands = s.first, s.count, s.commands
		w.Large, w.Offset, w.Total, w.Voids = s.large, s.offset, s.total, s.voids
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
	sections, err := decodeSections(w.Sections, w.Format)
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
	return decodeSections(w.Sections, w.Format)
}

func checkHeader(format, group uint32) error {
	if format > FormatVersion {
		return fmt.Errorf("format version %d, this build knows %d: %w", format, FormatVersion, paxos.ErrNewerFormat)
	}
	if format == 0 {
		return errors.New("no format version")
	}
	if group != groupID {
		return fmt.Errorf("group %d, this is group %d", group, groupID)
	}
	return nil
}

func decodeSections(encoded []*wire.Section, format uint32) ([]section, error) {
	sections := make([]section, len(encoded))
	for i, w := range encoded {
		if err := checkSection(w, format); err != nil {
			return nil, fmt.Errorf("section %d of %d: %w", i+1, len(encoded), err)
		}
		sections[i] = section{
			node: paxos.NodeID(w.Node), session: uuid.UUID(w.Session), boot: w.Boot, open: w.Open,
			first: w.First, count: w.Count, commands: w.Commands,
			large: w.Large, offset: w.Offset, total: w.Total, voids: w.Voids,
		}
	}
	return sections, nil
}

// maxNumber keeps a section's last number from overflowing. maxLargeBytes bounds what a node keeps of a large command that is not whole: a
// command is at most 512 MiB in all its arguments, and takes some bytes more.
const (
	maxNumber     = 1 << 62
	maxLargeBytes = 1 << 30
)

func checkSection(w *wire.Section, format uint32) error {
	switch {
	case w.Node == 0:
		return errors.New("no origin")
	case len(w.Session) != len(uuid.UUID{}):
		return fmt.Errorf("session of %d bytes instead of 16", len(w.Session))
	case w.Large != 0 && (format < FormatVersion || w.Open):
		return fmt.Errorf("a fragment in format %d, or in an opening section", format)
	case w.Voids != 0 && (format < FormatVersion || w.Open || w.Large != 0 || w.Voids > maxNumber):
		return fmt.Errorf("large commands through %d void in format %d, in an opening section, or in a fragment", w.Voids, format)
	case w.Large != 0:
		return checkFragment(w)
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

func checkFragment(w *wire.Section) error {
	switch n := uint64(len(w.Commands)); {
	case w.Count == 0 || w.First != 0 || w.Large > maxNumber:
		return fmt.Errorf("a fragment of %d commands numbered from %d, of large command %d", w.Count, w.First, w.Large)
	case w.Total > maxLargeBytes || uint64(w.Count) > w.Total:
		return fmt.Errorf("a fragment of %d commands in %d bytes", w.Count, w.Total)
	case n == 0 || w.Offset >= w.Total || n > w.Total-w.Offset:
		return fmt.Errorf("a fragment of %d bytes from %d on, of %d", n, w.Offset, w.Total)
	}
	return nil
}
