package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage"
	"github.com/paxredis/paxredis/storage/journal"
)

const logUsage = `paxredis log prints what a stopped node's data directory holds: who it is, how far its journal goes, which checkpoints
were published, the records it has accepted, and its newest checkpoint, damage included. The last line is the verdict of a start. It
changes nothing, and refuses a directory that is in use. Of the newest checkpoint all records are read.

`

// runLog prints a data directory.
func runLog(args []string, std stdio) error {
	fs := newFlagSet("log", "[flags] DIR", std)
	asJSON := fs.Bool("json", false, "print JSON, an object a line")
	from := fs.Uint64("from", 0, "leave out records below this `slot`")
	payloads := fs.Bool("payloads", false, "print what is in the records of the journal and of the checkpoint, too")
	loadDataKeys := dataKeyFlag(fs)
	introduce(fs, logUsage)
	dirs, err := parseMixed(fs, args)
	if err != nil {
		return err
	}
	if len(dirs) != 1 {
		return usageErrorf("log takes one data DIR")
	}
	keys, err := loadDataKeys()
	if err != nil {
		return err
	}
	d := &logDump{from: paxos.Slot(*from), payloads: *payloads}
	print := func(e storage.Entry) error { return d.text(std.out, e) }
	record := func(r paxos.CheckpointRecord) error { return recordText(std.out, r) }
	if *asJSON {
		encoder := json.NewEncoder(std.out)
		print = func(e storage.Entry) error { return d.json(encoder, e) }
		record = func(r paxos.CheckpointRecord) error { return recordJSON(encoder, r) }
	}
	if !*payloads {
		record = nil
	}
	err = storage.Inspect(dirs[0], keys, func(e storage.Entry) error {
		if d.skips(&e) {
			return nil
		}
		return print(e)
	}, record)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	if d.problems > 0 {
		return fmt.Errorf("log: %d problems were found", d.problems)
	}
	return nil
}

// logDump prints entries. It belongs to one goroutine.
type logDump struct {
	from     paxos.Slot
	payloads bool
	problems int
}

// skips leaves out the records that were not asked for, and says whether nothing is left of the entry.
func (d *logDump) skips(e *storage.Entry) bool {
	if e.Problem != "" {
		d.problems++
		return false
	}
	f := e.Frame
	if f == nil || d.from == 0 || len(f.Records) == 0 {
		return false
	}
	kept := f.Records[:0]
	for _, r := range f.Records {
		if r.Slot >= d.from {
			kept = append(kept, r)
		}
	}
	f.Records = kept
	return len(kept) == 0 && f.Published == nil
}

// text prints an entry for people.
func (d *logDump) text(w io.Writer, e storage.Entry) error {
	var b strings.Builder
	switch {
	case e.Identity != nil:
		identityText(&b, e.Identity)
	case e.Checkpoint != nil:
		checkpointText(&b, e.Checkpoint)
	case e.Mark != nil:
		m := e.Mark
		fmt.Fprintf(&b, "mark      %-10d boot %d, frames up to %d in segment %d, slots %v to %v, promised %v, chosen %v, closed cleanly: %v\n",
			m.Number, m.Boot, m.Sequence, m.Segment, m.FirstSlot, m.LastSlot, m.Promised, m.Chosen, m.Clean)
	case e.Segment != nil:
		fmt.Fprintf(&b, "segment   %-10d %d bytes, from frame %d on  (%s)\n", e.Segment.Number, e.Segment.Bytes, e.Segment.FirstSequence, e.File)
	case e.Frame != nil:
		if err := d.frameText(&b, e.Frame); err != nil {
			return err
		}
	case e.Note != "":
		fmt.Fprintf(&b, "note      %s\n", e.Note)
	}
	if e.Problem != "" {
		fmt.Fprintf(&b, "PROBLEM   %s, byte %d: %s\n", e.File, e.Offset, e.Problem)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func identityText(b *strings.Builder, i *storage.IdentityEntry) {
	fmt.Fprintf(b, "node      %-10v UUID %s, boot %d\ncluster   %-10s %s\n", i.NodeID, i.NodeUUID, i.Boot, "", i.ClusterUUID)
	if i.DataKey != "" {
		fmt.Fprintf(b, "encrypted %-10s with data key %s\n", "", i.DataKey)
	}
	if i.Joined {
		fmt.Fprintf(b, "joined    %-10s a running cluster\n", "")
	}
	if i.First != nil {
		fmt.Fprintf(b, "began     %-10s with %s\n", "", configurationText(*i.First))
	}
	if r := i.Recovered; r != nil {
		fmt.Fprintf(b, "recovered %-10s at %v from cluster %s, up to slot %v\n", "", r.At, r.FormerClusterUUID, r.Last)
	}
	for _, id := range slices.Sorted(maps.Keys(i.Peers)) {
		fmt.Fprintf(b, "peer      %-10v UUID %s\n", id, i.Peers[id])
	}
}

func (d *logDump) frameText(b *strings.Builder, f *journal.FrameEntry) error {
	fmt.Fprintf(b, "frame     %-10d %d bytes", f.Sequence, f.Bytes)
	if f.Promised != (paxos.Ballot{}) {
		fmt.Fprintf(b, ", promised %v", f.Promised)
	}
	if f.Chosen != 0 {
		fmt.Fprintf(b, ", chosen %v", f.Chosen)
	}
	b.WriteByte('\n')
	if p := f.Published; p != nil {
		publishedText(b, p)
	}
	for i := range f.Records {
		r := &f.Records[i]
		fmt.Fprintf(b, "  slot    %-10v ballot %v, %v, %d bytes", r.Slot, r.Ballot, r.Kind, r.Bytes)
		if err := d.payloadText(b, r); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	return nil
}

// publishedText prints which checkpoint was published; none: the one before was given up.
func publishedText(b *strings.Builder, p *journal.PublishedEntry) {
	if p.Slot == 0 {
		fmt.Fprintf(b, "  checkpoint         none: the one before was given up\n")
		return
	}
	fmt.Fprintf(b, "  checkpoint %-7v in state/%d", p.Slot, p.Generation)
	if c, err := paxos.DecodeCheckpoint(p.Head); err == nil {
		fmt.Fprintf(b, ", %d records, sum %016x", c.Count, c.Sum)
	} else {
		fmt.Fprintf(b, ", its head cannot be read: %v", err)
	}
	b.WriteByte('\n')
}

// configurationText is a configuration in a line.
func configurationText(c paxos.Configuration) string {
	var parts []string
	for _, m := range c.Members() {
		role := "learner"
		if c.IsVoter(m.ID) {
			role = "voter"
		}
		if m.Replaces != 0 {
			role += fmt.Sprintf(" for %v", m.Replaces)
		}
		parts = append(parts, fmt.Sprintf("%v=%s (%s)", m.ID, m.Address, role))
	}
	return fmt.Sprintf("configuration of slot %v: %s", c.Slot, strings.Join(parts, ", "))
}
