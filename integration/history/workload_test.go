package history

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// runOn has a few clients work on a store for 2,000 writes, and checks what they saw.
func runOn(t *testing.T, s *store, o Options) *Report {
	t.Helper()
	r := record(t, s, o, func(r *Recorder) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.AwaitWrites(ctx, 2000); err != nil {
			t.Error(err)
		}
	})
	return r.Check(time.Minute, "")
}

// record has a few clients work on a store until wait returns.
func record(t *testing.T, s *store, o Options, wait func(*Recorder)) *Recorder {
	t.Helper()
	r := NewRecorder()
	w := NewWorkload(r, o)
	ctx, end := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for id := range 5 {
		all.Go(func() {
			client := NewClient("127.0.0.1:1", time.Second)
			defer client.Close()
			client.AddHook(s)
			if err := w.Run(ctx, client, id); err != nil {
				t.Error(err)
			}
		})
	}
	wait(r)
	end()
	all.Wait()
	return r
}

// runLong has clients work on a store for fifteen seconds of a clock that is set forward when all wait: each command takes a while. The
// check, which is bounded by time, goes by the real one.
func runLong(t *testing.T, f fault) *Report {
	t.Helper()
	var r *Recorder
	synctest.Test(t, func(t *testing.T) {
		s := newStore(f)
		s.pause = 5 * time.Millisecond
		r = record(t, s, Options{Registers: 1, Accounts: -1, Lists: -1, PerRegister: 100}, func(*Recorder) { <-time.After(15 * time.Second) })
	})
	report := r.Check(time.Minute, "")
	t.Log(report)
	return report
}

func TestRightHistoriesPass(t *testing.T) {
	for _, f := range []fault{nothing, repliesLost, commandsLost, commandsLate, commandsRefused} {
		t.Run(strings.ReplaceAll(string(f), " ", "_"), func(t *testing.T) {
			t.Parallel()
			report := runOn(t, newStore(f), Options{Idle: time.Microsecond})
			t.Log(report)
			if err := report.Err(); err != nil {
				t.Error(err)
			}
			if lossy := f == repliesLost || f == commandsLost || f == commandsLate; lossy != (report.Unknown > 0) || (f == commandsRefused) != (report.Refused > 0) {
				t.Errorf("%d unknown, %d refused", report.Unknown, report.Refused)
			}
		})
	}
}

func TestWrongHistoriesAreFound(t *testing.T) {
	for _, f := range []fault{refusedApplied, appliedTwice, staleReads, writesLost, tornExec, ownVersions} {
		t.Run(strings.ReplaceAll(string(f), " ", "_"), func(t *testing.T) {
			t.Parallel()
			report := runOn(t, newStore(f), Options{Idle: time.Microsecond})
			t.Log(report)
			if report.Unexpected > 0 {
				t.Errorf("unexpected: %v", report.UnexpectedErrors)
			}
			wantViolation(t, report)
		})
	}
}

func wantViolation(t *testing.T, report *Report) {
	t.Helper()
	if !slices.ContainsFunc(report.Violations, func(v Violation) bool { return !v.Undecided }) {
		t.Error("no violation was found")
	}
}

func TestRightTimesToLivePass(t *testing.T) {
	names := make(map[string]int64)
	for _, f := range []fault{nothing, clocksDiffer, repliesLost, commandsLate} {
		t.Run(strings.ReplaceAll(string(f), " ", "_"), func(t *testing.T) {
			report := runLong(t, f)
			if err := report.Err(); err != nil {
				t.Error(err)
			}
			for name, n := range report.Names {
				names[name] += n
			}
		})
	}
	for _, life := range lives {
		for _, choice := range append(slices.Clone(life.choice), lateIncr) {
			if names[choice.String()] == 0 {
				t.Errorf("no %v", choice)
			}
		}
	}
}

// TestWrongTimesToLiveAreFound: a key is there for too long, or not for long enough.
func TestWrongTimesToLiveAreFound(t *testing.T) {
	for _, f := range []fault{neverExpires, expiresLate, expiresEarly, clocksDifferBad, incrPersists} {
		t.Run(strings.ReplaceAll(string(f), " ", "_"), func(t *testing.T) {
			wantViolation(t, runLong(t, f))
		})
	}
}

// TestKeysWithManyUnknownOutcomesAreLeft keeps the searches short where every reply is lost for a while.
func TestKeysWithManyUnknownOutcomesAreLeft(t *testing.T) {
	p := &place{most: 1000}
	first, generation, _ := p.take()
	for range mostUnknown {
		p.lost(generation)
	}
	second, _, version := p.take()
	if first == second || version != 0 {
		t.Errorf("after %s comes %s", first, second)
	}
	p.lost(generation) // of the key before
	if p.unknown != 0 {
		t.Error("a command on the key before counts for the next")
	}

	report := runOn(t, newStore(commandsLost), Options{Registers: 1, Accounts: -1, Lists: -1, Mortals: -1, PerRegister: 1 << 30, Idle: time.Microsecond})
	if least := int(report.Unknown) / (mostUnknown + 5); least == 0 || report.Histories < least {
		t.Errorf("%d unknown outcomes on %d keys", report.Unknown, report.Histories)
	}
}

// TestEveryChoiceComesAndKeysChange looks at a run that is long enough for each kind of command.
func TestEveryChoiceComesAndKeysChange(t *testing.T) {
	report := runOn(t, newStore(nothing), Options{Registers: 1, Accounts: 1, Lists: 1, Mortals: -1, PerRegister: 100, PerGroup: 50, Idle: time.Microsecond})
	for _, w := range registerChoices {
		if report.Names[w.choice.String()] == 0 {
			t.Errorf("no %v", w.choice)
		}
	}
	for _, name := range []string{"SET VER", "SET IFVER", "DEL", "DEL VER", "DEL IFVER"} {
		if report.Names[name+suffixNo] == 0 {
			t.Errorf("each %s had something to do", name)
		}
	}
	for _, w := range groupChoices {
		for _, k := range []kind{accounts, lists} {
			if name := string(k) + " " + w.choice; report.Names[name] == 0 {
				t.Errorf("no %s", name)
			}
		}
	}
	if report.Longest != 100 || report.Histories < 10 {
		t.Errorf("%d histories, the longest of %d commands", report.Histories, report.Longest)
	}
}
