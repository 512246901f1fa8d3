package statemachine

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestBitmapCommands(t *testing.T) {
	scripts(t, []scriptTest{
		{"SETBIT and GETBIT", `
			SETBIT k 7 1 => :0
			SETBIT k 7 0 => :1
			SETBIT k 17 1 => :0
			GETBIT k 17 => :1
			GETBIT k 16 => :0
			GETBIT k 1000 => :0
			GETBIT nokey 0 => :0
			GET k => "\x00\x00@"
			OBJECT ENCODING k => "raw"
			SETBIT k 0 2 => -ERR bit is not an integer or out of range
			SETBIT k -1 0 => -ERR bit offset is not an integer or out of range
			SETBIT k 4294967296 0 => -ERR bit offset is not an integer or out of range`},
		{"what sets no bit anew leaves the version, what lengthens does not", `
			SET k a VER 10 => OK
			SETBIT k 1 1 => :1
			OBJECT VERSION k => :10
			OBJECT ENCODING k => "raw"
			SETBIT k 8 0 => :0
			OBJECT VERSION k => :11
			BITFIELD k SET u8 0 97 GET u8 0 => *2 :97 :97
			OBJECT VERSION k => :11
			BITFIELD k SET u8 0 98 => *1 :97
			OBJECT VERSION k => :12
			EXPIRE k 10 => :1
			SETBIT k 1 0 => :1
			TTL k => :10`},
		{"at the highest version", `
			SET k a VER 9223372036854775807 => OK
			SETBIT k 1 1 => :1
			SETBIT k 1 0 => -ERR version would overflow
			BITFIELD k SET u8 0 1 => -ERR version would overflow
			BITOP NOT k k => -ERR version would overflow
			GET k => "a"`},
		{"BITCOUNT", `
			SET k foobar => OK
			BITCOUNT k => :26
			BITCOUNT k 0 0 => :4
			BITCOUNT k 1 1 => :6
			BITCOUNT k 1 1 BYTE => :6
			BITCOUNT k 5 30 BIT => :17
			BITCOUNT k 10 5 => :0
			BITCOUNT nokey => :0
			BITCOUNT nokey 0 abc => -ERR value is not an integer or out of range
			BITCOUNT nokey 0 1 BITS => -ERR syntax error`},
		{"BITPOS", `
			BITFIELD k SET u24 0 16773120 => *1 :0
			BITPOS k 0 => :12
			BITPOS k 1 => :0
			BITPOS k 1 2 => :-1
			BITPOS k 0 2 => :16
			BITPOS k 0 0 0 => :-1
			BITPOS k 0 7 11 BIT => :-1
			BITPOS k 0 7 -1 BIT => :12
			BITPOS nokey 0 => :0
			BITPOS nokey 1 => :-1
			BITPOS nokey 1 abc => -ERR value is not an integer or out of range
			BITPOS k 2 => -ERR The bit argument must be 1 or 0.`},
		{"BITOP", `
			BITFIELD a SET u8 0 240 => *1 :0
			BITFIELD b SET u16 0 43775 => *1 :0
			BITFIELD c SET u8 0 192 => *1 :0
			BITOP AND d a b => :2
			BITFIELD d GET u16 0 => *1 :40960
			BITOP OR d a b c => :2
			BITFIELD d GET u16 0 => *1 :64255
			BITOP XOR d a b => :2
			BITFIELD d GET u16 0 => *1 :23295
			BITOP NOT d a => :1
			BITFIELD d GET u8 0 => *1 :15
			BITOP DIFF d a b c => :2
			BITFIELD d GET u16 0 => *1 :4096
			BITOP DIFF1 d a b c => :2
			BITFIELD d GET u16 0 => *1 :2815
			BITOP ANDOR d a b c => :2
			BITFIELD d GET u16 0 => *1 :57344
			BITOP ONE d a b c => :2
			BITFIELD d GET u16 0 => *1 :6911
			BITOP ONE d a => :1
			BITFIELD d GET u8 0 => *1 :240
			BITOP NOT d a b => -ERR BITOP NOT must be called with a single source key.
			BITOP DIFF d a => -ERR BITOP DIFF must be called with at least two source keys.
			BITOP diff1 d a => -ERR BITOP DIFF1 must be called with at least two source keys.
			BITOP ANDOR d a => -ERR BITOP ANDOR must be called with at least two source keys.
			BITOP NAND d a => -ERR syntax error
			EXPIRE d 10 => :1
			BITOP AND d d => :1
			TTL d => :-1
			BITOP AND d nokey => :0
			EXISTS d => :0`},
		{"BITFIELD", `
			BITFIELD k INCRBY i5 100 1 GET u4 0 => *2 :1 :0
			BITFIELD k SET i8 #0 100 SET i8 #1 200 => *2 :0 :0
			BITFIELD k GET i8 #0 GET i8 #1 => *2 :100 :-56
			BITFIELD k OVERFLOW SAT INCRBY i8 #0 100 OVERFLOW FAIL INCRBY i8 #0 1 OVERFLOW WRAP INCRBY i8 #0 1 => *3 :127 nil :-128
			BITFIELD k OVERFLOW SAT SET u4 0 -1 GET u4 0 => *2 :8 :15
			BITFIELD_RO k GET u4 0 => *1 :15
			BITFIELD_RO k SET u4 0 1 => -ERR BITFIELD_RO only supports the GET subcommand
			BITFIELD k GET u64 0 => -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
			BITFIELD k => *0
			BITFIELD nokey GET u8 0 => *1 :0
			EXISTS nokey => :0`},
	})
}

// TestBitmapsEndAtTheLongestString: no bit is written past the configured length, also not the last ones of a field.
func TestBitmapsEndAtTheLongestString(t *testing.T) {
	h := newHarnessWith(t, Config{MaxStringBytes: 10})
	script(t, h, `
		SETBIT k 80 1 => -ERR bit offset is not an integer or out of range
		SETBIT k 79 1 => :0
		STRLEN k => :10
		BITFIELD k SET u8 73 1 => -ERR bit offset is not an integer or out of range
		BITFIELD k SET u8 #10 1 => -ERR bit offset is not an integer or out of range
		BITFIELD k SET i64 #1152921504606846976 1 => -ERR bit offset is not an integer or out of range
		BITFIELD k SET u8 72 1 => *1 :1
		STRLEN k => :10`)
}

// TestBitmapsOfOtherTypes: every command of bitmaps refuses a value of another kind, and changes nothing.
func TestBitmapsOfOtherTypes(t *testing.T) {
	for _, line := range []string{"SETBIT k 0 1", "GETBIT k 0", "BITCOUNT k", "BITCOUNT k 0 1", "BITPOS k 1", "BITPOS k 1 0 1 BIT", "BITOP AND d k", "BITOP AND d s k",
		"BITFIELD k GET u8 0", "BITFIELD k SET u8 0 1", "BITFIELD_RO k GET u8 0"} {
		h := newHarness(t)
		h.expect("SET k 1", "OK")
		h.expect("SET s 1", "OK")
		e := h.m.ks.entry(&h.m.ks.databases[0], []byte("k"))
		e.object.kind = Kind(200)
		before := h.m.Digest()
		h.expect(line, "-"+errWrongType)
		if h.m.Digest() != before {
			t.Errorf("%s changed something", line)
		}
		h.expect("BITOP NOT k s", ":1") // overwrites any type
	}
}

// TestBitsAreFoundAsOneByOne compares counting and searching by words with a walk over the bits.
func TestBitsAreFoundAsOneByOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 11))
	for range 3000 {
		s := make([]byte, 1+rng.IntN(40))
		if rng.IntN(2) == 0 {
			for i := range s {
				s[i] = 0xff
			}
		}
		for range rng.IntN(4) {
			s[rng.IntN(len(s))] = byte(rng.Uint32())
		}
		a, b := rng.Int64N(int64(len(s))*8), rng.Int64N(int64(len(s))*8)
		a, b = min(a, b), max(a, b)
		ones, at := int64(0), [2]int64{-1, -1}
		for i := a; i <= b; i++ {
			bit := bitAt(s, i)
			ones += bit
			if at[bit] < 0 {
				at[bit] = i
			}
		}
		if countRange(s, a, b) != ones || findBit(s, 0, a, b) != at[0] || findBit(s, 1, a, b) != at[1] {
			t.Fatalf("%x from %d to %d: %d ones, first 0 at %d, first 1 at %d, not %d, %v", s, a, b, countRange(s, a, b),
				findBit(s, 0, a, b), findBit(s, 1, a, b), ones, at)
		}
	}
}

// TestFieldsKeepTheirNeighbours writes fields of all widths and compares the whole bitmap with the bits one by one.
func TestFieldsKeepTheirNeighbours(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 12))
	for range 3000 {
		kind := bitType{signed: rng.IntN(2) == 0, width: 1 + rng.Int64N(maxUnsignedWidth)}
		s := make([]byte, 20)
		for i := range s {
			s[i] = byte(rng.Uint32())
		}
		want := append([]byte(nil), s...)
		offset, value := rng.Int64N(90), kind.wrap(int64(rng.Uint64()))
		for i := range kind.width {
			putBit(want, offset+i, value>>(kind.width-1-i)&1)
		}
		kind.put(s, offset, value)
		if string(s) != string(want) || kind.get(s, offset) != value {
			t.Fatalf("%+v at %d set to %d: %x, not %x", kind, offset, value, s, want)
		}
	}
}

// TestSumsOfFieldsAreExact compares overflows with numbers that have none.
func TestSumsOfFieldsAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 13))
	edges := []int64{0, 1, -1, 1<<63 - 1, -1 << 63}
	for range 20000 {
		kind := bitType{signed: rng.IntN(2) == 0, width: 1 + rng.Int64N(maxUnsignedWidth)}
		if kind.signed && rng.IntN(4) == 0 {
			kind.width = maxSignedWidth
		}
		least, highest := kind.bounds()
		value := kind.wrap([]int64{int64(rng.Uint64()), least, highest, 0}[rng.IntN(4)])
		n := append(edges, int64(rng.Uint64()), rng.Int64N(10)-5)[rng.IntN(len(edges)+2)]
		sum := new(big.Int).Add(big.NewInt(value), big.NewInt(n))
		fits := sum.Cmp(big.NewInt(least)) >= 0 && sum.Cmp(big.NewInt(highest)) <= 0
		if got, ok := kind.add(value, n, overflowFail); ok != fits || ok && got != sum.Int64() {
			t.Fatalf("%+v: %d + %d is %d, %v", kind, value, n, got, ok)
		}
		want := highest
		if sum.Cmp(big.NewInt(least)) < 0 {
			want = least
		}
		if got, ok := kind.add(value, n, overflowSat); !ok || !fits && got != want {
			t.Fatalf("%+v: %d + %d saturates at %d", kind, value, n, got)
		}
	}
}
