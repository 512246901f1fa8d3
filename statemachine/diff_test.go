package statemachine

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

// redis is a redis-server of the test's own, and a connection to it.
type redis struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

// startRedis starts redis-server without persistence on a free port and waits for its own word that it is ready.
func startRedis(t testing.TB) *redis {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed: nothing to compare with")
	}
	for port := 21000; port < 21100; port++ {
		cmd := exec.Command(path, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
			"--dir", t.TempDir(), "--enable-debug-command", "yes")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		ready := false
		for !ready && lines.Scan() {
			ready = strings.Contains(lines.Text(), "eady to accept connections")
		}
		if !ready {
			_ = cmd.Wait() // the port is taken: it says so by its exit
			continue
		}
		go func() { _, _ = io.Copy(io.Discard, out) }()
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return &redis{t, conn, bufio.NewReader(conn)}
	}
	t.Skip("redis-server found no free port from 21000 to 21099")
	return nil
}

// do sends a command and returns the bytes of its reply.
func (r *redis) do(args [][]byte) []byte {
	r.t.Helper()
	request := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		request = fmt.Appendf(request, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := r.conn.Write(request); err != nil {
		r.t.Fatal(err)
	}
	return r.reply()
}

func (r *redis) reply() []byte {
	line, err := r.r.ReadBytes('\n')
	if err != nil {
		r.t.Fatal(err)
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	if err != nil || n < 0 {
		return line
	}
	switch line[0] {
	case '$':
		data := make([]byte, n+2)
		if _, err := io.ReadFull(r.r, data); err != nil {
			r.t.Fatal(err)
		}
		return append(line, data...)
	case '*':
		for range n {
			line = append(line, r.reply()...)
		}
	}
	return line
}

// same compares a command's reply here and there.
func (r *redis) same(h *harness, args [][]byte) {
	r.t.Helper()
	want := render(r.do(args))
	got := h.apply(1, AppendCommand(nil, h.db, args))[0]
	if is(args[0], "KEYS") {
		got, want = sortWords(got), sortWords(want)
	}
	if got != want {
		r.t.Fatalf("%q\n  replied        %s\n  redis-server's %s", args, got, want)
	}
}

func sortWords(s string) string {
	all := strings.Fields(s)
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestRepliesAsRedis runs cases whose error or result is easily got wrong.
func TestRepliesAsRedis(t *testing.T) {
	r, h := startRedis(t), newHarness(t)
	for line := range strings.Lines(differentialCases) {
		if line = strings.TrimSpace(line); line != "" {
			r.same(h, words(line))
		}
	}
}

// TestRandomCommandsAsRedis compares streams of random commands. Nothing in them depends on the time.
func TestRandomCommandsAsRedis(t *testing.T) {
	r := startRedis(t)
	for seed := range uint64(4) {
		h := newHarness(t)
		h.now = time.Now().UnixMilli() // so that absolute and relative deadlines compare alike on both sides
		r.do(words("FLUSHALL"))
		rng := rand.New(rand.NewPCG(seed, 1))
		for range 4000 {
			r.same(h, randomCommand(rng))
		}
	}
}

func pickWord(rng *rand.Rand, of ...string) string { return of[rng.IntN(len(of))] }

func randomKey(rng *rand.Rand) string {
	return pickWord(rng, "a", "b", "c", "d", "ee", "key:1", "key:2")
}

func randomValue(rng *rand.Rand) string {
	return pickWord(rng, "1", "-5", "0", "007", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "3.25",
		"-0.1", "1e3", "abc", "hello\\_world", `""`, "+1", "inf", "nan", "0x1p-2", "1.5e-10", "5.", ".5", "--1", "12345678901234567890",
		strings.Repeat("x", rng.IntN(60)), strconv.Itoa(rng.IntN(2000)-1000), strconv.FormatFloat(rng.NormFloat64()*1000, 'g', -1, 64))
}

// commandShapes are command lines; K, V, N, T, U, F and O stand for a key, value, number, time (none so short
// that it could pass meanwhile), time of its own, float or option.
var commandShapes = strings.Split(`GET K|SET K V|SET K V O|SET K V O O|SET K V O O O|SETNX K V|GETSET K V|GETDEL K|GETEX K|GETEX K PERSIST|
GETEX K EX T|MGET K K K|MSET K V K V|MSET K V K|MSETNX K V K V|APPEND K V|STRLEN K|SETRANGE K N V|GETRANGE K N N|SUBSTR K N N|
INCR K|DECR K|INCRBY K N|DECRBY K N|INCRBY K V|INCRBYFLOAT K V|INCRBYFLOAT K F|INCRBYFLOAT K F|LCS K K|LCS K K LEN|LCS K K IDX|
LCS K K IDX WITHMATCHLEN MINMATCHLEN N|DEL K|DEL K K|UNLINK K K|EXISTS K K|TYPE K|TOUCH K K|RENAME K K|RENAMENX K K|COPY K K|
COPY K K REPLACE|COPY K K DB N|MOVE K N|KEYS *|KEYS k?y*|KEYS [a-c]|DBSIZE|EXPIRE K T|EXPIRE K U NX|EXPIRE K U GT|
EXPIRE K U LT|EXPIRE K T XX|EXPIREAT K T|PEXPIRE K T|PEXPIRE K U O|PERSIST K|PEXPIREAT K 99999999999999|
EXPIREAT K 9999999999 O|OBJECT ENCODING K|OBJECT REFCOUNT nokey|FLUSHDB|SWAPDB 1 2|NOSUCH K V|GET|OBJECT|OBJECT NOSUCH K|SETEX K T V|
PSETEX K T V|SWAPDB N N|SETBIT K B b|SETBIT K B b|SETBIT K N b|GETBIT K B|GETBIT K N|BITCOUNT K|BITCOUNT K R R|
BITCOUNT K R R u|BITPOS K b|BITPOS K b R|BITPOS K b R R|BITPOS K b R R u|BITOP op K K|BITOP op K K K|BITOP op K K K K|BITOP not K K|
BITFIELD K g|BITFIELD K g g|BITFIELD K w|BITFIELD K w w|BITFIELD K w g|BITFIELD K o w w|BITFIELD K o w o w g w|BITFIELD_RO K g g|BITFIELD_RO K w|PFADD H V|PFADD H V V V V V|PFADD H|PFADD K V|PFCOUNT H H|PFCOUNT H K|PFMERGE H H|PFMERGE H H H|PFDEBUG ENCODING H|PFDEBUG DECODE H|
PFDEBUG TODENSE H|GET H|DEL H|COPY H H REPLACE|RESTORE K X P|RESTORE K X P REPLACE|RESTORE K X P REPLACE r`, "|")

func randomCommand(rng *rand.Rand) [][]byte {
	for {
		fields := strings.Fields(commandShapes[rng.IntN(len(commandShapes))])
		for i, field := range fields {
			switch field {
			case "K":
				fields[i] = randomKey(rng)
			case "V":
				fields[i] = randomValue(rng)
			case "N":
				fields[i] = pickWord(rng, "0", "1", "-1", "-3", "5", "100", "abc", "9223372036854775807", "-9223372036854775808", "99999999999")
			case "T":
				fields[i] = pickWord(rng, "0", "-1", "abc", "100000", "200000", "9223372036854775807", "-9223372036854775808", "99999999999")
			case "U":
				fields[i] = strconv.Itoa(1000 + rng.IntN(1e8)) // hardly ever twice the same
			case "F":
				fields[i] = strconv.FormatFloat(rng.NormFloat64(), 'f', rng.IntN(17), 64)
			case "X":
				fields[i] = pickWord(rng, "0", "0", "0", "100000", "-1", "abc")
			case "P":
				fields[i] = "payload:" + strconv.Itoa(rng.IntN(len(dumpedPayloads)))
			case "r":
				fields[i] = pickWord(rng, "ABSTTL", "IDLETIME 5", "FREQ 5", "FREQ 300", "IDLETIME -1", "IDLETIME", "BOGUS", "FREQ 1 IDLETIME 1", "replace")
			case "H":
				fields[i] = pickWord(rng, "h1", "h2", "h3")
			case "B":
				fields[i] = strconv.Itoa(rng.IntN(200))
			case "b":
				fields[i] = pickWord(rng, "0", "1", "0", "1", "0", "1", "2", "-1", "abc")
			case "u":
				fields[i] = pickWord(rng, "BIT", "BYTE", "bit", "byte", "BIT")
			case "R":
				fields[i] = pickWord(rng, "0", "1", "-1", "-3", "5", "17", "-30", "100", "9223372036854775807", "-9223372036854775808", strconv.Itoa(rng.IntN(60)))
			case "op":
				fields[i] = pickWord(rng, "AND", "OR", "XOR", "and", "NOT", "NAND")
			case "o":
				fields[i] = "OVERFLOW " + pickWord(rng, "WRAP", "SAT", "FAIL", "SAT", "fail", "NONE")
			case "g":
				fields[i] = "GET " + randomBitType(rng) + " " + randomBitOffset(rng)
			case "w":
				fields[i] = pickWord(rng, "SET ", "INCRBY ") + randomBitType(rng) + " " + randomBitOffset(rng) + " " +
					pickWord(rng, strconv.FormatInt(int64(rng.Uint64()), 10), strconv.Itoa(rng.IntN(300)-150), "1", "-1", "0", "9223372036854775807",
						"-9223372036854775808", "abc")
			case "O":
				fields[i] = pickWord(rng, "NX", "XX", "GET", "KEEPTTL", "EX", "99999999998", "nx", "EXAT", "99999999999", "bogus", "PERSIST", "GT", "LT")
			}
		}
		line := strings.Join(fields, " ")
		// SELECT is not ours, so what is swapped into database 0 would stay there for the rest of the stream.
		if fields[0] == "FLUSHDB" && rng.IntN(20) != 0 || fields[0] == "SWAPDB" && strings.Contains(line, "0") {
			continue
		}
		args := words(line)
		for i, payload := range dumpedPayloads { // they are no words: there is a newline in each
			for j := range args {
				if string(args[j]) == "payload:"+strconv.Itoa(i) {
					args[j] = []byte(payload)
				}
			}
		}
		return args
	}
}

// dumpedPayloads are DUMP's of a string, an integer and a compressed string, and a damaged one.
var dumpedPayloads = []string{
	string(rdb.Dump(rdb.String("hello"))), string(rdb.Dump(rdb.String("-70000"))), string(rdb.Dump(rdb.String(strings.Repeat("abc", 30)))), "damaged",
}

func randomBitType(rng *rand.Rand) string {
	if rng.IntN(20) == 0 {
		return pickWord(rng, "u64", "i65", "u0", "i", "x8", "I8", "i-1", "i08")
	}
	if rng.IntN(2) == 0 {
		return "i" + strconv.Itoa(1+rng.IntN(64))
	}
	return "u" + strconv.Itoa(1+rng.IntN(63))
}

func randomBitOffset(rng *rand.Rand) string {
	return pickWord(rng, strconv.Itoa(rng.IntN(200)), strconv.Itoa(rng.IntN(200)), "#"+strconv.Itoa(rng.IntN(8)), "#0", "0", "-1", "#-1", "abc", "#")
}

// differentialCases need no state but what they make.
const differentialCases = `
SET
SET a
SET a b NX XX
SET a b EX
SET a b EX 0
SET a b EX -1
SET a b EX abc
SET a b PX 9223372036854775807
SET a b EX 9223372036854775
SET a b EX 9223372036854775807
SET a b EX 10 PX 10
SET a b EX 10 EX 20
SET a b KEEPTTL EX 10
SET a b PERSIST
SET a b GET
SET a c NX GET
SET a c GET XX
SET a d EXAT 99999999999
EXPIRETIME a
SET a e KEEPTTL
EXPIRETIME a
PEXPIRETIME a
SET a f PXAT 9223372036854775807
EXPIRETIME a
PEXPIRETIME a
SET a f PXAT 99999999999499
EXPIRETIME a
SET a f PXAT 99999999999500
EXPIRETIME a
GETEX a PERSIST EX 10
GETEX a EX 0
GETEX a EXAT 1
EXISTS a
SETEX a 0 b
SETEX a abc b
PSETEX a -1 b
SETRANGE a -1 b
SET bits foobar
BITCOUNT bits 0
BITCOUNT bits 0 abc
BITCOUNT bits abc 0
BITCOUNT bits 0 abc BOGUS
BITCOUNT bits 0 -1 BOGUS
BITCOUNT bits 0 -1 BIT BIT
BITPOS bits 2
BITPOS bits abc
BITPOS bits 1 abc
BITPOS bits 1 0 abc
BITPOS bits 1 0 abc BOGUS
BITPOS bits 1 0 -1 BOGUS
BITPOS bits 1 0 -1 BIT BIT
BITPOS bits 0 7 5 BIT
DEL bits
BITFIELD bits SET u16 0 65535
BITPOS bits 0
BITPOS bits 0 1
BITPOS bits 0 0 -1
BITPOS bits 0 2
SETBIT bits -1 0
SETBIT bits 4294967296 0
SETBIT bits 5 2
SETBIT bits abc 2
SETBIT bits #1 1
GETBIT bits 4294967295
GETBIT bits 4294967296
BITFIELD bits
BITFIELD nobits
EXISTS nobits
BITFIELD nobits GET u8 0
EXISTS nobits
BITFIELD nobits OVERFLOW FAIL SET u8 0 256
OBJECT ENCODING nobits
BITFIELD bits GET u64 0
BITFIELD bits GET u8
BITFIELD bits SET u8 0
BITFIELD bits OVERFLOW
BITFIELD bits OVERFLOW FOO
BITFIELD bits OVERFLOW FAIL GET u8 0
BITFIELD bits BOGUS u8 0
BITFIELD bits GET u8 -1
BITFIELD bits GET u8 #-1
BITFIELD wide OVERFLOW SAT SET i64 0 -5 SET i64 64 -9223372036854775808 SET i63 128 -9223372036854775808 SET i4 200 -9223372036854775808
GET wide
BITFIELD_RO bits SET u8 0 1
BITFIELD_RO bits GET u8 0 GET i4 #1
BITOP NOT bits2 bits bits
PFADD bits a
PFCOUNT bits
PFCOUNT nokey bits
PFMERGE nokey bits
PFDEBUG ENCODING bits
PFDEBUG ENCODING nokey
PFADD hll
PFADD hll
PFADD hll a b c
GET hll
PFDEBUG DECODE hll
PFDEBUG decode hll x
PFDEBUG BOGUS hll
PFDEBUG GETREG hll
PFDEBUG DECODE hll
PFDEBUG ENCODING hll
PFDEBUG TODENSE hll
STRLEN hll
PFADD hll a b c d
PFCOUNT hll
PFMERGE merged hll
PFDEBUG ENCODING merged
PFCOUNT merged
PFMERGE merged
PFSELFTEST
SETRANGE hll 0 X
PFADD hll e
SETRANGE hll 0 H
APPEND hll x
PFCOUNT hll
PFADD hll2 a b c
SETRANGE hll2 16 zzzzzzzz
PFCOUNT hll2
PFADD hll2 e
PFMERGE x hll2
PFDEBUG TODENSE hll2
SETRANGE hll2 4 \x02
PFCOUNT hll2
BITOP NAND bits2 bits bits
BITOP AND bits2
BITOP NOT bits2 bits
GET bits2
EXPIRE bits2 100000
BITOP OR bits2 bits2 nokey
PERSIST bits2
BITOP AND bits2 nokey nokey2
EXISTS bits2
SETRANGE a 536870912 b
SETRANGE a 9223372036854775807 bb
SETRANGE a abc b
SETRANGE nokey 5 ""
EXISTS nokey
SETRANGE a 5 x
GET a
GETRANGE a 0 -1
GETRANGE a -3 -2
GETRANGE a -1 -5
GETRANGE a 100 200
GETRANGE a x y
OBJECT ENCODING a
APPEND num 123
OBJECT ENCODING num
APPEND num 4
OBJECT ENCODING num
SET num 12
OBJECT ENCODING num
INCRBYFLOAT num 0
OBJECT ENCODING num
INCRBYFLOAT num 0.1
INCRBYFLOAT num 3.0e3
INCRBYFLOAT num inf
INCRBYFLOAT num nan
INCRBYFLOAT num abc
INCRBYFLOAT num \_1
INCRBYFLOAT num 1\_
INCRBYFLOAT num 0x10
INCRBYFLOAT num 1e4931
INCRBYFLOAT num 1e4932
INCRBYFLOAT num 1e4933
INCRBYFLOAT num -1e-4950
INCRBYFLOAT num 1e-4951
INCRBYFLOAT num 1e-4952
SET num 0.1
INCRBYFLOAT num 0.2
INCRBYFLOAT num -0.3
SET num -0
INCRBYFLOAT num 0
INCR num
SET num 00
INCR num
SET num 9223372036854775807
INCR num
DECRBY num -9223372036854775808
INCRBY num -9223372036854775808
SET num -2
DECRBY num 9223372036854775807
SET long 12345678901234567890123456789012345678901234
OBJECT ENCODING long
APPEND long 5
OBJECT ENCODING long
SET long 123456789012345678901234567890123456789012345
OBJECT ENCODING long
SET int 12345678901234567890
OBJECT ENCODING int
SET int -9223372036854775808
OBJECT ENCODING int
COPY int int2
OBJECT ENCODING int2
COPY int int
COPY int int2
COPY int int2 REPLACE
COPY int int2 DB 99
COPY int int2 DB abc
COPY int int2 DB 99999999999
COPY int int2 BOGUS
COPY int int2 DB
MOVE int 0
MOVE int 16
MOVE int abc
MOVE int 99999999999
MOVE int -1
MOVE int 3
MOVE int 3
RENAME nokey x
RENAME int2 int2
RENAMENX int2 int2
RENAMENX nokey int2
EXPIRE a
EXPIRE a abc
EXPIRE a 10 BOGUS
EXPIRE a 10 NX XX
EXPIRE a 10 NX GT
EXPIRE a 10 GT LT
EXPIRE a 10 XX GT
EXPIRE a 9223372036854775807
EXPIRE a -9223372036854775808
PEXPIRE a 9223372036854775807
EXPIRE a 9223372036854775
EXPIREAT a 9223372036854775
EXPIREAT a 9223372036854776
EXPIREAT a 99999999999
EXPIREAT a 99999999998 GT
EXPIREAT a 99999999998 LT
EXPIREAT a 99999999998 NX
EXPIREAT a 99999999997 XX LT
EXPIRETIME a
PEXPIREAT a -5
EXISTS a
TTL a
PTTL a
TTL int2
EXPIRETIME int2
EXPIRETIME nokey
TYPE nokey
TYPE int2
SCAN abc
SCAN "" BOGUS
SCAN -x
SCAN +
SCAN -1 MATCH nokey
SCAN 18446744073709551615 MATCH nokey
SCAN 18446744073709551616
SCAN -
SCAN 1\_
SCAN 0 COUNT 0
SCAN 0 COUNT abc
SCAN 0 COUNT
SCAN 0 MATCH
SCAN 0 BOGUS x
SCAN 0 TYPE list
SCAN 0 TYPE STRING MATCH int* COUNT 100
KEYS
KEYS a b c
GET a b
OBJECT
OBJECT ENCODING
OBJECT ENCODING nokey
OBJECT FREQ nokey
OBJECT FREQ int2
OBJECT IDLETIME nokey
OBJECT BOGUS int2
OBJECT ENCODING a b
FLUSHALL BOGUS
FLUSHALL SYNC ASYNC
FLUSHDB BOGUS
SWAPDB 0
SWAPDB a 0
SWAPDB 0 a
SWAPDB 99 a
SWAPDB 99 0
SWAPDB -1 0
SWAPDB 5 5
LCS a
LCS a b LEN IDX
LCS a b BOGUS
LCS a b MINMATCHLEN
LCS a b MINMATCHLEN x
MSET a
MSET a b c
MSETNX a b c
SET s1 ohmytext
SET s2 mynewtext
LCS s1 s2
LCS s1 s2 LEN
LCS s1 s2 IDX
LCS s1 s2 IDX MINMATCHLEN 4
LCS s1 s2 IDX MINMATCHLEN 4 WITHMATCHLEN
LCS s1 s2 MINMATCHLEN -1 IDX
NOSUCHCOMMAND
NOSUCHCOMMAND a b c
nosuchCommand aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c d
GETDEL
STRLEN a b
RANDOMKEY a
XADD twice 1 a 1
XADD twice 2 a 2
XADD twice 3 a 3
XADD other 7 b 7
XGROUP CREATE twice g 0
XGROUP CREATE other g 0
XREADGROUP GROUP g c COUNT 2 STREAMS twice other twice twice twice > > 18446744073709551615-18446744073709551615 > 0
XINFO GROUPS twice
XADD twice 4 a 4
XREADGROUP GROUP g c STREAMS twice twice 0 >
XADD twice 5 a 5
XADD twice 6 a 6
XREADGROUP GROUP g d COUNT 1 NOACK STREAMS twice twice > >
XREADGROUP GROUP g d STREAMS twice twice > >
XPENDING twice g
XINFO GROUPS twice
FLUSHALL ASYNC
RANDOMKEY
DBSIZE
`

// flagNames are COMMAND INFO's.
var flagNames = map[Flags]string{Write: "write", ReadOnly: "readonly", DenyOOM: "denyoom", Admin: "admin", Blocking: "blocking", NoScript: "noscript",
	Loading: "loading", Stale: "stale", Fast: "fast", Pubsub: "pubsub", SkipMonitor: "skip_monitor",
	AllowBusy: "allow_busy", NoMandatoryKeys: "no_mandatory_keys"}

// TestRowsAsRedis compares arity, flags and keys of each row with redis-server's COMMAND INFO. What paxredis adds has a
// reason here.
func TestRowsAsRedis(t *testing.T) {
	r := startRedis(t)
	arity := map[string]int{
		"GET":  2, // WITHVER
		"KEYS": 2, // WITHVER
		// WITHSCORE, of 7.2
		"ZRANK": 3, "ZREVRANK": 3,
	}
	// What redis-server 7.0 does not let scripts call, and 7.2 does.
	scriptable := []string{"BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX"}
	ours := map[string]string{
		"OBJECT VERSION": "versions", "DEBUG DIGEST": "", "DEBUG DIGEST-VALUE": "", "DEBUG HELP": "", "DEBUG OBJECT": "", "DEBUG POPULATE": "", "DEBUG SET-ACTIVE-EXPIRE": "",
		"DIGEST": "8.4", "DELEX": "8.4", "DELIFEQ": "of Valkey", "MSETEX": "8.4",
		"HEXPIRE": "7.4", "HPEXPIRE": "7.4", "HEXPIREAT": "7.4", "HPEXPIREAT": "7.4", "HTTL": "7.4", "HPTTL": "7.4", "HEXPIRETIME": "7.4",
		"HPEXPIRETIME": "7.4", "HPERSIST": "7.4", "HGETDEL": "8.0", "HGETEX": "8.0", "HSETEX": "8.0",
	}
	var check func(prefix string, rows []Command)
	check = func(prefix string, rows []Command) {
		for _, row := range rows {
			name := prefix + row.Name
			check(name+" ", row.Subcommands)
			if _, ok := ours[name]; ok {
				continue
			}
			var flags []string
			for flag, word := range flagNames {
				if row.Flags.Has(flag) {
					flags = append(flags, "+"+word)
				}
			}
			if slices.Contains(scriptable, name) {
				flags = append(flags, "+noscript")
			}
			slices.Sort(flags)
			n := row.Arity
			if theirs, ok := arity[name]; ok {
				n = theirs
			}
			got := fmt.Sprintf("%d %v %d %d %d", n, flags, row.Keys.First, row.Keys.Last, row.Keys.Step)
			info := r.do([][]byte{[]byte("COMMAND"), []byte("INFO"), []byte(strings.ReplaceAll(name, " ", "|"))})
			if want := infoOf(t, name, info); got != want {
				t.Errorf("%s is %s, redis-server's %s", name, got, want)
			}
		}
	}
	check("", Commands())
}

// infoOf makes COMMAND INFO's reply for one command comparable.
func infoOf(t *testing.T, name string, info []byte) string {
	fields := strings.Split(strings.TrimSpace(string(info)), "\r\n")
	if len(fields) < 10 {
		t.Fatalf("COMMAND INFO of %s replied %q", name, info)
	}
	// *1 *10 $n name :arity *flags +flag... :first :last :step
	n, err := strconv.Atoi(fields[5][1:])
	if err != nil {
		t.Fatalf("COMMAND INFO of %s replied %q", name, info)
	}
	flags := slices.DeleteFunc(fields[6:6+n], func(flag string) bool { return flag == "+movablekeys" || flag == "+may_replicate" })
	slices.Sort(flags)
	keys := fields[6+n:]
	return fmt.Sprintf("%s %v %s %s %s", fields[4][1:], flags, keys[0][1:], keys[1][1:], keys[2][1:])
}

// TestPatternsAsRedis compares random patterns, malformed ones too.
func TestPatternsAsRedis(t *testing.T) {
	withoutRaceDetector(t)
	r, h := startRedis(t), newHarness(t)
	for _, key := range []string{"a", "b", "ab", "abc", "a-c", "]", "[", "^", "\\", "*", "a*b", "aab", "?", "-", "\xff\x01", "aaaaaaaab", ""} {
		r.same(h, [][]byte{[]byte("SET"), []byte(key), []byte("v")})
	}
	rng := rand.New(rand.NewPCG(1, 9))
	const alphabet = "aabbc***??[]^-\\\xff\x01"
	for range 20000 {
		pattern := make([]byte, rng.IntN(8))
		for i := range pattern {
			pattern[i] = alphabet[rng.IntN(len(alphabet))]
		}
		r.same(h, [][]byte{[]byte("KEYS"), pattern})
	}
}

// TestLongDoubleAsRedis adds random numbers of all sizes and forms.
func TestLongDoubleAsRedis(t *testing.T) {
	withoutRaceDetector(t)
	r, h := startRedis(t), newHarness(t)
	rng := rand.New(rand.NewPCG(1, 10))
	number := func() string {
		switch rng.IntN(8) {
		case 0:
			return fmt.Sprintf("%s%d.%de%d", pickWord(rng, "", "-", "+"), rng.Uint64(), rng.Uint64(), rng.IntN(10200)-5100)
		case 1:
			return fmt.Sprintf("%s0x%x.%xp%d", pickWord(rng, "", "-"), rng.Uint64(), rng.Uint64(), rng.IntN(200)-100)
		case 2:
			return pickWord(rng, "1e", "e1", ".", "1.", ".1", "0x", "0x1", "0x.8", "0x1p", "1p3", "1_0", "infinity", "-inf", "INF", "nan", "nan(1)",
				"1e+", "1e+5", "0e99999999999", "1e99999999999", "1e-99999999999", "0x1p-16445", "0x1p-16446", "0x1.8p-16446", "0x1p16383", "0x1p16384",
				"-0", "0b1", "0o7", "1E3", "1..2", "1e3.5", strings.Repeat("9", 5000), strings.Repeat("9", 5119), strings.Repeat("9", 5120), "0."+strings.Repeat("0", 5000)+"1")
		case 3:
			return fmt.Sprintf("%d.%017d5", rng.IntN(1000), rng.Int64N(1e17))
		}
		return strconv.FormatFloat(rng.NormFloat64()*float64(uint64(1)<<rng.IntN(60)), 'f', rng.IntN(20), 64)
	}
	for range 5000 {
		r.same(h, [][]byte{[]byte("SET"), []byte("k"), []byte(number())})
		r.same(h, [][]byte{[]byte("INCRBYFLOAT"), []byte("k"), []byte(number())})
		r.same(h, [][]byte{[]byte("INCRBYFLOAT"), []byte("k"), []byte(number())})
	}
}
