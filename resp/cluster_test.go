package resp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication"
)

// startClusterServer is node 2 of a cluster of three voters and a learner. Node 4 has not said where its clients connect, node 3 is not
// reachable.
func startClusterServer(t *testing.T, leader replication.NodeID) (*Server, *wire) {
	t.Helper()
	s, node := startServer(t, Config{ClusterMode: true, ClusterUUID: "abc", Advertise: ":7002", Peers: func() []Peer {
		return []Peer{
			{ID: 4, Connected: true, Since: time.Unix(5, 0)},
			{ID: 1, ClientAddress: ":7001", Connected: true, Since: time.Unix(6, 0), Queued: 9},
			{ID: 3, ClientAddress: "three.example:7003"},
		}
	}})
	node.set(func() {
		node.status.Self, node.status.Leader = 2, leader
		node.status.Configuration.Voters = []replication.Member{{ID: 1, Address: "one.example:8001"}, {ID: 2, Address: "two.example:8002"}, {ID: 3, Address: "three.example:8003"}}
		node.status.Configuration.Learners = []replication.Member{{ID: 4, Address: "four.example:8004"}}
		node.status.Ballot.Round = 7
	})
	return s, dial(t, s)
}

func TestClusterShowsOneShardLedByTheLeader(t *testing.T) {
	s, w := startClusterServer(t, 1)
	name := func(id uint64) string { return s.nodeName(id) }
	if len(name(1)) != 40 || name(1) == name(2) || s.shardName() == name(1) {
		t.Errorf("%s, %s", name(1), name(2))
	}
	w.check("CLUSTER MYID", "$40 "+name(2))
	w.check("CLUSTER MYSHARDID", "$40 "+s.shardName())
	for _, want := range []string{"cluster_state:ok ", "cluster_slots_ok:16384 ", "cluster_known_nodes:4 ", "cluster_size:1 ", "cluster_current_epoch:7 "} {
		if got := w.do("CLUSTER INFO"); !strings.Contains(got, want) {
			t.Errorf("CLUSTER INFO has no %q: %s", want, got)
		}
	}
	w.check("CLUSTER SLOTS", fmt.Sprintf("*1 *4 :0 :16383 *4 $11 one.example :7001 $40 %s *0 *4 $9 127.0.0.1 :7002 $40 %s *0", name(1), name(2)))
	w.send(line("CLUSTER NODES"))
	reply, err := w.readReply()
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(reply, "\r\n")
	if want := name(1) + " one.example:7001@8001 master - 0 0 7 connected 0-16383\n" +
		name(2) + " 127.0.0.1:7002@8002 myself,slave " + name(1) + " 0 0 7 connected\n" +
		name(3) + " three.example:7003@8003 slave,fail? " + name(1) + " 0 0 7 disconnected\n" +
		name(4) + " :0@8004 slave,noaddr " + name(1) + " 0 0 7 connected\n\r\n"; text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	w.check("CLUSTER LINKS", fmt.Sprintf("*2 *12 $9 direction $2 to $4 node $40 %s $11 create-time :6000 $6 events $2 rw $21 send-buffer-allocated :9 $16 send-buffer-used :9 "+
		"*12 $9 direction $2 to $4 node $40 %s $11 create-time :5000 $6 events $2 rw $21 send-buffer-allocated :0 $16 send-buffer-used :0", name(1), name(4)))
	if got := w.do("CLUSTER REPLICAS " + name(1)); !strings.HasPrefix(got, "*3 $") {
		t.Error(got)
	}
	w.check("CLUSTER SLAVES "+name(2), "-ERR The specified node is not a master")
	w.check("CLUSTER REPLICAS nobody", "-ERR Unknown node nobody")
	w.check("CLUSTER COUNT-FAILURE-REPORTS "+name(3), ":0")
	w.check("CLUSTER COUNT-FAILURE-REPORTS nobody", "-ERR Unknown node nobody")
	w.check("CLUSTER KEYSLOT foo", ":12182")
	w.check("ASKING", "+OK")
	w.check("READONLY", "+OK")
	w.check("READWRITE", "+OK")
	w.check("SET anywhere 1", "+OK")
	if got := w.do("CLUSTER SHARDS"); !strings.Contains(got, fmt.Sprintf("$2 id $40 %s $4 port :7003 $2 ip $13 three.example $8 endpoint $13 three.example $4 role $7 replica $18 replication-offset :0 $6 health $4 fail", name(3))) {
		t.Error(got)
	}
	if got := w.do("INFO"); !strings.Contains(got, " cluster_enabled:1 ") || !strings.Contains(got, " redis_mode:cluster ") {
		t.Error(got)
	}
	w.check("CONFIG GET cluster-enabled", "*2 $15 cluster-enabled $3 yes")
	if got := w.do("HELLO 3"); !strings.Contains(got, "$4 mode $7 cluster ") {
		t.Error(got)
	}
	if got := w.do("CLUSTER SHARDS"); !strings.HasPrefix(got, "*1 %2 $5 slots *2 :0 :16383 $5 nodes *4 %7 ") {
		t.Error(got)
	}
}

// While nobody leads, a node sends cluster clients to itself, and says that the cluster fails.
func TestClusterWithoutALeader(t *testing.T) {
	s, w := startClusterServer(t, 0)
	if got := w.do("CLUSTER INFO"); !strings.Contains(got, "cluster_state:fail ") || !strings.Contains(got, "cluster_slots_fail:16384 ") {
		t.Error(got)
	}
	if got := w.do("CLUSTER SLOTS"); !strings.HasPrefix(got, "*1 *4 :0 :16383 *4 $9 127.0.0.1 :7002 $40 "+s.nodeName(2)) {
		t.Error(got)
	}
}

// Without --cluster-mode all of it is refused in Redis's words, as redis-server does.
func TestClusterIsRefusedWhenOff(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	for _, c := range everyCommand(s.table) {
		if !needsClusterMode(c.name) {
			continue
		}
		args := strings.ReplaceAll(c.name, "|", " ") + strings.Repeat(" 1", max(c.Arity, -c.Arity)-len(strings.Split(c.name, "|")))
		w.check(args, "-ERR This instance has cluster support disabled")
	}
	w.check("CLUSTER NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try CLUSTER HELP.")
	w.check("READONLY", "+OK")
}

// The replies have the shape of those of a redis-server of one node that has all slots.
func TestClusterRepliesAreRedis(t *testing.T) {
	redis := startRedisServer(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")
	redis.do(words("CLUSTER ADDSLOTSRANGE 0 16383"))
	_, w := startClusterServer(t, 2)
	var shape func(reply any) string
	shape = func(reply any) string {
		switch reply := reply.(type) {
		case []any:
			var all []string
			for i, one := range reply {
				if text, ok := one.(string); ok && i%2 == 0 && len(reply) > 3 && len(text) < 40 {
					all = append(all, text) // perhaps the name of a field
					continue
				}
				all = append(all, shape(one))
			}
			return "[" + strings.Join(all, " ") + "]"
		default:
			return fmt.Sprintf("%T", reply)
		}
	}
	first := func(reply any, path ...int) any {
		for _, i := range path {
			reply = reply.([]any)[i]
		}
		return reply
	}
	for command, path := range map[string][]int{"CLUSTER SHARDS": {0, 3, 0}, "CLUSTER SLOTS": {0, 2, 3}, "CLUSTER KEYSLOT {a}b": nil, "CLUSTER MYID": nil} {
		w.send(line(command))
		reply, err := w.readReply()
		if err != nil {
			t.Fatal(err)
		}
		got, want := shape(first(decoded(t, []byte(reply)), path...)), shape(first(decoded(t, redis.do(words(command))), path...))
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", command, got, want)
		}
	}
	names := func(text string) (all []string) {
		for line := range strings.SplitSeq(text, "\r\n") {
			if name, _, ok := strings.Cut(line, ":"); ok {
				all = append(all, name)
			}
		}
		return all
	}
	w.send(line("CLUSTER INFO"))
	reply, err := w.readReply()
	if err != nil {
		t.Fatal(err)
	}
	redisHas := strings.Join(names(decoded(t, redis.do(words("CLUSTER INFO"))).(string)), " ")
	for _, name := range names(decoded(t, []byte(reply)).(string)) {
		if !strings.Contains(redisHas, name) {
			t.Errorf("CLUSTER INFO: Redis has no %s in %s", name, redisHas)
		}
	}
}
