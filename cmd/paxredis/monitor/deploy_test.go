package monitor

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

const (
	dashboard = "../deploy/grafana/paxredis.json"
	rules     = "../deploy/prometheus/paxredis.rules.yml"
)

// metricName finds the metrics that an expression names: no function or label of the files here begins so.
var metricName = regexp.MustCompile(`\b(paxredis|process|go)_[a-z0-9_]+\b`)

// Every metric that the dashboard and the alerts name is in a scrape of a node.
func TestTheDashboardAndTheAlertsNameMetricsThatExist(t *testing.T) {
	n := newFakeNode().attach()
	exampleFigures(n)
	r := prometheus.NewRegistry()
	r.MustRegister(newCollector(n.Monitor), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	scraped := map[string]bool{}
	for _, f := range families {
		scraped[f.GetName()] = true
		if f.GetType().String() == "HISTOGRAM" {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				scraped[f.GetName()+part] = true
			}
		}
	}
	for _, file := range []string{dashboard, rules} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names := metricName.FindAllString(string(text), -1)
		if len(names) < 10 {
			t.Errorf("%s names %d metrics: is it read?", file, len(names))
		}
		for _, name := range names {
			if !scraped[name] {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
	}
}

func TestTheDashboardIsJSONWithoutTwoPanelsInOnePlace(t *testing.T) {
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for i, a := range d.Panels {
		for _, b := range d.Panels[:i] {
			p, q := a.GridPos, b.GridPos
			if a.ID == b.ID || p.X < q.X+q.W && q.X < p.X+p.W && p.Y < q.Y+q.H && q.Y < p.Y+p.H {
				t.Errorf("%q and %q are in one place, or have one id", a.Title, b.Title)
			}
		}
	}
}

// Prometheus's own tool takes the rules, and finds nothing wrong with a scrape.
func TestPromtool(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian's package prometheus): .ci/install-test-tools")
	}
	if out, err := exec.CommandContext(t.Context(), tool, "check", "rules", rules).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	n := newFakeNode().attach()
	exampleFigures(n)
	code, scrape := get(t, "GET", serve(t, n)+"/metrics")
	if code != 200 || !strings.Contains(scrape, "paxredis_ready 1") {
		t.Fatalf("%d: %s", code, scrape)
	}
	check := exec.CommandContext(t.Context(), tool, "check", "metrics")
	check.Stdin = bytes.NewBufferString(scrape)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
