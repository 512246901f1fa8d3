package storage

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// crashDirectory names, in the environment, the data directory of a child that saves until it is killed.
const crashDirectory = "PAXREDIS_TEST_CRASH_DIRECTORY"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDirectory); dir != "" {
		fmt.Fprintln(os.Stderr, saveForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashPayload is what the child saves in a slot: of very different sizes, and recognisable.
func crashPayload(slot paxos.Slot) string {
	sizes := []int{10, 3, 500, 20, 4000, 40, 1000, 1, 15000}
	return strings.Repeat(slot.String()+" ", sizes[int(slot)%len(sizes)])
}

// saveForEver goes on behind what is stored, and prints each slot once it is saved.
func saveForEver(dir string) error {
	s, err := Open(dir, testOptions())
	if err != nil {
		return err
	}
	next := paxos.Slot(1)
	if r := s.Restored(); len(r.Records) > 0 {
		next = r.Records[len(r.Records)-1].Slot + 1
	}
	for {
		var writes []paxos.Write
		for range next%4 + 1 {
			writes = append(writes, write(next, crashPayload(next)))
			next++
		}
		if err := s.Save(writes); err != nil {
			return err
		}
		fmt.Println(next - 1)
	}
}

func TestD1_NothingAcknowledgedIsLostByKill(t *testing.T) {
	eachWay(t, testD1_NothingAcknowledgedIsLostByKill)
}

func testD1_NothingAcknowledgedIsLostByKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	acknowledged := paxos.Slot(0)
	for range 20 {
		acknowledged = max(acknowledged, killWhileSaving(t, dir, 1+rand.IntN(60)))
		s := mustOpen(t, dir, testOptions())
		r := s.Restored()
		if got := paxos.Slot(len(r.Records)); got < acknowledged {
			t.Fatalf("%v slots are there, %v were acknowledged", got, acknowledged)
		}
		for i, record := range r.Records {
			if slot := paxos.Slot(i + 1); record.Slot != slot || string(record.Entry.Payload) != crashPayload(slot) {
				t.Fatalf("slot %v is not what was saved", slot)
			}
		}
		mustClose(t, s)
	}
	t.Logf("%v slots acknowledged", acknowledged)
}

// killWhileSaving runs a child until it has acknowledged so many saves, kills it, and returns the last slot acknowledged.
func killWhileSaving(t *testing.T, dir string, saves int) (last paxos.Slot) {
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
	for n := 0; lines.Scan(); n++ {
		slot, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			break // the kill cut the line
		}
		last = paxos.Slot(slot)
		if n == saves {
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
	return last
}
