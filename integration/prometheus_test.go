package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Debian's Prometheus scrapes three nodes, and answers what the dashboard and the alerts ask.
func TestPrometheusScrapesACluster(t *testing.T) {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed (Debian's package prometheus): .ci/install-test-tools")
	}
	c := startCluster(t, 3, "--http-listen", "127.0.0.1:0")
	for i := range 20 {
		expect(t, c.nodes[i%3], "OK", "SET", "k"+strconv.Itoa(i), "v")
	}
	var targets []string
	for _, n := range c.nodes {
		targets = append(targets, strings.TrimPrefix(n.http(), "http://"))
	}
	rules, err := filepath.Abs("../deploy/prometheus/paxredis.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + startPrometheus(t, program, fmt.Sprintf(
		"global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%s]\nscrape_configs: [{job_name: paxredis, static_configs: [{targets: [%s]}]}]\n",
		rules, strings.Join(targets, ", ")))
	for query, want := range map[string]string{
		`count(up{job="paxredis"} == 1)`:                                                              "3",
		`sum(paxredis_ready)`:                                                                         "3",
		`sum(paxredis_role{role="leader"})`:                                                           "1",
		`sum(paxredis_peer_up)`:                                                                       "6",
		`sum(paxredis_commands_total{command="set"})`:                                                 "20",
		`sum(paxredis_stage_duration_seconds_count{stage="reply"}) >= bool 20`:                        "1",
		`sum(paxredis_command_wait_seconds_count{command="set"})`:                                     "20",
		`sum(paxredis_stage_duration_seconds_sum{stage="sync"}) > bool 0`:                             "1",
		`min(paxredis_keys{db="0"})`:                                                                  "20",
		`max by (cluster) (paxredis_leader_known * on (instance) group_left (cluster) paxredis_info)`: "1",
	} {
		await(t, query, func() error {
			got, err := askPrometheus(base, query)
			if err == nil && got != want {
				err = fmt.Errorf("%q, want %q", got, want)
			}
			return err
		})
	}
	await(t, "the rules to be evaluated", func() error {
		got, err := askPrometheus(base, `count(ALERTS{alertname!="PaxredisSlowSync", alertname!="PaxredisLeaderChangesOften"}) or vector(0)`)
		if err == nil && got != "0" {
			err = fmt.Errorf("%s alerts of a cluster that is well", got)
		}
		return err
	})
}

// startPrometheus runs Prometheus with a configuration until the test ends, and returns where it answers.
func startPrometheus(t *testing.T, program, configuration string) (address string) {
	t.Helper()
	dir, address := t.TempDir(), loopback(freePort(t))
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--config.file", file, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", address)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		err := cmd.Wait()
		if t.Failed() || err != nil {
			text, readErr := os.ReadFile(log.Name())
			t.Logf("prometheus: %v\n%s", errors.Join(err, readErr), text)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return address
}

// askPrometheus returns the one value that a query has.
func askPrometheus(base, query string) (value string, err error) {
	answer, err := http.Get(base + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	var got struct {
		Status string
		Data   struct{ Result []struct{ Value [2]any } }
	}
	if err := json.Unmarshal(text, &got); err != nil || got.Status != "success" || len(got.Data.Result) != 1 {
		return "", fmt.Errorf("%s: %w", text, err)
	}
	return fmt.Sprint(got.Data.Result[0].Value[1]), nil
}
