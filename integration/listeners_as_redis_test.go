package integration

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/integration/differential"
	"github.com/paxredis/paxredis/integration/figures"
)

var eventSequences = flag.Int("differential.events", 300, "how many sequences' keyspace events to compare")

// eventsAtOnce are the keyspace events that depend on nothing but the commands: those of expired keys come when they come.
const eventsAtOnce = "KEg$lshztnm"

// otherEvents are the commands whose events differ from redis-server's, with the reason.
var otherEvents = map[string]string{
	"scan":       "it misses the dead keys that it meets, which are still there in redis-server",
	"xread":      "redis-server misses a key twice",
	"xreadgroup": "redis-server misses a key twice",
	"xclaim":     "from 7.2 on its consumer is made though nothing is claimed",
	"xautoclaim": "from 7.2 on its consumer is made though nothing is claimed",
}

// overheard is a server with a listener to its keyspace events.
type overheard struct {
	calls    *differential.Server
	client   *redis.Client
	messages *redis.PubSub
}

func overhear(t *testing.T, name, address string) *overheard {
	t.Helper()
	o := &overheard{calls: dialServer(t, name, address), client: newClient(address)}
	t.Cleanup(func() { _ = o.client.Close() })
	if err := o.client.ConfigSet(t.Context(), "notify-keyspace-events", eventsAtOnce).Err(); err != nil {
		t.Fatal(err)
	}
	o.messages = o.client.PSubscribe(t.Context(), "__key*")
	t.Cleanup(func() { _ = o.messages.Close() })
	if _, err := o.messages.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	return o
}

// run sends calls and returns their replies and the events that they cause.
func (o *overheard) run(t *testing.T, calls []differential.Call) (replies []differential.Reply, events []string) {
	t.Helper()
	if _, err := o.calls.Run([]differential.Call{{Args: []string{"RESET"}}, {Client: 1, Args: []string{"RESET"}}, {Args: []string{"FLUSHALL"}}}); err != nil {
		t.Fatal(err)
	}
	replies, err := o.calls.Run(calls)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.client.Publish(t.Context(), "__key-end", "").Err(); err != nil {
		t.Fatal(err)
	}
	for {
		m, err := o.messages.ReceiveMessage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if m.Channel == "__key-end" {
			return replies, events
		}
		events = append(events, m.Channel+" "+m.Payload)
	}
}

// TestKeyspaceEventsAsRedis sends random sequences of commands to redis-server and paxredis. Where all replies are the same, so are the
// events, in their order, with misses and new keys.
func TestKeyspaceEventsAsRedis(t *testing.T) {
	needsProcesses(t)
	theirs := overhear(t, "redis-server", startRedisServer(t, t.TempDir()))
	ours := overhear(t, "paxredis", startSingle(t).address)
	plan := planOf(t, ours.calls, theirs.calls)
	commands := slices.DeleteFunc(plan.Commands, func(c *differential.Command) bool {
		// RESET and the like make a sequence poorer.
		return otherEvents[c.Name] != "" || c.Group == "scripting" || c.Group == "connection" || c.Group == "server"
	})
	generator := differential.NewGenerator(*differentialSeed, commands)
	compared, events, differ := 0, 0, 0
	for i := range *eventSequences {
		calls := generator.Sequence(commands[i%len(commands)], *differentialCalls)
		ourReplies, ourEvents := ours.run(t, calls)
		theirReplies, theirEvents := theirs.run(t, calls)
		if !sameReplies(ourReplies, theirReplies) {
			continue // a difference on purpose, or one that the comparison of replies shows
		}
		compared++
		events += len(theirEvents)
		if slices.Equal(ourEvents, theirEvents) {
			continue
		}
		at := 0
		for at < len(ourEvents) && at < len(theirEvents) && ourEvents[at] == theirEvents[at] {
			at++
		}
		t.Errorf("sequence %d: event %d differs:\n ours   %q\n theirs %q\n calls %v", i, at, ourEvents[max(0, at-2):min(len(ourEvents), at+4)],
			theirEvents[max(0, at-2):min(len(theirEvents), at+4)], calls)
		if differ++; differ == differencesShown {
			break
		}
	}
	figures.Log(t, fmt.Sprintf("%d events of %d sequences are the same", events, compared))
	if compared < *eventSequences/4 {
		t.Errorf("only %d of %d sequences have the same replies", compared, *eventSequences)
	}
}

func sameReplies(a, b []differential.Reply) bool {
	return slices.EqualFunc(a, b, func(a, b differential.Reply) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
}

// cacheScript is what a client that caches (a) and others do on each server; A is a's id, and C that of another, which is subscribed.
const cacheScript = `
a CLIENT TRACKING ON
b MSET k1 1 k2 2 k3 3
a GET k1
a MGET k2 k3 none
b SET k1 x
b SET k1 y
b DEL k2 k3
b INCR none
a GET k1
a SET k1 own
a GET k1
b EXPIRE k1 100
a GET k1
b PERSIST k1
a GET k1
b RENAME k1 k9
a EXISTS k9
b COPY k9 k1
b APPEND k9 more
a STRLEN k9
b FLUSHDB
b SET k9 again
b FLUSHALL
a LRANGE list 0 -1
b RPUSH list 1 2 3
a LLEN list
b LPOP list
a TTL gone
b SET gone 1
a GET short
b SET short 1 PX 1
a MULTI
a GET m1
a SET m1 1
a GET m2
a EXEC
b SET m1 2
b SET m2 2
a CLIENT TRACKING OFF
a GET k1
b SET k1 unseen
a CLIENT TRACKING ON NOLOOP
a GET k1
a SET k1 own
b SET k1 other
a GET k1
b SET k1 other
a CLIENT TRACKING OFF
a CLIENT TRACKING ON OPTIN
a GET k1
b SET k1 unseen
a CLIENT CACHING YES
a GET k1
b SET k1 seen
a CLIENT TRACKINGINFO
a CLIENT TRACKING OFF
a CLIENT TRACKING ON OPTOUT
a CLIENT CACHING NO
a GET k1
a GET k2
b MSET k1 a k2 b
a CLIENT TRACKING OFF
a CLIENT TRACKING ON BCAST PREFIX user: PREFIX item:
b SET user:1 x
b SET else x
b MSET user:3 x user:2 x item:1 x
b MSET item:4 x item:3 x
a SET item:9 x
b FLUSHALL
a CLIENT TRACKINGINFO
a CLIENT TRACKING ON BCAST PREFIX user
a CLIENT TRACKING ON
a CLIENT TRACKING OFF
a CLIENT TRACKING ON BCAST NOLOOP
a SET any x
b SET any y
a CLIENT TRACKING OFF
a CLIENT TRACKING ON REDIRECT C
a CLIENT GETREDIR
a GET k1
b SET k1 x
b FLUSHALL
a CLIENT TRACKING OFF
d CLIENT TRACKING ON REDIRECT A
d GET k1
b SET k1 y
d CLIENT TRACKINGINFO
`

// TestClientSideCachingAsRedis runs a script on redis-server and paxredis: everything that any client gets is the same, in its order.
func TestClientSideCachingAsRedis(t *testing.T) {
	needsProcesses(t)
	theirs := runCacheScript(t, startRedisServer(t, t.TempDir()))
	ours := runCacheScript(t, startSingle(t).address)
	lines := strings.Split(strings.TrimSpace(cacheScript), "\n")
	for i, line := range lines {
		// redis-server tells a client of RESP2 of a flush in RESP3, if the client that redirects to it speaks that.
		if theirs := strings.ReplaceAll(theirs[i], "\"__redis__:invalidate\" _nil", "\"__redis__:invalidate\" $nil"); ours[i] != theirs {
			t.Errorf("%s\n ours   %s\n theirs %s", line, ours[i], theirs)
		}
	}
}

// framed is a raw client.
type framed struct {
	conn net.Conn
	in   *bufio.Reader
	id   string
}

func (f *framed) call(t *testing.T, args ...string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := f.conn.Write([]byte(b.String())); err != nil {
		t.Fatal(err)
	}
}

// frame reads whatever comes next.
func (f *framed) frame(t *testing.T) string {
	t.Helper()
	reply, err := differential.ReadReply(f.in)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(reply)
}

// until reads frames up to the one with the text, which it leaves out.
func (f *framed) until(t *testing.T, text string) (frames []string) {
	t.Helper()
	for {
		frame := f.frame(t)
		if strings.Contains(frame, text) {
			return frames
		}
		frames = append(frames, frame)
	}
}

// runCacheScript returns what each line of the script brings to each client: its reply, and what is pushed to any.
func runCacheScript(t *testing.T, address string) []string {
	t.Helper()
	clients := make(map[string]*framed)
	for _, name := range []string{"a", "b", "c", "d"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
			t.Fatal(err)
		}
		f := &framed{conn: conn, in: bufio.NewReader(conn)}
		clients[name] = f
		f.call(t, "CLIENT", "ID")
		reply, err := differential.ReadReply(f.in)
		if err != nil {
			t.Fatal(err)
		}
		f.id = reply.Text
	}
	// Both get a message behind all that the line pushes to them: a speaks RESP3, and c is what invalidations are redirected to.
	clients["a"].call(t, "HELLO", "3")
	clients["a"].frame(t)
	for _, name := range []string{"a", "c"} {
		clients[name].call(t, "SUBSCRIBE", "sync")
		clients[name].frame(t)
	}
	ids := strings.NewReplacer(clients["a"].id, "A", clients["c"].id, "C")
	var brought []string
	for i, line := range strings.Split(strings.TrimSpace(cacheScript), "\n") {
		words := strings.Fields(line)
		for j, word := range words {
			if word == "A" || word == "C" {
				words[j] = clients[strings.ToLower(word)].id
			}
		}
		clients[words[0]].call(t, words[1:]...)
		got := []string{clients[words[0]].frame(t)}
		if slices.Contains(words, "GETREDIR") || slices.Contains(words, "TRACKINGINFO") {
			got[0] = ids.Replace(got[0])
		}
		end := "end-" + strconv.Itoa(i)
		clients["b"].call(t, "PUBLISH", "sync", end)
		clients["b"].frame(t)
		for _, name := range []string{"a", "c"} {
			got = append(append(got, name+":"), clients[name].until(t, end)...)
		}
		brought = append(brought, strings.Join(got, " "))
	}
	return brought
}
