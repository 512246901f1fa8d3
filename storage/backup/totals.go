package backup

import (
	"fmt"

	"github.com/paxredis/paxredis/storage"
	"github.com/paxredis/paxredis/storage/backup/internal/format"
)

// Totals is what a backup has, or as much of it as was written or read so far.
type Totals struct {
	Parts, Bytes uint64 // of data, compressed
	// Records is the number of records with a value, Deleted that of records that are gone.
	Records, Deleted uint64
	// Sum is the sum of the paxos.RecordSum of the records with a value.
	Sum uint64
}

// count is Totals in the making.
type count struct {
	totals   Totals
	tally    storage.Tally
	complete bool // the last part was there
}

// add takes a part. The error says what is wrong with it.
func (c *count) add(data, next []byte) error {
	if c.complete {
		return fmt.Errorf("a part follows the last one")
	}
	if err := storage.DecodePart(data, func(p storage.PartRecord) error { return c.tally.Add(p) }); err != nil {
		return err
	}
	c.complete = len(next) == 0
	t := &c.totals
	t.Parts, t.Bytes = t.Parts+1, t.Bytes+uint64(len(data))
	t.Records, t.Deleted, t.Sum = c.tally.Count, c.tally.Deleted, c.tally.Sum
	return nil
}

// end compares the totals with what the header promises, once every part was there.
func (c *count) end(h *Header) error {
	if !c.complete {
		return fmt.Errorf("the last part is missing")
	}
	if err := c.tally.End(); err != nil {
		return err
	}
	t, head := &c.totals, &h.Checkpoint
	if h.IsFull() && (t.Records != head.Count || t.Sum != head.Sum || t.Deleted != 0) {
		return fmt.Errorf("its records, %d with sum %016x and %d deleted, are not those of its checkpoint, %d with sum %016x",
			t.Records, t.Sum, t.Deleted, head.Count, head.Sum)
	}
	return nil
}

func (t *Totals) encode() ([]byte, error) {
	return (&format.Totals{Parts: t.Parts, Bytes: t.Bytes, Records: t.Records, Deleted: t.Deleted, Sum: t.Sum}).MarshalVT()
}

func decodeTotals(payload []byte) (Totals, error) {
	var w format.Totals
	if err := w.UnmarshalVT(payload); err != nil {
		return Totals{}, err
	}
	return Totals{Parts: w.Parts, Bytes: w.Bytes, Records: w.Records, Deleted: w.Deleted, Sum: w.Sum}, nil
}
