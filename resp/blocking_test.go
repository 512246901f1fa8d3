package resp

import (
	"fmt"
	"strings"
	"testing"
)

// inLine waits until so many clients wait for keys.
func inLine(t *testing.T, s *Server, n int) {
	t.Helper()
	waitFor(t, s, func() bool { return s.machine.Stats().Waiting == n })
}

func TestBlockedClientsAreServedOldestFirst(t *testing.T) {
	s, _ := startServer(t, Config{})
	var waiters []*wire
	for i := range 3 {
		w := dial(t, s)
		w.send(line("BLPOP none l 0"))
		inLine(t, s, i+1)
		waiters = append(waiters, w)
	}
	pusher := dial(t, s)
	pusher.check("RPUSH l a b", ":2")
	waiters[0].want("*2 $1 l $1 a")
	waiters[1].want("*2 $1 l $1 b")
	inLine(t, s, 1)
	pusher.check("RPUSH l c d", ":2")
	waiters[2].want("*2 $1 l $1 c")
	pusher.check("LRANGE l 0 -1", "*1 $1 d")
	inLine(t, s, 0)
	waiters[0].check("BRPOP l 0", "*2 $1 l $1 d")
}

// What a client sends behind a command that waits is run when that is answered.
func TestWhatIsBehindABlockedCommandWaits(t *testing.T) {
	s, _ := startServer(t, Config{})
	w, other := dial(t, s), dial(t, s)
	w.send(lines("SET a 1;BLMOVE l m RIGHT LEFT 0;SET a 2;GET a"))
	inLine(t, s, 1)
	other.check("GET a", "$1 1")
	other.check("LPUSH l x", ":1")
	w.want("+OK", "$1 x", "+OK", "$1 2")
	other.check("LRANGE m 0 -1", "*1 $1 x")
}

func TestBlockedCommandsTimeOut(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.check("BLPOP l 0.01", "*-1")
	w.check("BRPOPLPUSH l m 0.01", "*-1")
	w.check("BLMPOP 0.01 2 l m LEFT COUNT 3", "*-1")
	inLine(t, s, 0)
	for command, want := range map[string]string{
		"BLPOP l x":                       "-ERR timeout is not a float or out of range",
		"BLPOP l -1":                      "-ERR timeout is negative",
		"BLPOP l inf":                     "-ERR timeout is out of range",
		"BLPOP l 99999999999999999999999": "-ERR timeout is out of range",
		"BLMPOP 0 0 l LEFT":               "-ERR numkeys should be greater than 0",
	} {
		w.check(command, want)
	}
	w.check("SET s 1", "+OK")
	w.check("BLPOP s 0", "-WRONGTYPE Operation against a key holding the wrong kind of value")
}

func TestNothingBlocksInATransaction(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.send(lines("MULTI;BLPOP l 0;RPUSH l a b;BLPOP l 0;BRPOPLPUSH l m 0;BLMOVE l m LEFT LEFT 0;EXEC"))
	w.want("+OK", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED", "*5 *-1 :2 *2 $1 l $1 a $1 b $-1")
	inLine(t, s, 0)
}

// A key that comes about by other ways serves those who wait, too.
func TestAllThatMakesAListServesThoseWhoWait(t *testing.T) {
	s, _ := startServer(t, Config{})
	pusher := dial(t, s)
	pusher.check("RPUSH from x", ":1")
	for i, command := range []string{"COPY from l", "RENAME from l", "MULTI", "LMOVE other l LEFT LEFT"} {
		w := dial(t, s)
		w.send(line("BLPOP l 0"))
		inLine(t, s, 1)
		if command == "MULTI" {
			pusher.send(lines("MULTI;RPUSH l x;RPUSH other x;EXEC"))
			pusher.want("+OK", "+QUEUED", "+QUEUED", "*2 :1 :1")
		} else if got := pusher.do(command); got[0] == '-' {
			t.Fatalf("%s: %s", command, got)
		}
		w.want("*2 $1 l $1 x")
		inLine(t, s, 0)
		if i == 0 {
			pusher.check("EXISTS from", ":1")
		}
	}
	w := dial(t, s)
	w.send(line("BLPOP l 0"))
	inLine(t, s, 1)
	pusher.send(lines("SELECT 1;RPUSH l y;SWAPDB 0 1"))
	pusher.want("+OK", ":1", "+OK")
	w.want("*2 $1 l $1 y")
}

// For a client that is gone nothing is popped, and the next in line takes its place.
func TestNothingIsPoppedForAClientThatIsGone(t *testing.T) {
	s, _ := startServer(t, Config{})
	gone, next, pusher := dial(t, s), dial(t, s), dial(t, s)
	gone.send(line("BLPOP l 0"))
	inLine(t, s, 1)
	next.send(line("BLPOP l 0"))
	inLine(t, s, 2)
	_ = gone.conn.Close()
	inLine(t, s, 1)
	pusher.check("RPUSH l a b", ":2")
	next.want("*2 $1 l $1 a")
	pusher.check("LRANGE l 0 -1", "*1 $1 b")
}

// A client that goes while its turn has come, but not been taken, leaves what it would have got to the next in line.
func TestATurnThatIsNotTakenGoesToTheNext(t *testing.T) {
	s, node := startServer(t, Config{})
	first, next, pusher := dial(t, s), dial(t, s), dial(t, s)
	pusher.check("SET a 1", "+OK")
	first.send(line("BLPOP l 0"))
	inLine(t, s, 1)
	next.send(line("BLPOP l 0"))
	inLine(t, s, 2)
	node.hold()
	pusher.send(lines("RPUSH l a;LPOP l;RPUSH l b"))
	first.send(line("GET a")) // is not run before the answer
	_ = first.conn.Close()
	node.letGo()
	pusher.want(":1", "$1 a", ":1")
	// The first one's run may have been on its way already: then it has got b, as the server cannot know better.
	if pusher.do("LLEN l") == ":0" {
		pusher.check("RPUSH l b", ":1")
	}
	next.want("*2 $1 l $1 b")
}

func TestBlockedClientsAreToldOfTheEnd(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.send(line("BLPOP l 0"))
	inLine(t, s, 1)
	if err := <-closing(s); err != nil {
		t.Fatal(err)
	}
	w.want("-" + errUnblockedByEnd)
	w.wantClosed()
}

// Many clients wait for the same elements: each goes to one of them.
func TestEachElementGoesToOneOfManyBlockedClients(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	const clients, rounds = 20, 20
	pusher := dial(t, s)
	var waiters []*wire
	for range clients {
		waiters = append(waiters, dial(t, s))
	}
	got := map[string]int{}
	for round := range rounds {
		for _, w := range waiters {
			w.send(line("BLPOP l 0"))
		}
		for i := range clients {
			pusher.send(line(fmt.Sprintf("RPUSH l %d", 100+round*clients+i)))
		}
		for range clients {
			pusher.reply()
		}
		for _, w := range waiters {
			got[w.reply()]++
		}
	}
	if len(got) != clients*rounds {
		t.Errorf("%d elements came, and %d were pushed", len(got), clients*rounds)
	}
	pusher.check("EXISTS l", ":0")
	inLine(t, s, 0)
}

// A stream's entries go to all who wait for them, and those of a group to one of its consumers.
func TestReadsOfStreamsWait(t *testing.T) {
	s, _ := startServer(t, Config{})
	writer, a, b, c, d := dial(t, s), dial(t, s), dial(t, s), dial(t, s), dial(t, s)
	writer.check("XADD x 1 f 1", "$3 1-0")
	writer.check("XGROUP CREATE x g $", "+OK")
	a.send(line("XREAD BLOCK 0 STREAMS x $"))
	inLine(t, s, 1)
	b.send(line("XREAD COUNT 1 BLOCK 0 STREAMS y x $ 1"))
	inLine(t, s, 2)
	c.send(line("XREADGROUP GROUP g c BLOCK 0 STREAMS x >"))
	inLine(t, s, 3)
	d.send(line("XREADGROUP GROUP g d BLOCK 0 STREAMS x >"))
	inLine(t, s, 4)
	writer.check("XADD x 2 f 2", "$3 2-0")
	for _, w := range []*wire{a, b, c} {
		w.want("*1 *2 $1 x *1 *2 $3 2-0 *2 $1 f $1 2")
	}
	inLine(t, s, 1)
	a.send(lines("XREAD BLOCK 5 STREAMS x $;XREAD STREAMS x 2;XREAD STREAMS x 1"))
	a.want("*-1", "*-1", "*1 *2 $1 x *1 *2 $3 2-0 *2 $1 f $1 2")
	writer.check("XGROUP DESTROY x g", ":1")
	d.want("-NOGROUP No such key 'x' or consumer group 'g' in XREADGROUP with GROUP option")
	writer.check("XGROUP CREATE x g $", "+OK")
	d.send(line("XREADGROUP GROUP g d BLOCK 0 STREAMS x >"))
	inLine(t, s, 1)
	writer.check("DEL x", ":1")
	d.want("-NOGROUP No such key 'x' or consumer group 'g' in XREADGROUP with GROUP option")
	b.send(line("XREAD BLOCK 0 STREAMS x $"))
	inLine(t, s, 1)
	writer.check("XADD x 1 f 1", "$3 1-0")
	b.want("*1 *2 $1 x *1 *2 $3 1-0 *2 $1 f $1 1")
}

// Who reads for a group is told when its stream is gone, whatever took it away; who reads for itself waits for the next one.
func TestReadersOfAGroupAreToldThatTheirStreamIsGone(t *testing.T) {
	const noGroup, wrongType = "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option", "-WRONGTYPE Operation against a key holding the wrong kind of value"
	s, _ := startServer(t, Config{})
	writer := dial(t, s)
	for commands, want := range map[string]string{
		"SET s x": wrongType, "MULTI;DEL s;LPUSH s 1;EXEC": wrongType, "SET t y;RENAME t s": wrongType, "LPUSH q 2 1;SORT q STORE s": wrongType,
		"SADD q m;SUNIONSTORE s q": wrongType, "LPUSH q 1;COPY q s REPLACE": wrongType, "FLUSHALL": noGroup, "FLUSHDB": noGroup, "UNLINK s": noGroup,
		"XADD t 1 f v;RENAME t s": noGroup, "SWAPDB 0 1": noGroup,
	} {
		t.Run(commands, func(t *testing.T) {
			writer.t = t
			writer.check("FLUSHALL", "+OK")
			writer.check("XGROUP CREATE s g $ MKSTREAM", "+OK")
			group, alone := dial(t, s), dial(t, s)
			group.send(line("XREADGROUP GROUP g c BLOCK 0 STREAMS s >"))
			inLine(t, s, 1)
			alone.send(line("XREAD BLOCK 0 STREAMS s 5"))
			inLine(t, s, 2)
			for command := range strings.SplitSeq(commands, ";") {
				if got := writer.do(command); got[0] == '-' {
					t.Fatalf("%s: %s", command, got)
				}
			}
			group.want(want)
			inLine(t, s, 1)
			writer.do("DEL s")
			writer.check("XADD s 9 f v", "$3 9-0")
			alone.want("*1 *2 $1 s *1 *2 $3 9-0 *2 $1 f $1 v")
		})
	}
}

// Whatever makes a sorted set serves those who wait for its members, each with its own.
func TestMembersOfSortedSetsAreWaitedFor(t *testing.T) {
	s, _ := startServer(t, Config{})
	writer := dial(t, s)
	writer.check("ZADD from 1 a 2.5 b 3 c", ":3")
	for _, command := range []string{"ZADD z 1 a 2.5 b 3 c", "ZINCRBY z 1 a", "ZUNIONSTORE z 1 from", "ZRANGESTORE z from 0 -1", "COPY from z", "GEOADD z 0 0 a"} {
		low := dial(t, s)
		low.send(line("BZMPOP 0 2 none z MIN COUNT 9"))
		inLine(t, s, 1)
		if got := writer.do(command); got[0] == '-' {
			t.Fatalf("%s: %s", command, got)
		}
		if got := low.reply(); got[:len("*2 $1 z *")] != "*2 $1 z *" {
			t.Errorf("%s served %s", command, got)
		}
		inLine(t, s, 0)
		writer.check("EXISTS z", ":0")
	}
	low, high, third := dial(t, s), dial(t, s), dial(t, s)
	high.do("HELLO 3")
	low.send(line("BZPOPMIN none z 0"))
	inLine(t, s, 1)
	high.send(line("BZPOPMAX z 0"))
	inLine(t, s, 2)
	third.send(line("BZMPOP 0 1 z MAX"))
	inLine(t, s, 3)
	writer.check("ZADD z 1 a 2.5 b 3 c", ":3")
	low.want("*3 $1 z $1 a $1 1")
	high.want("*3 $1 z $1 c ,3")
	third.want("*2 $1 z *1 *2 $1 b $3 2.5")
	writer.check("EXISTS z", ":0")
}

func TestBlockedPopsOfSortedSetsTimeOutAndRefuse(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.check("SET s 1", "+OK")
	for command, want := range map[string]string{
		"BZPOPMIN z 0.01":             "*-1",
		"BZPOPMAX y z 0.01":           "*-1",
		"BZMPOP 0.01 2 y z MIN":       "*-1",
		"BZPOPMIN z x":                "-ERR timeout is not a float or out of range",
		"BZPOPMAX z -1":               "-ERR timeout is negative",
		"BZPOPMIN s 0":                "-WRONGTYPE Operation against a key holding the wrong kind of value",
		"BZMPOP 0 1 s MIN":            "-WRONGTYPE Operation against a key holding the wrong kind of value",
		"BZMPOP x 1 z MIN":            "-ERR timeout is not a float or out of range",
		"BZMPOP x 0 z MIN":            "-ERR numkeys should be greater than 0",
		"BZMPOP 0 1 z FOO":            "-ERR syntax error",
		"BZMPOP 0 1 z MIN COUNT 0":    "-ERR count should be greater than 0",
		"BZMPOP 0 2 z MIN":            "-ERR syntax error",
		"BZMPOP 0 9999999999 z z MIN": "-ERR syntax error",
	} {
		w.check(command, want)
	}
	w.send(lines("MULTI;BZPOPMIN z 0;ZADD z 1 a 2 b;BZPOPMIN z 0;BZMPOP 0 1 z MAX;BZPOPMAX z 0;EXEC"))
	w.want("+OK", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED", "*5 *-1 :2 *3 $1 z $1 a $1 1 *2 $1 z *1 *2 $1 b $1 2 *-1")
	inLine(t, s, 0)
}

// A key that holds something else meanwhile does not concern those who wait for a list.
func TestWhatIsOfAnotherTypeDoesNotEndAWait(t *testing.T) {
	s, _ := startServer(t, Config{})
	w, z, other := dial(t, s), dial(t, s), dial(t, s)
	w.send(line("BLPOP k 0"))
	inLine(t, s, 1)
	z.send(line("BZPOPMIN k 0"))
	inLine(t, s, 2)
	other.send(lines("XADD k 1 f 1;DEL k;SADD k a;DEL k;ZADD k 1 m 2 n"))
	other.want("$3 1-0", ":1", ":1", ":1", ":2")
	z.want("*3 $1 k $1 m $1 1")
	inLine(t, s, 1)
	other.send(lines("DEL k;RPUSH k x"))
	other.want(":1", ":1")
	w.want("*2 $1 k $1 x")
}

func TestClientUnblock(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	w, other := dial(t, s), dial(t, s)
	id := w.do("CLIENT ID")[1:]
	other.check("CLIENT UNBLOCK "+id, ":0")
	for command, replies := range map[string][2]string{
		"BLPOP l 0":                 {"*-1", "-" + errUnblocked},
		"BLMOVE l m LEFT LEFT 0":    {"*-1", "-" + errUnblocked},
		"XREAD BLOCK 0 STREAMS x $": {"*-1", "-" + errUnblocked},
	} {
		for i, reason := range []string{" TIMEOUT", " error"} {
			w.send(line(command))
			inLine(t, s, 1)
			other.check("CLIENT UNBLOCK "+id+reason, ":1")
			w.want(replies[i])
			inLine(t, s, 0)
		}
	}
	w.send(line("WAIT 3 0"))
	waitFor(t, s, func() bool { return s.waiting.Load() == 1 })
	other.check("CLIENT UNBLOCK "+id, ":1")
	w.want(":1")
	other.check("CLIENT UNBLOCK "+id+" SOMETIME", "-"+errUnblockReason)
	other.check("CLIENT UNBLOCK x", "-ERR value is not an integer or out of range")
}

// What a blocking command that finds nothing replies, in both protocols, is what redis-server replies: when its time is up, when it is unblocked, and
// where it cannot wait.
func TestRepliesOfBlockedCommandsAreRedis(t *testing.T) {
	redis := startRedisServer(t)
	s, _ := startServer(t, Config{Loops: 2})
	blocking := func(seconds, millis string) []string {
		return []string{
			"BLPOP l " + seconds, "BRPOP l m " + seconds, "BLMPOP " + seconds + " 1 l LEFT", "BLMOVE l m LEFT LEFT " + seconds, "BRPOPLPUSH l m " + seconds,
			"BZPOPMIN z " + seconds, "BZPOPMAX z y " + seconds, "BZMPOP " + seconds + " 1 z MIN",
			"XREAD BLOCK " + millis + " STREAMS x $", "XREADGROUP GROUP g c BLOCK " + millis + " STREAMS s >",
		}
	}
	ask := func(address, proto string) (replies []string) {
		w, other := dialWire(t, "tcp", address), dialWire(t, "tcp", address)
		w.do("HELLO " + proto)
		w.do("XGROUP CREATE s g $ MKSTREAM")
		id := w.do("CLIENT ID")[1:]
		ends, briefly := blocking("0", "0"), blocking("0.01", "10")
		for i, command := range briefly {
			replies = append(replies, "time-out of "+command+": "+w.do(command))
			w.send(lines("MULTI;" + command + ";EXEC"))
			for range 3 {
				replies = append(replies, "in MULTI "+command+": "+w.reply())
			}
			arguments := "'" + strings.ReplaceAll(command, " ", "','") + "'"
			w.send(request("EVAL", "return redis.call("+arguments+")", "0"))
			replies = append(replies, "in a script "+command+": "+w.reply())
			for _, reason := range []string{"TIMEOUT", "ERROR"} {
				w.send(line(ends[i]))
				for other.do("CLIENT UNBLOCK "+id+" "+reason) != ":1" {
				}
				replies = append(replies, "unblocked by "+reason+", "+ends[i]+": "+w.reply())
			}
		}
		return replies
	}
	for _, proto := range []string{"2", "3"} {
		got, want := ask(s.Addr().String(), proto), ask(redis.address, proto)
		for i := range want {
			if got[i] != want[i] && !strings.Contains(want[i], "not allowed from script") { // from 7.2 on they are
				t.Errorf("RESP%s: %q, want %q", proto, got[i], want[i])
			}
		}
	}
}
