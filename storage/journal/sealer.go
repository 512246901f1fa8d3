package journal

import "github.com/paxredis/paxredis/replication/paxos"

// Sealer has the payloads of records lie on disk as something else: encrypted. What is in memory, and all checksums, are not its
// concern; a frame's description is not sealed.
type Sealer interface {
	// Overhead is how many bytes longer than a payload that is which is stored of it.
	Overhead() int
	// Seal appends what is stored of r's payload to dst. One goroutine at a time calls it.
	Seal(dst []byte, r *paxos.Record) []byte
	// Open returns the payload of r, whose Payload is what is stored of it; it may change that, and return a part of it. An error says that it
	// is not what was sealed for this record. Any goroutine may call it.
	Open(r *paxos.Record) ([]byte, error)
}

// sealOverhead is how many bytes longer than a payload that is which is stored of it.
func (o *Options) sealOverhead() int {
	if o.Sealer == nil {
		return 0
	}
	return o.Sealer.Overhead()
}

// unseal has r hold its payload in place of what is stored of it.
func (o *Options) unseal(r *paxos.Record) (err error) {
	if o.Sealer != nil {
		r.Entry.Payload, err = o.Sealer.Open(r)
	}
	return err
}

// payloads returns what the frame holds behind its description: the head of a publication, and what is stored of each record's payload, which
// without a Sealer is the payload where it is. It is valid until the next call.
func (j *Journal) payloads(parts *frameParts) [][]byte {
	s := &j.scratch
	to := s.payloads[:0]
	if parts.published != nil {
		to = append(to, parts.published.Head)
	}
	if j.o.Sealer == nil {
		for _, r := range parts.records {
			to = append(to, r.Entry.Payload)
		}
	} else {
		to = j.seal(to, parts.records)
	}
	s.payloads = to
	return to
}

// seal appends the payloads, sealed in memory that is used again.
func (j *Journal) seal(to [][]byte, records []*paxos.Record) [][]byte {
	total := len(records) * j.o.Sealer.Overhead()
	for _, r := range records {
		total += len(r.Entry.Payload)
	}
	s := &j.scratch
	s.sealed = grow(s.sealed, total)
	rest := s.sealed[:0]
	for _, r := range records {
		sealed := j.o.Sealer.Seal(rest, r)
		to, rest = append(to, sealed), sealed[len(sealed):]
	}
	return to
}
