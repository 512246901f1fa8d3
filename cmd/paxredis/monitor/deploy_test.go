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
	"go.yaml.in/yaml/v3"
)

const (
	dashboard = "../../../deploy/grafana/paxredis.json"
	rules     = "../../../deploy/prometheus/paxredis.rules.yml"
	ruleTests = "../../../deploy/prometheus/paxredis.rules.test.yml"
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

// promtool is Prometheus's own tool. Without it a test is skipped.
func promtool(t *testing.T) string {
	t.Helper()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian's package prometheus): .ci/install-test-tools")
	}
	return tool
}

// Each alert fires when it should, with its texts, and not before, nor of nodes that are well.
func TestTheAlertsFire(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), promtool(t), "test", "rules", ruleTests).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// No alert is without a test in which it fires, and one in which it is silent.
func TestEachAlertHasATest(t *testing.T) {
	var alerts struct {
		Groups []struct {
			Rules []struct{ Alert string }
		}
	}
	var tests struct {
		Tests []struct {
			Checks []struct {
				Alert string `yaml:"alertname"`
				Fire  []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	for file, into := range map[string]any{rules: &alerts, ruleTests: &tests} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range tests.Tests {
		for _, check := range test.Checks {
			if len(check.Fire) > 0 {
				fires[check.Alert] = true
			} else {
				silent[check.Alert] = true
			}
		}
	}
	count := 0
	for _, group := range alerts.Groups {
		for _, rule := range group.Rules {
			count++
			if !fires[rule.Alert] || !silent[rule.Alert] {
				t.Errorf("%s: a test has it fire: %v, has it silent: %v", rule.Alert, fires[rule.Alert], silent[rule.Alert])
			}
		}
	}
	if count < 10 {
		t.Errorf("%s has %d alerts: is it read?", rules, count)
	}
}

// Prometheus's own tool takes the rules, and finds nothing wrong with a scrape.
func TestPromtool(t *testing.T) {
	tool := promtool(t)
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
