package paxos

import (
	"strings"
	"testing"
	"time"
)

func TestLimitsDefaultsHold(t *testing.T) {
	l := Limits{}.WithDefaults()
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	if l.Heartbeat != 50*time.Millisecond || l.Lease != 400*time.Millisecond || l.ElectionMin != 600*time.Millisecond || l.ElectionMax != time.Second {
		t.Fatalf("defaults are not those documented: %+v", l)
	}
}

func TestLimitsKeepWhatIsSet(t *testing.T) {
	if l := (Limits{Lease: time.Second}).WithDefaults(); l.Lease != time.Second {
		t.Fatalf("lease %v", l.Lease)
	}
}

func TestLimitsRelations(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Limits)
		names  string // what the error must name; empty: it is allowed
	}{
		"heartbeat below 1 ms":      {func(l *Limits) { l.Heartbeat = time.Microsecond }, "heartbeat 1µs"},
		"lease of one heartbeat":    {func(l *Limits) { l.Lease = l.Heartbeat }, "lease 50ms"},
		"election within the lease": {func(l *Limits) { l.ElectionMin = l.Lease }, "election timeout minimum 400ms"},
		"no spread":                 {func(l *Limits) { l.ElectionMax = l.ElectionMin }, "election timeout maximum 600ms"},
		"least spread":              {func(l *Limits) { l.ElectionMax = l.ElectionMin + l.Heartbeat }, ""},
		"negative drift":            {func(l *Limits) { l.DriftPPM = -1 }, "clock drift -1"},
		"wild drift":                {func(l *Limits) { l.DriftPPM = 500_000 }, "clock drift 500000"},
		"margin of half the lease":  {func(l *Limits) { l.LeaseMargin = l.Lease / 2 }, "lease margin 200ms"},
		"negative margin":           {func(l *Limits) { l.LeaseMargin = -1 }, "lease margin"},
		"no pipeline":               {func(l *Limits) { l.PipelineSlots = -1 }, "pipeline slots -1"},
		"no pipeline bytes":         {func(l *Limits) { l.PipelineBytes = -1 }, "pipeline bytes -1"},
		"no learn bytes":            {func(l *Limits) { l.LearnBytes = -1 }, "learn bytes -1"},
	} {
		l := Limits{}.WithDefaults()
		c.change(&l)
		err := l.Check()
		if c.names == "" && err != nil || c.names != "" && (err == nil || !strings.Contains(err.Error(), c.names)) {
			t.Errorf("%s: error %v, want one that names %q", name, err, c.names)
		}
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, cfg := range map[string]Config{
		"an id twice":     {Self: 1, Configuration: Configuration{Voters: votersOf(3).Voters, Learners: votersOf(1).Voters}},
		"nobody":          {Self: 1},
		"too many voters": {Self: 1, Configuration: votersOf(maxVoters + 1)},
		"bad limits":      {Self: 1, Configuration: votersOf(3), Limits: Limits{Lease: time.Nanosecond}},
	} {
		if _, err := New(cfg, Restored{}, Instant{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
