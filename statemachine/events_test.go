package statemachine

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// listener is an Events that writes down what it is told, a word each.
type listener struct {
	heard     []string
	receivers int

	underWay, cycles int
}

// cycle counts the removals of what is due that have begun and not ended, and keeps how many there were.
func (l *listener) cycle(change int) {
	l.underWay += change
	l.cycles += max(0, change)
}

func (l *listener) say(format string, args ...any) {
	l.heard = append(l.heard, fmt.Sprintf(format, args...))
}

func (l *listener) Publish(channel, message []byte, sharded bool) int {
	l.say("publish:%s:%s:%v", channel, message, sharded)
	return l.receivers
}

func (l *listener) Notify(_ EventClass, event string, db int, key []byte) {
	l.say("%s:%d:%s", event, db, key)
}
func (l *listener) Change(key []byte)            { l.say("changed:%s", key) }
func (l *listener) Read(cmd *Command, args Args) { l.say("read:%s:%s", cmd.Name, args[1]) }
func (l *listener) Scripted(db int, args Args) {
	l.say("scripted:%d:%s", db, bytes.Join(args, []byte(",")))
}
func (l *listener) Flush()           { l.say("flush") }
func (l *listener) Expiring()        { l.cycle(1) }
func (l *listener) Expired()         { l.cycle(-1) }
func (l *listener) Applied()         {}
func (l *listener) Replaced()        { l.say("replaced") }
func (l *listener) SettingsChanged() { l.say("settings") }

// take returns what was heard since the last call, in a line.
func (l *listener) take() string {
	heard := strings.Join(l.heard, " ")
	l.heard = nil
	return heard
}

func newListening(t *testing.T, classes EventClass, changes bool) (*harness, *listener) {
	h, l := newHarness(t), &listener{}
	h.m.Listen(l)
	h.m.SetInterest(classes, changes)
	return h, l
}

// TestEachCommandTellsTheEventsThatRedisDocuments: in Redis's order, misses and new keys included. integration compares the same with
// redis-server.
func TestEachCommandTellsTheEventsThatRedisDocuments(t *testing.T) {
	tests := []struct{ command, events string }{
		{"SET a 1", "new:0:a set:0:a"},
		{"SET a 1 EX 100", "set:0:a expire:0:a"},
		{"SET a 1 NX", ""},
		{"SETEX a 100 x", "set:0:a expire:0:a"},
		{"PERSIST a", "persist:0:a"},
		{"PERSIST a", ""},
		{"GETSET g 1", "keymiss:0:g new:0:g set:0:g"},
		{"SETNX g 1", ""},
		{"SETNX h 1", "new:0:h set:0:h"},
		{"MSET a 1 b 2", "set:0:a new:0:b set:0:b"},
		{"MSETNX a 1 c 2", ""},
		{"INCR a", "incrby:0:a"},
		{"DECRBY a 5", "incrby:0:a"},
		{"INCRBYFLOAT a 0.5", "incrbyfloat:0:a"},
		{"APPEND a x", "append:0:a"},
		{"APPEND p x", "new:0:p append:0:p"},
		{"SETRANGE p 3 x", "setrange:0:p"},
		{"SETRANGE p 3 \"\"", ""},
		{"GETEX a EX 100", "expire:0:a"},
		{"GETEX a PERSIST", "persist:0:a"},
		{"GETEX a PERSIST", ""},
		{"GETEX nowhere", "keymiss:0:nowhere"},
		{"GETDEL nowhere", "keymiss:0:nowhere"},
		{"GETDEL a", "del:0:a"},
		{"EXPIRE b 100", "expire:0:b"},
		{"EXPIRE nowhere 100", ""},
		{"EXPIRE b -1", "del:0:b"},
		{"RENAME p q", "new:0:q rename_from:0:p rename_to:0:q"},
		{"RENAME q g", "new:0:g rename_from:0:q rename_to:0:g"},
		{"RENAME g g", ""},
		{"COPY g c", "new:0:c copy_to:0:c"},
		{"COPY g c REPLACE", "new:0:c copy_to:0:c"},
		{"COPY g c DB 3", "new:3:c copy_to:3:c"},
		{"COPY nowhere c", "keymiss:0:nowhere"},
		{"MOVE g 5", "new:5:g move_from:0:g move_to:5:g"},
		{"DEL c nowhere h", "del:0:c del:0:h"},
		{"SET v 1 VER 9", "new:0:v set:0:v"},
		{"DEL v VER 5", ""},
		{"DEL v VER 10", "del:0:v"},
		{"GET nowhere", "keymiss:0:nowhere"},
		{"EXISTS nowhere", "keymiss:0:nowhere"},
		{"TTL nowhere", "keymiss:0:nowhere"},
		{"TYPE nowhere", "keymiss:0:nowhere"},
		{"OBJECT ENCODING nowhere", ""},
		{"RPUSH l a b c d", "new:0:l rpush:0:l"},
		{"LPUSH l z", "lpush:0:l"},
		{"LPUSHX nowhere a", ""},
		{"LSET l 0 y", "lset:0:l"},
		{"LINSERT l BEFORE a x", "linsert:0:l"},
		{"LINSERT l BEFORE none x", ""},
		{"LREM l 0 none", ""},
		{"LREM l 0 x", "lrem:0:l"},
		{"LTRIM l 0 9", "ltrim:0:l"},
		{"LPOP l", "lpop:0:l"},
		{"RPOP l 0", ""},
		{"RPOP l 1", "rpop:0:l"},
		{"LMOVE l l LEFT RIGHT", "rpush:0:l lpop:0:l"},
		{"RPOPLPUSH l m", "new:0:m lpush:0:m rpop:0:l"},
		{"BLPOP none l 0", "lpop:0:l"},
		{"LMPOP 1 l LEFT", "lpop:0:l del:0:l"},
		{"BLMOVE m l LEFT LEFT 0", "new:0:l lpush:0:l lpop:0:m del:0:m"},
		{"SORT l ALPHA STORE sorted", "new:0:sorted sortstore:0:sorted"},
		{"SORT l ALPHA LIMIT 9 1 STORE sorted", "del:0:sorted"},
		{"SORT l ALPHA LIMIT 9 1 STORE sorted", ""},
		{"LTRIM l 5 9", "ltrim:0:l del:0:l"},
		{"HSET h f 1", "new:0:h hset:0:h"},
		{"HDEL h none", ""},
		{"HDEL h f", "hdel:0:h del:0:h"},
		{"HMSET h f 1 g 2", "new:0:h hset:0:h"},
		{"HSETNX h f 2", ""},
		{"HSETNX h i 2", "hset:0:h"},
		{"HINCRBY h n 1", "hincrby:0:h"},
		{"HINCRBYFLOAT h n 0.5", "hincrbyfloat:0:h"},
		{"HEXPIRE h 100 FIELDS 1 f", "hexpire:0:h"},
		{"HEXPIRE h 100 NX FIELDS 1 f", ""},
		{"HPERSIST h FIELDS 2 f g", "hpersist:0:h"},
		{"HPERSIST h FIELDS 1 f", ""},
		{"HGETEX h FIELDS 1 f", ""},
		{"HGETEX h EX 100 FIELDS 1 f", "hexpire:0:h"},
		{"HGETEX h PERSIST FIELDS 1 f", "hpersist:0:h"},
		{"HSETEX h FIELDS 1 f 1", "hset:0:h"},
		{"HSETEX h EX 100 FIELDS 1 f 1", "hset:0:h hexpire:0:h"},
		{"HGETDEL h FIELDS 1 f", "hdel:0:h"},
		{"HGETDEL h FIELDS 1 f", ""},
		{"HPEXPIREAT h 1 FIELDS 3 g i n", "hdel:0:h del:0:h"},
		{"ZADD z 1 a 2 b 3 c", "new:0:z zadd:0:z"},
		{"BZPOPMIN none z 0", "zpopmin:0:z"},
		{"BZPOPMAX z 0", "zpopmax:0:z"},
		{"BZPOPMIN none 0", ""},
		{"BZMPOP 0 1 z MIN", "zpopmin:0:z del:0:z"},
		{"SADD s a b", "new:0:s sadd:0:s"},
		{"SADD s a", ""},
		{"SREM s none", ""},
		{"SREM s a", "srem:0:s"},
		{"SMOVE s t none", ""},
		{"SMOVE s t b", "srem:0:s del:0:s new:0:t sadd:0:t"},
		{"SADD s b c", "new:0:s sadd:0:s"},
		{"SMOVE s t b", "srem:0:s"},
		{"SINTERSTORE d s t", ""},
		{"SUNIONSTORE d s t", "new:0:d sunionstore:0:d"},
		{"SINTERSTORE d d t", "sinterstore:0:d"},
		{"SDIFFSTORE d d s", "sdiffstore:0:d"},
		{"SDIFFSTORE d d none t", "keymiss:0:none del:0:d"},
		{"SPOP s 0", ""},
		{"SPOP s", "spop:0:s del:0:s"},
		{"SPOP t 5", "spop:0:t del:0:t"},
		{"XADD x 1-1 f v", "new:0:x xadd:0:x"},
		{"XADD x MAXLEN 1 2-1 f v", "xadd:0:x xtrim:0:x"},
		{"XADD x MAXLEN 9 3-1 f v", "xadd:0:x"},
		{"XADD nowhere NOMKSTREAM 1-1 f v", ""},
		{"XTRIM x MAXLEN 9", ""},
		{"XTRIM x MAXLEN 1", "xtrim:0:x"},
		{"XSETID x 4-1", "xsetid:0:x"},
		{"XGROUP CREATE x g 0", "xgroup-create:0:x"},
		{"XGROUP CREATE y g 0 MKSTREAM", "new:0:y xgroup-create:0:y"},
		{"XGROUP SETID x g 0", "xgroup-setid:0:x"},
		{"XGROUP CREATECONSUMER x g c", "xgroup-createconsumer:0:x"},
		{"XGROUP CREATECONSUMER x g c", ""},
		{"XREADGROUP GROUP g d STREAMS x >", "xgroup-createconsumer:0:x"},
		{"XREADGROUP GROUP g d STREAMS x 0", ""},
		{"XCLAIM x g e 0 3-1", "xgroup-createconsumer:0:x"},
		{"XACK x g 3-1", ""},
		{"XGROUP DELCONSUMER x g c", "xgroup-delconsumer:0:x"},
		{"XGROUP DELCONSUMER x g c", ""},
		{"XGROUP DESTROY x g", "xgroup-destroy:0:x"},
		{"XDEL x 3-1", "xdel:0:x"},
		{"XDEL x 3-1", ""},
		{"SETBIT bits 7 1", "new:0:bits setbit:0:bits"},
		{"SETBIT bits 7 1", ""},
		{"BITFIELD bits SET u8 0 9", "setbit:0:bits"},
		{"BITFIELD bits SET u8 0 9", ""},
		{"BITFIELD bits3 OVERFLOW FAIL SET i5 0 100", "new:0:bits3"},
		{"BITFIELD bits4 SET i5 0 0", "new:0:bits4 setbit:0:bits4"},
		{"BITFIELD bits4 OVERFLOW FAIL SET i5 99 100", ""},
		{"BITOP NOT bits2 bits", "new:0:bits2 set:0:bits2"},
		{"BITOP AND bits2 none", "keymiss:0:none del:0:bits2"},
		{"PFADD p a", "new:0:p pfadd:0:p"},
		{"PFADD p a", ""},
		{"PFMERGE p p", "pfadd:0:p"},
		{"FLUSHALL", ""},
	}
	h, l := newListening(t, EventAll|EventKeyMiss|EventNew, false)
	for _, test := range tests {
		h.do(test.command)
		if got := l.take(); got != test.events {
			t.Errorf("%s told %q, want %q", test.command, got, test.events)
		}
	}
}

// TestTheLogTellsOfExpiredKeys: both those that a slot's time removes and those that a write meets first.
func TestTheLogTellsOfExpiredKeys(t *testing.T) {
	h, l := newListening(t, EventExpired, true)
	h.do("SET a 1 PX 10")
	h.db = 4
	h.do("SET b 1 PX 20")
	l.take()
	h.tick(30)
	if got, want := l.take(), "expired:0:a changed:a expired:4:b changed:b"; got != want {
		t.Errorf("a tick told %q, want %q", got, want)
	}
	if h.tick(31); l.cycles != 1 || l.underWay != 0 {
		t.Errorf("%d removals were begun, %d of them not ended, and there was one", l.cycles, l.underWay)
	}
	h.do("DEBUG SET-ACTIVE-EXPIRE 0")
	h.do("SET c 1 PX 10")
	l.take()
	h.now += 10
	h.do("DEL c")
	if got, want := l.take(), "expired:4:c changed:c"; got != want {
		t.Errorf("DEL of a due key told %q, want %q", got, want)
	}
}

// TestTheLogTellsOfExpiredFields: once for each part of a hash that they go from, and of the hash when it goes with the last of them.
func TestTheLogTellsOfExpiredFields(t *testing.T) {
	h, l := newListening(t, EventAll, true)
	h.do("HSET h a 1 b 2")
	h.do("HPEXPIRE h 10 FIELDS 1 a")
	h.do("HPEXPIRE h 20 FIELDS 1 b")
	l.take()
	for _, want := range []string{"hexpired:0:h changed:h", "hexpired:0:h del:0:h changed:h"} {
		h.tick(10)
		if got := l.take(); got != want {
			t.Errorf("a tick told %q, want %q", got, want)
		}
	}
}

// TestOnlyWhatIsAskedForIsTold: a class at a time, and nothing before anybody asks.
func TestOnlyWhatIsAskedForIsTold(t *testing.T) {
	h, l := newListening(t, 0, false)
	for _, test := range []struct {
		classes EventClass
		changes bool
		want    string
	}{
		{0, false, ""},
		{EventString, false, "set:0:k"},
		{EventGeneric, false, "expire:0:k del:0:k"},
		{EventNew, false, "new:0:k"},
		{0, true, "changed:k changed:k changed:k"},
	} {
		h.m.SetInterest(test.classes, test.changes)
		h.do("SET k v")
		h.do("EXPIRE k 100")
		h.do("DEL k")
		if got := l.take(); got != test.want {
			t.Errorf("classes %b and changes %v told %q, want %q", test.classes, test.changes, got, test.want)
		}
	}
}

// TestEachCommandThatWritesTellsOfTheChange: whatever changes the digest tells of each key that it changed, or of a flush.
func TestEachCommandThatWritesTellsOfTheChange(t *testing.T) {
	h, l := newListening(t, 0, true)
	h.do("SET other 1")
	for _, command := range []string{"SET k 1", "SET k 2 EX 10", "GETEX k PERSIST", "EXPIRE k 100", "PERSIST k", "INCR k", "APPEND k 1",
		"SETRANGE k 0 5", "INCRBYFLOAT k 1", "RENAME k other", "COPY other k", "MOVE k 2", "GETDEL other", "SWAPDB 0 2", "FLUSHDB"} {
		l.take()
		h.do(command)
		heard := l.heard
		if !slices.ContainsFunc(heard, func(s string) bool { return strings.HasPrefix(s, "changed:") || s == "flush" }) {
			t.Errorf("%s told %q", command, heard)
		}
	}
}

// TestAPublishChangesNothing: neither the digest nor the revision that WATCH and versions rest on, and its number of receivers is that of
// the listener.
func TestAPublishChangesNothing(t *testing.T) {
	h, l := newListening(t, 0, false)
	l.receivers = 3
	h.do("SET k v")
	digest, revision := h.do("DEBUG DIGEST"), h.m.ks.revision
	h.expect("PUBLISH ch hello", ":3")
	h.expect("SPUBLISH ch hello", ":3")
	if got, want := l.take(), "publish:ch:hello:false publish:ch:hello:true"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	if h.do("DEBUG DIGEST") != digest || h.m.ks.revision != revision {
		t.Error("PUBLISH changed the state")
	}
	h.expect("PUBLISH "+strings.Repeat("c", maxChannelBytes)+" x", ":3")
	h.expect("PUBLISH "+strings.Repeat("c", maxChannelBytes+1)+" x", "-"+errChannelTooLong)
}

// TestAScriptIsToldOfNoReceivers: their number differs between nodes, and what a script does may depend on it.
func TestAScriptIsToldOfNoReceivers(t *testing.T) {
	h, l := newListening(t, 0, false)
	l.receivers = 3
	w := &respWriter{}
	publish(&h.m.applier.tx, words("PUBLISH ch m"), w) // as EVAL calls it, whose row is not one that publishes
	if got := render(w.buf); got != ":0" {
		t.Errorf("a script is told of %s receivers", got)
	}
	if got := l.take(); got != "publish:ch:m:false" {
		t.Errorf("told %q", got)
	}
}

// TestAPublishInsideATransactionIsToldInItsTurn: between the changes of the commands around it, with reads told on the origin.
func TestAPublishInsideATransactionIsToldInItsTurn(t *testing.T) {
	h, l := newListening(t, EventString, true)
	queued := []Queued{{Args: words("SET a 1")}, {Args: words("PUBLISH ch m")}, {Args: words("GET a")}, {Args: words("SET a 2")}}
	encoded := AppendExec(nil, nil, queued)
	if got, want := h.apply(1, encoded)[0], `*4 OK :0 "1" OK`; got != want {
		t.Errorf("EXEC replied %s, want %s", got, want)
	}
	if got, want := l.take(), "changed:a set:0:a publish:ch:m:false read:GET:a changed:a set:0:a"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	h.m.Apply(h.slot+1, Stamp{TimeMS: h.now}, encoded, 1, nil)
	if got := l.take(); strings.Contains(got, "read:") {
		t.Errorf("a node that is not the origin told of a read: %q", got)
	}
}

// TestWhatScriptsCallIsToldOnTheirOrigin: the commands that run, of scripts that write and of those that read, on the node that their client asked.
func TestWhatScriptsCallIsToldOnTheirOrigin(t *testing.T) {
	h, l := newListening(t, 0, false)
	const body = "redis.call('SET','a',ARGV[1])redis.call('select',3)redis.pcall('GET')redis.pcall('nosuch')redis.pcall('INCR','a')return{redis.call('Get','a')}"
	write := AppendCommand(nil, 0, [][]byte{[]byte("EVAL"), []byte(body), []byte("0"), []byte("x")})
	read := "EVAL_RO return\\_redis.call('get','a') 0"
	h.apply(1, write)
	if got := l.take(); got != "" {
		t.Errorf("told %q before anybody asked", got)
	}
	h.m.ShowScripts(true)
	h.apply(1, write)
	if got, want := l.take(), "scripted:0:SET,a,x scripted:3:select,3 scripted:3:INCR,a scripted:3:Get,a"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	h.apply(1, AppendExec(nil, nil, []Queued{{Args: words("SET b 1")}, {Args: words(read)}}))
	h.read(h.now, read)
	if got, want := l.take(), "scripted:0:get,a scripted:0:get,a"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	h.m.Apply(h.slot+1, Stamp{TimeMS: h.now}, write, 1, nil)
	if got := l.take(); got != "" {
		t.Errorf("a node that is not the origin told %q", got)
	}
	h.m.ShowScripts(false)
	h.read(h.now, read)
	if got := l.take(); got != "" {
		t.Errorf("told %q when nobody asks any more", got)
	}
}

// TestAnotherStateIsTold: Reset and Restore say that what happened in between is not told, and listeners stay.
func TestAnotherStateIsTold(t *testing.T) {
	h, l := newListening(t, EventString, false)
	h.m.Reset()
	if got := l.take(); got != "replaced" {
		t.Errorf("Reset told %q", got)
	}
	h.do("SET k v")
	if got := l.take(); got != "set:0:k" {
		t.Errorf("after Reset SET told %q", got)
	}
}
