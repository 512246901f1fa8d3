package state

import (
	"bytes"
	"encoding/binary"

	"github.com/dgraph-io/badger/v4"
)

// view is what one attempt sees of the records of some spaces.
type view struct {
	attempt uint64
	// since leaves out what that attempt saw already, if it is not 0. Deleted pieces are left out in any case; deleted records, which
	// have pieces that say so, are not.
	since uint64
	// spaces, ascending; nil for all.
	spaces []uint64
}

// scanner reads pieces in the order of their keys. It holds the database: close it.
type scanner struct {
	view
	txn    *badger.Txn
	it     *badger.Iterator
	from   []byte
	former []byte // the key before, if since is set: only the newest version of a key counts
	piece  piece
}

// scan begins to read at a key; an empty one is the first.
func (g *generation) scan(v view, from []byte) *scanner {
	s := &scanner{view: v, txn: g.db.NewTransactionAt(v.attempt, false), from: from}
	if len(from) == 0 {
		s.from = recordPrefix
	}
	s.it = s.txn.NewIterator(badger.IteratorOptions{AllVersions: v.since > 0, SinceTs: v.since, Prefix: recordPrefix})
	return s
}

func (s *scanner) close() {
	s.it.Close()
	s.txn.Discard()
}

// next returns the item of the next piece, nil after the last one. It is valid until the next call.
func (s *scanner) next() (item *badger.Item, err error) {
	defer reading(&err)
	for {
		s.advance()
		if !s.it.Valid() {
			return nil, nil
		}
		item := s.it.Item()
		if skip, over := s.elsewhere(item.Key()); over {
			return nil, nil
		} else if skip {
			continue
		}
		if s.since == 0 {
			return item, nil
		}
		if bytes.Equal(item.Key(), s.former) {
			continue
		}
		s.former = append(s.former[:0], item.Key()...)
		if !item.IsDeletedOrExpired() {
			return item, nil
		}
	}
}

func (s *scanner) advance() {
	if s.from != nil {
		s.it.Seek(s.from)
		s.from = nil
		return
	}
	s.it.Next()
}

// elsewhere reports whether a key is of a space that is not looked at. Then it sees to it that the next key is of one that is, or
// says that it is all over.
func (s *scanner) elsewhere(key []byte) (skip, over bool) {
	if s.spaces == nil || len(key) < spaceEnd {
		return false, false
	}
	space := binary.BigEndian.Uint64(key[1:])
	for len(s.spaces) > 0 && s.spaces[0] < space {
		s.spaces = s.spaces[1:]
	}
	if len(s.spaces) == 0 {
		return true, true
	}
	if s.spaces[0] == space {
		return false, false
	}
	s.from = appendSpace(nil, s.spaces[0])
	return true, false
}

// read calls emit with every piece of a view, checked. A piece is valid until emit returns.
func (g *generation) read(v view, emit func(*piece) error) error {
	s := g.scan(v, nil)
	defer s.close()
	item, err := s.next()
	for ; err == nil && item != nil; item, err = s.next() {
		if err := s.parse(item); err != nil {
			return err
		}
		if err := emit(&s.piece); err != nil {
			return err
		}
	}
	return err
}

// parse reads an item's piece into s.piece.
func (s *scanner) parse(item *badger.Item) error {
	return value(item, func(value []byte) (err error) {
		s.piece, err = parsePiece(item.Key(), item.UserMeta(), value)
		return err
	})
}

// value has f look at an item's value.
func value(item *badger.Item, f func([]byte) error) (err error) {
	defer reading(&err)
	return item.Value(f)
}

// tally reads and checks all pieces of a view.
func (g *generation) tally(v view, stop func() error) (*Tally, error) {
	t, pace := &Tally{}, newPace(g.rest)
	err := g.read(v, func(p *piece) error {
		if pace.did(len(p.content) + entryOverhead) {
			pace.pause()
		}
		if err := stop(); err != nil {
			return err
		}
		return t.add(p)
	})
	if err == nil {
		err = t.end()
	}
	pace.pause()
	return t, err
}
