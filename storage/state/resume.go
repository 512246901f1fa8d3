package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"

	"github.com/paxredis/paxredis/storage/journal"
)

const (
	receptionName   = "receiving"
	receptionFormat = 1
	// sealedReceptionFormat is that of an encrypted one: this byte, and then the whole of one of receptionFormat, sealed.
	sealedReceptionFormat = 2
)

// writeReception writes down, durably, up to where what was received of a checkpoint is on stable storage:
//
//	format (1 byte) | generation (8) | length of the cursor (4) | cursor | head | XXH64 of all that (8)
func (c *Checkpoints) writeReception() error {
	r := c.reception
	if r.complete {
		return nil // the last cursor written down is as good, and an empty one would be the first
	}
	content := binary.BigEndian.AppendUint64([]byte{receptionFormat}, r.number)
	content = binary.BigEndian.AppendUint32(content, uint32(len(r.durable)))
	content = append(append(content, r.durable...), r.head...)
	content = binary.BigEndian.AppendUint64(content, xxhash.Sum64(content))
	if key := c.o.Key; !key.IsZero() { // the cursor is a key of a user's, and the head has to do with the data, too
		sealed, err := key.Seal(content, []byte(receptionName))
		if err != nil {
			return err
		}
		content = append([]byte{sealedReceptionFormat}, sealed...)
	}
	return journal.WriteFile(journal.OS{}, c.receptionFile(), content)
}

// findReception finds a reception that an earlier process began, unless it was completed.
func (c *Checkpoints) findReception(published uint64) error {
	content, err := os.ReadFile(c.receptionFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("storage: cannot read up to where a checkpoint was received: %w", err)
	}
	r, ok := parseReception(c.o.openReception(content))
	if ok && r.number != published {
		if info, err := os.Stat(filepath.Join(c.generationDirectory(r.number), "MANIFEST")); err == nil && info.Mode().IsRegular() {
			c.reception = r
			return nil
		}
	}
	return c.removeReceptionFile()
}

// openReception decrypts the file of a reception. Of what is not as it was written, or not encrypted although all else is, nothing is returned.
func (o *Options) openReception(content []byte) []byte {
	if o.Key.IsZero() {
		return content
	}
	if len(content) == 0 || content[0] != sealedReceptionFormat {
		return nil
	}
	opened, err := o.Key.Open(content[1:], []byte(receptionName))
	if err != nil {
		return nil
	}
	return opened
}

func parseReception(content []byte) (r *reception, ok bool) {
	const lead = 1 + 8 + 4
	end := len(content) - checksum64
	if end < lead || content[0] != receptionFormat || binary.BigEndian.Uint64(content[end:]) != xxhash.Sum64(content[:end]) {
		return nil, false
	}
	size := int(binary.BigEndian.Uint32(content[9:]))
	if size > end-lead {
		return nil, false
	}
	cursor := content[lead : lead+size : lead+size]
	return &reception{
		number: binary.BigEndian.Uint64(content[1:]), cursor: cursor, durable: cursor, head: content[lead+size : end], attempt: 1,
	}, true
}
