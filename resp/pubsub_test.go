package resp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// TestAMessageReachesAllThatSubscribed: channels, patterns and shard channels, in RESP2 and as pushes of RESP3, each in its own words.
func TestAMessageReachesAllThatSubscribed(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	channel, pattern, shard, publisher := dial(t, s), dial(t, s), dial(t, s), dial(t, s)
	channel.check("SUBSCRIBE news other", "*3 $9 subscribe $4 news :1")
	channel.want("*3 $9 subscribe $5 other :2")
	pattern.do("HELLO 3")
	pattern.check("PSUBSCRIBE n?ws", ">3 $10 psubscribe $4 n?ws :1")
	shard.check("SSUBSCRIBE news", "*3 $10 ssubscribe $4 news :1")

	publisher.check("PUBLISH news hello", ":2")
	publisher.check("SPUBLISH news apart", ":1")
	publisher.check("PUBLISH nobody hello", ":0")
	channel.want("*3 $7 message $4 news $5 hello")
	pattern.want(">4 $8 pmessage $4 n?ws $4 news $5 hello")
	shard.want("*3 $8 smessage $4 news $5 apart")

	channel.check("UNSUBSCRIBE news", "*3 $11 unsubscribe $4 news :1")
	publisher.check("PUBLISH news again", ":1")
	channel.check("PING", "*2 $4 pong $0 ") // the first thing behind the confirmation
	channel.check("PING hi", "*2 $4 pong $2 hi")
	channel.check("UNSUBSCRIBE", "*3 $11 unsubscribe $5 other :0")
	channel.check("UNSUBSCRIBE", "*3 $11 unsubscribe $-1 :0")
	channel.check("PUNSUBSCRIBE", "*3 $12 punsubscribe $-1 :0")
	channel.check("SUNSUBSCRIBE", "*3 $12 sunsubscribe $-1 :0")
	channel.check("PING", "+PONG")
}

// TestASubscriberOfRESP2MayCallButAFewCommands: in Redis's words; RESP3 has no such mode.
func TestASubscriberOfRESP2MayCallButAFewCommands(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.do("SUBSCRIBE ch")
	only := "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
	w.check("GET k", "-ERR Can't execute 'get"+only)
	w.check("CLIENT ID", "-ERR Can't execute 'client|id"+only)
	w.check("MULTI", "-ERR Can't execute 'multi"+only)
	w.check("PSUBSCRIBE p", "*3 $10 psubscribe $1 p :2")
	w.check("SSUBSCRIBE s", "*3 $10 ssubscribe $1 s :1")
	w.check("SUNSUBSCRIBE", "*3 $12 sunsubscribe $1 s :0")
	w.check("RESET", "+RESET")
	w.check("SET k v", "+OK")
	w.do("HELLO 3")
	w.do("SUBSCRIBE ch")
	w.check("GET k", "$1 v")
	if got := s.hub.subscribed.Load(); got != 1 {
		t.Errorf("%d subscriptions are counted, want 1", got)
	}
	w.send(line("QUIT"))
	w.want("+OK")
	w.wantClosed()
}

// TestPubsubTellsOfThisNode: PUBSUB's subcommands, with Redis's errors.
func TestPubsubTellsOfThisNode(t *testing.T) {
	s, _ := startServer(t, Config{})
	a, b, asks := dial(t, s), dial(t, s), dial(t, s)
	a.do("SUBSCRIBE one")
	a.do("SSUBSCRIBE shard")
	b.send(line("SUBSCRIBE one two"))
	b.want("*3 $9 subscribe $3 one :1", "*3 $9 subscribe $3 two :2")
	b.send(line("PSUBSCRIBE x* y*"))
	b.want("*3 $10 psubscribe $2 x* :3", "*3 $10 psubscribe $2 y* :4")
	a.do("PSUBSCRIBE x*")
	asks.check("PUBSUB CHANNELS", "*2 $3 one $3 two")
	asks.check("PUBSUB CHANNELS t*", "*1 $3 two")
	asks.check("PUBSUB CHANNELS t* u*", "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.")
	asks.check("PUBSUB NUMSUB one two three", "*6 $3 one :2 $3 two :1 $5 three :0")
	asks.check("PUBSUB NUMSUB", "*0")
	asks.check("PUBSUB NUMPAT", ":2")
	asks.check("PUBSUB SHARDCHANNELS", "*1 $5 shard")
	asks.check("PUBSUB SHARDNUMSUB shard one", "*4 $5 shard :1 $3 one :0")
	asks.check("PUBSUB FOO", "-ERR unknown subcommand 'FOO'. Try PUBSUB HELP.")
	if help := asks.do("PUBSUB HELP"); !strings.HasPrefix(help, "*14 +PUBSUB <subcommand>") {
		t.Errorf("PUBSUB HELP is %q", help)
	}
}

// TestNumSubCountsOtherNodesToo: outside transactions, in which nobody is waited for. What peers ask this node is its own clients.
func TestNumSubCountsOtherNodesToo(t *testing.T) {
	s, node := startServer(t, Config{})
	a, asks := dial(t, s), dial(t, s)
	a.do("SUBSCRIBE one")
	a.do("SSUBSCRIBE shard")
	node.set(func() { node.elsewhere = map[string]uint64{"one": 2, "shard": 3} })
	asks.check("PUBSUB NUMSUB one two one", "*6 $3 one :3 $3 two :0 $3 one :3")
	asks.check("PUBSUB SHARDNUMSUB shard", "*2 $5 shard :4")
	asks.send(lines("SET k v;PUBSUB NUMSUB one;GET k"))
	asks.want("+OK", "*2 $3 one :3", "$1 v")
	asks.send(lines("MULTI;PUBSUB NUMSUB one;EXEC"))
	asks.want("+OK", "+QUEUED", "*1 *2 $3 one :1")
	names := [][]byte{[]byte("one"), []byte("shard")}
	if got := fmt.Sprint(node.counter(replication.Audience{Names: names}), node.counter(replication.Audience{Names: names, Sharded: true})); got != "[1 0] [0 1]" {
		t.Errorf("peers are told %s", got)
	}
	long := strings.Repeat("n", replication.MaxAudienceBytes)
	asks.check("PUBSUB NUMSUB "+long, "-ERR 1 names of channels take 65552 bytes, of which 65536 may be asked for at once")
	node.set(func() { node.untold = errors.New("too many") })
	asks.check("PUBSUB NUMSUB one", "-ERR too many")
}

// TestNumSubWithoutAnAnswer: a client that goes away meanwhile is let go of, and one that is there when the node stops gets its node's count.
func TestNumSubWithoutAnAnswer(t *testing.T) {
	s, node := startServer(t, Config{})
	node.set(func() { node.mute = true })
	gone, stays := dial(t, s), dial(t, s)
	gone.send(line("PUBSUB NUMSUB one"))
	node.until(func() bool { return node.asking == 1 })
	gone.conn.Close()
	node.until(func() bool { return node.asking == 0 })
	stays.send(line("PUBSUB NUMSUB one"))
	node.until(func() bool { return node.asking == 1 })
	closed := closing(s)
	stays.want("*2 $3 one :0")
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// TestNothingComesBeforeTheConfirmation: SUBSCRIBE waits for what the client asked before, and messages wait for SUBSCRIBE.
func TestNothingComesBeforeTheConfirmation(t *testing.T) {
	s, node := startServer(t, Config{})
	w, publisher := dial(t, s), dial(t, s)
	node.hold()
	w.send(lines("SET k v;SUBSCRIBE ch"))
	publisher.send(line("PUBLISH ch early"))
	node.letGo()
	w.want("+OK", "*3 $9 subscribe $2 ch :1")
	if got := publisher.reply(); got == ":1" {
		w.want("*3 $7 message $2 ch $5 early")
	}
	publisher.check("PUBLISH ch late", ":1")
	w.want("*3 $7 message $2 ch $4 late")
}

// TestSubscriptionsInATransaction: they count if it happens. Redis refuses SSUBSCRIBE there, and replies in RESP2 with as many elements
// as there are names.
func TestSubscriptionsInATransaction(t *testing.T) {
	s, _ := startServer(t, Config{})
	w, other := dial(t, s), dial(t, s)
	w.send(lines("MULTI;SUBSCRIBE a b;SSUBSCRIBE s;SET k v;EXEC"))
	w.want("+OK", "+QUEUED", "+QUEUED", "+QUEUED", "*3 *3 $9 subscribe $1 a :1 *3 $9 subscribe $1 b :2 -ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client", "+OK")
	other.check("PUBLISH b m", ":1")
	w.want("*3 $7 message $1 b $1 m")
	w.do("RESET")

	w.send(lines("WATCH k;GET k"))
	w.want("+OK", "$1 v")
	other.do("SET k changed")
	w.send(lines("MULTI;SUBSCRIBE a;GET k;EXEC"))
	w.want("+OK", "+QUEUED", "+QUEUED", "*-1")
	other.check("PUBLISH a m", ":0")
	w.check("GET k", "$7 changed")

	w.send(lines("MULTI;SUBSCRIBE a;UNSUBSCRIBE a;PSUBSCRIBE p;EXEC"))
	w.want("+OK", "+QUEUED", "+QUEUED", "+QUEUED", "*3 *3 $9 subscribe $1 a :1 *3 $11 unsubscribe $1 a :0 *3 $10 psubscribe $1 p :1")
	other.check("PUBSUB CHANNELS", "*0")
	other.check("PUBSUB NUMPAT", ":1")
	other.send(lines("MULTI;PUBLISH p m;PUBLISH a m;EXEC"))
	other.want("+OK", "+QUEUED", "+QUEUED", "*2 :1 :0")
	w.want("*4 $8 pmessage $1 p $1 p $1 m")
}

// TestPublishersAndSubscribersMayBeOne: in RESP3 a client gets its own messages, behind the reply of the command.
func TestPublishersAndSubscribersMayBeOne(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.do("HELLO 3")
	w.do("SUBSCRIBE ch")
	w.send(lines("PUBLISH ch one;PUBLISH ch two"))
	w.want(":1", ":1", ">3 $7 message $2 ch $3 one", ">3 $7 message $2 ch $3 two")
	w.send(lines("CLIENT REPLY OFF;SUBSCRIBE more;PUBLISH more m"))
	w.want(">3 $9 subscribe $4 more :2", ">3 $7 message $4 more $1 m")
}

// TestALoadingNodeDeliversNothing: what it applies then was published before.
func TestALoadingNodeDeliversNothing(t *testing.T) {
	s, node := startServer(t, Config{NotifyKeyspaceEvents: "KEA"})
	w, publisher := dial(t, s), dial(t, s)
	w.send(line("PSUBSCRIBE *"))
	w.want("*3 $10 psubscribe $1 * :1")
	node.hold()
	publisher.send(lines("PUBLISH ch old;SET k v"))
	node.until(func() bool { return node.hasWork() })
	node.set(func() { node.loading = true })
	node.letGo()
	publisher.want(":0", "+OK")
	publisher.check("PUBLISH ch refused", "-"+errLoading) // there is no log to take it
	node.set(func() { node.loading = false })
	publisher.check("PUBLISH ch new", ":1")
	w.want("*4 $8 pmessage $1 * $2 ch $3 new")
}

// TestSubscribersAreToldOfAGap: when another state takes the place of the one before, messages are missed, and the connection ends.
func TestSubscribersAreToldOfAGap(t *testing.T) {
	s, node := startServer(t, Config{})
	subscriber, other := dial(t, s), dial(t, s)
	subscriber.do("PSUBSCRIBE *")
	other.check("SET k v", "+OK")
	node.hold() // nothing is applied meanwhile
	s.machine.Reset()
	node.letGo()
	subscriber.wantClosed()
	other.check("GET k", "$-1")
	other.check("PUBLISH ch m", ":0")
}

// TestASlowSubscriberIsCutOff: at the hard limit, whatever its reader does, while publishers and other subscribers go on.
func TestASlowSubscriberIsCutOff(t *testing.T) {
	s, _ := startServer(t, Config{Limits: Limits{PubsubBuffer: 1 << 20}})
	slow, quick, publisher := dial(t, s), dial(t, s), dial(t, s)
	slow.do("SUBSCRIBE ch")
	quick.do("SUBSCRIBE ch")
	message := strings.Repeat("m", 256<<10)
	want := "*3 $7 message $2 ch $262144 " + message
	for i := 0; ; i++ {
		if i == 256 {
			t.Fatal("64 MiB that nobody reads are kept")
		}
		reply := publisher.do("PUBLISH ch " + message)
		if quick.want(want); reply == ":1" {
			break
		}
	}
	for {
		if _, err := slow.readReply(); err != nil {
			break
		}
	}
}

// TestTheSoftLimitOfSubscribersCountsTime: what stays beyond it for that long is closed though nothing more comes.
func TestTheSoftLimitOfSubscribersCountsTime(t *testing.T) {
	s, _ := startServer(t, Config{Limits: Limits{PubsubBuffer: 64 << 20, PubsubSoftBuffer: 1 << 20, PubsubSoftTime: time.Millisecond}})
	slow, publisher := dial(t, s), dial(t, s)
	slow.do("SUBSCRIBE ch")
	message := strings.Repeat("m", 1<<20)
	for range 16 {
		publisher.do("PUBLISH ch " + message)
	}
	for {
		if _, err := slow.readReply(); err != nil {
			break
		}
	}
	publisher.check("PUBLISH ch last", ":0")
}

// TestAHeldUpLoopDoesNotGatherMessagesWithoutEnd: what waits in its mailbox is bounded for each client, and the applier goes on.
func TestAHeldUpLoopDoesNotGatherMessagesWithoutEnd(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 1, Limits: Limits{PubsubBuffer: 1 << 20}})
	w := dial(t, s)
	w.do("SUBSCRIBE ch")
	l := s.allLoops()[0]
	held, release := make(chan struct{}), make(chan struct{})
	l.do(func() { close(held); <-release })
	<-held
	message := make([]byte, 1<<18)
	for range 64 {
		s.hub.Publish([]byte("ch"), message, false)
		s.hub.Applied()
	}
	l.mailbox.mu.Lock()
	waiting := len(l.mailbox.mail.pushes)
	l.mailbox.mu.Unlock()
	if waiting > 5 {
		t.Errorf("%d messages wait, of which four fit", waiting)
	}
	close(release)
	for range 4 {
		if _, err := w.readReply(); err != nil {
			break // it may be closed before it has taken them
		}
	}
	for {
		if _, err := w.readReply(); err != nil {
			break
		}
	}
}

// TestSubscriptionsAreBounded: each bound, and the first request past it.
func TestSubscriptionsAreBounded(t *testing.T) {
	s, _ := startServer(t, Config{Limits: Limits{MaxArgs: 1 << 21}})
	w := dial(t, s)
	w.do("HELLO 3")
	w.check("PSUBSCRIBE "+strings.Repeat("p", maxPatternLength+1), "-"+errPatternTooLong)
	w.send(line("PSUBSCRIBE " + strings.Repeat("p", maxPatternLength)))
	if got := w.reply(); !strings.HasPrefix(got, ">3 $10 psubscribe") {
		t.Errorf("the longest pattern: %q", got[:20])
	}
	var words []string
	for i := range maxPatterns {
		words = append(words, fmt.Sprintf("%d", i))
	}
	w.send(request(append([]string{"PSUBSCRIBE"}, words...)...))
	w.want("-" + errTooManyPatterns)
	words = words[:maxPatterns-1]
	w.send(request(append([]string{"PSUBSCRIBE"}, words...)...))
	for range words {
		w.reply()
	}
	w.check("PSUBSCRIBE one-more", "-"+errTooManyPatterns)
	many := make([]string, maxSubscriptions+1)
	for i := range many {
		many[i] = "same"
	}
	many[0] = "SUBSCRIBE"
	w.send(request(many...))
	w.want("-" + errTooManySubscriptions)
	w.check("UNSUBSCRIBE", fmt.Sprintf(">3 $11 unsubscribe _ :%d", maxPatterns))
}

// TestWhoIsGoneIsNoSubscriber: what is gone is not counted, however it went.
func TestWhoIsGoneIsNoSubscriber(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	asks := dial(t, s)
	for range 20 {
		w := dial(t, s)
		w.do("SUBSCRIBE ch")
		w.do("PSUBSCRIBE c*")
		asks.check("PUBLISH ch m", ":2")
		w.want("*3 $7 message $2 ch $1 m", "*4 $8 pmessage $2 c* $2 ch $1 m")
		w.send(line("QUIT"))
		w.want("+OK")
		w.wantClosed()
	}
	asks.check("PUBSUB CHANNELS", "*0")
	asks.check("PUBSUB NUMPAT", ":0")
	if got := s.hub.subscribed.Load(); got != 0 {
		t.Errorf("%d subscriptions are left", got)
	}
}

// TestInfoAndClientListTellWhoListens: figures of both, and the flags and types of clients.
func TestInfoAndClientListTellWhoListens(t *testing.T) {
	s, _ := startServer(t, Config{})
	subscriber, tracker, asks := dial(t, s), dial(t, s), dial(t, s)
	subscriber.do("SUBSCRIBE a")
	subscriber.do("PSUBSCRIBE b*")
	subscriber.do("SSUBSCRIBE c")
	tracker.do("CLIENT TRACKING ON BCAST PREFIX p REDIRECT 1")
	info := asks.do("INFO stats") + asks.do("INFO clients")
	for _, figure := range []string{"pubsub_channels:1", "pubsub_patterns:1", "pubsubshard_channels:1", "tracking_total_prefixes:1", "tracking_clients:1"} {
		if !strings.Contains(info, figure+" ") {
			t.Errorf("INFO does not say %s: %s", figure, info)
		}
	}
	list := asks.do("CLIENT LIST")
	for _, words := range []string{"flags=P db=0 sub=1 psub=1 ssub=1", "flags=tB db=0 sub=0 psub=0 ssub=0", "redir=1", "redir=-1"} {
		if !strings.Contains(list, words) {
			t.Errorf("CLIENT LIST does not say %q: %s", words, list)
		}
	}
	if got := strings.Count(asks.do("CLIENT LIST TYPE pubsub"), "id="); got != 1 {
		t.Errorf("%d clients are of the type pubsub, want 1", got)
	}
	asks.check("CLIENT KILL TYPE pubsub", ":1")
	subscriber.wantClosed()
}

// TestKeyspaceEventsArePublished: on both channels, in the order of the log, as far as notify-keyspace-events asks for them.
func TestKeyspaceEventsArePublished(t *testing.T) {
	s, _ := startServer(t, Config{NotifyKeyspaceEvents: "KE$x"})
	w, other := dial(t, s), dial(t, s)
	w.do("PSUBSCRIBE __key*")
	other.do("SELECT 3")
	other.do("SET k v EX 100")
	w.want("*4 $8 pmessage $6 __key* $16 __keyspace@3__:k $3 set", "*4 $8 pmessage $6 __key* $18 __keyevent@3__:set $1 k")
	other.check("CONFIG GET notify-keyspace-events", "*2 $22 notify-keyspace-events $4 $xKE")
	other.check("CONFIG SET notify-keyspace-events Kmq",
		"-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
	other.check("CONFIG SET notify-keyspace-events Km", "+OK")
	other.do("SET k v")
	other.do("GET nowhere")
	w.want("*4 $8 pmessage $6 __key* $22 __keyspace@3__:nowhere $7 keymiss")
}

// TestEventClassesAreToldAsInRedis: what CONFIG GET says of what CONFIG SET was given.
func TestEventClassesAreToldAsInRedis(t *testing.T) {
	for given, want := range map[string]string{"": "", "AKEn": "AKE", "gn$": "g$n", "KEA": "AKE", "mKg": "gKm", "An": "A", "dA": "A",
		"$lshzxetd": "$lshzxetd", "g$lshzxet": "g$lshzxet", "gz": "gz"} {
		bits, ok := parseEvents(given)
		if got := formatEvents(bits); !ok || got != want {
			t.Errorf("%q is told as %q, want %q", given, got, want)
		}
	}
	if _, ok := parseEvents("Kq"); ok {
		t.Error("q is no class")
	}
	machine := statemachine.New(statemachine.Config{})
	if _, err := Start(Config{Listen: "127.0.0.1:0", NotifyKeyspaceEvents: "q"}, newFakeNode(machine), machine); err == nil {
		t.Error("a server starts with events that there are not")
	}
}
