package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/integration/bench/report"
	"github.com/paxredis/paxredis/integration/bench/system"
)

func TestWorkloadsHaveNamesOfTheirOwn(t *testing.T) {
	for _, size := range []size{fullSize(), quickSize()} {
		for _, p := range parts(size) {
			if len(p.workloads) == 0 {
				t.Errorf("%s is empty", p.name)
			}
			seen := map[string]bool{}
			for _, w := range p.workloads {
				if seen[w.String()] {
					t.Errorf("%s: %s comes twice", p.name, w)
				}
				seen[w.String()] = true
			}
		}
	}
}

func TestGoalsAreOfWhatIsMeasured(t *testing.T) {
	cells := map[report.Cell]bool{}
	for _, p := range parts(fullSize()) {
		for _, w := range p.workloads {
			for _, system := range []string{quorumName, leaseName} {
				cells[report.Cell{Part: p.name, Workload: w.String(), System: system}] = true
			}
		}
	}
	goals := goalsByCell()
	if len(goals) != 20 {
		t.Errorf("%d goals", len(goals))
	}
	for c := range goals {
		if !cells[c] {
			t.Errorf("no measurement is %+v", c)
		}
	}
}

func TestEtcdIsMeasuredOnWhatItCanDo(t *testing.T) {
	for _, p := range parts(fullSize()) {
		var names []string
		for _, w := range p.of(system.Etcd()) {
			names = append(names, w.String())
		}
		want := ""
		if p.name == partTable {
			want = "SET c=1, GET c=1, SET c=50, GET c=50, SET c=500, GET c=500"
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s: %s", p.name, got)
		}
		if n := len(p.of(system.Redis())); n != len(p.workloads) {
			t.Errorf("%s: redis-server has %d of %d", p.name, n, len(p.workloads))
		}
	}
}

func TestSystemsTakeTurns(t *testing.T) {
	targets := []target{{system.Redis(), 3}, {system.Paxredis(quorumName, ""), 3}, {system.Etcd(), 1}}
	var got []string
	for round := 1; round <= 3; round++ {
		for _, target := range inOrder(targets, round) {
			got = append(got, fmt.Sprint(round, " ", target.system.Name))
		}
	}
	want := "1 redis-server, 1 paxredis quorum, 1 etcd, 2 paxredis quorum, 2 redis-server, 3 redis-server, 3 paxredis quorum"
	if strings.Join(got, ", ") != want {
		t.Errorf("%s\nnot %s", strings.Join(got, ", "), want)
	}
	if n := measurements(parts(fullSize())[:1], targets, 3); n != 2*3*8+6 {
		t.Errorf("%d measurements", n)
	}
}

func TestTheTimeThatIsLeftIsEstimated(t *testing.T) {
	p := newProgress(io.Discard, 30, 10*time.Minute)
	if got := p.left(time.Second); got >= 0 {
		t.Errorf("before anything is known: %v", got)
	}
	p.step("one")
	p.skip(9)
	if got := p.left(10 * time.Second); got != 10*time.Minute+20*time.Second {
		t.Errorf("got %v", got)
	}
	for d, want := range map[time.Duration]string{-1: "unknown time", 90 * time.Second: "about 90 s", 150 * time.Second: "about 3 min"} {
		if got := about(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
}

func TestProbesGrowTowardsTheTimeTheyNeed(t *testing.T) {
	for _, c := range []struct {
		n         int
		perSecond float64
		want      int
	}{{200, 2000, 400}, {200, 10_000, 1500}, {200, 1e6, 2000}, {400, 2000, 800}} {
		if got := nextProbe(c.n, c.perSecond); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

func TestFillsOfLargeValuesHaveShortPipelines(t *testing.T) {
	for value, want := range map[int]int{128: 100, 1 << 10: 100, 16 << 10: 16, 256 << 10: 1, 1 << 20: 1} {
		if job := fillJob(dataset{10, value}); job.Pipeline != want || job.Requests != 10 {
			t.Errorf("%d bytes: %+v", value, job)
		}
	}
}
