package resp

import (
	"fmt"
	"testing"
)

// tracking returns a client of RESP3 that tracks in some way, and its id.
func trackingClient(t *testing.T, s *Server, options string) (w *wire, id string) {
	t.Helper()
	w = dial(t, s)
	w.do("HELLO 3")
	w.check("CLIENT TRACKING ON"+options, "+OK")
	return w, w.do("CLIENT ID")[1:]
}

func invalidated(keys ...string) string {
	s := fmt.Sprintf(">2 $10 invalidate *%d", len(keys))
	for _, key := range keys {
		s += fmt.Sprintf(" $%d %s", len(key), key)
	}
	return s
}

// TestWhatAClientHasReadIsInvalidatedOnce: by the next change by anybody, behind the reply if that is the client itself, and not by the change
// after it.
func TestWhatAClientHasReadIsInvalidatedOnce(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	w, _ := trackingClient(t, s, "")
	other := dial(t, s)
	w.send(lines("MSET a 1 b 2;MGET a b;GET missing;EXISTS a"))
	w.want("+OK", "*2 $1 1 $1 2", "_", ":1")
	for _, change := range []struct{ command, key string }{
		{"SET a 2", "a"}, {"DEL b", "b"}, {"INCR missing", "missing"},
	} {
		other.do(change.command)
		w.want(invalidated(change.key))
		other.do(change.command)
	}
	w.send(lines("GET a;SET a 3;SET a 4;PING"))
	w.want("$1 2", "+OK", "+OK", "+PONG")
	w.want(invalidated("a"))
	w.do("GET a")
	other.do("EXPIRE a 100")
	w.want(invalidated("a"))
	w.do("GET a")
	other.do("SET a 1 PX 1")
	w.want(invalidated("a"))
}

// TestExpiryAndFlushesInvalidate: a key that the log removes at its deadline, and all keys of a flush.
func TestExpiryAndFlushesInvalidate(t *testing.T) {
	s, node := startServer(t, Config{})
	w, _ := trackingClient(t, s, "")
	other := dial(t, s)
	other.do("SET a 1 PX 20")
	if w.do("GET a") == "$1 1" {
		for w.do("PING") == "+PONG" { // until it is due, or told already
			other.do("SET tick 1")
			if other.do("EXISTS a") == ":0" {
				break
			}
		}
		w.want(invalidated("a"))
	}
	for _, flush := range []string{"FLUSHALL", "FLUSHDB", "SWAPDB 0 1"} {
		other.check(flush, "+OK")
		w.want(">2 $10 invalidate _")
	}
	w.do("GET k")
	node.hold() // nothing is applied meanwhile
	s.machine.Reset()
	node.letGo()
	w.want(">2 $10 invalidate _")
}

// TestReadsInTransactionsAreRemembered: those that the log runs between writes, and those that only read.
func TestReadsInTransactionsAreRemembered(t *testing.T) {
	s, _ := startServer(t, Config{})
	w, _ := trackingClient(t, s, "")
	other := dial(t, s)
	w.send(lines("MULTI;SET a 1;GET a;GET b;SET b 2;EXEC"))
	w.want("+OK", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED", "*4 +OK $1 1 _ +OK", invalidated("b"))
	other.do("SET a 2")
	w.want(invalidated("a"))
	w.send(lines("MULTI;GET a;GET b;EXEC"))
	w.want("+OK", "+QUEUED", "+QUEUED", "*2 $1 2 $1 2")
	other.do("SET b 3")
	w.want(invalidated("b"))
	// A read behind a write of the same chunk runs in the log.
	w.send(lines("SET x 1;GET x"))
	w.want("+OK", "$1 1")
	other.do("SET x 2")
	w.want(invalidated("x"))
}

// TestKeysAreFoundWhereverTheyAre: of commands whose keys are behind options.
func TestKeysAreFoundWhereverTheyAre(t *testing.T) {
	s, _ := startServer(t, Config{})
	w, _ := trackingClient(t, s, "")
	other := dial(t, s)
	other.do("XADD s 1-1 f v")
	w.do("XREAD COUNT 5 STREAMS s t 0 0")
	w.do("LRANGE l 0 -1")
	other.do("XADD t 1-1 f v")
	other.do("RPUSH l x")
	w.want(invalidated("t"), invalidated("l"))
	other.do("XADD s 1-2 f v")
	w.want(invalidated("s"))
}

// TestBroadcastsTellOfPrefixes: of keys that nobody has read, sorted, once for a section, each prefix apart; NOLOOP leaves out one's own.
func TestBroadcastsTellOfPrefixes(t *testing.T) {
	s, _ := startServer(t, Config{})
	all, _ := trackingClient(t, s, " BCAST")
	some, _ := trackingClient(t, s, " BCAST PREFIX user: PREFIX item: NOLOOP")
	other := dial(t, s)
	other.do("MSET user:2 x user:1 x user:1 y item:1 x else x")
	all.want(invalidated("else", "item:1", "user:1", "user:2"))
	some.want(invalidated("item:1"), invalidated("user:1", "user:2"))
	some.check("SET user:3 x", "+OK")
	all.want(invalidated("user:3"))
	other.do("SET user:4 x")
	some.want(invalidated("user:4"))
	some.check("CLIENT TRACKING ON BCAST PREFIX user", "-ERR Prefix 'user' overlaps with an existing prefix 'user:'. Prefixes for a single client must not overlap.")
	some.check("CLIENT TRACKING ON BCAST PREFIX more:", "+OK")
	some.check("CLIENT TRACKINGINFO", "%3 $5 flags ~2 $2 on $5 bcast $8 redirect :0 $8 prefixes *3 $5 item: $5 more: $5 user:")
	some.check("CLIENT TRACKING OFF", "+OK")
	other.do("SET more:1 x")
	all.want(invalidated("user:4"), invalidated("more:1"))
	some.check("PING", "+PONG")
}

// TestNoLoopOptInAndOptOut: what is remembered, and who is told.
func TestNoLoopOptInAndOptOut(t *testing.T) {
	s, _ := startServer(t, Config{})
	other := dial(t, s)
	other.do("MSET a 1 b 1 c 1")
	w, _ := trackingClient(t, s, " NOLOOP")
	w.send(lines("GET a;SET a 2;GET a"))
	w.want("$1 1", "+OK", "$1 2")
	other.do("SET a 3")
	w.want(invalidated("a"))

	w, _ = trackingClient(t, s, " OPTIN")
	w.send(lines("GET a;CLIENT CACHING YES;GET b;GET c"))
	w.want("$1 3", "+OK", "$1 1", "$1 1")
	other.do("MSET a 4 b 4 c 4")
	w.want(invalidated("b"))
	w.send(lines("CLIENT CACHING YES;CLIENT TRACKINGINFO;MULTI;GET a;GET c;EXEC;GET b"))
	w.want("+OK", "%3 $5 flags ~3 $2 on $5 optin $11 caching-yes $8 redirect :0 $8 prefixes *0", "+OK", "+QUEUED", "+QUEUED", "*2 $1 4 $1 4", "$1 4")
	other.do("MSET a 5 b 5 c 5")
	w.want(invalidated("a"), invalidated("c"))

	w, _ = trackingClient(t, s, " OPTOUT")
	w.send(lines("CLIENT CACHING NO;GET a;GET b"))
	w.want("+OK", "$1 5", "$1 5")
	other.do("MSET a 6 b 6")
	w.want(invalidated("b"))
}

// TestInvalidationsGoToAnotherClient: as messages if that speaks RESP2 and is subscribed, as pushes in RESP3; once it is gone the first one
// is told.
func TestInvalidationsGoToAnotherClient(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	target, other := dial(t, s), dial(t, s)
	id := target.do("CLIENT ID")[1:]
	target.do("SUBSCRIBE __redis__:invalidate")
	w, _ := trackingClient(t, s, " REDIRECT "+id)
	old := dial(t, s)
	old.check("CLIENT TRACKING ON REDIRECT "+id, "+OK")
	old.check("CLIENT GETREDIR", ":"+id)
	w.do("GET a")
	other.do("SET a 1")
	target.want("*3 $7 message $20 __redis__:invalidate *1 $1 a")
	old.do("GET b")
	other.do("SET b 1")
	target.want("*3 $7 message $20 __redis__:invalidate *1 $1 b")
	other.do("FLUSHALL")
	target.want("*3 $7 message $20 __redis__:invalidate $-1", "*3 $7 message $20 __redis__:invalidate $-1")
	target.send(line("QUIT"))
	target.want("+OK")
	target.wantClosed()
	w.do("GET a")
	other.do("SET a 2")
	w.want(">2 $21 tracking-redir-broken :" + id)
	w.check("CLIENT TRACKINGINFO", "%3 $5 flags ~2 $2 on $15 broken_redirect $8 redirect :"+id+" $8 prefixes *0")
	w.check("CLIENT TRACKING ON", "+OK")
	w.check("CLIENT GETREDIR", ":0")
}

// TestARESP2ClientIsToldNothing: it could not tell an invalidation from a reply.
func TestARESP2ClientIsToldNothing(t *testing.T) {
	s, _ := startServer(t, Config{})
	w, other := dial(t, s), dial(t, s)
	w.check("CLIENT TRACKING ON", "+OK")
	w.do("GET a")
	other.do("SET a 1")
	w.check("PING", "+PONG")
	w.check("RESET", "+RESET")
	w.check("CLIENT TRACKINGINFO", "*6 $5 flags *1 $3 off $8 redirect :-1 $8 prefixes *0")
	if got := s.hub.tracking.clients.Load(); got != 0 {
		t.Errorf("%d clients track after RESET", got)
	}
}

// TestTrackingIsRefusedAsInRedis: in its words, and its order of looking.
func TestTrackingIsRefusedAsInRedis(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	for command, want := range map[string]string{
		"CLIENT TRACKING ON PREFIX a":                 errPrefixWithoutBcast,
		"CLIENT TRACKING ON BCAST OPTIN":              errOptWithBcast,
		"CLIENT TRACKING ON OPTIN OPTOUT":             errOptBoth,
		"CLIENT TRACKING ON REDIRECT 77":              errRedirectNobody,
		"CLIENT TRACKING ON REDIRECT x":               errInteger,
		"CLIENT TRACKING ON REDIRECT 1 REDIRECT 1":    errRedirectTwice,
		"CLIENT TRACKING ON WHATEVER":                 errSyntaxError,
		"CLIENT TRACKING MAYBE":                       errSyntaxError,
		"CLIENT TRACKING":                             "ERR wrong number of arguments for 'client|tracking' command",
		"CLIENT CACHING YES":                          errCachingOff,
		"CLIENT TRACKING ON BCAST PREFIX ab PREFIX a": "ERR Prefix 'ab' overlaps with another provided prefix 'a'. Prefixes for a single client must not overlap.",
	} {
		w.check(command, "-"+want)
	}
	w.check("CLIENT TRACKING ON OPTIN", "+OK")
	w.check("CLIENT TRACKING ON OPTOUT", "-"+errSwitchOpt)
	w.check("CLIENT TRACKING ON BCAST", "-"+errSwitchBcast)
	w.check("CLIENT CACHING NO", "-"+errCachingNo)
	w.check("CLIENT CACHING MAYBE", "-"+errSyntaxError)
	w.check("CLIENT TRACKING OFF", "+OK")
	w.check("CLIENT TRACKING ON OPTOUT", "+OK")
	w.check("CLIENT CACHING YES", "-"+errCachingYes)
	prefixes := []string{"CLIENT", "TRACKING", "ON", "BCAST"}
	for i := range maxPrefixes + 1 {
		prefixes = append(prefixes, "PREFIX", fmt.Sprintf("%04d", i))
	}
	w.check("CLIENT TRACKING OFF", "+OK")
	w.send(request(prefixes...))
	w.want("-" + errTooManyPrefixes)
	w.send(request(prefixes[:len(prefixes)-2]...))
	w.want("+OK")
	w.check("CLIENT TRACKING ON BCAST PREFIX more", "-"+errTooManyPrefixes)
}

// TestTheTableOfTrackedKeysIsBounded: beyond the bound clients are told to forget some key, and all that are left are told of.
func TestTheTableOfTrackedKeysIsBounded(t *testing.T) {
	const most = 10
	s, _ := startServer(t, Config{Limits: Limits{TrackedKeys: most}})
	w, _ := trackingClient(t, s, "")
	other := dial(t, s)
	told := make(map[string]bool)
	for i := range 2 * most {
		w.send(line(fmt.Sprintf("GET k%02d", i)))
		w.want("_")
		if i >= most {
			told[w.reply()] = true
		}
	}
	if len(told) != most {
		t.Errorf("%d keys were forgotten, want %d: %v", len(told), most, told)
	}
	for i := range 2 * most {
		other.do(fmt.Sprintf("SET k%02d x", i))
	}
	for range most {
		told[w.reply()] = true
	}
	if len(told) != 2*most {
		t.Errorf("%d keys were told of, want %d", len(told), 2*most)
	}
	if f := s.hub.figures(); f.Items != 0 || f.Keys != 0 {
		t.Errorf("the table is not empty at the end: %+v", f)
	}
}

// TestAClientThatIsGoneIsNotTold: nor does it keep anything.
func TestAClientThatIsGoneIsNotTold(t *testing.T) {
	s, _ := startServer(t, Config{})
	other := dial(t, s)
	for range 5 {
		w, _ := trackingClient(t, s, "")
		w.do("GET a")
		b, _ := trackingClient(t, s, " BCAST PREFIX a")
		for _, c := range []*wire{w, b} {
			c.send(line("QUIT"))
			c.want("+OK")
			c.wantClosed()
		}
	}
	other.check("SET a 1", "+OK")
	other.check("SET a 2", "+OK")
	if f := s.hub.figures(); f != (ListenersInfo{}) {
		t.Errorf("something of the clients is left: %+v", f)
	}
}
