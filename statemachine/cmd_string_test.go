package statemachine

import (
	"strings"
	"testing"
)

func TestStringCommands(t *testing.T) {
	scripts(t, []scriptTest{
		{"SET and GET", `
			GET k => nil
			SET k v => OK
			GET k => "v"
			SET k w NX => nil
			SET l w XX => nil
			SET k w XX GET => "v"
			SET k "" => OK
			STRLEN k => :0
			EXISTS k => :1`},
		{"SET and time to live", `
			SET k v EX 10 => OK
			TTL k => :10
			SET k w KEEPTTL => OK
			TTL k => :10
			SET k w => OK
			TTL k => :-1
			SET k v PXAT 1700000005000 => OK
			PTTL k => :5000
			SET k v EXAT 1600000000 => OK
			GET k => nil`},
		{"SETNX SETEX PSETEX", `
			SETNX k a => :1
			SETNX k b => :0
			SETEX k 10 c => OK
			TTL k => :10
			PSETEX k 1500 d => OK
			PTTL k => :1500
			TTL k => :2
			SETEX k 0 e => -ERR invalid expire time in 'setex' command
			GET k => "d"`},
		{"GETSET GETDEL", `
			GETSET k a => nil
			EXPIRE k 10 => :1
			GETSET k b => "a"
			TTL k => :-1
			GETDEL k => "b"
			GETDEL k => nil`},
		{"GETEX", `
			GETEX k EX 10 => nil
			SET k v => OK
			GETEX k EX 10 => "v"
			TTL k => :10
			GETEX k => "v"
			TTL k => :10
			GETEX k PERSIST => "v"
			TTL k => :-1
			GETEX k EX 0 => -ERR invalid expire time in 'getex' command
			GETEX k KEEPTTL => -ERR syntax error
			GETEX k PXAT 1 => "v"
			EXISTS k => :0`},
		{"MGET MSET MSETNX", `
			MSET a 1 b 2 => OK
			MGET a x b => *3 "1" nil "2"
			MSETNX c 3 a 9 => :0
			EXISTS c => :0
			MSETNX c 3 d 4 => :1
			MSET a 1 b => -ERR wrong number of arguments for 'mset' command
			MSETNX a 1 b => -ERR wrong number of arguments for 'msetnx' command
			EXPIRE a 10 => :1
			MSET a 2 => OK
			TTL a => :-1`},
		{"APPEND SETRANGE GETRANGE", `
			APPEND k ab => :2
			APPEND k cd => :4
			EXPIRE k 10 => :1
			APPEND k ef => :6
			TTL k => :10
			SETRANGE k 2 XY => :6
			GETRANGE k 0 -1 => "abXYef"
			SETRANGE k 8 z => :9
			GET k => "abXYef\x00\x00z"
			SUBSTR k -3 -2 => "\x00\x00"`},
		{"counters", `
			INCR k => :1
			INCRBY k 41 => :42
			DECR k => :41
			DECRBY k 50 => :-9
			EXPIRE k 10 => :1
			INCR k => :-8
			TTL k => :10
			INCRBYFLOAT k 0.5 => "-7.5"
			INCRBYFLOAT k 7.5 => "0"
			INCR k => :1`},
	})
}

func TestLongestStringIsConfigured(t *testing.T) {
	h := newHarnessWith(t, Config{MaxStringBytes: 10})
	script(t, h, `
		SETRANGE k 5 abcde => :10
		SETRANGE k 6 abcde => -ERR string exceeds maximum allowed size (proto-max-bulk-len)
		APPEND k x => -ERR string exceeds maximum allowed size (proto-max-bulk-len)
		APPEND k "" => :10
		STRLEN k => :10
		LCS k k => -ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len`)
}

func TestLCSIsAMapInRESP3(t *testing.T) {
	h := newHarness(t)
	h.proto = 3
	script(t, h, `
		MSET a ohmytext b mynewtext => OK
		LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN => %2 "matches" *1 *3 *2 :4 :7 *2 :5 :8 :4 "len" :6
		GET nokey => nil`)
}

// TestWrongType: every command of strings refuses a value of another kind, and changes nothing.
func TestWrongType(t *testing.T) {
	const other = Kind(200)
	for _, line := range []string{"GET k", "GET k WITHVER", "SET k v GET", "GETSET k v", "GETDEL k", "GETEX k", "GETEX k EX 10", "APPEND k v",
		"STRLEN k", "SETRANGE k 0 v", "GETRANGE k 0 1", "SUBSTR k 0 1", "INCR k", "DECRBY k 5", "INCRBYFLOAT k 1"} {
		h := newHarness(t)
		h.expect("SET k 1", "OK")
		e := h.m.ks.entry(&h.m.ks.databases[0], []byte("k"))
		e.object.kind = other
		before := h.m.Digest()
		h.expect(line, "-"+errWrongType)
		if h.m.Digest() != before {
			t.Errorf("%s changed something", line)
		}
		h.expect("MGET k", "*1 nil")
		h.expect("LCS k k", "-"+errLCSType)
		h.expect("SET k v", "OK")
		h.expect("TYPE k", "string")
	}
}

// TestOverwritesInPlaceKeepKeyAndValueApart: values that grow and shrink within and beyond their buffer.
func TestOverwritesInPlaceKeepKeyAndValueApart(t *testing.T) {
	h := newHarness(t)
	for _, n := range []int{10, 1000, 3, 0, 64, 100_000, 1, 17, 0, 5000} {
		value := strings.Repeat("x", n)
		if n == 0 {
			h.expect(`SET thekey ""`, "OK")
		} else {
			h.expect("SET thekey "+value, "OK")
		}
		h.expect("GET thekey", `"`+value+`"`)
		s := h.m.ks.databases[0].keys
		o := s.find(h.m.ks.hasher.hash([]byte("thekey")), []byte("thekey"))
		if o == nil {
			t.Fatal("the key is not there")
		}
		if most, room := 2*(6+n)+keepSlack, o.capacity(s.memory); o.class != within && room > most {
			t.Fatalf("a value of %d bytes keeps a block of %d", n, room)
		}
	}
}
