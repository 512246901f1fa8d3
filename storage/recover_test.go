package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
)

var recoveryTime = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// recoverOptions read the configuration of a checkpoint from its group state, where the survivor's test puts it.
func recoverOptions() RecoverOptions {
	return RecoverOptions{
		SegmentBytes: 64 << 10, DataKeys: testKeys(), stateless: true, Now: func() time.Time { return recoveryTime },
		Configuration: func(c paxos.Checkpoint) (paxos.Configuration, error) { return paxos.DecodeConfiguration(c.Group) },
	}
}

func members(ids ...paxos.NodeID) (all []paxos.Member) {
	for _, id := range ids {
		all = append(all, paxos.Member{ID: id, Address: fmt.Sprintf("host%d:1", id)})
	}
	return all
}

func configurationAt(t testing.TB, slot paxos.Slot, c paxos.Configuration) paxos.Write {
	t.Helper()
	payload, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w := write(slot, "")
	w.Records[0].Entry = paxos.Entry{Kind: paxos.EntryConfiguration, Payload: payload}
	return w
}

// survivor makes the directory of node 2: a checkpoint at slot 20 with the configuration of slot 10, records up to slot 30 and from 35
// to 37, hints up to 25, and a configuration in slot 22 that counts and one in slot 24 that is void. The promise is of round 7.
func survivor(t testing.TB, checkpoint bool) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	o := testOptions()
	o.Configuration = paxos.Configuration{Voters: members(1, 2, 3)}
	s := mustOpen(t, dir, o)
	defer mustClose(t, s)
	var writes []paxos.Write
	for slot := paxos.Slot(1); slot <= 37; slot++ {
		switch {
		case slot == 10:
			writes = append(writes, configurationAt(t, slot, paxos.Configuration{Base: 0, Voters: members(1, 2, 4)}))
		case slot == 22:
			writes = append(writes, configurationAt(t, slot, paxos.Configuration{Base: 10, Voters: members(1, 2, 5), HighestID: 8}))
		case slot == 24:
			writes = append(writes, configurationAt(t, slot, paxos.Configuration{Base: 10, Voters: members(1, 2, 6)}))
		case slot <= 30 || slot >= 35:
			writes = append(writes, write(slot, strings.Repeat(slot.String(), 4000)))
		}
	}
	for _, w := range writes {
		if err := s.Save([]paxos.Write{w}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Save([]paxos.Write{{Promised: paxos.Ballot{Round: 7, Node: 3}, Chosen: 25}}); err != nil {
		t.Fatal(err)
	}
	if !checkpoint {
		return dir
	}
	group, err := (&paxos.Configuration{Slot: 10, Voters: members(1, 2, 4)}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	head, err := (&paxos.Checkpoint{Slot: 20, Count: 3, Group: group}).Encode()
	if err == nil {
		err = (&ledger{journal: s.journal, encryption: &s.encryption}).Publish(journal.Published{Slot: 20, Generation: 4, Head: head})
	}
	if err == nil {
		_, err = s.Cut(21)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRecoverMakesAClusterOfTheSurvivor(t *testing.T) {
	eachWay(t, testRecoverMakesAClusterOfTheSurvivor)
}

func testRecoverMakesAClusterOfTheSurvivor(t *testing.T) {
	for _, checkpoint := range []bool{true, false} {
		dir := survivor(t, checkpoint)
		before, _, err := ReadIdentity(dir)
		if err != nil {
			t.Fatal(err)
		}
		report, err := Recover(dir, recoverOptions())
		if err != nil {
			t.Fatal(err)
		}
		want := RecoverReport{
			At: recoveryTime, NodeID: 2, ClusterUUID: report.ClusterUUID, NodeUUID: report.NodeUUID,
			FormerClusterUUID: before.ClusterUUID, FormerNodeUUID: before.NodeUUID,
			KnownChosen: 25, Last: 30, LeftBehind: 3, Configuration: 31,
			FormerJournal: filepath.Join(dir, formerJournalName), FormerIdentity: filepath.Join(dir, formerIdentityName),
		}
		if checkpoint {
			want.Checkpoint = 20
		}
		if report != want || uuid.Validate(report.ClusterUUID) != nil || report.ClusterUUID == before.ClusterUUID || report.NodeUUID == before.NodeUUID {
			t.Errorf("report %+v\n  want %+v", report, want)
		}
		checkRecovered(t, dir, report)
	}
}

// checkRecovered opens a recovered survivor.
func checkRecovered(t *testing.T, dir string, report RecoverReport) {
	t.Helper()
	s := mustOpen(t, dir, Options{SegmentBytes: 64 << 10, DataKeys: testKeys()})
	defer mustClose(t, s)
	id := s.Identity()
	if id.ClusterUUID != report.ClusterUUID || id.NodeUUID != report.NodeUUID || id.NodeID != 2 || id.Boot != 2 {
		t.Errorf("identity %+v", id)
	}
	self := paxos.Member{ID: 2, UUID: report.NodeUUID, Address: "host2:1"}
	first, ok := s.FirstConfiguration()
	if want := (paxos.Configuration{Voters: []paxos.Member{self}, HighestID: 8}); !ok || !reflect.DeepEqual(first, want) {
		t.Errorf("first configuration %+v", first)
	}
	r := s.Restored()
	if r.Chosen != 31 || r.Checkpoint != report.Checkpoint || r.First != report.Checkpoint+1 || len(r.Records) != 0 || r.Promised != (paxos.Ballot{Round: 8, Node: 2}) {
		t.Errorf("restored %+v", r)
	}
	records, err := s.Read(r.First, 31, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records[:len(records)-1] {
		if slot := record.Slot; slot != 10 && slot != 22 && slot != 24 && string(record.Entry.Payload) != strings.Repeat(slot.String(), 4000) {
			t.Errorf("slot %v is not what it was", slot)
		}
	}
	last := records[len(records)-1]
	c, err := paxos.DecodeConfiguration(last.Entry.Payload)
	want := paxos.Configuration{Slot: 31, Base: 22, Voters: []paxos.Member{self}, HighestID: 8}
	if err != nil || last.Entry.Kind != paxos.EntryConfiguration || last.Ballot != r.Promised || !reflect.DeepEqual(c, want) {
		t.Errorf("the last record is %+v of %v: %v", c, last.Ballot, err)
	}
	if p, ok := s.journal.Published(); ok != (report.Checkpoint > 0) || p.Slot != report.Checkpoint || ok && p.Generation != 4 {
		t.Errorf("published %+v", p)
	}
}

func TestRecoverThatIsInterruptedAnywhereLeavesTheOldOrTheNew(t *testing.T) {
	eachWay(t, testRecoverThatIsInterruptedAnywhereLeavesTheOldOrTheNew)
}

func testRecoverThatIsInterruptedAnywhereLeavesTheOldOrTheNew(t *testing.T) {
	was, became := 0, 0
	for steps := 0; ; steps++ {
		dir := survivor(t, true)
		o := recoverOptions()
		var left atomic.Int64
		o.files = stopping{left: &left}
		left.Store(int64(steps))
		report, err := Recover(dir, o)
		if err != nil && !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
		f, loadErr := loadIdentity(dir, 0)
		if loadErr != nil {
			t.Fatal(loadErr)
		}
		if f.Recovery == nil {
			was++
			old := mustOpen(t, dir, testOptions())
			if r := old.Restored(); r.Chosen != 25 || r.Checkpoint != 20 || exists(filepath.Join(dir, newJournalName)) {
				t.Errorf("%d steps: restored %+v", steps, r)
			}
			mustClose(t, old)
			if _, err := Recover(dir, recoverOptions()); err != nil {
				t.Errorf("%d steps, and again: %v", steps, err)
			}
			continue
		}
		became++
		if err != nil && steps%2 == 0 { // Recover once more finishes it, as does Open
			if report, err = Recover(dir, recoverOptions()); err != nil && !exists(filepath.Join(dir, formerJournalName)) {
				t.Error(err)
			}
		}
		checkRecovered(t, dir, f.Recovery.Report)
		if err == nil && report == f.Recovery.Report && steps%2 == 1 {
			break
		}
	}
	if was < 5 || became < 4 {
		t.Errorf("%d interruptions left the old directory, %d the new one", was, became)
	}
}

func TestRecoverFromDamageOnlyIfAsked(t *testing.T) { eachWay(t, testRecoverFromDamageOnlyIfAsked) }

func testRecoverFromDamageOnlyIfAsked(t *testing.T) {
	dir := survivor(t, false)
	path := filepath.Join(dir, journalName, "00000001.seg")
	mustEdit(t, path, func(c []byte) []byte { c[30_000] ^= 1; return c })
	var damage *Corrupt
	if _, err := Recover(dir, recoverOptions()); !errors.As(err, &damage) {
		t.Fatalf("a damaged journal: %v", err)
	}
	o := recoverOptions()
	o.DespiteDamage = true
	report, err := Recover(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(report.Damage, "00000001.seg") || report.Last >= 22 || report.Last < 3 || report.KnownChosen != 0 {
		t.Errorf("report %+v", report)
	}
	s := mustOpen(t, dir, Options{SegmentBytes: 64 << 10, DataKeys: testKeys()})
	defer mustClose(t, s)
	if r := s.Restored(); r.Chosen != report.Last+1 {
		t.Errorf("chosen %v", r.Chosen)
	}
}

func TestRecoverTakesACheckpointFromBehindTheDamage(t *testing.T) {
	dir := survivor(t, true)
	segments, err := filepath.Glob(filepath.Join(dir, journalName, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	mustEdit(t, segments[0], func(c []byte) []byte { c[4096+600] ^= 1; return c }) // the first frame
	o := recoverOptions()
	o.DespiteDamage = true
	report, err := Recover(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if report.Checkpoint != 20 || report.Last != 20 || report.Damage == "" {
		t.Errorf("report %+v", report)
	}
}

func TestRecoverRefusesWhatHoldsNoState(t *testing.T) {
	discarded := survivor(t, true)
	s := mustOpen(t, discarded, testOptions())
	if err := s.journal.Publish(journal.Published{Head: []byte("damaged")}); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	twice := survivor(t, false)
	if _, err := Recover(twice, recoverOptions()); err != nil {
		t.Fatal(err)
	}
	unread := recoverOptions()
	unread.Configuration = nil
	held := survivor(t, false)
	holder := mustOpen(t, held, testOptions())
	defer mustClose(t, holder)
	for _, c := range []struct {
		dir  string
		o    RecoverOptions
		want string
	}{
		{discarded, recoverOptions(), "the state is not here"},
		{twice, recoverOptions(), formerJournalName},
		{t.TempDir(), recoverOptions(), "nothing to recover"},
		{filepath.Join(t.TempDir(), "none"), recoverOptions(), "cannot use the data directory"},
		{survivor(t, true), unread, "checkpoint of slot 20"},
		{held, recoverOptions(), fmt.Sprintf("process %d", os.Getpid())},
	} {
		if _, err := Recover(c.dir, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q, got: %v", c.want, err)
		}
	}
}

func TestTheStateOfARecoveredNodeIsThatOfItsCheckpoint(t *testing.T) {
	eachWay(t, testTheStateOfARecoveredNodeIsThatOfItsCheckpoint)
}

func testTheStateOfARecoveredNodeIsThatOfItsCheckpoint(t *testing.T) {
	dir := made(t)
	s := mustOpen(t, dir, testOptions())
	mustSave(t, s, 2)
	key, value := []byte("key"), []byte("value")
	group, err := (&paxos.Configuration{Slot: 1, Voters: members(1, 2, 3)}).Encode()
	if err == nil {
		err = s.WriteCheckpoint(2, []paxos.CheckpointRecord{{Space: 1, Key: key, Value: value}})
	}
	if err == nil {
		err = s.PublishCheckpoint(paxos.Checkpoint{Slot: 2, Count: 1, Sum: paxos.RecordSum(1, key, value), Spaces: []uint64{1}, Group: group})
	}
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	o := recoverOptions()
	o.stateless, o.DespiteDamage = false, true
	refuseDamagedState(t, dir, o)
	report, err := Recover(dir, o)
	if err != nil || report.Checkpoint != 2 || report.Configuration != 3 {
		t.Fatalf("report %+v: %v", report, err)
	}
	s = mustOpen(t, dir, Options{SegmentBytes: 64 << 10, DataKeys: testKeys()})
	defer mustClose(t, s)
	next, done, err := s.LoadCheckpoint()
	if err != nil {
		t.Fatal(err)
	}
	record, ok, err := next()
	if !ok || err != nil || string(record.Key) != "key" || string(record.Value) != "value" {
		t.Errorf("the state holds %+v: %v", record, err)
	}
	if err := done(); err != nil {
		t.Error(err)
	}
}

// refuseDamagedState: a state that cannot be restored is found out before anything is changed, whatever is done about the journal.
func refuseDamagedState(t *testing.T, dir string, o RecoverOptions) {
	t.Helper()
	whole := filepath.Join(dir, stateName, "1")
	for name, damage := range map[string]func(dir string) error{
		"no generation": os.RemoveAll,
		"no table": func(dir string) error {
			tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
			for _, table := range tables {
				err = errors.Join(err, os.Remove(table))
			}
			return err
		},
	} {
		if err := errors.Join(os.CopyFS(whole+".kept", os.DirFS(whole)), damage(whole)); err != nil {
			t.Fatal(err)
		}
		_, err := Recover(dir, o)
		if !errors.Is(err, paxos.ErrDamagedCheckpoint) || !strings.Contains(err.Error(), "nothing was changed") || !strings.Contains(err.Error(), whole) {
			t.Errorf("%s: %v", name, err)
		}
		if exists(filepath.Join(dir, newJournalName)) || exists(filepath.Join(dir, formerIdentityName)) {
			t.Errorf("%s: something was changed", name)
		}
		if err := errors.Join(os.RemoveAll(whole), os.Rename(whole+".kept", whole)); err != nil {
			t.Fatal(err)
		}
	}
}
