package backup

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/paxredis/paxredis/storage/backup/internal/format"
)

// Writer writes a backup. It belongs to one goroutine.
type Writer struct {
	out    io.Writer
	header Header
	count  count
	hash   hash.Hash
	room   []byte
	err    error // sticky
}

// NewWriter begins a backup. What is written is none before Close has returned nil.
func NewWriter(out io.Writer, h Header) (*Writer, error) {
	w := &Writer{out: out, header: h, hash: sha256.New()}
	payload, err := h.encode()
	if err != nil {
		return nil, fmt.Errorf("backup: header: %w", err)
	}
	if _, err := decodeHeader(payload); err != nil {
		return nil, fmt.Errorf("backup: header: %w", err)
	}
	w.write(appendStart(nil))
	w.frame(kindHeader, payload)
	return w, w.err
}

// Part adds a part that a node gave, behind which comes that of the cursor next, empty for the last one. Every record in it is
// looked at: what cannot be restored is not written. After an error the backup is of no use.
func (w *Writer) Part(data, next []byte) error {
	if w.err != nil {
		return w.err
	}
	if err := w.count.add(data, next); err != nil {
		w.err = fmt.Errorf("backup: part %d: %w", w.count.totals.Parts+1, err)
		return w.err
	}
	payload, err := (&format.Part{Data: data, Next: next}).MarshalVT()
	if err != nil {
		return fmt.Errorf("backup: part %d: %w", w.count.totals.Parts, err)
	}
	w.frame(kindPart, payload)
	return w.err
}

// Totals is what was written so far.
func (w *Writer) Totals() Totals { return w.count.totals }

// Close ends the backup, if it is whole.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if err := w.count.end(&w.header); err != nil {
		w.err = fmt.Errorf("backup: what was read is not the checkpoint of slot %v: %w", w.header.Slot(), err)
		return w.err
	}
	payload, err := w.count.totals.encode()
	if err != nil {
		return fmt.Errorf("backup: totals: %w", err)
	}
	w.frame(kindTotals, payload)
	w.frame(kindSeal, w.hash.Sum(nil))
	err, w.err = w.err, errors.New("backup: closed")
	return err
}

func (w *Writer) frame(k kind, payload []byte) {
	if w.err == nil && len(payload) > int(k.bound()) {
		w.err = fmt.Errorf("backup: a %v of %d bytes is longer than the %d of the format", k, len(payload), k.bound())
	}
	w.room = appendFrame(w.room[:0], k, payload)
	w.write(w.room)
}

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	_, _ = w.hash.Write(b) // a hash never fails to take bytes
	if _, err := w.out.Write(b); err != nil {
		w.err = fmt.Errorf("backup: cannot be written: %w", err)
	}
}
