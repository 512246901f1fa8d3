package statemachine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/paxredis/paxredis/statemachine/internal/format"
)

// stateVersion is the version of format.State. An older paxredis refuses a newer one.
const stateVersion = 3

// state is all that the log decides of the keyspace besides its records, but for the sums of the spaces.
func (ks *keyspace) state(slot uint64) *format.State {
	s := &format.State{Version: stateVersion, Slot: slot, NowMs: ks.now, Revision: ks.revision, Highest: ks.highest,
		Expired: ks.expired, ExpiredFields: ks.expiredFields, KeepDue: ks.keepDue, NewestId: ks.newestID}
	for i := range ks.databases {
		db := &ks.databases[i]
		s.Databases = append(s.Databases, &format.Database{Keys: db.keys.state(), Tombstones: db.tombstones.state(), Parts: db.parts.state()})
	}
	s.Loaded = ks.loaded.state()
	return s
}

func (s *space) state() *format.Space {
	return &format.Space{Id: s.id, Count: uint64(s.len() - s.leftovers.parts)}
}

// spacesOf are the spaces of a state: those of the first database in the order of database.spaces, then those of the next; at last that of what is loaded.
func spacesOf(s *format.State) []*format.Space {
	all := make([]*format.Space, 0, 3*Databases+1)
	for _, db := range s.Databases {
		all = append(all, db.Keys, db.Tombstones, db.Parts)
	}
	return append(all, s.Loaded)
}

// decodeState reads what Finish returned, and checks that it can be the state of a keyspace with these spaces and so many
// records.
func decodeState(encoded []byte, spaces []uint64, count uint64) (*format.State, error) {
	s := &format.State{}
	if err := s.UnmarshalVT(encoded); err != nil {
		if version := versionOf(encoded); version > stateVersion {
			return nil, checkFormat(version, stateVersion)
		}
		return nil, fmt.Errorf("its description does not decode: %w", err)
	}
	if err := checkFormat(s.Version, stateVersion); err != nil {
		return nil, err
	}
	if len(s.Databases) != Databases {
		return nil, fmt.Errorf("it has %d databases, not %d", len(s.Databases), Databases)
	}
	var ids []uint64
	var sum uint64
	for i, db := range s.Databases {
		if db.Keys == nil || db.Tombstones == nil || db.Parts == nil {
			return nil, fmt.Errorf("database %d is not described", i)
		}
	}
	if s.Loaded == nil {
		return nil, errors.New("what is loaded is not described")
	}
	for _, space := range spacesOf(s) {
		ids, sum = append(ids, space.Id), sum+space.Count
	}
	slices.Sort(ids)
	switch {
	case ids[0] == 0 || len(slices.Compact(slices.Clone(ids))) != len(ids) || ids[len(ids)-1] > s.NewestId:
		return nil, errors.New("its databases have ids of spaces that cannot be")
	case !slices.Equal(ids, spaces):
		return nil, fmt.Errorf("its databases are in the spaces %v, and its records in %v", ids, spaces)
	case sum != count:
		return nil, fmt.Errorf("its databases have %d records, and %d are said to come", sum, count)
	}
	return s, nil
}
