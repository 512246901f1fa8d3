package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
	"github.com/paxredis/paxredis/storage"
	"github.com/paxredis/paxredis/storage/journal"
)

// What the dump of a data directory tells of what storage only keeps: the payloads of the log, and the records of the checkpoint.

// recordLine is a record of the log, for JSON.
type recordLine struct {
	journal.RecordEntry
	KindName      string               `json:"kind_name"`
	Configuration *paxos.Configuration `json:"configuration,omitempty"`
	Payload       []byte               `json:"payload,omitempty"`
	Commands      []string             `json:"commands,omitempty"`
}

// frameLine is a frame with such records.
type frameLine struct {
	journal.FrameEntry
	Records []recordLine `json:"records,omitempty"`
}

// checkpointLine is the newest checkpoint with what it holds of the group.
type checkpointLine struct {
	storage.CheckpointEntry
	Sessions      int                  `json:"sessions"`
	Configuration *paxos.Configuration `json:"configuration,omitempty"`
}

// json prints an entry as a line.
func (d *logDump) json(encoder *json.Encoder, e storage.Entry) error {
	if c := e.Checkpoint; c != nil {
		sessions, configuration, err := replication.DescribeGroup(c.Group)
		if err != nil {
			return err
		}
		line := checkpointLine{CheckpointEntry: *c, Sessions: sessions}
		if configuration.Slot != 0 {
			line.Configuration = &configuration
		}
		e.Checkpoint = nil
		return encoder.Encode(struct {
			storage.Entry
			Checkpoint checkpointLine `json:"checkpoint"`
		}{e, line})
	}
	if e.Frame == nil {
		return encoder.Encode(e)
	}
	records := make([]recordLine, len(e.Frame.Records))
	for i := range e.Frame.Records {
		var err error
		if records[i], err = d.recordLine(&e.Frame.Records[i]); err != nil {
			return err
		}
	}
	frame := *e.Frame
	frame.Records, e.Frame = nil, nil
	return encoder.Encode(struct {
		storage.Entry
		Frame frameLine `json:"frame"`
	}{e, frameLine{frame, records}})
}

func (d *logDump) recordLine(r *journal.RecordEntry) (recordLine, error) {
	line := recordLine{RecordEntry: *r, KindName: r.Kind.String()}
	if r.Kind != paxos.EntryConfiguration && !d.payloads {
		return line, nil
	}
	payload, err := r.Payload()
	if err != nil {
		return line, err
	}
	if r.Kind == paxos.EntryConfiguration {
		if c, err := paxos.DecodeConfiguration(payload); err == nil {
			c.Slot = r.Slot
			line.Configuration = &c
		}
	}
	if d.payloads {
		line.Payload, line.Commands = payload, told(r.Kind, payload)
	}
	return line, nil
}

// told is what a payload holds, a text for each thing; of one that does not decode, why not.
func told(kind paxos.EntryKind, payload []byte) []string {
	var texts []string
	var err error
	switch kind {
	case paxos.EntryBatch:
		texts, err = replication.DescribeBatch(payload, statemachine.Describe)
	case paxos.EntryCheckpoint:
		texts = make([]string, 1)
		texts[0], err = replication.DescribeMark(payload)
	case paxos.EntryNoop:
		return nil
	default:
		return []string{fmt.Sprintf("%q", payload)}
	}
	if err != nil {
		return []string{err.Error()}
	}
	return texts
}

func (d *logDump) payloadText(b *strings.Builder, r *journal.RecordEntry) error {
	line, err := d.recordLine(r)
	if err != nil {
		return err
	}
	if line.Configuration != nil {
		fmt.Fprintf(b, ": %s", configurationText(*line.Configuration))
		return nil
	}
	for _, text := range line.Commands {
		fmt.Fprintf(b, "\n    %s", text)
	}
	return nil
}

// checkpointText prints the newest checkpoint.
func checkpointText(b *strings.Builder, c *storage.CheckpointEntry) {
	fmt.Fprintf(b, "state     slot %-5v %d records, %d bytes, sum %016x, as published  (state/%d)\n", c.Slot, c.Records, c.Bytes, c.Sum, c.Generation)
	sessions, configuration, err := replication.DescribeGroup(c.Group)
	if err != nil {
		fmt.Fprintf(b, "          what it holds of the group cannot be read: %v\n", err)
		return
	}
	fmt.Fprintf(b, "          %d sessions", sessions)
	if configuration.Slot != 0 {
		fmt.Fprintf(b, ", %s", configurationText(configuration))
	}
	b.WriteByte('\n')
}

func recordText(w io.Writer, r paxos.CheckpointRecord) error {
	record := statemachine.Record(r)
	_, err := fmt.Fprintf(w, "  record  %s\n", statemachine.DescribeRecord(&record))
	return err
}

// storedLine is a record of the checkpoint, for JSON.
type storedLine struct {
	Space uint64 `json:"space"`
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
	Text  string `json:"text"`
}

// recordJSON prints a record of the checkpoint as a line.
func recordJSON(encoder *json.Encoder, r paxos.CheckpointRecord) error {
	record := statemachine.Record(r)
	return encoder.Encode(map[string]storedLine{"checkpoint_record": {r.Space, r.Key, r.Value, statemachine.DescribeRecord(&record)}})
}
