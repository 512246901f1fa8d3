package journal

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// crashDirectory names, in the environment, the journal of a child that saves, publishes and cuts until it is killed.
const crashDirectory = "PAXREDIS_TEST_CRASH_JOURNAL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDirectory); dir != "" {
		fmt.Fprintln(os.Stderr, cutForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func crashRecord(slot paxos.Slot) paxos.Record {
	return record(slot, 1, []int{10, 3, 500, 20, 4000, 40, 1000, 1, 15000}[int(slot)%9])
}

// cutForEver goes on behind what is stored, and prints each slot once it is saved, and each checkpoint's once it is published.
func cutForEver(dir string) error {
	o := testOptions()
	o.Boot = 1
	j, err := Open(dir, o)
	if err != nil {
		return err
	}
	if err := j.BeginBoot(1); err != nil {
		return err
	}
	for slot := j.index.last + 1; ; slot++ {
		if err := j.Append([]paxos.Write{{Promised: ballot(1), Records: []paxos.Record{crashRecord(slot)}}}); err != nil {
			return err
		}
		fmt.Println("saved", slot)
		if slot%7 != 0 {
			continue
		}
		if err := j.Publish(Published{Slot: slot - 3, Generation: uint64(slot), Head: crashRecord(slot).Entry.Payload}); err != nil {
			return err
		}
		fmt.Println("published", slot-3)
		if _, err := j.Cut(slot - 5); err != nil {
			return err
		}
	}
}

func TestD1_NothingAcknowledgedIsLostByKillWhileTheJournalIsCut(t *testing.T) {
	j, dir := create(t, testOptions())
	closeJournal(t, j)
	acknowledged, published, first := paxos.Slot(0), paxos.Slot(0), paxos.Slot(1)
	for range 12 {
		saved, newest := killWhileCutting(t, dir, 1+rand.IntN(60))
		acknowledged, published = max(acknowledged, saved), max(published, newest)
		j := open(t, dir, testOptions())
		r := restored(t, j)
		if r.First < first || r.First > max(1, r.Checkpoint+1) || j.index.last < acknowledged {
			t.Fatalf("slots %v to %v are there with a checkpoint of %v; %v were acknowledged, and the first was %v", r.First, j.index.last, r.Checkpoint, acknowledged, first)
		}
		if r.Checkpoint < published || r.Checkpoint > j.index.last {
			t.Fatalf("the checkpoint is that of slot %v, but that of %v was published, and the last slot is %v", r.Checkpoint, published, j.index.last)
		}
		for slot := r.First; slot <= j.index.last; slot++ {
			if got, err := j.Read(slot, slot, 1); err != nil || !sameRecord(got[0], crashRecord(slot)) {
				t.Fatalf("slot %v is not what was saved: %v", slot, err)
			}
		}
		first = r.First
		crash(t, j)
	}
	if first == 1 {
		t.Error("nothing was cut")
	}
	t.Logf("%v slots acknowledged, %v cut", acknowledged, first-1)
}

// killWhileCutting runs a child until it has acknowledged so many slots, kills it, and returns the last slot acknowledged, and that of
// the last checkpoint that was, if any.
func killWhileCutting(t *testing.T, dir string, slots int) (saved, published paxos.Slot) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashDirectory+"="+dir)
	var complaint strings.Builder
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); {
		what, number, _ := strings.Cut(lines.Text(), " ")
		slot, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			break // the kill cut the line
		}
		if what == "published" {
			published = paxos.Slot(slot)
			continue
		}
		saved = paxos.Slot(slot)
		if n++; n == slots {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, _ = io.Copy(io.Discard, out)
	_ = child.Wait() // killed, as it should be
	if complaint.Len() > 0 {
		t.Fatal(complaint.String())
	}
	return saved, published
}
