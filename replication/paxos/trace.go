package paxos

import (
	"fmt"
	"strconv"
	"strings"
)

// The String methods of this file are the one-line forms of events, messages and effects that logs and transcripts
// use. Fields that are zero are left out, and payloads are cut, so that a line stays a line.

const tracedPayload = 24 // bytes of a payload that a line shows

// String is "noop", or the kind and the beginning of the payload.
func (e Entry) String() string {
	if len(e.Payload) == 0 {
		return e.Kind.String()
	}
	if len(e.Payload) > tracedPayload {
		return e.Kind.String() + " " + strconv.Quote(string(e.Payload[:tracedPayload])) + "... " + strconv.Itoa(len(e.Payload)) + " bytes"
	}
	return e.Kind.String() + " " + strconv.Quote(string(e.Payload))
}

// String is slot, ballot of acceptance and entry: `5@3.1 batch "x"`.
func (r Record) String() string {
	return r.Slot.String() + "@" + r.Ballot.String() + " " + r.Entry.String()
}

// fields builds `Name{key value, key value}`.
type fields struct {
	text  strings.Builder
	count int
}

func named(name string) *fields {
	f := &fields{}
	f.text.WriteString(name + "{")
	return f
}

func (f *fields) add(key string, value any) *fields {
	if f.count > 0 {
		f.text.WriteString(", ")
	}
	f.count++
	fmt.Fprintf(&f.text, "%s %v", key, value)
	return f
}

func (f *fields) addIf(ok bool, key string, value any) *fields {
	if !ok {
		return f
	}
	return f.add(key, value)
}

func (f *fields) String() string { return f.text.String() + "}" }

func recordsText(records []Record) string {
	texts := make([]string, len(records))
	for i := range records {
		texts[i] = records[i].String()
	}
	return "[" + strings.Join(texts, "; ") + "]"
}

func (m Prepare) String() string {
	return named("Prepare").add("ballot", m.Ballot).add("from", m.From).addIf(!m.HandOver.IsZero(), "hand-over", m.HandOver).String()
}

func (m Promise) String() string {
	f := named("Promise").add("ballot", m.Ballot).add("chosen", m.Chosen)
	f.addIf(len(m.Accepted) > 0, "accepted", recordsText(m.Accepted))
	return f.addIf(m.Parts > 1, "part", fmt.Sprintf("%d of %d", m.Part+1, m.Parts)).String()
}

func (m Reject) String() string {
	return named("Reject").add("ballot", m.Ballot).add("promised", m.Promised).String()
}

func (m Accept) String() string {
	return named("Accept").add("ballot", m.Ballot).add("slot", m.Slot).add("entry", m.Entry).add("chosen", m.Chosen).String()
}

func (m Accepted) String() string {
	return named("Accepted").add("ballot", m.Ballot).add("slot", m.Slot).String()
}

// String is the node and its slot: "2:17".
func (s SyncedThrough) String() string { return s.Node.String() + ":" + s.Slot.String() }

func (m Heartbeat) String() string {
	return named("Heartbeat").add("ballot", m.Ballot).add("chosen", m.Chosen).add("number", m.Number).
		addIf(len(m.Synced) > 0, "synced", m.Synced).String()
}

func (m HeartbeatAck) String() string {
	return named("HeartbeatAck").add("ballot", m.Ballot).add("number", m.Number).add("chosen", m.Chosen).add("synced", m.Synced).String()
}

func (m Canvass) String() string {
	return named("Canvass").add("number", m.Number).add("chosen", m.Chosen).String()
}

func (m CanvassReply) String() string {
	answer := "no"
	if m.Granted {
		answer = "yes"
	}
	return named("CanvassReply").add("number", m.Number).add("answer", answer).add("promised", m.Promised).add("chosen", m.Chosen).String()
}

func (m Learn) String() string { return named("Learn").add("from", m.From).String() }

func (m Learned) String() string {
	return named("Learned").addIf(len(m.Records) > 0, "records", recordsText(m.Records)).add("chosen", m.Chosen).String()
}

func (m ReadAsk) String() string { return named("ReadAsk").add("number", m.Number).String() }

func (m ReadSlot) String() string {
	return named("ReadSlot").add("ballot", m.Ballot).add("number", m.Number).add("slot", m.Slot).String()
}

func (m Forward) String() string {
	return named("Forward").add("bytes", len(m.Payload)).String()
}

func (m HandOver) String() string {
	return named("HandOver").add("ballot", m.Ballot).add("chosen", m.Chosen).String()
}

func (m Offer) String() string {
	return named("Offer").add("checkpoint", m.Checkpoint).add("first", m.First).add("chosen", m.Chosen).String()
}

func (m CheckpointAsk) String() string {
	return named("CheckpointAsk").add("number", m.Number).add("slot", m.Slot).addIf(len(m.Cursor) > 0, "cursor bytes", len(m.Cursor)).String()
}

func (m CheckpointPart) String() string {
	f := named("CheckpointPart").add("number", m.Number).add("slot", m.Slot).add("bytes", len(m.Data))
	return f.addIf(len(m.Next) == 0, "last", true).addIf(m.Refused != "", "refused", m.Refused).String()
}

func (m CheckpointDigest) String() string {
	return named("CheckpointDigest").add("slot", m.Slot).add("digest", fmt.Sprintf("%x", m.Digest)).String()
}

func (m Ask) String() string {
	return named("Ask").add("number", m.Number).add("bytes", len(m.Payload)).String()
}

func (m Answer) String() string {
	return named("Answer").add("number", m.Number).add("bytes", len(m.Payload)).String()
}

// String lists the ids: "voters 1 2 3, learners 4, of slot 17".
func (c Configuration) String() string {
	var text strings.Builder
	list := func(name string, members []Member) {
		text.WriteString(name)
		for i := range members {
			text.WriteString(" " + members[i].ID.String())
		}
	}
	list("voters", c.Voters)
	if len(c.Learners) > 0 {
		list(", learners", c.Learners)
	}
	return text.String() + ", of slot " + c.Slot.String()
}

func (e Compacted) String() string {
	return fmt.Sprintf("compacted: first %v, checkpoint %v", e.First, e.Checkpoint)
}

func (e Fetched) String() string {
	if e.Slot == 0 {
		return "nothing fetched"
	}
	return fmt.Sprintf("fetched checkpoint %v", e.Slot)
}

func (f Fetch) String() string { return fmt.Sprintf("fetches checkpoint %v from %v", f.Slot, f.From) }

func (e Received) String() string { return fmt.Sprintf("received from %v: %v", e.From, e.Message) }

func (Ticked) String() string { return "ticked" }

func (e Stored) String() string { return fmt.Sprintf("stored through write %d", e.Sequence) }

func (e Proposed) String() string { return "proposed " + e.Entry.String() }

func (e ReadAsked) String() string { return fmt.Sprintf("read %d asked", e.ID) }

func (e LinkUp) String() string { return "link up to " + e.Peer.String() }

func (e LinkDown) String() string { return "link down to " + e.Peer.String() }

func (e HandOverAsked) String() string {
	if e.To == 0 {
		return "hand-over asked"
	}
	return "hand-over asked to " + e.To.String()
}

// String is the receiver and the message: `->2 Learn{from 5}`.
func (e Envelope) String() string { return fmt.Sprintf("->%v %v", e.To, e.Message) }

func (r ReadReady) String() string { return fmt.Sprintf("read %d ready at slot %v", r.ID, r.Slot) }

func (s Serve) String() string {
	return fmt.Sprintf("serves slots %v to %v to %v", s.From, s.Through, s.To)
}

// String lists what is to be stored: the promise, then the records.
func (w Write) String() string {
	f := named("Write").addIf(!w.Promised.IsZero(), "promised", w.Promised)
	return f.addIf(len(w.Records) > 0, "records", recordsText(w.Records)).String()
}

// String is one line of everything a step asks for, in the order in which the driver looks at it; "nothing" without
// anything.
func (e *Effects) String() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if e.Fatal != nil {
		add("fatal: %v", e.Fatal)
	}
	for _, envelope := range e.Send {
		add("%v", envelope)
	}
	if !e.Write.IsEmpty() {
		add("#%d %v", e.Sequence, e.Write)
	}
	for _, envelope := range e.SendAfterStore {
		add("after #%d %v", e.Sequence, envelope)
	}
	for _, record := range e.Chosen {
		add("chosen %v", record)
	}
	for _, ready := range e.ReadReady {
		add("%v", ready)
	}
	for _, serve := range e.Serve {
		add("%v", serve)
	}
	if e.Fetch != nil {
		add("%v", *e.Fetch)
	}
	if e.Configuration != nil {
		add("configuration active: %v", *e.Configuration)
	}
	if e.LeaderChanged {
		add("leader changed")
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " | ")
}
