package journal

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

const (
	markMagic     = "PAXMARK\x00"
	markSlots     = 2
	frontierBytes = markSlots * blockBytes
)

// mark says how far the journal is synced. Its layout, little-endian, in the first sector of its slot: magic 8 bytes,
// FormatVersion u32, clean u32, cluster 16, node 16, then u64 each: number, boot, firstSegment, segment, end, sequence,
// chain, promised round, promised node, lastSlot, chosen, start sequence, start chain, start appended, firstSlot; zeros; CRC u32. The
// last four are zero in version 1.
type mark struct {
	cluster, node uuid.UUID
	// number counts marks; mark n is in slot n modulo 2.
	number uint64
	// boot is the boot of the node that wrote it.
	boot uint64
	// clean: the journal was closed, and nothing was written after this mark.
	clean bool
	// firstSegment is the oldest segment that must be there, start what came before it, and firstSlot the lowest slot that is not cut.
	firstSegment uint64
	start        position
	firstSlot    paxos.Slot
	// segment and end: where the next frame goes, unless it needs another segment. segment is 0 before the first frame.
	segment uint64
	end     int64
	// sequence and chain are those of the last synced frame.
	sequence, chain uint64
	// promised and lastSlot (the highest slot saved) are there to be compared with what the journal restores.
	promised paxos.Ballot
	lastSlot paxos.Slot
	// chosen is the newest hint, which may be newer than that of the last frame.
	chosen paxos.Slot
}

// position is a place between two frames.
type position struct {
	// sequence and chain are those of the frame before it.
	sequence, chain uint64
	// appended counts the bytes of all frames before it.
	appended uint64
}

func (m *mark) encode(dst []byte) {
	le := binary.LittleEndian
	clear(dst[:blockBytes])
	copy(dst, markMagic)
	le.PutUint32(dst[versionOffset:], FormatVersion)
	if m.clean {
		le.PutUint32(dst[12:], 1)
	}
	copy(dst[16:], m.cluster[:])
	copy(dst[32:], m.node[:])
	for i, v := range [...]uint64{
		m.number, m.boot, m.firstSegment, m.segment, uint64(m.end), m.sequence, m.chain,
		uint64(m.promised.Round), uint64(m.promised.Node), uint64(m.lastSlot), uint64(m.chosen),
		m.start.sequence, m.start.chain, m.start.appended, uint64(m.firstSlot),
	} {
		le.PutUint64(dst[48+8*i:], v)
	}
	sealSector(dst)
}

func decodeMark(src []byte) (m mark, err error) {
	if err = openSector(src, markMagic, "frontier mark"); err != nil {
		return m, err
	}
	le := binary.LittleEndian
	field := func(i int) uint64 { return le.Uint64(src[48+8*i:]) }
	m = mark{
		clean: le.Uint32(src[12:]) == 1, number: field(0), boot: field(1), firstSegment: field(2), segment: field(3),
		end: int64(field(4)), sequence: field(5), chain: field(6),
		promised: paxos.Ballot{Round: paxos.Round(field(7)), Node: paxos.NodeID(field(8))},
		lastSlot: paxos.Slot(field(9)), chosen: paxos.Slot(field(10)),
		start: position{sequence: field(11), chain: field(12), appended: field(13)}, firstSlot: max(1, paxos.Slot(field(14))),
	}
	copy(m.cluster[:], src[16:])
	copy(m.node[:], src[32:])
	return m, nil
}

// frontier is the file of marks. Its methods may be called from any goroutine.
type frontier struct {
	path string

	mu      sync.Mutex
	file    File
	current mark
	block   [blockBytes]byte

	// synced is the sequence of the newest mark that is on stable storage.
	synced atomic.Uint64
}

// createFrontier makes the file with its first mark.
func createFrontier(dir string, o *Options) error {
	content := make([]byte, frontierBytes)
	first := mark{cluster: o.Cluster, node: o.Node, number: 0, boot: o.Boot, clean: true, firstSegment: 1, firstSlot: 1, chain: o.origin()}
	first.start.chain = o.origin()
	first.encode(content)
	first.number = 1
	first.encode(content[blockBytes:])
	return WriteFile(o.Files, filepath.Join(dir, frontierName), content)
}

// openFrontier reads the newest mark. Both slots are written before a journal is used, so neither is ever empty.
func openFrontier(dir string, o *Options) (*frontier, error) {
	path := filepath.Join(dir, frontierName)
	file, err := o.Files.Open(path)
	if err != nil {
		return nil, o.openError(path, "the record of how far the journal is synced", err)
	}
	f := &frontier{path: path, file: file}
	if f.current, err = readMarks(file, path, o); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	f.synced.Store(f.current.sequence)
	return f, nil
}

func readMarks(file File, path string, o *Options) (newest mark, err error) {
	content, err := o.readWhole(file, path, frontierBytes)
	if err != nil {
		return newest, err
	}
	found := false
	var broken error
	for i := range uint64(markSlots) {
		m, err := decodeMark(content[i*blockBytes : (i+1)*blockBytes])
		switch {
		case errors.Is(err, errNewerFormat):
			return newest, newerFormat(path, err)
		case err != nil:
			broken = o.corrupt(path, "%v (slot %d)", err, i)
		case m.number%markSlots != i:
			return newest, o.corrupt(path, "slot %d of the frontier holds mark %d, which belongs to the other one", i, m.number)
		case m.cluster != o.Cluster || m.node != o.Node:
			return newest, o.foreign(path, m.cluster, m.node)
		case !found || m.number > newest.number:
			newest, found = m, true
		}
	}
	if newest.start.sequence == 0 {
		newest.start.chain = o.origin() // version 1 does not say it
	}
	if broken != nil && !(found && o.PowerLost) {
		return newest, broken
	}
	if broken != nil {
		o.Logger.Warn("a frontier slot was torn when the machine went down; the other one counts", "file", path, "error", broken)
	}
	return newest, nil
}

// put writes the next mark, unsynced. After a crash of the process alone it is there; after a power failure perhaps. briefly says that the
// disk was quick just now.
func (f *frontier) put(change func(*mark), briefly bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.write(change, briefly)
}

// settle writes the next mark and syncs it. The lock is held throughout, so that no slot changes while the disk reads it.
func (f *frontier) settle(change func(*mark)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.write(change, false); err != nil {
		return err
	}
	if err := f.file.Sync(); err != nil {
		return failed("sync", f.path, 0, err)
	}
	f.synced.Store(f.current.sequence)
	return nil
}

func (f *frontier) write(change func(*mark), briefly bool) error {
	change(&f.current)
	f.current.number++
	f.current.encode(f.block[:])
	offset := int64(f.current.number%markSlots) * blockBytes
	if err := f.file.WriteCached(f.block[:], offset, briefly); err != nil {
		return failed("write", f.path, blockBytes, err)
	}
	return nil
}

// latest returns the newest mark written.
func (f *frontier) latest() mark {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current
}

// unchanged is the change of a mark that only repeats the one before it.
func unchanged(*mark) {}
