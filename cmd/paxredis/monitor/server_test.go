package monitor

import (
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
)

// serve runs the HTTP server of a node for a test.
func serve(t *testing.T, n *fakeNode) (base string) {
	t.Helper()
	s, err := Serve("127.0.0.1:0", n.Monitor, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return "http://" + s.Addr().String()
}

// get returns the answer to a request.
func get(t *testing.T, method, url string) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s may be kept", url)
	}
	return answer.StatusCode, string(text)
}

func TestReadiness(t *testing.T) {
	n := newFakeNode()
	base := serve(t, n)
	check := func(reasons ...string) {
		t.Helper()
		code, body := get(t, "GET", base+"/readyz")
		want := http.StatusOK
		if len(reasons) > 0 {
			want = http.StatusServiceUnavailable
		}
		if code != want {
			t.Errorf("%d: %s", code, body)
		}
		for _, reason := range reasons {
			if !strings.Contains(body, "\n"+reason) {
				t.Errorf("%q is not among the reasons: %s", reason, body)
			}
		}
		if lines := strings.Count(body, "\n"); lines != len(reasons)+1 {
			t.Errorf("%d lines for %d reasons: %s", lines, len(reasons), body)
		}
		if s := n.Status(); s.Ready != (len(reasons) == 0) || len(s.NotReady) != len(reasons) {
			t.Errorf("/status says otherwise: %v, %q", s.Ready, s.NotReady)
		}
		if code, _ := get(t, "GET", base+"/healthz"); code != http.StatusOK {
			t.Errorf("not alive: %d", code)
		}
	}
	check("starting")
	n.attach()
	check()
	n.group.loading = true
	check("loading: 3 of 7")
	n.group.loading = false
	n.group.status.Known = n.group.status.Chosen + ReadyLag + 1
	check("catching up: 1003 slots")
	n.group.status.Leader = 0
	check("no leader", "catching up")
	n.group.status.Known = 0
	n.group.checkpoint.Fetching = 77
	check("no leader", "catching up: the checkpoint of slot 77")
	n.group.checkpoint.Fetching = 0
	n.group.status.Role = paxos.RoleRemoved
	check("removed")
	n.group.status.Role, n.group.status.Leader = paxos.RoleFollower, 2
	// It refuses writes, and still is the one to ask: it answers reads, and takes what makes room.
	n.clients.info.Persistence.WritesRefused, n.clients.info.Memory.Pressure = true, &resp.MemoryPressure{Refusal: "OOM"}
	check()
	n.clients.stopping = true
	check("stopping")
}

func TestStatusAndClusterAreJSON(t *testing.T) {
	n := newFakeNode().attach()
	n.tells(t, 2, NodeStatus{Leader: 2, Ballot: "7.2"})
	base := serve(t, n)
	var s NodeStatus
	code, body := get(t, "GET", base+"/status")
	if err := json.Unmarshal([]byte(body), &s); err != nil || code != http.StatusOK {
		t.Fatalf("%d, %v: %s", code, err, body)
	}
	if s.ID != 1 || s.Boot != 4 || s.Slots.Lag != 2 || s.Role != "follower" || len(s.Members) != 3 || len(s.Links) != 2 || s.Disk.Free != 1<<30 || "http://"+s.HTTPAddress != base {
		t.Errorf("%+v", s)
	}
	var c ClusterStatus
	code, body = get(t, "GET", base+"/cluster")
	if err := json.Unmarshal([]byte(body), &c); err != nil || code != http.StatusOK || len(c.Nodes) != 3 || c.Leader != 2 || c.VotersReached != 2 {
		t.Fatalf("%d, %v: %s", code, err, body)
	}
}

func TestWhatIsNotThereAndWhatIsNotAllowed(t *testing.T) {
	base := serve(t, newFakeNode().attach())
	for _, test := range []struct {
		method, path string
		code         int
	}{
		{"GET", "/", 200}, {"GET", "/nothing", 404}, {"POST", "/status", 405}, {"DELETE", "/readyz", 405}, {"HEAD", "/healthz", 200},
	} {
		if code, _ := get(t, test.method, base+test.path); code != test.code {
			t.Errorf("%s %.20s: %d, want %d", test.method, test.path, code, test.code)
		}
	}
}

// The server may close the connection before it has read all of it, so that there may be no answer.
func TestALongRequestIsRefused(t *testing.T) {
	base := serve(t, newFakeNode().attach())
	answer, err := http.Get(base + "/status?" + strings.Repeat("x", 2*maxHeaderBytes))
	if err != nil {
		return
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s", answer.Status)
	}
}

func TestAnAddressInUseIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Serve(l.Addr().String(), newFakeNode().Monitor, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "--http-listen") || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("%v", err)
	}
}
