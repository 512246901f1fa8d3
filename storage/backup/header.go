package backup

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/backup/internal/format"
)

// Header says what a backup is of.
type Header struct {
	// ClusterUUID is that of the cluster it was taken from.
	ClusterUUID string
	// Checkpoint describes the state that the backup leads to.
	Checkpoint paxos.Checkpoint
	// Since is the slot of the backup that this one follows, and SinceDigest the digest of its checkpoint. 0: this one is full.
	Since       paxos.Slot
	SinceDigest []byte
	// Created is when it was begun, in whole milliseconds, and Program what wrote it.
	Created time.Time
	Program string
}

// IsFull reports whether the backup needs none before it.
func (h *Header) IsFull() bool { return h.Since == 0 }

// Slot is that of the state.
func (h *Header) Slot() paxos.Slot { return h.Checkpoint.Slot }

// After makes h the header of the changes since an earlier backup. The error matches ErrForeign if there can be none.
func (h *Header) After(before *Header) error {
	if before.ClusterUUID != h.ClusterUUID {
		return fmt.Errorf("%w: the earlier backup is of cluster %s, and this is cluster %s: make a full backup", ErrForeign, before.ClusterUUID, h.ClusterUUID)
	}
	if before.Slot() >= h.Slot() {
		return fmt.Errorf("%w: the earlier backup is of slot %v, and this is slot %v: nothing has happened since", ErrForeign, before.Slot(), h.Slot())
	}
	digest, err := before.Checkpoint.Digest()
	if err != nil {
		return err
	}
	h.Since, h.SinceDigest = before.Slot(), digest
	return nil
}

// Follows returns nil if h has the changes since the backup before it, or why not: an error that matches ErrForeign.
func (h *Header) Follows(before *Header) error {
	digest, err := before.Checkpoint.Digest()
	switch {
	case err != nil:
		return err
	case h.IsFull():
		return fmt.Errorf("%w: a full backup follows another one: give the newest full one and what follows that", ErrForeign)
	case h.ClusterUUID != before.ClusterUUID:
		return fmt.Errorf("%w: it is of cluster %s, and the one before it of cluster %s", ErrForeign, h.ClusterUUID, before.ClusterUUID)
	case h.Since != before.Slot():
		return fmt.Errorf("%w: it has the changes since slot %v, and the one before it is of slot %v", ErrForeign, h.Since, before.Slot())
	case !bytes.Equal(h.SinceDigest, digest):
		return fmt.Errorf("%w: it follows another state of slot %v than the one before it has", ErrForeign, h.Since)
	}
	return nil
}

// EncodeHead is how a node describes a checkpoint to who makes a backup.
func EncodeHead(clusterUUID string, c paxos.Checkpoint) ([]byte, error) {
	encoded, err := c.Encode()
	if err != nil {
		return nil, err
	}
	return (&format.Head{ClusterUuid: clusterUUID, Checkpoint: encoded}).MarshalVT()
}

// DecodeHead reads what EncodeHead returned into a header for a full backup made now by a program of that name.
func DecodeHead(encoded []byte, now time.Time, program string) (Header, error) {
	var head format.Head
	if err := head.UnmarshalVT(encoded); err != nil {
		return Header{}, fmt.Errorf("backup: the head of a checkpoint, %d bytes: %w", len(encoded), err)
	}
	h := Header{Created: now.Truncate(time.Millisecond), Program: program}
	return h, h.setHead(&head)
}

func (h *Header) setHead(head *format.Head) (err error) {
	if h.ClusterUUID = head.ClusterUuid; h.ClusterUUID == "" {
		return errors.New("backup: the head of a checkpoint of no cluster")
	}
	h.Checkpoint, err = paxos.DecodeCheckpoint(head.Checkpoint)
	return err
}

func (h *Header) encode() ([]byte, error) {
	checkpoint, err := h.Checkpoint.Encode()
	if err != nil {
		return nil, err
	}
	return (&format.Header{
		Head: &format.Head{ClusterUuid: h.ClusterUUID, Checkpoint: checkpoint}, CreatedMs: h.Created.UnixMilli(), Program: h.Program,
		Since: uint64(h.Since), SinceDigest: h.SinceDigest,
	}).MarshalVT()
}

func decodeHeader(payload []byte) (Header, error) {
	var w format.Header
	if err := w.UnmarshalVT(payload); err != nil {
		return Header{}, err
	}
	if w.Head == nil {
		return Header{}, errors.New("a header without a head")
	}
	h := Header{
		Since: paxos.Slot(w.Since), SinceDigest: bytes.Clone(w.SinceDigest), Created: time.UnixMilli(w.CreatedMs).UTC(), Program: w.Program,
	}
	if err := h.setHead(w.Head); err != nil {
		return Header{}, err
	}
	if h.Since >= h.Slot() {
		return Header{}, fmt.Errorf("changes since slot %v up to slot %v", h.Since, h.Slot())
	}
	return h, nil
}
