package monitor

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
)

// exampleFigures has something of everything that has labels.
func exampleFigures(n *fakeNode) {
	n.group.status.Synced = append(n.group.status.Synced, paxos.SyncedThrough{Node: 2, Slot: 9})
	n.group.figures.Queue.Counts[13], n.group.figures.Queue.Counts[40], n.group.figures.Queue.Sum = 3, 1, 5000
	n.clients.info.Keyspace = []resp.KeyspaceInfo{{DB: 0, Keys: 5, Expires: 2}, {DB: 1}}
	n.clients.figures.Commands = []resp.CommandFigures{{CommandInfo: resp.CommandInfo{Name: "config|get", Calls: 7, Failed: 1}}}
	n.clients.figures.Errors = []resp.ErrorInfo{{Code: "ERR", Count: 2}, {Code: "\xff\xfe", Count: 3}, {Code: "no", Count: 4}}
}

func TestMetrics(t *testing.T) {
	n := newFakeNode().attach()
	exampleFigures(n)
	c := newCollector(n.Monitor)
	problems, err := testutil.CollectAndLint(c)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	if err := testutil.CollectAndCompare(c, strings.NewReader(`
# HELP paxredis_commands_total Calls of each command.
# TYPE paxredis_commands_total counter
paxredis_commands_total{command="config|get"} 7
# HELP paxredis_errors_total Error replies by their code; other: by those that only a script can make up.
# TYPE paxredis_errors_total counter
paxredis_errors_total{code="ERR"} 2
paxredis_errors_total{code="other"} 7
# HELP paxredis_keys Keys of each database that has any.
# TYPE paxredis_keys gauge
paxredis_keys{db="0"} 5
# HELP paxredis_lag_slots Slots that are known to be chosen and are not applied here.
# TYPE paxredis_lag_slots gauge
paxredis_lag_slots 2
# HELP paxredis_peer_up 1 if there is a link to the node.
# TYPE paxredis_peer_up gauge
paxredis_peer_up{peer="2"} 1
paxredis_peer_up{peer="3"} 1
`), "paxredis_commands_total", "paxredis_errors_total", "paxredis_keys", "paxredis_lag_slots", "paxredis_peer_up"); err != nil {
		t.Error(err)
	}
}

// Whether a node refuses commands for its memory, and how near it is to that, is in /status and in a scrape. Where nobody looks there are zeros.
func TestTheMemoryWatermarkIsTold(t *testing.T) {
	for _, test := range []struct {
		name     string
		pressure *resp.MemoryPressure
		status   MemoryStatus
	}{
		{"off", nil, MemoryStatus{}},
		{"room", &resp.MemoryPressure{Used: 50, Watermark: 90, Limit: 100}, MemoryStatus{Watermark: 90, WatermarkUsed: 50, WatermarkLimit: 100}},
		{"reached", &resp.MemoryPressure{Used: 91, Watermark: 90, Limit: 100, Refusal: "OOM"}, MemoryStatus{Watermark: 90, WatermarkUsed: 91, WatermarkLimit: 100, WatermarkReached: true}},
	} {
		n := newFakeNode().attach()
		n.clients.info.Memory.Pressure = test.pressure
		if got := n.Status().Memory; got != test.status {
			t.Errorf("%s: /status has %+v", test.name, got)
		}
		values := map[string]float64{"memory_watermark_bytes": float64(test.status.Watermark), "memory_watermark_used_bytes": float64(test.status.WatermarkUsed),
			"memory_watermark_limit_bytes": float64(test.status.WatermarkLimit), "memory_watermark_reached": flagValue(test.status.WatermarkReached),
			"writes_refused": 0} // that is of the disk
		s, _ := n.parts.Load().scrape()
		for i := range metrics {
			m := &metrics[i]
			want, ok := values[m.name]
			if !ok {
				continue
			}
			delete(values, m.name)
			if got := m.read(s); len(got) != 1 || got[0].value != want {
				t.Errorf("%s: %s is %+v, want %v", test.name, m.name, got, want)
			}
		}
		if len(values) != 0 {
			t.Errorf("there are no metrics %v", values)
		}
	}
}

func TestHistogramsAreCumulative(t *testing.T) {
	var h replication.Histogram
	for _, n := range []uint64{0, 1, 4095, 4096, 4097, 1 << 40} {
		h.Add(n)
	}
	counts := h.Read()
	total, sum, upTo := scale{12, 14, 1, 1}.buckets(&counts)
	if total != 6 || sum != float64(0+1+4095+4096+4097+1<<40) || len(upTo) != 3 || upTo[4095] != 3 || upTo[8191] != 5 || upTo[16383] != 5 {
		t.Errorf("%d, %v, %v", total, sum, upTo)
	}
}

func TestANodeThatStartsHasNoMetricsButGos(t *testing.T) {
	if n := testutil.CollectAndCount(newCollector(newFakeNode().Monitor)); n != 0 {
		t.Errorf("%d metrics", n)
	}
	base := serve(t, newFakeNode())
	if code, body := get(t, "GET", base+"/metrics"); code != 200 || !strings.Contains(body, "\ngo_goroutines ") || strings.Contains(body, namespace) {
		t.Errorf("%d: %s", code, body)
	}
}

// Every metric is in the documents, and every metric that the documents name exists.
func TestEveryMetricIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"paxredis_info": true}
	for i := range metrics {
		known[namespace+metrics[i].name] = true
	}
	for name := range known {
		if !strings.Contains(string(text), "| `"+name+"`") {
			t.Errorf("%s is not in docs/monitoring.md", name)
		}
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "| `paxredis_"); ok {
			name, _, _ := strings.Cut(rest, "`")
			if !known["paxredis_"+name] {
				t.Errorf("paxredis_%s is in docs/monitoring.md and does not exist", name)
			}
		}
	}
}

func TestMetricsCanBeRegisteredTogether(t *testing.T) {
	n := newFakeNode().attach()
	exampleFigures(n)
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(newCollector(n.Monitor)); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil || len(families) != len(metrics)+1 {
		t.Errorf("%d families of %d: %v", len(families), len(metrics)+1, err)
	}
}
