package statemachine

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

// rdbKeys make a key of each type and encoding of redis-server's.
var rdbKeys = map[string]string{
	"string":           "SET K hello",
	"empty string":     `SET K ""`,
	"int8":             "SET K -128",
	"int16":            "SET K 32767",
	"int32":            "SET K -2147483648",
	"int too long":     "SET K 2147483648",
	"no int":           "SET K 007",
	"14 bits":          "SETRANGE K 1000 x",
	"compressed":       "SET K " + strings.Repeat("abcabcabd", 100),
	"long runs":        "SETRANGE K 100000 x",
	"list":             "RPUSH K a b 1 -1 127 128 -4096 4095 4096 32768 8388608 2147483648 9223372036854775807 -9223372036854775808 " + strings.Repeat("x", 63) + " " + strings.Repeat("y", 64) + " " + strings.Repeat("z", 4095) + " " + strings.Repeat("w", 4096),
	"list of large":    "RPUSH K a " + strings.Repeat("x", 10000) + " b " + strings.Repeat("y", 20000),
	"list of nodes":    "RPUSH K " + strings.Repeat("element ", 5000),
	"intset 2":         "SADD K 3 1 2 -5",
	"intset 4":         "SADD K 3 1 2 70000",
	"intset 8":         "SADD K 3 1 2 7000000000",
	"set":              "SADD K a b c 1 2",
	"zset":             "ZADD K 1 a 1.5 b -inf c inf d 0 e 3.0000000000000004 f 1e300 g -0.0 h",
	"zset of large":    "ZADD K 1.25 a -inf b inf c 2 " + strings.Repeat("m", 100),
	"hash":             `HSET K a 1 b xyz c -5000 d ""`,
	"hash of large":    "HSET K a " + strings.Repeat("v", 100) + " b 2",
	"stream":           "XADD K 5-1 a 1 b 2|XADD K 5-2 a 3 b 4|XADD K 6-0 c 5|XADD K 7-0 a 1 b 7|XDEL K 5-2",
	"empty stream":     "XADD K 5-1 a 1|XDEL K 5-1",
	"stream of nodes":  strings.TrimSuffix(strings.Repeat("XADD K * field value|", 350), "|"),
	"groups of stream": "XADD K 5-1 a 1|XADD K 5-2 a 2|XADD K 5-3 a 3|XGROUP CREATE K g 0|XGROUP CREATE K h $|XGROUP CREATECONSUMER K g idle|XREADGROUP GROUP g one COUNT 1 STREAMS K >|XREADGROUP GROUP g two COUNT 2 STREAMS K >|XCLAIM K g one 0 5-2 RETRYCOUNT 7|XDEL K 5-1",
}

// dumped is what redis-server's DUMP of a key says.
func (r *redis) dumped(key string) (payload []byte, v rdb.Value) {
	r.t.Helper()
	_, payload, _ = bytes.Cut(r.do(words("DUMP "+key)), []byte("\r\n"))
	payload = payload[:max(0, len(payload)-2)]
	v, err := rdb.Load(payload, maxStringDefault)
	if err != nil {
		r.t.Fatalf("%s: %v", key, err)
	}
	return payload, rdb.Sorted(v)
}

const maxStringDefault = 1 << 20

// TestDigestsOfValuesAsRedis compares DEBUG DIGEST-VALUE of all types, with a deadline and without.
func TestDigestsOfValuesAsRedis(t *testing.T) {
	withoutRaceDetector(t)
	for name, lines := range rdbKeys {
		r, h := startRedis(t), newHarness(t)
		for line := range strings.SplitSeq(strings.ReplaceAll(lines, "K", "key"), "|") {
			r.do(words(line))
		}
		payload, _ := r.dumped("key")
		if got := h.restore(payload, "key 0"); got != "OK" {
			t.Fatalf("%s: RESTORE replied %s", name, got)
		}
		for _, line := range []string{"DEBUG DIGEST-VALUE key nokey", "EXPIRE key 1000", "DEBUG DIGEST-VALUE key"} {
			if got, want := h.do(line), render(r.do(words(line))); got != want {
				t.Errorf("%s: %s replied %s, and redis-server %s", name, line, got, want)
			}
		}
	}
}

// TestDumpsGoToRedisAndBack reads redis-server's DUMP of all types, and gives it back in our encoding. Both keys must be the same.
func TestDumpsGoToRedisAndBack(t *testing.T) {
	r := startRedis(t)
	for name, lines := range rdbKeys {
		t.Run(name, func(t *testing.T) {
			r.t = t
			r.do(words("FLUSHALL"))
			for line := range strings.SplitSeq(strings.ReplaceAll(lines, " K ", " theirs "), "|") {
				if reply := r.do(words(line)); reply[0] == '-' {
					t.Fatalf("%s replied %s", line, reply)
				}
			}
			_, theirs := r.dumped("theirs")
			if got := string(r.do([][]byte{[]byte("RESTORE"), []byte("ours"), []byte("0"), rdb.Dump(theirs)})); got != "+OK\r\n" {
				t.Fatalf("RESTORE of our dump replied %q", got)
			}
			if _, ours := r.dumped("ours"); !reflect.DeepEqual(ours, theirs) {
				t.Fatalf("our dump became\n%v\nnot\n%v", ours, theirs)
			}
			if ours, theirs := r.do(words("DEBUG DIGEST-VALUE ours")), r.do(words("DEBUG DIGEST-VALUE theirs")); !bytes.Equal(ours, theirs) {
				t.Errorf("the digest of ours is %s, of theirs %s", ours, theirs)
			}
		})
	}
}

// TestGoldenDumpsAsRedis has redis-server restore the payloads of package rdb's golden file that it knows, those of older Redis versions
// above all, and reads its own dump of them.
func TestGoldenDumpsAsRedis(t *testing.T) {
	r := startRedis(t)
	text, err := os.ReadFile("rdb/testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	restored := 0
	for line := range strings.Lines(string(text)) {
		parts := strings.Split(line, "\t")
		if len(parts) != 3 {
			continue
		}
		payload, err := hex.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		if version := binary.LittleEndian.Uint16(payload[len(payload)-rdb.FooterBytes:]); version > 10 {
			continue // that redis-server is 7.0
		}
		if got := string(r.do([][]byte{[]byte("RESTORE"), []byte("k"), []byte("0"), payload, []byte("REPLACE")})); got != "+OK\r\n" {
			t.Errorf("%s: RESTORE replied %q", parts[0], got)
			continue
		}
		ours, err := rdb.Load(payload, maxStringDefault)
		if err != nil {
			t.Fatal(err)
		}
		if _, theirs := r.dumped("k"); !reflect.DeepEqual(rdb.Sorted(ours), theirs) {
			t.Errorf("%s is read as\n%v\nby redis-server as\n%v", parts[0], ours, theirs)
		}
		restored++
	}
	if restored < 30 {
		t.Errorf("only %d payloads were restored", restored)
	}
}

// FuzzDumpAndRestore: whatever stands in front of a right footer, RESTORE keeps the keyspace whole, and DUMP says what was restored.
func FuzzDumpAndRestore(f *testing.F) {
	for _, v := range []rdb.Value{
		rdb.String("hello"), rdb.List{[]byte("a"), []byte("1")}, rdb.Hash{{Name: []byte("a"), Value: []byte("b")}},
		rdb.Set{[]byte("a"), []byte("1")}, rdb.ZSet{{Member: []byte("a"), Score: 1.5}},
		&rdb.Stream{LastID: rdb.StreamID{MS: 5, Seq: 1}, EntriesAdded: 1, Entries: []rdb.StreamEntry{{ID: rdb.StreamID{MS: 5, Seq: 1}, Fields: words("a 1")}},
			Groups: []rdb.StreamGroup{{Name: []byte("g"), Consumers: []rdb.StreamConsumer{{Name: []byte("c"), SeenAt: testStart, ActiveAt: -1}},
				Pending: []rdb.PendingEntry{{ID: rdb.StreamID{MS: 5, Seq: 1}, DeliveredAt: testStart, Deliveries: 1}}}}},
	} {
		f.Add(rdb.Encode(v))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		payload := binary.LittleEndian.AppendUint16(slices.Clone(content), 10)
		payload = binary.LittleEndian.AppendUint64(payload, rdb.Checksum(0, payload))
		h := newHarnessWith(t, Config{MaxStringBytes: maxStringDefault})
		reply := h.restore(payload, "k 0")
		h.m.ks.verify(t)
		if reply != "OK" {
			return
		}
		want, err := rdb.Load(payload, maxStringDefault)
		if err != nil {
			t.Fatalf("restored, although: %v", err)
		}
		if timed, ok := want.(rdb.Hash); ok && slices.ContainsFunc(timed, func(f rdb.Field) bool { return f.ExpireAt != 0 }) {
			return // what is due by now is gone
		}
		got, err := rdb.Load(h.dumpOf("k"), 2*maxStringDefault)
		if err != nil || !bytes.Equal(rdb.Encode(rdb.Sorted(got)), rdb.Encode(rdb.Sorted(want))) {
			t.Fatalf("what was restored as\n%v\nis dumped as\n%v, %v", want, got, err)
		}
	})
}
