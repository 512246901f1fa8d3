package storage

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// inspected is what Inspect found, in short.
type inspected struct {
	identity           *IdentityEntry
	marks              int
	records            map[paxos.Slot]string // the first bytes of each payload
	published          []paxos.Slot
	problems, notes    []string
	sequences, badSums int
}

func inspect(t *testing.T, dir string) inspected {
	t.Helper()
	found := inspected{records: make(map[paxos.Slot]string)}
	err := Inspect(dir, testKeys(), func(e Entry) error {
		line, err := json.Marshal(e)
		if err != nil || !strings.HasPrefix(string(line), "{") {
			t.Errorf("%s: %v", line, err)
		}
		switch {
		case e.Identity != nil:
			found.identity = e.Identity
		case e.Mark != nil:
			found.marks++
		case e.Frame != nil:
			found.sequences++
			if p := e.Frame.Published; p != nil {
				found.published = append(found.published, p.Slot)
			}
			for i := range e.Frame.Records {
				r := &e.Frame.Records[i]
				payload, err := r.Payload()
				if err != nil {
					found.badSums++
				}
				found.records[r.Slot] = string(payload[:min(len(payload), 4)])
			}
		}
		if e.Problem != "" {
			found.problems = append(found.problems, e.Problem)
		}
		if e.Note != "" {
			found.notes = append(found.notes, e.Note)
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// content returns all files of a data directory.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		bytes, err := os.ReadFile(path)
		files[path] = string(bytes)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestInspectTellsAllAndChangesNothing(t *testing.T) {
	eachWay(t, testInspectTellsAllAndChangesNothing)
}

func testInspectTellsAllAndChangesNothing(t *testing.T) {
	dir := survivor(t, true)
	before := content(t, dir)
	found := inspect(t, dir)
	for path, bytes := range content(t, dir) {
		if before[path] != bytes {
			t.Errorf("%s was changed", path)
		}
	}
	if found.identity == nil || found.identity.NodeID != 2 || found.identity.First == nil || len(found.identity.First.Voters) != 3 {
		t.Errorf("identity %+v", found.identity)
	}
	if found.marks != 2 || len(found.published) != 1 || found.published[0] != 20 || found.badSums != 0 {
		t.Errorf("%d marks, published %v, problems %q", found.marks, found.published, found.problems)
	}
	if found.records[37] != "3737" || found.records[21] != "2121" || found.records[1] != "" {
		t.Errorf("records %v", found.records)
	}
	// The survivor's checkpoint is in the journal alone.
	if len(found.problems) != 1 || !strings.Contains(found.problems[0], "checkpoint of slot 20") || !strings.Contains(found.problems[0], "it is missing") {
		t.Errorf("problems %q", found.problems)
	}
	if last := found.notes[len(found.notes)-1]; !strings.HasPrefix(last, "the state is not sound") {
		t.Errorf("the verdict is %q", last)
	}
}

func TestInspectGoesOnBehindDamage(t *testing.T) { eachWay(t, testInspectGoesOnBehindDamage) }

func testInspectGoesOnBehindDamage(t *testing.T) {
	dir := survivor(t, false)
	whole := inspect(t, dir)
	path := filepath.Join(dir, journalName, "00000001.seg")
	for name, c := range map[string]struct {
		change func([]byte) []byte
		lost   int // frames, at most
	}{
		"a payload":       {func(c []byte) []byte { c[30_000] ^= 1; return c }, 0},
		"a frame header":  {func(c []byte) []byte { c[4096] ^= 1; return c }, 1},
		"a description":   {func(c []byte) []byte { c[4096+41] ^= 1; return c }, 0},
		"a segment's end": {func(c []byte) []byte { clear(c[40_000:]); return c }, 8},
		"a header":        {func(c []byte) []byte { clear(c[:4096]); return c }, 0},
		"a cut file":      {func(c []byte) []byte { return c[:40_100] }, 8},
		"all of a file":   {func([]byte) []byte { return nil }, 20},
	} {
		t.Run(name, func(t *testing.T) {
			original, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			mustEdit(t, path, c.change)
			found := inspect(t, dir)
			mustEdit(t, path, func([]byte) []byte { return original })
			if found.records[37] != "3737" || found.sequences < whole.sequences-c.lost || len(found.records) < len(whole.records)-max(1, c.lost) {
				t.Errorf("%d of %d frames, %d of %d records", found.sequences, whole.sequences, len(found.records), len(whole.records))
			}
			if len(found.problems) < 2 || !strings.Contains(found.problems[len(found.problems)-1], "will not take part") {
				t.Errorf("problems %q", found.problems)
			}
		})
	}
}

func TestInspectTellsATornFrameFromDamage(t *testing.T) {
	dir := made(t)
	frontier := filepath.Join(dir, journalName, "frontier")
	s := mustOpen(t, dir, testOptions())
	marks, err := os.ReadFile(frontier)
	if err != nil {
		t.Fatal(err)
	}
	mustSave(t, s, 2)
	mustClose(t, s)
	mustEdit(t, frontier, func([]byte) []byte { return marks }) // as if the process had died before it was synced
	mustEdit(t, filepath.Join(dir, journalName, "00000001.seg"), func(c []byte) []byte { c[4096+512+45] ^= 1; return c })
	found := inspect(t, dir)
	if last := found.notes[len(found.notes)-1]; !strings.Contains(last, "torn") || len(found.problems) != 1 {
		t.Errorf("the verdict is %q, problems %q", last, found.problems)
	}
}

func TestInspectRefusesWhatIsInUseOrNoNodes(t *testing.T) {
	nothing := func(Entry) error { return nil }
	dir := made(t)
	s := mustOpen(t, dir, testOptions())
	if err := Inspect(dir, nil, nothing, nil); err == nil || !strings.Contains(err.Error(), "in use by process") {
		t.Errorf("a directory in use: %v", err)
	}
	mustClose(t, s)
	if err := Inspect(t.TempDir(), nil, nothing, nil); err == nil || !strings.Contains(err.Error(), "no data") {
		t.Errorf("an empty directory: %v", err)
	}
	stop := errors.New("enough")
	if err := Inspect(dir, nil, func(Entry) error { return stop }, nil); !errors.Is(err, stop) {
		t.Errorf("a visit that ends it: %v", err)
	}
	mustEdit(t, filepath.Join(dir, identityName), func(c []byte) []byte { c[3] ^= 1; return c })
	var damage *Corrupt
	if err := Inspect(dir, nil, nothing, nil); !errors.As(err, &damage) {
		t.Errorf("a damaged identity: %v", err)
	}
}
