package state

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"google.golang.org/protobuf/proto"

	"github.com/paxredis/paxredis/storage/internal/secret"
)

// logHeaderBytes is how long a .mem or .vlog file of Badger is at least.
const logHeaderBytes = 20

// maxTableBytes bounds what is believed of a table's footer.
const maxTableBytes = 1 << 30

// readAhead is how much of a table is read at once when it is verified.
const readAhead = 256 << 10

// prepare makes sure that badger.Open neither ends the process nor deletes what it should not, and removes files that a crash left
// empty, which it would refuse. key is that of the generation.
func prepare(dir string, key secret.Key) (err error) {
	defer reading(&err)
	if err := removeEmptyLogs(dir); err != nil {
		return err
	}
	manifest, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, fs.ErrNotExist) {
		return inconsistent("%s is missing", badger.ManifestFilename) // Badger would make an empty one and delete all tables
	}
	if err != nil {
		return err
	}
	content, _, err := badger.ReplayManifestFile(manifest, 0, badgerOptions(dir, small(), key, nil))
	if err := errors.Join(err, manifest.Close()); err != nil {
		return inconsistent("%s cannot be read: %v", badger.ManifestFilename, err)
	}
	keys, err := readRegistry(dir, key)
	if err != nil {
		return err
	}
	for id, entry := range content.Tables {
		key, err := keys.of(entry.KeyID)
		if err == nil {
			err = checkTable(table.NewFilename(id, dir), key)
		}
		if err != nil {
			return inconsistent("table %d: %v", id, err)
		}
	}
	return nil
}

func removeEmptyLogs(dir string) error {
	for _, pattern := range []string{"*.mem", "*.vlog"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, name := range names {
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			if info.Size() < logHeaderBytes {
				if err := os.Remove(name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// checkTable verifies all of a table. Of one that was cut short Badger ends the process, one whose index is damaged it leaves out, and of
// one whose blocks are damaged it gives up while goroutines of its own still open others.
//
//	blocks | index | its length, 4 bytes | checksum of the index | its length, 4 bytes
//
// key is what blocks and index are encrypted with, nil for nothing; the checksum of the index is that of what is stored.
func checkTable(path string, key []byte) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(checkFile(file, key), file.Close())
}

func checkFile(file *os.File, key []byte) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	checksum, end, err := lastSection(file, info.Size())
	if err != nil {
		return err
	}
	index, end, err := lastSection(file, end)
	if err != nil {
		return err
	}
	if err := checkSum(index, checksum); err != nil {
		return err
	}
	if index, err = decrypt(index, key); err != nil {
		return err
	}
	return checkBlocks(bufio.NewReaderSize(io.NewSectionReader(file, 0, end), readAhead), fb.GetRootAsTableIndex(index, 0), key)
}

// checkBlocks verifies the blocks that an index tells of, which is right itself; they lie one behind the other.
//
//	entries | checksum of the entries | its length, 4 bytes
func checkBlocks(r io.Reader, index *fb.TableIndex, key []byte) error {
	var (
		at     fb.BlockOffset
		block  []byte
		behind uint32 // the last one
	)
	for i := range index.OffsetsLength() {
		if !index.Offsets(&at, i) || at.Offset() != behind || at.Len() > maxTableBytes {
			return fmt.Errorf("block %d is not where it should be", i)
		}
		behind += at.Len()
		block = slices.Grow(block[:0], int(at.Len()))[:at.Len()]
		if _, err := io.ReadFull(r, block); err != nil {
			return err
		}
		content, err := decrypt(block, key)
		if err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
		checksum, entries, err := lastSection(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return err
		}
		if err := checkSum(content[:entries], checksum); err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
	}
	return nil
}

func checkSum(data, encoded []byte) error {
	var checksum pb.Checksum
	if err := proto.Unmarshal(encoded, &checksum); err != nil {
		return err
	}
	if checksum.Algo != pb.Checksum_CRC32C && checksum.Algo != pb.Checksum_XXHash64 {
		return fmt.Errorf("an unknown checksum %v", checksum.Algo)
	}
	return y.VerifyChecksum(data, &checksum)
}

// lastSection reads what ends at end with its length, and returns where it begins.
func lastSection(file io.ReaderAt, end int64) (section []byte, begin int64, err error) {
	var length [4]byte
	end -= int64(len(length))
	if end < 0 {
		return nil, 0, errors.New("the file is cut short")
	}
	if _, err := file.ReadAt(length[:], end); err != nil {
		return nil, 0, err
	}
	size := int64(binary.BigEndian.Uint32(length[:]))
	if size == 0 || size > end || size > maxTableBytes {
		return nil, 0, errors.New("the file is cut short, or its end is damaged")
	}
	section = make([]byte, size)
	_, err = file.ReadAt(section, end-size)
	return section, end - size, err
}
