package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/race"
)

// unacknowledged makes a journal whose last frame was written but never marked, as a crash during its sync leaves it. It returns the
// acknowledged records, the last one, and where its frame lies.
func unacknowledged(t *testing.T, o Options, payloadBytes int) (dir string, acknowledged []paxos.Record, last paxos.Record, frame extent) {
	t.Helper()
	j, dir := create(t, o)
	acknowledged = fillJournal(t, j, 5)
	frontier := filepath.Join(dir, frontierName)
	before := mustRead(t, frontier)
	last = record(6, 1, payloadBytes)
	save(t, j, last)
	frame = extent{j.tail.segment, j.index.get(6).offset(), j.tail.end}
	if frame.from == blockBytes {
		frame.from = 0
	}
	crash(t, j)
	mustWrite(t, frontier, before)
	return dir, acknowledged, last, frame
}

// A frame that is sealed is torn as any other: what of it is there is not taken for one that somebody has changed.
func TestD3_ATornLastFrameIsDroppedWhereverItIsTorn(t *testing.T) {
	if race.Enabled {
		t.Skip("one goroutine: it runs without the race detector")
	}
	for name, o := range map[string]Options{"plain": testOptions(), "sealed": sealedOptions()} {
		t.Run(name, func(t *testing.T) { testTornLastFrame(t, o) })
	}
}

func testTornLastFrame(t *testing.T, o Options) {
	dir, acknowledged, last, frame := unacknowledged(t, o, 700)
	whole := files(t, dir)
	path := segmentPath(dir, frame.segment)
	tear := map[string]func(content []byte, at int64) []byte{
		"zero from":  func(c []byte, at int64) []byte { clear(c[at:]); return c },
		"zero up to": func(c []byte, at int64) []byte { clear(c[frame.from:at]); return c },
		"garble from": func(c []byte, at int64) []byte {
			for i := at; i < frame.to; i++ {
				c[i] ^= 0x5a
			}
			return c
		},
		"flip at": func(c []byte, at int64) []byte { c[at] ^= 4; return c },
		"cut at":  func(c []byte, at int64) []byte { return c[:at] },
	}
	for how, change := range tear {
		for at := frame.from; at < frame.to; at += 7 {
			content := append([]byte(nil), whole[path]...)
			changed := change(content, at)
			mustWrite(t, path, changed)
			j := open(t, dir, o)
			want := acknowledged
			if j.index.last == 6 { // what was torn off was zero before: the frame is whole
				want = append(want[:len(want):len(want)], last)
			}
			expect(t, j, want)
			// Something else goes into its place, and it is as good as new.
			other := record(paxos.Slot(len(want)+1), 9, 300)
			save(t, j, other)
			closeJournal(t, j)
			if at%5 == 0 {
				j = open(t, dir, o)
				expect(t, j, append(want[:len(want):len(want)], other))
				closeJournal(t, j)
			}
			if t.Failed() {
				t.Fatalf("%s %d", how, at)
			}
			putBack(t, dir, whole)
		}
	}
}

func TestD3_ATornFirstFrameOfASegmentIsDroppedWithItsHeader(t *testing.T) {
	dir, acknowledged, _, frame := unacknowledged(t, testOptions(), 50_000)
	if frame.from != 0 || frame.segment != 2 {
		t.Fatalf("the last frame is at %+v, not at the begin of a segment", frame)
	}
	path := segmentPath(dir, frame.segment)
	// The next segment is made once this one has a synced frame, which it has not.
	if err := os.RemoveAll(segmentPath(dir, frame.segment+1)); err != nil {
		t.Fatal(err)
	}
	whole := files(t, dir)
	for at := int64(0); at < frame.to-sectorBytes; at += 997 {
		for _, from := range []bool{true, false} {
			content := append([]byte(nil), whole[path]...)
			if from {
				clear(content[at:])
			} else {
				clear(content[:at+1])
			}
			mustWrite(t, path, content)
			j := open(t, dir, testOptions())
			expect(t, j, acknowledged)
			save(t, j, record(6, 2, 40_000))
			crash(t, j)
			j = open(t, dir, testOptions())
			expect(t, j, append(acknowledged[:5:5], record(6, 2, 40_000)))
			closeJournal(t, j)
			putBack(t, dir, whole)
		}
	}
	mustWrite(t, segmentPath(dir, frame.segment+1), make([]byte, MinSegmentBytes))
	for _, at := range []int64{0, 20, blockBytes, blockBytes + 20, frame.to - sectorBytes} {
		content := append([]byte(nil), whole[path]...)
		clear(content[at:])
		mustWrite(t, path, content)
		refused(t, dir, testOptions(), "the segment behind the torn one exists")
	}
}

func TestWholeFramesBehindTheMarkAreKeptAndSyncedAgain(t *testing.T) {
	dir, acknowledged, last, frame := unacknowledged(t, testOptions(), 3000)
	fs := new(faulty)
	synced := false
	fs.set(func(op, name string) error {
		if op == "sync" && name == segmentPath(dir, frame.segment) {
			synced = true
		}
		return nil
	})
	o := testOptions()
	o.Files = fs
	j := open(t, dir, o)
	defer closeJournal(t, j)
	expect(t, j, append(acknowledged, last))
	if !synced {
		t.Error("a frame whose sync may have failed is restored without a sync")
	}
}

func TestD3_ATornFrameIsRefusedWhenSomethingWasWrittenBehindIt(t *testing.T) {
	// Two frames behind the mark: the first of them was acknowledged, since the second was written.
	j, dir := create(t, testOptions())
	fillJournal(t, j, 3)
	frontier := filepath.Join(dir, frontierName)
	before := mustRead(t, frontier)
	at := j.tail.end
	save(t, j, record(4, 1, 700))
	save(t, j, record(5, 1, 700))
	crash(t, j)
	mustWrite(t, frontier, before)
	path := segmentPath(dir, 1)
	original := mustRead(t, path)
	for offset := at; offset < at+1024; offset += 31 {
		content := append([]byte(nil), original...)
		content[offset] ^= 1
		mustWrite(t, path, content)
		refused(t, dir, testOptions(), fmt.Sprintf("byte %d flipped", offset))
	}
}

func TestD3_BytesBehindATornFrameOfKnownLengthAreRefused(t *testing.T) {
	dir, _, _, frame := unacknowledged(t, testOptions(), 3000)
	path := segmentPath(dir, frame.segment)
	content := mustRead(t, path)
	content[frame.from+1000] ^= 1
	content[frame.to+5000] = 1
	mustWrite(t, path, content)
	refused(t, dir, testOptions(), "a torn frame with bytes behind it")
}

func TestAFrontierSlotMayBeTornOnlyByAPowerFailure(t *testing.T) {
	j, dir := create(t, testOptions())
	want := fillJournal(t, j, 4)
	crash(t, j)
	frontier := filepath.Join(dir, frontierName)
	original := mustRead(t, frontier)
	for slot := range markSlots {
		content := append([]byte(nil), original...)
		content[slot*blockBytes+60] ^= 1
		mustWrite(t, frontier, content)
		refused(t, dir, testOptions(), "a bad slot without a power failure")
		o := testOptions()
		o.PowerLost = true
		j = open(t, dir, o)
		expect(t, j, want)
		crash(t, j)
		mustWrite(t, frontier, original)
	}
	clear(original)
	mustWrite(t, frontier, original)
	o := testOptions()
	o.PowerLost = true
	refused(t, dir, o, "both slots bad")
}

func TestARepairThatIsInterruptedIsDoneAgain(t *testing.T) {
	dir, acknowledged, _, frame := unacknowledged(t, testOptions(), 3000)
	path := segmentPath(dir, frame.segment)
	content := mustRead(t, path)
	clear(content[frame.from : frame.from+512])
	mustWrite(t, path, content)
	fs := new(faulty)
	o := testOptions()
	o.Boot, o.Files = 1, fs
	for stopAt := 1; ; stopAt++ {
		calls := 0
		fs.set(func(op, name string) error {
			if calls++; calls >= stopAt {
				return errShort
			}
			return nil
		})
		j, err := Open(dir, o)
		fs.set(nil)
		if err == nil {
			expect(t, j, acknowledged)
			crash(t, j)
			if stopAt < 3 {
				t.Errorf("the repair took only %d steps", stopAt)
			}
			return
		}
		if stopAt > 100 {
			t.Fatal(err)
		}
	}
}
