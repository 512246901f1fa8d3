package resp

import (
	"math"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

func TestWriter(t *testing.T) {
	for _, test := range []struct {
		name         string
		write        func(w *Writer)
		resp2, resp3 string // resp3 empty: as resp2
	}{
		{"status", func(w *Writer) { w.Status("OK") }, "+OK\r\n", ""},
		{"status of two lines", func(w *Writer) { w.Status("a\r\nb") }, "+a  b\r\n", ""},
		{"error", func(w *Writer) { w.Error("ERR no") }, "-ERR no\r\n", ""},
		{"error with a line end", func(w *Writer) { w.Error("ERR a\n+OK\r") }, "-ERR a +OK \r\n", ""},
		{"int", func(w *Writer) { w.Int(7); w.Int(-12); w.Int(math.MinInt64) }, ":7\r\n:-12\r\n:-9223372036854775808\r\n", ""},
		{"bulk", func(w *Writer) { w.Bulk([]byte("a\r\nb")) }, "$4\r\na\r\nb\r\n", ""},
		{"empty bulk", func(w *Writer) { w.Bulk(nil); w.BulkString("") }, "$0\r\n\r\n$0\r\n\r\n", ""},
		{"big bulk", func(w *Writer) { w.BulkString(strings.Repeat("x", 70_000)) }, "$70000\r\n" + strings.Repeat("x", 70_000) + "\r\n", ""},
		{"null", (*Writer).Null, "$-1\r\n", "_\r\n"},
		{"null array", (*Writer).NullArray, "*-1\r\n", "_\r\n"},
		{"array", func(w *Writer) { w.Array(0); w.Array(12) }, "*0\r\n*12\r\n", ""},
		{"map", func(w *Writer) { w.Map(0); w.Map(12) }, "*0\r\n*24\r\n", "%0\r\n%12\r\n"},
		{"set", func(w *Writer) { w.Set(3) }, "*3\r\n", "~3\r\n"},
		{"push", func(w *Writer) { w.Push(2) }, "*2\r\n", ">2\r\n"},
		{"true", func(w *Writer) { w.Bool(true) }, ":1\r\n", "#t\r\n"},
		{"false", func(w *Writer) { w.Bool(false) }, ":0\r\n", "#f\r\n"},
		{"double", func(w *Writer) { w.Double(1.5) }, "$3\r\n1.5\r\n", ",1.5\r\n"},
		{"verbatim", func(w *Writer) { w.Verbatim("txt", "a\nb") }, "$3\r\na\nb\r\n", "=7\r\ntxt:a\nb\r\n"},
		{"raw", func(w *Writer) { w.Raw([]byte("*1\r\n_\r\n")) }, "*1\r\n_\r\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.resp3 == "" {
				test.resp3 = test.resp2
			}
			for proto, want := range map[int]string{0: test.resp2, 2: test.resp2, 3: test.resp3} {
				w := Writer{Proto: proto}
				if test.write(&w); string(w.Buf) != want {
					t.Errorf("protocol %d: %q, want %q", proto, w.Buf, want)
				}
				if w.Reset(); len(w.Buf) != 0 {
					t.Errorf("after Reset: %q", w.Buf)
				}
			}
		})
	}
}

func TestWriterTellsItsProtocol(t *testing.T) {
	for proto, want := range map[int]int{0: 2, 2: 2, 3: 3} {
		if got := (&Writer{Proto: proto}).Protocol(); got != want {
			t.Errorf("Proto %d: %d, want %d", proto, got, want)
		}
	}
}

// The texts are those of Redis 7.2: d2string, and Grisu2's layout of the digits below it.
func TestDoubles(t *testing.T) {
	for _, test := range []struct {
		f    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "-0"}, {1, "1"}, {-17, "-17"}, {3.5, "3.5"}, {-0.25, "-0.25"}, {0.1, "0.1"},
		{math.Inf(1), "inf"}, {math.Inf(-1), "-inf"}, {math.NaN(), "nan"},
		{1e17, "100000000000000000"}, {1 << 62, "4611686018427387904"},
		{1e19, "1e+19"}, {1.5e20, "1.5e+20"}, {12345678901234567000, "12345678901234567000"}, {1e300, "1e+300"},
		{math.MaxFloat64, "1.7976931348623157e+308"}, {math.SmallestNonzeroFloat64, "5e-324"},
		{0.000001, "0.000001"}, {1e-7, "1e-7"}, {1.5e-7, "1.5e-7"}, {0.00001234, "1.234e-5"}, {0.001234567, "0.001234567"},
		{0.00012345678, "1.2345678e-4"}, {1234.56789, "1234.56789"}, {123456.789, "123456.789"},
		{1234567890.1234567, "1.2345678901234567e+9"}, {3.0000000000000004, "3.0000000000000004"}, {2.5e-10, "2.5e-10"},
	} {
		if got := string(statemachine.AppendDouble(nil, test.f)); got != test.want {
			t.Errorf("%v: %s, want %s", test.f, got, test.want)
		}
	}
}

func TestSimpleRepliesCostNoAllocation(t *testing.T) {
	w := Writer{Buf: make([]byte, 0, 1<<10)}
	value := []byte("value")
	if got := testing.AllocsPerRun(100, func() {
		w.Reset()
		w.Status("OK")
		w.Int(12345)
		w.Bulk(value)
		w.Null()
		w.Array(17)
	}); got > 0 {
		t.Errorf("%v allocations", got)
	}
}
