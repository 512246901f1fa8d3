package statemachine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

// call runs a command whose arguments may hold anything.
func (h *harness) call(args ...string) string {
	encoded := make([][]byte, len(args))
	for i, arg := range args {
		encoded[i] = []byte(arg)
	}
	return h.apply(1, AppendCommand(nil, h.db, encoded))[0]
}

// calls runs commands and compares their replies.
func (h *harness) calls(want string, args ...string) {
	h.t.Helper()
	if got := h.call(args...); got != want {
		h.t.Fatalf("%q\n  replied %s\n  not     %s", args, got, want)
	}
}

// view runs a command as a read.
func (h *harness) view(args ...string) string {
	encoded := make(Args, len(args))
	for i, arg := range args {
		encoded[i] = []byte(arg)
	}
	cmd, problem := h.m.table.Resolve(encoded)
	if cmd == nil {
		return "-" + problem
	}
	w := &respWriter{proto: h.proto}
	v := h.m.Read(testStart)
	defer v.Close()
	v.Run(cmd, h.db, encoded, w)
	return render(w.buf)
}

// randomScript is a command that loads or runs scripts or functions.
func randomScript(rng *rand.Rand) [][]byte {
	body := fmt.Sprintf("local r = {redis.pcall('SET', KEYS[1], '%d')} for i = 1, %d do r[#r+1] = redis.pcall('INCR', KEYS[2]) end return r", rng.IntN(5), rng.IntN(4))
	library := fmt.Sprintf("#!lua name=lib%d\nredis.register_function('f%d', function(keys) return redis.call('APPEND', keys[1], '%d') end)",
		rng.IntN(3), rng.IntN(3), rng.IntN(3))
	var line []string
	switch rng.IntN(8) {
	case 0, 1:
		line = []string{"EVAL", body, "2", randomKey(rng), randomKey(rng)}
	case 2:
		line = []string{"EVALSHA", shaOf([]byte(body)), "2", randomKey(rng), randomKey(rng)}
	case 3:
		line = []string{"SCRIPT", "LOAD", body}
	case 4:
		line = []string{"FUNCTION", "LOAD", "REPLACE", library}
	case 5:
		line = []string{"FCALL", fmt.Sprintf("f%d", rng.IntN(3)), "1", randomKey(rng)}
	case 6:
		line = []string{"FUNCTION", "DELETE", fmt.Sprintf("lib%d", rng.IntN(3))}
	default:
		line = strings.Split(pickWord(rng, "SCRIPT FLUSH", "FUNCTION FLUSH", "FUNCTION DUMP", "FUNCTION LIST"), " ")
	}
	args := make([][]byte, len(line))
	for i, arg := range line {
		args[i] = []byte(arg)
	}
	return args
}

// verify fails the test if what is noted of scripts and libraries does not follow from their records.
func (l *loaded) verify(t testing.TB) {
	t.Helper()
	again, users := newLoaded(l.space), newAccounts()
	if err := again.index(&users); err != nil {
		t.Fatal(err)
	}
	if again.scripts != l.scripts {
		t.Fatalf("%d scripts are counted of %d", l.scripts, again.scripts)
	}
	if again.bytes != l.bytes || !slices.Equal(again.evals, l.evals) || len(again.libraries) != len(l.libraries) || len(again.functions) != len(l.functions) {
		t.Fatalf("%d bytes, %d scripts of EVAL, %d libraries and %d functions are noted of %d, %d, %d and %d", l.bytes, len(l.evals), len(l.libraries),
			len(l.functions), again.bytes, len(again.evals), len(again.libraries), len(again.functions))
	}
	for name, lib := range again.functions {
		if other := l.functions[name]; other == nil || other.Name != lib.Name || other.code != lib.code {
			t.Fatalf("the function %s is noted as one of another library", name)
		}
	}
}

const noScript = "-NOSCRIPT No matching script. Please use EVAL."

func TestScriptsAreKeptForEvalsha(t *testing.T) {
	h := newHarness(t)
	const body = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
	sha := shaOf([]byte(body))
	h.calls(noScript, "EVALSHA", sha, "1", "k", "2")
	h.calls(":2", "EVAL", body, "1", "k", "2")
	h.calls(":5", "EVALSHA", sha, "1", "k", "3")
	h.calls(":9", "EVALSHA", strings.ToUpper(sha), "1", "k", "4")
	h.calls("*2 :1 :0", "SCRIPT", "EXISTS", sha, "abc")
	h.calls("OK", "SCRIPT", "FLUSH")
	h.calls(noScript, "EVALSHA", sha, "1", "k", "2")
	h.calls(`"`+sha+`"`, "SCRIPT", "LOAD", body)
	h.calls(":10", "EVALSHA", sha, "1", "k", "1")
	h.calls(noScript, "EVALSHA", "abc", "0")
}

// TestWhatEvalBringsMakesWay: the oldest goes for a new one, but not one that SCRIPT LOAD names.
func TestWhatEvalBringsMakesWay(t *testing.T) {
	h := newHarness(t)
	sha := func(i int) string { return shaOf(fmt.Appendf(nil, "return %d", i)) }
	for i := range maxEvals + 1 {
		h.calls(fmt.Sprintf(":%d", i), "EVAL", fmt.Sprintf("return %d", i), "0")
		if i == 2 {
			h.calls(`"`+sha(1)+`"`, "SCRIPT", "LOAD", "return 1")
		}
	}
	h.calls(":500", "EVAL", "return 500", "0")
	h.calls("*4 :1 :1 :1 :1", "SCRIPT", "EXISTS", sha(0), sha(1), sha(2), sha(maxEvals))
	h.calls(":501", "EVAL", "return 501", "0")
	h.calls("*4 :0 :1 :1 :1", "SCRIPT", "EXISTS", sha(0), sha(1), sha(2), sha(maxEvals))
	if n := len(h.m.ks.loaded.evals); n != maxEvals {
		t.Errorf("%d scripts of EVAL are kept", n)
	}
}

// TestLoadedBytesAreBounded: SCRIPT LOAD is refused beyond the limit, EVAL runs and is not kept, and what EVAL brought makes room for what is to stay.
func TestLoadedBytesAreBounded(t *testing.T) {
	withoutRaceDetector(t)
	h := newHarness(t)
	big := func(i int) string { return fmt.Sprintf("return %d --%s", i, strings.Repeat("x", 1000<<10)) }
	h.calls(":99", "EVAL", "return 99", "0")
	loaded := 0
	for h.call("SCRIPT", "LOAD", big(loaded))[0] == '"' {
		loaded++
	}
	if loaded != maxLoadedBytes/(1000<<10) {
		t.Errorf("%d scripts of 1000 KiB fit", loaded)
	}
	h.calls("-"+errScriptsFull, "SCRIPT", "LOAD", big(loaded))
	h.calls("*1 :0", "SCRIPT", "EXISTS", shaOf([]byte("return 99")))
	h.calls(":1000", "EVAL", big(1000), "0")
	h.calls("*1 :0", "SCRIPT", "EXISTS", shaOf([]byte(big(1000))))
	h.calls("-"+errScriptsFull, "FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() end) --"+strings.Repeat("x", 1000<<10))
	h.calls("OK", "SCRIPT", "FLUSH", "ASYNC")
	if n := h.m.ks.loaded.bytes; n != 0 {
		t.Errorf("%d bytes are counted of nothing", n)
	}
}

// TestNothingBlocksInScripts calls blocking commands from scripts, where they reply as those that do not block, as from Redis 7.2 on.
func TestNothingBlocksInScripts(t *testing.T) {
	h := newHarness(t)
	for _, call := range []string{"'BLPOP', 'l', 0", "'BRPOP', 'l', 0", "'BLMPOP', 0, 1, 'l', 'LEFT'", "'BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 0", "'BRPOPLPUSH', 'l', 'm', 0",
		"'BZPOPMIN', 'z', 0", "'BZPOPMAX', 'z', 0", "'BZMPOP', 0, 1, 'z', 'MIN'"} {
		h.calls(`"yes"`, "EVAL", "return redis.call("+call+") == false and 'yes' or 'no'", "0")
	}
	h.calls(":2", "RPUSH", "l", "a", "b")
	h.calls(`*2 "l" "a"`, "EVAL", "return redis.call('BLPOP', 'l', 0)", "0")
	h.calls(`"b"`, "EVAL", "return redis.call('BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 0)", "0")
}

func TestScriptsThatRead(t *testing.T) {
	h := newHarness(t)
	h.calls("OK", "SET", "k", "v")
	const get, set = "return redis.call('GET', KEYS[1])", "return redis.call('SET', KEYS[1], 'w')"
	if got := h.view("EVAL_RO", get, "1", "k"); got != `"v"` {
		t.Errorf("EVAL_RO replied %s", got)
	}
	want := "-ERR Write commands are not allowed from read-only scripts. script: " + shaOf([]byte(set)) + ", on @user_script:1."
	if got := h.view("EVAL_RO", set, "1", "k"); got != want {
		t.Errorf("EVAL_RO of a write replied %s", got)
	}
	h.calls(want, "EVAL_RO", set, "1", "k") // in a transaction with writes
	if got := h.view("EVALSHA_RO", shaOf([]byte(get)), "1", "k"); got != `"v"` {
		t.Errorf("EVALSHA_RO replied %s", got)
	}
	h.calls(noScript, "EVALSHA_RO", shaOf([]byte(get)), "1", "k") // in the log what this node has read does not count
	if got := h.view("EVAL", get, "1", "k"); got != "-"+errWriteInView {
		t.Errorf("EVAL as a read replied %s", got)
	}
	const flagged = "#!lua\nreturn 1"
	if got := h.view("EVAL_RO", flagged, "0"); got != "-"+errScriptNotRO {
		t.Errorf("a script that may write replied %s", got)
	}
	if got := h.view("EVAL_RO", "#!lua flags=no-writes\nreturn 1", "0"); got != ":1" {
		t.Errorf("a script without writes replied %s", got)
	}
	if before, after := h.m.Stats().Hits, h.m.Stats().Hits; before != after || before == 0 {
		t.Errorf("%d hits, then %d", before, after)
	}
}

// TestEachCommandOfAScriptHasAVersion: versions and revisions are as if the commands had come one by one.
func TestEachCommandOfAScriptHasAVersion(t *testing.T) {
	a, b := newHarness(t), newHarness(t)
	a.calls("OK", "EVAL", "redis.call('SET','x','1') redis.call('SET','y','2') return redis.call('SET','x','3')", "0")
	b.calls(":1", "EVAL", "return 1", "0")
	for _, line := range []string{"SET x 1", "SET y 2", "SET x 3"} {
		b.expect(line, "OK")
	}
	for _, key := range []string{"x", "y"} {
		if va, vb := a.do("OBJECT VERSION "+key), b.do("OBJECT VERSION "+key); va != vb {
			t.Errorf("%s has version %s, not %s", key, va, vb)
		}
	}
	if ra, rb := a.m.Stats().Revision, b.m.Stats().Revision; ra != rb {
		t.Errorf("the revision is %d, not %d", ra, rb)
	}
}

// TestAScriptThatFailsLeavesWhatItWrote, as in Redis, and in the database that it was called in.
func TestAScriptThatFailsLeavesWhatItWrote(t *testing.T) {
	h := newHarness(t)
	h.db = 3
	reply := h.call("EVAL", "redis.call('SET','a','1') redis.call('SELECT','5') redis.call('SET','b','2') error('x')", "0")
	if !strings.HasPrefix(reply, "-ERR user_script:1: x script: ") {
		t.Errorf("it replied %s", reply)
	}
	h.expect("GET a", `"1"`)
	h.expect("EXISTS b", ":0")
	h.db = 5
	h.expect("GET b", `"2"`)
}

// TestTimeStandsStillInAScript: it is the slot's, whatever the local clock says.
func TestTimeStandsStillInAScript(t *testing.T) {
	h := newHarness(t)
	h.now = 1_700_000_000_123
	h.calls(`*2 "1700000000" "123000"`, "EVAL", "return redis.call('TIME')", "0")
}

func TestLimitsOfScripts(t *testing.T) {
	withoutRaceDetector(t)
	h := newHarness(t)
	const steps, memory = "did more than the limit of 50000000 steps", "took more than the limit of 536870912 bytes of memory"
	for _, test := range []struct{ body, want string }{
		{"while true do end", steps},
		{"repeat until false", steps},
		{"for i=1,1e12 do end", steps},
		{"local function f() return f() end return f()", steps},
		{"pcall(function() while true do end end) return 'caught'", steps},
		{"while true do pcall(error) end", steps},
		{"coroutine.wrap(function() while true do end end)() return 'caught'", steps},
		{"return coroutine.resume(coroutine.create(function() while true do end end))", steps},
		{"xpcall(function() while true do end end, function() end) return 'caught'", steps},
		{"return string.find(string.rep('a',200), string.rep('a*',100)..'b')", steps},
		{"return string.rep('x', 2^40)", memory},
		{"local s='x' while true do s=s..s end", memory},
		{"local t={} while true do t[#t+1]={} end", "limit of"},
		{"local t={} local s=string.rep('x',1e6) for i=1,1000 do t[i]=s end return table.concat(t)", memory},
		{"local f while true do local g=f f=function() return g end end", memory},
		{"return string.gsub(string.rep('x',1e5),'x',string.rep('y',1e5))", memory},
		{"local t={} for i=1,100 do t={t,t} end return t", "limit of"},
		{"local t={} for i=1,100 do t={t,t} end return cjson.encode(t)", "limit of"},
		{"local t={} t[1]=t return t", "reached lua stack limit"},
		{"local function f() return f()+1 end return f()", "stack overflow"},
		{"local function f() return pcall(f) end return f()", ":1"},
		{"local t=setmetatable({},{}) getmetatable(t).__index=function(t,k) return t[k] end return t.x", "C stack overflow"},
		{"local function f(...) return f(1,...) end return f()", "limit of"},
		{"return " + strings.Repeat("(", 2000) + "1" + strings.Repeat(")", 2000), "syntax levels"},
		{"return " + strings.Repeat("not ", 5000) + "1", "syntax levels"},
		{"return 1" + strings.Repeat("+1", 5000), "syntax levels"},
		{strings.Repeat("do ", 5000) + strings.Repeat("end ", 5000), "syntax levels"},
		{"return {" + strings.Repeat("{", 5000) + strings.Repeat("}", 5000) + "}", "syntax levels"},
		{strings.Repeat("local x = 1 ", 300), "more than 200 local variables"},
		{"local t={} for i=1,20000 do t[i]=coroutine.create(function() end) end", "too many coroutines"},
	} {
		if got := h.call("EVAL", test.body, "0"); !strings.Contains(got, test.want) {
			t.Errorf("%.80s\n  replied %.300s", test.body, got)
		}
	}
	h.calls(":1", "EVAL", "return 1", "0")
	if got := h.call("EVAL", "return 1 --"+strings.Repeat("x", 2<<20), "0"); !strings.Contains(got, "longer than 1048576 bytes") {
		t.Errorf("a long script replied %.100s", got)
	}
}

// TestNothingOfAScriptIsLeft: what it does to its surroundings is gone when the next one begins.
func TestNothingOfAScriptIsLeft(t *testing.T) {
	h := newHarness(t)
	const probe = `local t = {tostring(math.random()), tostring({}), cjson.encode_max_depth(), tostring(KEYS[1]), gcinfo()}
for k in pairs(_G) do t[#t+1] = k end return t`
	want := newHarness(t).call("EVAL", probe, "0")
	for _, body := range []string{
		"cjson.encode_max_depth(3) cjson.encode_sparse_array(true) math.randomseed(7) redis.setresp(3)",
		"KEYS.x=1 KEYS[9]='x'",
		"error({err='x'})", "while true do end", "local function f() return f()+1 end f()",
		"string.rep('x',2^40)", "coroutine.wrap(function() coroutine.yield() end)()", "pcall(string.rep)",
		"local t = {} for i=1,10000 do t[i]={} end",
	} {
		h.call("EVAL", body, "1", "key")
		if got := h.call("EVAL", probe, "0"); got != want {
			t.Errorf("behind %s it replied\n%s, not\n%s", body, got, want)
		}
	}
}

func TestFunctions(t *testing.T) {
	h := newHarness(t)
	const code = `#!lua name=lib1
local function helper(x) return x * 2 end
local calls = 0
redis.register_function('double', function(keys, args) return helper(tonumber(args[1])) end)
redis.register_function{function_name='put', callback=function(keys, args) return redis.call('SET', keys[1], args[1]) end, description='puts'}
redis.register_function{function_name='look', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}
redis.register_function('count', function() calls = calls + 1 return calls end)`
	h.calls(`"lib1"`, "FUNCTION", "LOAD", code)
	h.calls("-ERR Library 'lib1' already exists", "FUNCTION", "LOAD", code)
	h.calls(`"lib1"`, "FUNCTION", "LOAD", "REPLACE", code)
	h.calls(":42", "FCALL", "double", "0", "21")
	h.calls("OK", "FCALL", "put", "1", "k", "v")
	h.calls(":1", "FCALL", "count", "0")
	h.calls(":1", "FCALL", "count", "0") // a call leaves nothing in the library
	if got := h.view("FCALL_RO", "look", "1", "k"); got != `"v"` {
		t.Errorf("FCALL_RO replied %s", got)
	}
	if got := h.view("FCALL_RO", "put", "1", "k", "w"); got != "-"+errScriptNotRO {
		t.Errorf("FCALL_RO of a function that writes replied %s", got)
	}
	h.calls("-ERR Function not found", "FCALL", "nosuch", "0")
	h.calls("-ERR Function double already exists", "FUNCTION", "LOAD", "#!lua name=lib2\nredis.register_function('double', function() end)")
	h.calls(`*4 "running_script" nil "engines" *2 "LUA" *4 "libraries_count" :1 "functions_count" :4`, "FUNCTION", "STATS")
	dump := h.m.ks.loaded.libraries["lib1"].code
	if dump != code {
		t.Errorf("the text is %q", dump)
	}
	h.calls("OK", "FUNCTION", "DELETE", "lib1")
	h.calls("-ERR Function not found", "FCALL", "double", "0", "21")
	h.calls("-ERR Library not found", "FUNCTION", "DELETE", "lib1")
	h.calls("*0", "FUNCTION", "LIST")
}

// TestFunctionDump: a payload makes the libraries again, by each policy.
func TestFunctionDump(t *testing.T) {
	h := newHarness(t)
	lib := func(n, f string) string {
		return "#!lua name=" + n + "\nredis.register_function('" + f + "', function() return '" + n + "' end)"
	}
	for _, n := range []string{"a", "b"} {
		h.calls(`"`+n+`"`, "FUNCTION", "LOAD", lib(n, "f"+n))
	}
	payload := string(rdb.DumpFunctions([]string{lib("a", "fa"), lib("b", "fb")}))
	if got := h.call("FUNCTION", "DUMP"); got != fmt.Sprintf("%q", payload) {
		t.Fatalf("FUNCTION DUMP replied %s", got)
	}
	h.calls("-ERR Library 'a' already exists", "FUNCTION", "RESTORE", payload)
	h.calls("OK", "FUNCTION", "RESTORE", payload, "REPLACE")
	h.calls(`"c"`, "FUNCTION", "LOAD", lib("c", "fc"))
	h.calls("OK", "FUNCTION", "RESTORE", payload, "FLUSH")
	h.calls("-ERR Function not found", "FCALL", "fc", "0")
	h.calls(`"b"`, "FCALL", "fb", "0")
	clash := string(rdb.DumpFunctions([]string{lib("x", "same"), lib("y", "same")}))
	h.calls("-ERR Function same already exists", "FUNCTION", "RESTORE", clash, "FLUSH")
	h.calls(`"b"`, "FCALL", "fb", "0") // all or nothing
	for i := range payload {
		damaged := []byte(payload)
		damaged[i] ^= 0x10
		if got := h.call("FUNCTION", "RESTORE", string(damaged), "FLUSH"); got[0] != '-' {
			t.Fatalf("a payload with byte %d changed replied %s", i, got)
		}
	}
	h.calls("-"+errDumpFooter, "FUNCTION", "RESTORE", "")
	h.calls("-"+errRestorePolicy, "FUNCTION", "RESTORE", payload, "BOGUS")
}

// TestLoadedIsPartOfTheState: a checkpoint has scripts and libraries, and the digest knows them.
func TestLoadedIsPartOfTheState(t *testing.T) {
	h := newHarness(t)
	empty := h.m.Digest()
	h.calls(":1", "EVAL", "return 1", "0")
	h.calls(`"`+shaOf([]byte("return 2"))+`"`, "SCRIPT", "LOAD", "return 2")
	h.calls(`"l"`, "FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 3 end)")
	if h.m.Digest() == empty {
		t.Error("scripts do not change the digest")
	}
	c := newCheckpointer(t, h.m)
	write := func() *Machine {
		c.freeze()
		for c.next(1) {
			continue
		}
		c.finish()
		return c.store.restore(t, Config{})
	}
	restored := write()
	if restored.Digest() != h.m.Digest() {
		t.Fatal("the digest after a restore is another")
	}
	again := &harness{t: t, m: restored, now: testStart, proto: 2, slot: h.slot}
	again.calls(":1", "EVALSHA", shaOf([]byte("return 1")), "0")
	again.calls(":2", "EVALSHA", shaOf([]byte("return 2")), "0")
	again.calls(":3", "FCALL", "f", "0")
	if a, b := h.m.ks.loaded, again.m.ks.loaded; a.bytes != b.bytes || len(a.evals) != len(b.evals) {
		t.Errorf("%d bytes with %d scripts of EVAL became %d with %d", a.bytes, len(a.evals), b.bytes, len(b.evals))
	}
	h.calls("OK", "SCRIPT", "FLUSH")
	h.calls("OK", "FUNCTION", "FLUSH")
	if restored = write(); restored.Digest() != h.m.Digest() || restored.Digest() != empty {
		t.Error("what was flushed is still there after a restore")
	}
}
