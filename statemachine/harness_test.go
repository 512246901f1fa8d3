package statemachine

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// respWriter is a Reply that encodes RESP, as the connection layer does.
type respWriter struct {
	buf   []byte
	proto int
}

func (w *respWriter) line(kind byte, s string) {
	w.buf = append(append(append(w.buf, kind), s...), "\r\n"...)
}
func (w *respWriter) header(kind byte, n int) { w.number(kind, int64(n)) }
func (w *respWriter) number(kind byte, n int64) {
	w.buf = append(strconv.AppendInt(append(w.buf, kind), n, 10), "\r\n"...)
}

func (w *respWriter) Status(s string)     { w.line('+', s) }
func (w *respWriter) Error(text string)   { w.line('-', text) }
func (w *respWriter) Int(n int64)         { w.number(':', n) }
func (w *respWriter) BulkString(s string) { w.Bulk([]byte(s)) }
func (w *respWriter) Bulk(b []byte) {
	w.header('$', len(b))
	w.buf = append(append(w.buf, b...), "\r\n"...)
}
func (w *respWriter) Null() {
	if w.proto == 3 {
		w.line('_', "")
		return
	}
	w.line('$', "-1")
}
func (w *respWriter) NullArray() {
	if w.proto == 3 {
		w.line('_', "")
		return
	}
	w.line('*', "-1")
}
func (w *respWriter) Array(n int) { w.header('*', n) }
func (w *respWriter) Map(n int) {
	if w.proto == 3 {
		w.header('%', n)
		return
	}
	w.header('*', 2*n)
}
func (w *respWriter) Set(n int)                    { w.header('*', n) }
func (w *respWriter) Push(n int)                   { w.header('*', n) }
func (w *respWriter) Double(f float64)             { w.Bulk(AppendDouble(nil, f)) }
func (w *respWriter) Bool(b bool)                  { w.line(':', map[bool]string{true: "1", false: "0"}[b]) }
func (w *respWriter) Verbatim(format, text string) { w.BulkString(text) }
func (w *respWriter) Raw(encoded []byte)           { w.buf = append(w.buf, encoded...) }
func (w *respWriter) Protocol() int                { return w.proto }

// render makes RESP readable: OK, -ERR text, :1, "bulk", nil, *2 before two elements, %1 before a pair.
func render(resp []byte) string {
	var words []string
	for len(resp) > 0 {
		end := bytes.Index(resp, []byte("\r\n"))
		kind, text := resp[0], string(resp[1:end])
		resp = resp[end+2:]
		switch {
		case kind == '_' || text == "-1" && kind != ':':
			words = append(words, "nil")
		case kind == '+':
			words = append(words, text)
		case kind == '$':
			n, err := strconv.Atoi(text)
			if err != nil {
				return "bad reply: " + text
			}
			words = append(words, strconv.Quote(string(resp[:n])))
			resp = resp[n+2:]
		default:
			words = append(words, string(kind)+text)
		}
	}
	return strings.Join(words, " ")
}

// collector is a Replies that keeps each command's reply.
type collector struct {
	proto    int
	writers  []*respWriter
	next     func(i int, v *View)
	finish   func(v *View)
	finished int
}

func (c *collector) Next(i int, v *View) Reply {
	if c.next != nil {
		c.next(i, v)
	}
	c.writers = append(c.writers, &respWriter{proto: c.proto})
	return c.writers[len(c.writers)-1]
}

func (c *collector) Finish(_ uint64, v *View) {
	c.finished++
	if c.finish != nil {
		c.finish(v)
	}
}

// replies are the rendered replies.
func (c *collector) replies() []string {
	var all []string
	for _, w := range c.writers {
		all = append(all, render(w.buf))
	}
	return all
}

const testStart = 1_700_000_000_000

// harness is a machine with a clock and a client.
type harness struct {
	t     testing.TB
	m     *Machine
	slot  uint64
	now   int64
	db    int
	proto int
	// retention is what the stamps say, in milliseconds.
	retention int64
}

func newHarness(t testing.TB) *harness { return newHarnessWith(t, Config{}) }

func newHarnessWith(t testing.TB, cfg Config) *harness {
	return &harness{t: t, m: New(cfg), now: testStart, proto: 2}
}

// apply runs encoded commands as one section.
func (h *harness) apply(count int, encoded []byte) []string {
	h.slot++
	c := &collector{proto: h.proto}
	h.m.Apply(h.slot, Stamp{TimeMS: h.now, Seed: h.slot, RetentionMS: h.retention}, encoded, count, c)
	if c.finished != 1 {
		h.t.Fatalf("Finish was called %d times", c.finished)
	}
	return c.replies()
}

// words splits a command line at spaces; "" is the empty word, and \_ a space.
func words(line string) [][]byte {
	var args [][]byte
	for _, word := range strings.Fields(line) {
		if word == `""` {
			word = ""
		}
		args = append(args, []byte(strings.ReplaceAll(word, `\_`, " ")))
	}
	return args
}

// do runs a command as the log does and returns its rendered reply.
func (h *harness) do(line string) string {
	return h.apply(1, AppendCommand(nil, h.db, words(line)))[0]
}

// read runs a command in a view at a local time.
func (h *harness) read(localMS int64, line string) (reply string, due bool) {
	h.t.Helper()
	args := words(line)
	cmd, problem := h.m.table.Resolve(args)
	if cmd == nil {
		return "-" + problem, false
	}
	w := &respWriter{proto: h.proto}
	v := h.m.Read(localMS)
	defer v.Close()
	due = v.Run(cmd, h.db, args, w)
	return render(w.buf), due
}

// tick lets time pass, by a slot that does nothing.
func (h *harness) tick(ms int64) {
	h.now += ms
	h.apply(1, AppendTick(nil))
}

// expect runs a command and compares its reply.
func (h *harness) expect(line, want string) {
	h.t.Helper()
	if got := h.do(line); got != want {
		h.t.Fatalf("%s\n  replied %s\n  not     %s", line, got, want)
	}
}

// script is a test as text: lines "command => reply"; "tick ms" and "db n" stand alone.
func script(t *testing.T, h *harness, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		var n int64
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case scanned(line, "tick %d", &n):
			h.tick(n)
		case scanned(line, "db %d", &n):
			h.db = int(n)
		default:
			command, want, ok := strings.Cut(line, "=>")
			if !ok {
				t.Fatalf("no reply in the line %q", line)
			}
			h.expect(strings.TrimSpace(command), strings.TrimSpace(want))
		}
	}
}

func scanned(line, format string, n *int64) bool {
	got, err := fmt.Sscanf(line, format, n)
	return err == nil && got == 1
}

// scripts runs one script a name, each on a machine of its own.
func scripts(t *testing.T, tests []scriptTest) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { script(t, newHarness(t), test.text) })
	}
}

type scriptTest struct{ name, text string }

// withoutRaceDetector skips a long test with one goroutine: the race detector would find nothing, and takes ten times as long. make test runs
// this package without it as well.
func withoutRaceDetector(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("one goroutine: it runs without the race detector")
	}
}
