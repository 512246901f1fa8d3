package storage

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/secret"
)

// What is stored of a payload:
//
//	series (16 bytes) | number (8, big-endian) | AES-256-GCM of the payload, which is as long, and its tag (16)
//
// Each open of a directory begins a series, with a key of its own that is derived from the directory's and the random name of the series, and
// numbers what it seals from 1 on: that is the nonce. So none is ever used twice, in a directory that was put back from a copy neither, and however much is
// written there is no need to change keys. The additional data are slot, ballot and kind: what was sealed for one record is no other's.
const (
	seriesBytes     = 16
	sealPrefixBytes = seriesBytes + 8
	nonceBytes      = 12
	tagBytes        = 16
	recordDataBytes = 8 + 8 + 8 + 1
)

// errShortPayload is the error of what is too short to have been sealed.
var errShortPayload = errors.New("it is too short to be encrypted")

// recordSealer seals the payloads of records. It implements journal.Sealer.
type recordSealer struct {
	key    secret.Key
	series [seriesBytes]byte
	own    cipher.AEAD
	number uint64 // of what was sealed last
	// Of the record that is being sealed: what is given to a cipher leaves the stack.
	nonce [nonceBytes]byte
	data  [recordDataBytes]byte

	mu    sync.Mutex
	other sealSeries // the one before that something was read of
}

// sealSeries is a series with its cipher.
type sealSeries struct {
	name [seriesBytes]byte
	aead cipher.AEAD
}

// newRecordSealer begins a series.
func newRecordSealer(directory secret.Key) (*recordSealer, error) {
	key, err := directory.Derive("journal payloads", nil)
	if err != nil {
		return nil, err
	}
	s := &recordSealer{key: key}
	rand.Read(s.series[:]) // never fails: crypto/rand stops the process instead
	s.own, err = s.cipherOf(s.series)
	return s, err
}

func (s *recordSealer) cipherOf(series [seriesBytes]byte) (cipher.AEAD, error) {
	key, err := s.key.Derive("series", series[:])
	if err != nil {
		return nil, err
	}
	return key.AEAD()
}

// Overhead implements journal.Sealer.
func (s *recordSealer) Overhead() int { return sealPrefixBytes + tagBytes }

// Seal implements journal.Sealer.
func (s *recordSealer) Seal(dst []byte, r *paxos.Record) []byte {
	s.number++
	s.nonce = sealNonce(s.number)
	dst = append(append(dst, s.series[:]...), s.nonce[nonceBytes-8:]...)
	return s.own.Seal(dst, s.nonce[:], r.Entry.Payload, appendRecordData(s.data[:0], r))
}

// Open implements journal.Sealer.
func (s *recordSealer) Open(r *paxos.Record) ([]byte, error) {
	stored := r.Entry.Payload
	if len(stored) < sealPrefixBytes+tagBytes {
		return nil, errShortPayload
	}
	aead, err := s.find([seriesBytes]byte(stored))
	if err != nil {
		return nil, err
	}
	nonce := sealNonce(binary.BigEndian.Uint64(stored[seriesBytes:]))
	content := stored[sealPrefixBytes:]
	var data [recordDataBytes]byte
	payload, err := aead.Open(content[:0], nonce[:], content, appendRecordData(data[:0], r))
	if err != nil {
		return nil, secret.ErrOpen
	}
	return payload, nil
}

// find returns the cipher of a series.
func (s *recordSealer) find(series [seriesBytes]byte) (cipher.AEAD, error) {
	if series == s.series {
		return s.own, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.other.aead == nil || s.other.name != series {
		aead, err := s.cipherOf(series)
		if err != nil {
			return nil, err
		}
		s.other = sealSeries{series, aead}
	}
	return s.other.aead, nil
}

func sealNonce(number uint64) (nonce [nonceBytes]byte) {
	binary.BigEndian.PutUint64(nonce[nonceBytes-8:], number)
	return nonce
}

// appendRecordData appends what a payload belongs to.
func appendRecordData(dst []byte, r *paxos.Record) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Slot))
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Ballot.Round))
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Ballot.Node))
	return append(dst, byte(r.Entry.Kind))
}
