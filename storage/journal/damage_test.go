package journal

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// damagedJournal makes a journal of several segments with an oversized one among them, ends it, and returns its files.
func damagedJournal(t *testing.T, end func(testing.TB, *Journal)) (dir string, content map[string][]byte) {
	t.Helper()
	j, dir := create(t, testOptions())
	fillJournal(t, j, 15)
	save(t, j, record(16, 1, 90_000))
	for s := range 8 {
		save(t, j, record(17, 1, 10+s*700))
	}
	end(t, j)
	return dir, files(t, dir)
}

// offsets samples a file: headers and marks in every sector, the rest in every third or so.
func offsets(content []byte, acknowledged func(int) bool) []int {
	source := rand.New(rand.NewPCG(1, 2))
	var at []int
	for sector := 0; sector < len(content); sector += sectorBytes {
		if sector >= 2*blockBytes && source.IntN(3) > 0 {
			continue
		}
		for _, o := range []int{sector, sector + source.IntN(frameHeaderBytes), sector + source.IntN(sectorBytes)} {
			if o < len(content) && acknowledged(o) {
				at = append(at, o)
			}
		}
	}
	return at
}

func flipEach(t *testing.T, dir string, content map[string][]byte, acknowledged func(path string, at int) bool) {
	t.Helper()
	flips := 0
	for path, original := range content {
		for _, at := range offsets(original, func(at int) bool { return acknowledged(path, at) }) {
			changed := append([]byte(nil), original...)
			changed[at] ^= 1 << (at % 8)
			mustWrite(t, path, changed)
			refused(t, dir, testOptions(), fmt.Sprintf("byte %d of %s flipped", at, filepath.Base(path)))
			flips++
		}
		mustWrite(t, path, original)
	}
	t.Logf("%d flips refused", flips)
}

func TestD3_AFlippedByteAnywhereAfterACleanCloseIsRefused(t *testing.T) {
	dir, content := damagedJournal(t, closeJournal)
	flipEach(t, dir, content, func(string, int) bool { return true })
	closeJournal(t, open(t, dir, testOptions()))
}

func TestD3_AFlippedByteInAnyAcknowledgedFrameAfterAKillIsRefused(t *testing.T) {
	dir, content := damagedJournal(t, crash)
	m, err := readOnlyMark(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	newest := segmentPath(dir, m.segment)
	flipEach(t, dir, content, func(path string, at int) bool {
		number, isSegment := segmentNumber(filepath.Base(path))
		return !isSegment || number < m.segment || path == newest && int64(at) < m.end
	})
	closeJournal(t, open(t, dir, testOptions()))
}

// readOnlyMark reads the newest mark of a closed journal.
func readOnlyMark(t *testing.T, dir string) (mark, error) {
	t.Helper()
	o := testOptions()
	if err := o.setDefaults(); err != nil {
		return mark{}, err
	}
	f, err := openFrontier(dir, &o)
	if err != nil {
		return mark{}, err
	}
	return f.current, f.file.Close()
}

func TestD3_WhatIsMissingOrCutIsRefused(t *testing.T) {
	for name, end := range map[string]func(testing.TB, *Journal){"close": closeJournal, "crash": crash} {
		t.Run(name, func(t *testing.T) {
			dir, content := damagedJournal(t, end)
			m, err := readOnlyMark(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			for what, damage := range losses(t, dir, m) {
				damage()
				refused(t, dir, testOptions(), what)
				putBack(t, dir, content)
			}
			closeJournal(t, open(t, dir, testOptions()))
		})
	}
}

// losses are the ways to lose whole parts of a journal that holds segments 1 to m.segment.
func losses(t *testing.T, dir string, m mark) map[string]func() {
	remove := func(path string) func() {
		return func() {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	edit := func(path string, change func([]byte) []byte) func() {
		return func() { mustWrite(t, path, change(mustRead(t, path))) }
	}
	first, middle, last := segmentPath(dir, 1), segmentPath(dir, 2), segmentPath(dir, m.segment)
	frontier := filepath.Join(dir, frontierName)
	all := map[string]func(){
		"first segment missing":   remove(first),
		"middle segment missing":  remove(middle),
		"last segment missing":    remove(last),
		"frontier missing":        remove(frontier),
		"frontier empty":          edit(frontier, func([]byte) []byte { return nil }),
		"frontier zero":           edit(frontier, func(b []byte) []byte { clear(b); return b }),
		"frontier cut":            edit(frontier, func(b []byte) []byte { return b[:blockBytes] }),
		"frontier longer":         edit(frontier, func(b []byte) []byte { return append(b, 0) }),
		"frontier slots swapped":  edit(frontier, func(b []byte) []byte { return append(b[blockBytes:], b[:blockBytes]...) }),
		"segment longer":          edit(last, func(b []byte) []byte { return append(b, 0) }),
		"two segments exchanged":  func() { exchange(t, first, last) },
		"segment in two names":    func() { mustWrite(t, last, mustRead(t, first)) },
		"all segments missing":    func() { removeAll(t, dir) },
		"older frame in its end":  edit(last, func(b []byte) []byte { copy(b[m.end:], b[blockBytes:]); return b }),
		"older segment as a next": func() { mustWrite(t, segmentPath(dir, m.segment+1), mustRead(t, first)) },
	}
	for _, path := range []string{first, middle, last} {
		name := filepath.Base(path)
		all[name+" empty"] = edit(path, func([]byte) []byte { return nil })
		all[name+" zero"] = edit(path, func(b []byte) []byte { clear(b); return b })
		all[name+" without its header"] = edit(path, func(b []byte) []byte { clear(b[:blockBytes]); return b })
	}
	ends := frameEnds(t, last, m)
	for _, end := range ends[:len(ends)-1] {
		all[fmt.Sprintf("last segment zero from the frame boundary %d", end)] = edit(last, func(b []byte) []byte { clear(b[end:]); return b })
		all[fmt.Sprintf("last segment cut at the frame boundary %d", end)] = edit(last, func(b []byte) []byte { return b[:end] })
		if end == blockBytes {
			continue
		}
		all[fmt.Sprintf("a sector of a frame zero before %d", end)] = edit(last, func(b []byte) []byte { clear(b[end-sectorBytes : end]); return b })
	}
	end := frameEnds(t, first, m)[1]
	all["tail of the first segment zero"] = edit(first, func(b []byte) []byte { clear(b[end:]); return b })
	return all
}

func exchange(t *testing.T, a, b string) {
	contentA, contentB := mustRead(t, a), mustRead(t, b)
	mustWrite(t, a, contentB)
	mustWrite(t, b, contentA)
}

func removeAll(t *testing.T, dir string) {
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// frameEnds returns where the frames of a segment end, the header's end first.
func frameEnds(t *testing.T, path string, _ mark) []int64 {
	t.Helper()
	o := testOptions()
	content := mustRead(t, path)
	ends := []int64{blockBytes}
	for at := int64(blockBytes); at+frameHeaderBytes <= int64(len(content)); {
		h, err := decodeFrameHeader(content[at:at+frameHeaderBytes], o.salt())
		if err != nil {
			break
		}
		at += h.bytes()
		ends = append(ends, at)
	}
	if len(ends) < 3 {
		t.Fatalf("%s holds only %d frames", path, len(ends)-1)
	}
	return ends
}

func TestD3_AnOlderCopyIsRefusedAsFarAsItCanBeKnown(t *testing.T) {
	j, dir := create(t, testOptions())
	fillJournal(t, j, 5)
	crash(t, j)
	old := files(t, dir)
	o := testOptions()
	for o.Boot = 2; o.Boot <= 3; o.Boot++ {
		j = open(t, dir, o)
		save(t, j, record(paxos.Slot(4+o.Boot), 1, 10))
		crash(t, j)
	}
	current := files(t, dir)

	o.Boot = 3
	for _, name := range []string{filepath.Join(dir, frontierName), segmentPath(dir, 1)} {
		mustWrite(t, name, old[name])
		refused(t, dir, o, filepath.Base(name)+" from an older copy")
		mustWrite(t, name, current[name])
	}
	putBack(t, dir, old)
	refused(t, dir, o, "the journal of boot 1 with the identity of boot 3")
	putBack(t, dir, current)
	o.Boot = 2
	refused(t, dir, o, "the journal of boot 3 with the identity of boot 2")
	o.Boot = 3
	closeJournal(t, open(t, dir, o))
}

func TestAMissingSegmentIsNamed(t *testing.T) {
	dir, content := damagedJournal(t, crash)
	m, err := readOnlyMark(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []uint64{1, 2, m.segment} {
		path := segmentPath(dir, number)
		for behind := number; behind <= m.segment+1; behind++ { // and all behind it
			if err := os.RemoveAll(segmentPath(dir, behind)); err != nil {
				t.Fatal(err)
			}
		}
		o := testOptions()
		o.Boot = 1
		if _, err := Open(dir, o); err == nil || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), fmt.Sprintf("segment %d is missing", number)) || !strings.Contains(err.Error(), "member replace 2") {
			t.Errorf("segment %d missing: %v", number, err)
		}
		putBack(t, dir, content)
	}
}

func TestFilesOfAnotherNodeOrALaterFormatAreRefusedByName(t *testing.T) {
	j, dir := create(t, testOptions())
	fillJournal(t, j, 3)
	closeJournal(t, j)
	original := files(t, dir)

	other := testOptions()
	other.Boot = 1
	other.Node[0] ^= 1
	if _, err := Open(dir, other); err == nil || !strings.Contains(err.Error(), "belongs to node") {
		t.Errorf("another node's journal: %v", err)
	}
	for _, name := range []string{frontierName, "00000001" + segmentSuffix} {
		path := filepath.Join(dir, name)
		content := mustRead(t, path)
		for block := 0; block < 2*blockBytes && name == frontierName || block == 0; block += blockBytes {
			content[block+versionOffset] = FormatVersion + 1
			sealSector(content[block:])
		}
		mustWrite(t, path, content)
		o := testOptions()
		o.Boot = 1
		_, err := Open(dir, o)
		if err == nil || !strings.Contains(err.Error(), "newer format") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of a later format: %v", name, err)
		}
		putBack(t, dir, original)
	}
}

func TestAFrameInsideAPayloadIsNotTakenForALaterFrame(t *testing.T) {
	// The payload is a segment of another journal, of the same node id and cluster, aligned as frames are.
	foreign := testOptions()
	foreign.Node[3] ^= 1
	other, otherDir := create(t, foreign)
	fillJournal(t, other, 4)
	crash(t, other)
	payload := mustRead(t, segmentPath(otherDir, 1))[:30_000]

	j, dir := create(t, testOptions())
	want := fillJournal(t, j, 2)
	before := mustRead(t, filepath.Join(dir, frontierName))
	at := j.tail.end
	r := record(3, 1, 0)
	r.Entry.Payload = payload
	save(t, j, r)
	crash(t, j)
	mustWrite(t, filepath.Join(dir, frontierName), before)
	path := segmentPath(dir, 1)
	content := mustRead(t, path)
	content[at] ^= 1
	mustWrite(t, path, content)
	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	expect(t, j, want)
}
