package resp

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/redcon"
)

// scanned is what a Scanner makes of some input.
type scanned struct {
	commands [][]string
	rest     int // bytes of a command that is not complete
	err      string
}

func (s scanned) String() string {
	return fmt.Sprintf("%q, %d bytes left, error %q", s.commands, s.rest, s.err)
}

// scanAll feeds the pieces one after another, as an event loop does: what is not taken stays, at another place in memory.
func scanAll(s *Scanner, pieces ...string) (found scanned) {
	var pending []byte
	for _, piece := range pieces {
		pending = append(slices.Clone(pending), piece...)
		for len(pending) > 0 {
			n, args, err := s.Next(pending)
			if err != nil {
				found.err = err.Error()
				return found
			}
			if n == 0 {
				break
			}
			if len(args) > 0 {
				found.commands = append(found.commands, asStrings(args))
			}
			pending = pending[n:]
		}
	}
	found.rest = len(pending)
	return found
}

func asStrings(args [][]byte) []string {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = string(arg)
	}
	return words
}

// tiny are limits that tests go past. They are below what Check allows.
var tiny = Limits{MaxCommandBytes: 20, MaxArgs: 4, MaxInline: 32}

var scannerTests = []struct {
	name, input string
	want        scanned
}{
	{"a command", "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", scanned{commands: [][]string{{"GET", "a"}}}},
	{"pipelined", "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPONG\r\n", scanned{commands: [][]string{{"PING"}, {"PONG"}}}},
	{"empty arguments", "*2\r\n$0\r\n\r\n$0\r\n\r\n", scanned{commands: [][]string{{"", ""}}}},
	{"binary arguments", "*1\r\n$6\r\n\r\n\x00$*\xff\r\n", scanned{commands: [][]string{{"\r\n\x00$*\xff"}}}},
	{"no arguments", "*0\r\n*-1\r\n*-9\r\nPING\r\n", scanned{commands: [][]string{{"PING"}}}},
	{"an empty line", "\r\n\n  \r\nPING\r\n", scanned{commands: [][]string{{"PING"}}}},
	{"not complete", "*2\r\n$3\r\nGET\r\n$5\r\nab", scanned{rest: 19}},
	{"not complete behind one that is", "PING\r\n*1\r\n$4\r\nPI", scanned{commands: [][]string{{"PING"}}, rest: 10}},

	{"count is no number", "*x\r\n", scanned{err: "Protocol error: invalid multibulk length"}},
	{"count is missing", "*\r\n", scanned{err: "Protocol error: invalid multibulk length"}},
	{"count has a plus", "*+1\r\n", scanned{err: "Protocol error: invalid multibulk length"}},
	{"count has a leading zero", "*01\r\n", scanned{err: "Protocol error: invalid multibulk length"}},
	{"count is minus zero", "*-0\r\n", scanned{err: "Protocol error: invalid multibulk length"}},
	{"count overflows", "*18446744073709551617\r\n", scanned{err: "Protocol error: invalid multibulk length"}},
	{"count beyond the limit", "*5\r\n", scanned{err: "Protocol error: invalid multibulk length"}},
	{"count ends badly", "*1\r$", scanned{err: "Protocol error: invalid multibulk length"}},
	{"count is long", "*" + strings.Repeat("1", 40), scanned{err: "Protocol error: too big mbulk count string"}},
	{"count's line is too long", "*" + strings.Repeat("1", 32) + "\r\n", scanned{err: "Protocol error: too big mbulk count string"}},

	{"no dollar", "*1\r\nxyz", scanned{err: "Protocol error: expected '$', got 'x'"}},
	{"length is no number", "*1\r\n$x\r\n", scanned{err: "Protocol error: invalid bulk length"}},
	{"length is negative", "*1\r\n$-2\r\n", scanned{err: "Protocol error: invalid bulk length"}},
	{"length of null", "*1\r\n$-1\r\n", scanned{err: "Protocol error: invalid bulk length"}},
	{"length has a leading zero", "*1\r\n$04\r\nPING\r\n", scanned{err: "Protocol error: invalid bulk length"}},
	{"length overflows", "*1\r\n$99999999999999999999\r\n", scanned{err: "Protocol error: invalid bulk length"}},
	{"length beyond the limit", "*1\r\n$21\r\n", scanned{err: "Protocol error: invalid bulk length"}},
	{"lengths beyond the limit", "*2\r\n$11\r\n01234567890\r\n$10\r\n", scanned{err: "Protocol error: invalid bulk length"}},
	{"complete beyond the limit", "*1\r\n$21\r\n012345678901234567890\r\n", scanned{err: "Protocol error: invalid bulk length"}},
	{"at the limit", "*1\r\n$20\r\n01234567890123456789\r\n", scanned{commands: [][]string{{"01234567890123456789"}}}},
	{"length ends badly", "*1\r\n$1\rx", scanned{err: "Protocol error: invalid bulk length"}},
	{"length is long", "*1\r\n$" + strings.Repeat("1", 40), scanned{err: "Protocol error: too big bulk count string"}},
	{"value ends badly", "*1\r\n$4\r\nPINGxx", scanned{err: "Protocol error: invalid bulk length"}},
	{"value ends badly, all there", "*2\r\n$4\r\nPINGxx$1\r\na\r\n", scanned{err: "Protocol error: invalid bulk length"}},

	{"inline", "SET key  value \r\n", scanned{commands: [][]string{{"SET", "key", "value"}}}},
	{"inline without CR", "GET a\nGET b\n", scanned{commands: [][]string{{"GET", "a"}, {"GET", "b"}}}},
	{"inline with a CR inside", "GET\ra\n", scanned{commands: [][]string{{"GET", "a"}}}},
	{"inline, quoted", `SET "a b" 'c d' ""` + "\r\n", scanned{commands: [][]string{{"SET", "a b", "c d", ""}}}},
	{"inline, escapes", `"\x41\n\r\t\b\a\q\\\"" '\'\n'` + "\r\n", scanned{commands: [][]string{{"A\n\r\t\b\aq\\\"", `'\n`}}}},
	{"inline, half an escape", `"\x4g" "\x4"` + "\r\n", scanned{commands: [][]string{{"x4g", "x4"}}}},
	{"inline, quotes inside a word", `a"b c"` + "\r\n", scanned{commands: [][]string{{"ab c"}}}},
	{"inline, text behind a quote", `"a"b` + "\r\n", scanned{err: "Protocol error: unbalanced quotes in request"}},
	{"inline, open quote", `SET a "b` + "\r\n", scanned{err: "Protocol error: unbalanced quotes in request"}},
	{"inline, open single quote", `SET a 'b"` + "\r\n", scanned{err: "Protocol error: unbalanced quotes in request"}},
	{"inline, backslash at the end", `"a\` + "\r\n", scanned{err: "Protocol error: unbalanced quotes in request"}},
	{"inline too long, no end", strings.Repeat("x", 33), scanned{err: "Protocol error: too big inline request"}},
	{"inline too long, ended", strings.Repeat("x", 33) + "\n", scanned{err: "Protocol error: too big inline request"}},
	{"inline at the limit", strings.Repeat("x", 32) + "\n", scanned{commands: [][]string{{strings.Repeat("x", 32)}}}},
}

func TestScanner(t *testing.T) {
	for _, test := range scannerTests {
		t.Run(test.name, func(t *testing.T) {
			if got := scanAll(NewScanner(tiny), test.input); !reflect.DeepEqual(got, test.want) {
				t.Errorf("at once: %q\n got %v\nwant %v", test.input, got, test.want)
			}
			if got := scanAll(NewScanner(tiny), strings.Split(test.input, "")...); !reflect.DeepEqual(got, test.want) {
				t.Errorf("byte by byte: %q\n got %v\nwant %v", test.input, got, test.want)
			}
		})
	}
}

func TestErrorsAreProtocolErrors(t *testing.T) {
	_, _, err := NewScanner(tiny).Next([]byte("*x\r\n"))
	var protocol ProtocolError
	if !errors.As(err, &protocol) {
		t.Errorf("%v is no ProtocolError", err)
	}
}

func TestZeroScannerHasTheDefaultLimits(t *testing.T) {
	var s Scanner
	want := scanned{commands: [][]string{{"PING"}}}
	if got := scanAll(&s, "*1\r\n$4\r\nPING\r\n"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if got := scanAll(&s, fmt.Sprintf("*1\r\n$%d\r\n", defaultCommandBytes+1)); got.err == "" {
		t.Error("a length beyond the default limit is accepted")
	}
}

// segment is what fits into one TCP segment on Ethernet.
const segment = 1460

// feed sends a request in segments and reports how many bytes the Scanner can have looked at in all. To prove that it
// looks at nothing it is done with, those bytes are destroyed before each call and put back only for the last one, whose
// second pass is counted whole.
func feed(t *testing.T, s *Scanner, request []byte) (looked int, args [][]byte) {
	t.Helper()
	buf := make([]byte, len(request))
	destroyed := 1 // the first byte stays: it tells that this is no inline command
	for had, have := 0, 0; ; had = have {
		have = min(had+segment, len(request))
		copy(buf[had:have], request[had:have])
		from := max(s.next, s.seen)
		if have < s.need {
			from = have // nothing to look at before the value is complete
		}
		looked += have - from
		if have == len(request) {
			copy(buf, request)
			n, args, err := s.Next(buf)
			if n != len(request) || err != nil {
				t.Fatalf("takes %d bytes of %d: %v", n, len(request), err)
			}
			return looked + n, args
		}
		done := s.next
		if request[0] != '*' {
			done = s.seen // of a line, the bytes without an end are done with; a length is read once more when it is whole
		}
		for ; destroyed < done; destroyed++ {
			buf[destroyed] = '\n'
		}
		if n, _, err := s.Next(buf[:have]); n != 0 || err != nil {
			t.Fatalf("%d bytes of %d: takes %d: %v", have, len(request), n, err)
		}
	}
}

func TestScannerIsLinear(t *testing.T) {
	value := strings.Repeat("v", defaultCommandBytes-6)
	for _, test := range []struct {
		name    string
		request string
		args    int
	}{
		{"a value at the limit", fmt.Sprintf("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$%d\r\n%s\r\n", len(value), value), 3},
		{"a million arguments", "*1000000\r\n" + strings.Repeat("$3\r\nkey\r\n", 1_000_000), 1_000_000},
		{"empty arguments", fmt.Sprintf("*%d\r\n%s", defaultArgs, strings.Repeat("$0\r\n\r\n", defaultArgs)), defaultArgs},
		{"an inline command at the limit", strings.Repeat("a ", defaultInline/2-1) + "\r\n", defaultInline/2 - 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			looked, args := feed(t, NewScanner(Limits{}), []byte(test.request))
			if len(args) != test.args {
				t.Errorf("%d arguments, want %d", len(args), test.args)
			}
			// Once while framing, once while collecting; a line cut by a segment's end costs a little more.
			if most := 2*len(test.request) + len(test.request)/segment*framingBytes + segment; looked > most {
				t.Errorf("looked at %d bytes of a request of %d, want at most %d", looked, len(test.request), most)
			}
		})
	}
}

// The bytes of a line that are searched already are made ends of lines: a search that came back to them would find one.
func TestALongLineIsSearchedOnce(t *testing.T) {
	s := NewScanner(Limits{})
	buf := []byte{'*'}
	for len(buf) < defaultInline {
		buf = append(buf, '1')
		if n, _, err := s.Next(buf); n != 0 || err != nil {
			t.Fatalf("%d bytes: takes %d, %v", len(buf), n, err)
		}
		buf[len(buf)-1] = '\r'
	}
}

func TestScannerAsksForTheRestOfAValue(t *testing.T) {
	s := NewScanner(Limits{})
	request := []byte("*2\r\n$3\r\nGET\r\n$1000\r\nabc")
	for _, test := range []struct{ have, want int }{{2, 0}, {9, 4}, {13, 0}, {len(request), 999}} {
		if n, _, err := s.Next(request[:test.have]); n != 0 || err != nil {
			t.Fatalf("%d bytes: %d, %v", test.have, n, err)
		}
		if got := s.Want(); got != test.want {
			t.Errorf("behind %q it wants %d, not %d", request[:test.have], got, test.want)
		}
	}
	s.Reset()
	if got := s.Want(); got != 0 {
		t.Errorf("after Reset it wants %d", got)
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestAnnouncedBytesCostNoMemory(t *testing.T) {
	for _, input := range []string{
		"*1048576\r\n",
		"*1048576\r\n$3\r\nDEL\r\n",
		"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$67108860\r\nx",
		"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$67108861\r\nx", // beyond the limit
		"*1048577\r\n",
		"*999999999999\r\n",
	} {
		s := NewScanner(Limits{})
		buf := []byte(input)
		if got := allocated(func() { _, _, _ = s.Next(buf) }); got > 4<<10 {
			t.Errorf("%q: %d bytes allocated", input, got)
		}
	}
}

func TestScannerLetsGoOfMemory(t *testing.T) {
	s := NewScanner(Limits{})
	request := []byte("*1000\r\n" + strings.Repeat("$1\r\na\r\n", 1000))
	if n, args, err := s.Next(request); n != len(request) || len(args) != 1000 || err != nil {
		t.Fatal(n, len(args), err)
	}
	s.Reset()
	if cap(s.args) > maxKeptArgs {
		t.Errorf("keeps a list of %d arguments", cap(s.args))
	}
	if _, _, err := s.Next([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	s.Reset()
	for _, arg := range s.args[:cap(s.args)] {
		if arg != nil {
			t.Errorf("keeps %q", arg)
		}
	}
}

var pipelinedSet = []byte("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000042\r\n$128\r\n" + strings.Repeat("v", 128) + "\r\n")

func TestPipelinedCommandsCostNoAllocation(t *testing.T) {
	s := NewScanner(Limits{})
	buf := slices.Repeat(pipelinedSet, 16)
	if got := testing.AllocsPerRun(100, func() {
		for at := 0; at < len(buf); {
			n, _, err := s.Next(buf[at:])
			if n == 0 || err != nil {
				t.Fatal(n, err)
			}
			at += n
		}
		s.Reset()
	}); got > 0 {
		t.Errorf("%v allocations for 16 commands", got)
	}
}

// FuzzScanner checks that the pieces input arrives in make no difference, and that where redcon's parser takes a request,
// too, it finds the same arguments.
func FuzzScanner(f *testing.F) {
	for _, test := range scannerTests {
		f.Add(test.input, uint64(0x123456789))
	}
	f.Fuzz(func(t *testing.T, input string, cuts uint64) {
		limits := Limits{MaxCommandBytes: 100, MaxArgs: 20, MaxInline: 50}
		whole := scanAll(NewScanner(limits), input)
		if pieces := scanAll(NewScanner(limits), cut(input, cuts)...); !reflect.DeepEqual(whole, pieces) {
			t.Fatalf("%q\nat once    %v\nin pieces  %v", input, whole, pieces)
		}
		sameAsRedcon(t, NewScanner(limits), []byte(input))
	})
}

// cut divides input into pieces of 1 to 16 bytes, by the digits of a number.
func cut(input string, cuts uint64) (pieces []string) {
	for len(input) > 0 {
		n := min(int(cuts&15)+1, len(input))
		pieces = append(pieces, input[:n])
		input = input[n:]
		cuts = cuts>>4 | cuts<<60
	}
	return pieces
}

// sameAsRedcon compares the commands of an input with redcon's. redcon is asked about what the Scanner took only: other
// requests can make it panic. Inline commands with quotes or unusual white space it splits differently from Redis.
func sameAsRedcon(t *testing.T, s *Scanner, buf []byte) {
	for len(buf) > 0 {
		n, args, err := s.Next(buf)
		if n == 0 || err != nil {
			return
		}
		request := buf[:n]
		buf = buf[n:]
		if len(args) == 0 || request[0] == '$' || request[0] != '*' && strings.ContainsAny(string(request[:n-1]), "\"'\t\v\f\r") {
			continue
		}
		complete, theirs, _, left, err := redcon.ReadNextCommand(request, nil)
		if !complete || err != nil || len(left) > 0 || !slices.Equal(asStrings(args), asStrings(theirs)) {
			t.Fatalf("%q\nscanner %q\nredcon  %q, complete %v, %q left, %v", request, args, theirs, complete, left, err)
		}
	}
}

func TestInlineWordsAreRedis(t *testing.T) {
	redis := startRedisServer(t)
	for _, word := range []string{
		"plain", `"two words"`, `'two words'`, `"\x41\x0a\xff"`, `"\n\r\t\b\a"`, `"\\ \" \' \q"`, `'\n \' "'`, `a"b c"`, `a'b'`, `""`, `''`,
		`"\x4g"`, `"\x"`, "a\\n", "\x80\xff", "\va\fb",
	} {
		request := "ECHO " + word + "\r\n"
		got := scanAll(NewScanner(Limits{}), request)
		if len(got.commands) != 1 || len(got.commands[0]) != 2 {
			t.Errorf("%q: %v", request, got)
			continue
		}
		var w Writer
		w.BulkString(got.commands[0][1])
		if want := redis.raw(request); string(w.Buf) != string(want) {
			t.Errorf("%q: got %q, Redis %q", request, w.Buf, want)
		}
	}
}

func TestProtocolErrorsAreRedis(t *testing.T) {
	redis := startRedisServer(t)
	for _, input := range []string{
		"*x\r\n", "*\r\n", "*01\r\n", "*-0\r\n", "*+1\r\n", "*2147483648\r\n", "*9223372036854775808\r\n",
		"*1\r\nxyz\r\n", "*1\r\n\r\n", "*1\r\n$x\r\n", "*1\r\n$-1\r\n", "*1\r\n$01\r\n", "*1\r\n$536870913\r\n",
		"*" + strings.Repeat("1", 70_000), "*1\r\n$" + strings.Repeat("1", 70_000), strings.Repeat("x", 70_000),
		"ECHO \"a\r\n", "ECHO 'a\r\n", "ECHO \"a\"b\r\n", "ECHO \"a\\\r\n",
	} {
		redis.redial()
		var w Writer
		w.Error("ERR " + scanAll(NewScanner(Limits{}), input).err)
		if want := redis.raw(input); string(w.Buf) != string(want) {
			t.Errorf("%.20q: got %q, Redis %q", input, w.Buf, want)
		}
	}
}
