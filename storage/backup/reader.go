package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"github.com/paxredis/paxredis/storage/backup/internal/format"
)

// Part is a run of a backup's records.
type Part struct {
	// Data is what package storage decodes, or receives. It is valid until the next call of Reader.Next.
	Data []byte
	// Next is the cursor of the part behind it, empty in the last one.
	Next []byte
}

// Reader reads a backup and checks all of it. It belongs to one goroutine.
type Reader struct {
	in     *bufio.Reader
	hash   hash.Hash
	offset int64
	room   bytes.Buffer
	header Header
	count  count
	err    error // sticky; io.EOF once all was read and found good
}

// NewReader reads the header.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, 256<<10), hash: sha256.New()}
	if err := readStart(r); err != nil {
		return nil, err
	}
	at := r.offset
	k, payload, err := readFrame(r, at, &r.room)
	if err != nil {
		return nil, err
	}
	if k != kindHeader {
		return nil, damaged(at, "a %v is where the header should be", k)
	}
	if r.header, err = decodeHeader(payload); err != nil {
		return nil, damaged(at, "%v", err)
	}
	return r, nil
}

// Read is the file as readFrame sees it: hashed, and counted.
func (r *Reader) Read(p []byte) (n int, err error) {
	n, err = r.in.Read(p)
	_, _ = r.hash.Write(p[:n]) // a hash never fails to take bytes
	r.offset += int64(n)
	return n, err
}

// Header is the file's.
func (r *Reader) Header() Header { return r.header }

// Totals is what was read so far.
func (r *Reader) Totals() Totals { return r.count.totals }

// Offset is how many bytes of the file were read.
func (r *Reader) Offset() int64 { return r.offset }

// Next returns the next part. io.EOF says that there are no more and that the whole file is as it was written; until then
// nothing read should be trusted. Another error is the file's, or matches ErrDamaged.
func (r *Reader) Next() (Part, error) {
	if r.err != nil {
		return Part{}, r.err
	}
	at := r.offset
	k, payload, err := readFrame(r, at, &r.room)
	switch {
	case err != nil:
	case k == kindPart:
		p, err := r.part(at, payload)
		r.err = err
		return p, err
	case k == kindTotals:
		err = r.end(at, payload)
	default:
		err = damaged(at, "a %v is where a part should be", k)
	}
	r.err = err
	return Part{}, err
}

func (r *Reader) part(at int64, payload []byte) (Part, error) {
	var w format.Part
	if err := w.UnmarshalVT(payload); err != nil {
		return Part{}, damaged(at, "part: %v", err)
	}
	if err := r.count.add(w.Data, w.Next); err != nil {
		return Part{}, damaged(at, "%v", err)
	}
	return Part{Data: w.Data, Next: w.Next}, nil
}

// end checks what is behind the last part, and returns io.EOF if it is good.
func (r *Reader) end(at int64, payload []byte) error {
	totals, err := decodeTotals(payload)
	if err != nil {
		return damaged(at, "totals: %v", err)
	}
	if totals != r.count.totals {
		return damaged(at, "the totals %+v are not those of its parts, %+v", totals, r.count.totals)
	}
	if err := r.count.end(&r.header); err != nil {
		return damaged(at, "%v", err)
	}
	at = r.offset
	sum := r.hash.Sum(nil)
	k, payload, err := readFrame(r, at, &r.room)
	switch {
	case err != nil:
		return err
	case k != kindSeal || !bytes.Equal(payload, sum):
		return damaged(at, "the seal is not that of the file")
	}
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		if err == nil {
			return damaged(r.offset, "something follows the seal")
		}
		return err
	}
	return io.EOF
}
