package main

import (
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var someTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func TestSuiteFlags(t *testing.T) {
	o, err := parseSuite(nil, io.Discard, someTime)
	if err != nil {
		t.Fatal(err)
	}
	if o.out != filepath.Join("bench-results", "2026-03-04T05-06-07Z") || !slices.Equal(o.parts.chosen, partNames) || !slices.Equal(o.systems.chosen, systemNames) {
		t.Errorf("by default: %+v", o)
	}
	if s := o.size(); s.rounds != 5 || s.keys != 100_000 || s.only != nil {
		t.Errorf("by default: %+v", s)
	}
	o, err = parseSuite([]string{"-quick", "-parts", "scenarios,table", "-systems", "lease,redis", "-rounds", "20", "-seconds", "2", "-scenarios", "cpu,memory", "-out", "x"}, io.Discard, someTime)
	if err != nil {
		t.Fatal(err)
	}
	if o.out != "x" || !slices.Equal(o.parts.chosen, []string{"table", "scenarios"}) || !slices.Equal(o.systems.chosen, []string{"redis", "lease"}) ||
		!slices.Equal(o.scenarios.chosen, []string{"memory", "cpu"}) || len(chosenScenarios(o)) != 2 {
		t.Errorf("chosen: %+v", o)
	}
	if s := o.size(); s.rounds != 20 || s.seconds != 2 || s.only == nil {
		t.Errorf("chosen: %+v", s)
	}
	for _, args := range [][]string{{"-parts", "tables"}, {"-systems", ""}, {"-scenarios", "cpus"}, {"-rounds", "-1"}, {"-seconds", "-1"}, {"-base-port", "65000"}, {"table"}, {"-what"}} {
		if o, err := parseSuite(args, io.Discard, someTime); err == nil {
			t.Errorf("%q is taken: %+v", args, o)
		}
	}
}

func TestEtcdHasItsShareOfTheRounds(t *testing.T) {
	for rounds, want := range map[int]int{0: 2, 1: 1, 2: 1, 5: 2, 10: 4} {
		s := fullSize()
		(&common{rounds: rounds}).apply(&s)
		if s.etcdRounds != want {
			t.Errorf("%d rounds: %d of etcd, not %d", rounds, s.etcdRounds, want)
		}
	}
}

func TestCompareFlags(t *testing.T) {
	o, err := parseCompare([]string{"-base", "main", "-read-modes", "lease"}, io.Discard, someTime)
	if err != nil || o.ref != "main" || !slices.Equal(o.modes.chosen, []string{"lease"}) {
		t.Errorf("%+v, %v", o, err)
	}
	if parts := modeParts(o, compareSize()); len(parts) != 1 || parts[0].name != "lease" || len(parts[0].workloads) != 8 {
		t.Errorf("parts %+v", parts)
	}
	if _, err := parseCompare(nil, io.Discard, someTime); err == nil {
		t.Error("no base is needed")
	}
}
