package replication

import (
	"log/slog"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// fakeClock is a clock that a test sets.
type fakeClock struct{ mono int64 }

func (c *fakeClock) Now() paxos.Instant { return paxos.Instant{Mono: c.mono} }

// keptStorage is what a keptLog asks of storage.
type keptStorage struct {
	Storage
	journal uint64
	room    error
}

func (s *keptStorage) JournalBytes() uint64     { return s.journal }
func (s *keptStorage) RoomForCheckpoint() error { return s.room }

func newKeptAlone() (*keptLog, *keptStorage, *fakeClock) {
	s, c := &keptStorage{}, &fakeClock{}
	return &keptLog{storage: s, clock: c, bytes: 1000, log: slog.New(slog.DiscardHandler)}, s, c
}

// A log that is cut behind a checkpoint that a peer fetches would have it begin anew.
func TestTheLogBehindAServedCheckpointStaysUntilThePeerHasIt(t *testing.T) {
	k, _, clock := newKeptAlone()
	want := func(when string, below, want paxos.Slot) {
		t.Helper()
		if got := k.limit(below, below+20); got != want {
			t.Errorf("%s: cut below %v, want %v", when, got, want)
		}
	}
	want("nobody fetches", 41, 41)
	k.serves(2, 30, false)
	k.serves(3, 50, false)
	want("two fetch", 41, 31)
	k.serves(2, 30, true)
	clock.mono += int64(holdFor + time.Second)
	want("one installs, the other is gone", 81, 31)
	k.learns(2, 0)
	k.learns(2, 61)
	want("it has learned some", 81, 61)
	k.published(2, 90)
	want("it has a checkpoint of its own", 81, 81)
	k.serves(2, 92, true)
	k.published(2, 92)
	clock.mono += int64(holdFor + time.Second)
	want("it installs, and has said again what it was given", 121, 93)
	k.published(2, 110)
	clock.mono += int64(holdFor + time.Second)
	want("it has another one of its own, and went away", 131, 131)
	k.serves(2, 100, false)
	want("it fetches again", 121, 101)
	clock.mono += int64(holdFor + time.Second)
	want("it is gone", 121, 121)
}

func TestWhatStaysOfTheLogForPeersIsBounded(t *testing.T) {
	k, s, _ := newKeptAlone()
	k.serves(2, 30, false)
	k.serves(3, 40, false)
	s.journal = 1000
	if got := k.limit(41, 60); got != 31 {
		t.Errorf("within the bound: cut below %v", got)
	}
	k.learns(3, 56)
	s.journal = 1500 // some 940 of it behind what node 3 has
	if got := k.limit(71, 80); got != 56 {
		t.Errorf("beyond the bound for one: cut below %v", got)
	}
	k.serves(2, 30, false)
	if got := k.limit(71, 80); got != 56 {
		t.Errorf("after the next part: cut below %v", got)
	}
	s.room = ErrDiskSpace
	if got := k.limit(71, 80); got != 71 {
		t.Errorf("without space on the disk: cut below %v", got)
	}
}
