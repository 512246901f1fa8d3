package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/cmd/paxredis/monitor"
)

var httpAddress = regexp.MustCompile(`msg="serving HTTP" address=(\S+)`)

// http is where a node that was started with --http-listen 127.0.0.1:0 serves HTTP.
func (n *node) http() string {
	n.t.Helper()
	n.awaitLog(httpAddress.String())
	all := httpAddress.FindAllStringSubmatch(n.log(), -1)
	return "http://" + all[len(all)-1][1]
}

// page is what a node answers to a GET.
func (n *node) page(path string) (code int, body []byte, err error) {
	answer, err := http.Get(n.http() + path)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

// cluster is the cluster as a node sees it.
func (n *node) cluster() (c monitor.ClusterStatus, err error) {
	code, body, err := n.page("/cluster")
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("%d: %s", code, body)
	}
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	return c, err
}

// statusOf is what a view of the cluster has of one node.
func statusOf(c *monitor.ClusterStatus, id int) (n monitor.ClusterNode, s monitor.NodeStatus, err error) {
	at := slices.IndexFunc(c.Nodes, func(n monitor.ClusterNode) bool { return n.ID == uint64(id) })
	if at < 0 {
		return n, s, fmt.Errorf("node %d is not in %+v", id, c)
	}
	n = c.Nodes[at]
	if len(n.Status) > 0 {
		err = json.Unmarshal(n.Status, &s)
	}
	return n, s, err
}

// One node alone serves HTTP, and shows all of them: who leads, and that another one does once that is killed.
func TestOneNodeShowsTheClusterThroughAKillOfItsLeader(t *testing.T) {
	c := newCluster(t, 3)
	viewer := c.nodes[0]
	viewer.start("--http-listen", "127.0.0.1:0")
	c.nodes[1].start()
	c.nodes[2].start()
	c.awaitServing()
	if code, body, err := viewer.page("/readyz"); err != nil || code != http.StatusOK {
		t.Errorf("/readyz: %d %s, %v", code, body, err)
	}
	leader := c.leader()
	if leader == viewer {
		leader = c.nodes[1]
		if out := c.paxredis("leader", "transfer", "--addr", viewer.address, strconv.Itoa(leader.id)); !strings.Contains(out, "leads") {
			t.Fatalf("leader transfer: %s", out)
		}
	}
	var ballot string
	await(t, "the leader to be seen", func() error {
		view, err := viewer.cluster()
		if err != nil {
			return err
		}
		n, s, err := statusOf(&view, leader.id)
		if err != nil || view.Leader != uint64(leader.id) || view.VotersReached != 3 || !view.Majority || s.Role != "leader" || n.ClientAddress != leader.address || n.QuestionMicros == 0 {
			return fmt.Errorf("%w; %+v", err, view)
		}
		ballot = view.Ballot
		return nil
	})
	leader.kill()
	await(t, "another leader to be seen", func() error {
		view, err := viewer.cluster()
		if err != nil {
			return err
		}
		dead, last, err := statusOf(&view, leader.id)
		if err != nil || view.Leader == uint64(leader.id) || view.Ballot == ballot || view.VotersReached != 2 || !view.Majority || dead.Reached || dead.Error == "" || last.Role != "leader" {
			return fmt.Errorf("%w; %+v", err, view)
		}
		_, own, err := statusOf(&view, viewer.id)
		if err != nil || !slices.ContainsFunc(own.Events, func(e monitor.Event) bool { return e.Kind == "leader" && e.Node == view.Leader }) ||
			!slices.ContainsFunc(own.Events, func(e monitor.Event) bool { return e.Kind == "link" && e.Node == uint64(leader.id) }) {
			return fmt.Errorf("%w: the events are %+v", err, own.Events)
		}
		return nil
	})
	for _, n := range c.nodes {
		if n != viewer && n != leader {
			n.kill()
		}
	}
	await(t, "the node that is left not to be ready", func() error {
		code, body, err := viewer.page("/readyz")
		if err != nil || code != http.StatusServiceUnavailable {
			return fmt.Errorf("%d %s, %w", code, body, err)
		}
		view, err := viewer.cluster()
		if err != nil || view.Majority {
			return fmt.Errorf("%+v, %w", view, err)
		}
		return nil
	})
	if code, _, err := viewer.page("/healthz"); err != nil || code != http.StatusOK {
		t.Errorf("alive: %d, %v", code, err)
	}
}
