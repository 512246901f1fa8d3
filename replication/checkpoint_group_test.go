package replication

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestRefoundedGroupHasTheTimeAndNobody(t *testing.T) {
	before := groupState{
		timeMS: 1_700_000_000_123, mark: checkpointMark{timeMS: 1_700_000_000_100, number: 7},
		configuration: paxos.Configuration{Slot: 12, Base: 3, Voters: []paxos.Member{{ID: 2, Address: "b:1"}, {ID: 9, Address: "c:1"}}},
		sessions:      []NodeSession{{2, Session{ID: uuid.New(), Boot: 4, Last: 99}}},
	}
	encoded, err := before.encode()
	if err != nil {
		t.Fatal(err)
	}
	if c, err := GroupConfiguration(encoded); err != nil || c.Slot != 12 || len(c.Voters) != 2 {
		t.Errorf("configuration %+v, %v", c, err)
	}
	if encoded, err = RefoundGroup(encoded); err != nil {
		t.Fatal(err)
	}
	after, err := decodeGroupState(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if after.timeMS != before.timeMS || after.mark != before.mark {
		t.Errorf("time or marks changed: %+v", after)
	}
	if after.configuration.Slot != 0 || len(after.configuration.Members()) != 0 || len(after.sessions) != 0 {
		t.Errorf("members or sessions are left: %+v", after)
	}
	if c, err := GroupConfiguration(encoded); err != nil || c.Slot != 0 {
		t.Errorf("configuration %+v, %v", c, err)
	}
}

func TestGroupOfANewerFormatIsNotRefounded(t *testing.T) {
	newer := []byte{0x08, FormatVersion + 1, 0x10, groupID} // fields format and group
	if _, err := RefoundGroup(newer); !errors.Is(err, paxos.ErrNewerFormat) {
		t.Errorf("got %v", err)
	}
	if _, err := GroupConfiguration([]byte{0xff}); err == nil {
		t.Error("garbage was taken")
	}
}
