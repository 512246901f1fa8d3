package state

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// crashDirectory names, in the environment, the directory of a child that takes checkpoints until it is killed.
const crashDirectory = "PAXREDIS_TEST_STATE_DIRECTORY"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDirectory); dir != "" {
		fmt.Fprintln(os.Stderr, checkpointForEver(dir))
		os.Exit(1)
	}
	if dir := os.Getenv(receivingDirectory); dir != "" {
		receiveOn(&child{}, dir, func() { fmt.Println("received") })
		fmt.Fprintln(os.Stderr, "all was received before the kill")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashChanges are the records of a checkpoint: keys and sizes differ much from slot to slot, so that what one leaves half-written
// is not overwritten by the next.
func crashChanges(slot paxos.Slot) (records []paxos.CheckpointRecord) {
	r := rand.New(rand.NewPCG(uint64(slot), 1))
	used := make(map[int]bool)
	for range 5 + r.IntN(400) {
		n := r.IntN(2000)
		if used[n] {
			continue
		}
		used[n] = true
		size := 100
		if n%50 == 0 {
			size = r.IntN(4 * pieceBytes)
		}
		record := set(crashSpaces(slot)[n%2], fmt.Sprint("key", n), randomBytes(r, size))
		if r.IntN(4) == 0 {
			record = gone(record.Space, string(record.Key))
		}
		records = append(records, record)
	}
	return records
}

func crashSpaces(slot paxos.Slot) []uint64 { return []uint64{1, 2 + uint64(slot)/8} }

// after is the state at a slot that followed another.
func (m model) after(slot paxos.Slot) {
	for id := range m {
		if id.space != 1 && id.space != crashSpaces(slot)[1] {
			delete(m, id)
		}
	}
	m.apply(crashChanges(slot)...)
}

// checkpointForEver takes one checkpoint after another, and says what it does.
func checkpointForEver(dir string) error {
	t := &child{}
	n := openNode(t, dir)
	m := make(model)
	newest, ok := n.Checkpoint()
	if ok {
		var err error
		if m, err = n.load(); err != nil {
			return err
		}
	}
	slot := newest.Slot + 1 + paxos.Slot(rand.IntN(20)) // not the slot that the one before may have tried
	for ; ; slot++ {
		fmt.Println("begin", uint64(slot))
		records := crashChanges(slot)
		for i := 0; i < len(records); i += 20 {
			n.write(slot, records[i:min(i+20, len(records))]...)
			fmt.Println("wrote")
		}
		m.after(slot)
		n.publish(m.head(slot, crashSpaces(slot)...))
		fmt.Println("published", uint64(slot))
	}
}

// child is what the support functions need of a test, in a process that is none.
type child struct{ testing.TB }

func (*child) Helper()           {}
func (*child) Fatal(args ...any) { fmt.Fprintln(os.Stderr, args...); os.Exit(1) }
func (*child) Output() io.Writer { return io.Discard }

func TestACheckpointIsThereWholeOrNotAtAllAfterAKill(t *testing.T) {
	eachWay(t, testACheckpointIsThereWholeOrNotAtAllAfterAKill)
}

func testACheckpointIsThereWholeOrNotAtAllAfterAKill(t *testing.T) {
	dir := t.TempDir()
	m, newest := make(model), paxos.Slot(0)
	halves := 0
	const kills = 10
	for range kills {
		published, last, begun := killWhileWriting(t, dir, 1+rand.IntN(60))
		for _, slot := range published {
			m.after(slot)
			newest = slot
		}
		n := openNode(t, dir)
		c, ok := n.Checkpoint()
		switch {
		case c.Slot == newest && last != begun:
			halves++
		case c.Slot == begun && ok && c.Slot != newest:
			m.after(begun)
			newest = begun
		case c.Slot != newest:
			t.Fatalf("the newest checkpoint is of slot %v, published was %v", c.Slot, newest)
		}
		if ok {
			n.expect(m)
			same(t, n.readAs(c.Slot), m)
		}
		n.close()
	}
	t.Logf("newest %v, %d of %d kills left a checkpoint half-written", newest, halves, kills)
	if left, err := filepath.Glob(filepath.Join(dir, "state", "*")); err != nil || len(left) != 1 {
		t.Errorf("left: %v %v", left, err)
	}
}

// killWhileWriting runs a child until it has said so many things, and returns the slots that it published, the last of them, and the last
// that it began.
func killWhileWriting(t *testing.T, dir string, lines int) (published []paxos.Slot, last, begun paxos.Slot) {
	t.Helper()
	killChild(t, crashDirectory, dir, lines, func(line string) {
		var verb string
		var slot paxos.Slot
		_, _ = fmt.Sscan(line, &verb, &slot) // a line that the kill cut is not counted
		switch {
		case verb == "begin" && slot > 0:
			begun = slot
		case verb == "published" && slot == begun:
			published, last = append(published, slot), slot
		}
	})
	return published, last, begun
}

// killChild runs a child until it has said so many things.
func killChild(t *testing.T, variable, dir string, lines int, said func(line string)) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), variable+"="+dir)
	var complaint strings.Builder
	command.Stderr = &complaint
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(out)
	for n := 1; scanner.Scan(); n++ {
		said(scanner.Text())
		if n == lines {
			if err := command.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = command.Wait() // killed, as it should be
	if complaint.Len() > 0 {
		t.Fatal(complaint.String())
	}
}

func TestWhatWasLeftHalfWrittenIsNotSeenByALaterCheckpoint(t *testing.T) {
	eachWay(t, testWhatWasLeftHalfWrittenIsNotSeenByALaterCheckpoint)
}

func testWhatWasLeftHalfWrittenIsNotSeenByALaterCheckpoint(t *testing.T) {
	for name, reopen := range map[string]bool{"by the same process": false, "by the next one": true} {
		t.Run(name, func(t *testing.T) {
			n := openNode(t, t.TempDir())
			m := make(model)
			long := strings.Repeat("x", 3*pieceBytes)
			n.checkpoint(m, 10, []uint64{1}, set(1, "kept", "old"), set(1, "deleted", "old"), set(1, "long", long), set(1, "short", "old"))
			n.write(20, set(1, "new", "stale"), set(1, "kept", "stale"), gone(1, "deleted"), set(1, "long", "stale"), set(1, "short", long+"stale"))
			if reopen {
				n = n.reopen()
			}
			n.expect(m)
			n.checkpoint(m, 30, []uint64{1}, set(1, "other", "1"))
			n.expect(m)
			n = n.reopen()
			n.expect(m)
			same(t, n.readAs(30), m)
			n.close()
		})
	}
}
