package journal

import (
	"fmt"
	"hash/crc32"
	"hash/crc64"
	"log/slog"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

// FormatVersion is the version of the files' layout that this package writes. Version 2 added publications and cuts; files of
// version 1 are those of a journal in which neither has happened yet.
const (
	FormatVersion = 2
	oldestVersion = 1
)

// The bounds of Options.SegmentBytes.
const (
	DefaultSegmentBytes = 64 << 20
	MinSegmentBytes     = 64 << 10 // header and a few frames
	MaxSegmentBytes     = 1 << 30  // zero-filling one must not take minutes
)

// DefaultCacheBytes is the default of Options.CacheBytes.
const DefaultCacheBytes = 8 << 20

// Options say whose journal it is and how large its parts are. Only the identity is required.
type Options struct {
	Cluster, Node uuid.UUID
	NodeID        paxos.NodeID
	// SegmentBytes is the size of a regular segment. Segments of other sizes stay readable.
	SegmentBytes int64
	// CacheBytes bounds the recently saved payloads that Read answers from memory.
	CacheBytes int
	// Boot is the newest boot of the identity file, which the frontier must match.
	Boot uint64
	// PowerLost says that the machine may have lost power since the journal was last written.
	PowerLost bool
	// Sealer, if not nil, encrypts the payloads of records. A journal that was made with one is read with one that opens what it has sealed.
	Sealer Sealer
	// Stepped has the journal do nothing in the background, for simulators: the next segment is made at once, and marks are synced when
	// Settle is called.
	Stepped bool
	// Files is the file system; nil means OS.
	Files  FileSystem
	Logger *slog.Logger
}

func (o *Options) setDefaults() error {
	if o.SegmentBytes == 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	if o.SegmentBytes < MinSegmentBytes || o.SegmentBytes > MaxSegmentBytes || o.SegmentBytes%blockBytes != 0 {
		return fmt.Errorf("storage: segment size %d is not a multiple of %d from %d to %d", o.SegmentBytes, blockBytes, MinSegmentBytes, MaxSegmentBytes)
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	if o.Files == nil {
		o.Files = OS{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	chainTable = crc64.MakeTable(crc64.ECMA)
)

// salt goes into every frame header's checksum, so that a frame of another journal, or one inside a payload, never passes.
func (o *Options) salt() uint32 {
	return crc32.Update(crc32.Checksum(o.Cluster[:], castagnoli), castagnoli, o.Node[:])
}

// origin is the chain value before the first frame.
func (o *Options) origin() uint64 {
	return crc64.Update(crc64.Checksum(o.Cluster[:], chainTable), chainTable, o.Node[:])
}
