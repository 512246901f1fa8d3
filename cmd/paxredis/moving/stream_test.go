package moving

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func streamOf(text string) *stream { return &stream{in: bufio.NewReader(strings.NewReader(text))} }

func TestAStreamIsReadCommandByCommand(t *testing.T) {
	large := strings.Repeat("x", 3<<20)
	text := "*1\r\n$4\r\nPING\r\n\n*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\nb\r\n" + fmt.Sprintf("*1\r\n$%d\r\n%s\r\n", len(large), large)
	s := streamOf(text)
	for _, want := range [][]string{{"PING"}, {"SET", "", "a\r\nb"}, {large}} {
		args, err := s.next()
		if err != nil || len(args) != len(want) {
			t.Fatalf("%q, %v", args, err)
		}
		for i := range want {
			if string(args[i]) != want[i] {
				t.Fatalf("argument %d is %.40q", i, args[i])
			}
		}
	}
	if s.offset != int64(len(text)) {
		t.Errorf("the offset is %d behind %d bytes", s.offset, len(text))
	}
	if _, err := s.next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestStreamsThatAreRefused(t *testing.T) {
	for _, text := range []string{
		"SET\r\n", "*x\r\n", "*-1\r\n", "*0\r\n", "*1048577\r\n", "*1\r\n$-1\r\n", "*1\r\n$536870913\r\n", "*1\r\n$1\r\nab\r\n", "*1\r\n\r\n", "*1\r\n:1\r\n",
	} {
		if args, err := streamOf(text).next(); !errors.Is(err, errStream) {
			t.Errorf("%q: %q, %v", text, args, err)
		}
	}
	if _, err := streamOf("*1\r\n$400000000\r\nabc").next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a large argument that does not come: %v", err)
	}
}

// packed are the packs of a stream that has come as a whole.
func packed(t *testing.T, text string) (packs []*pack) {
	t.Helper()
	s := streamOf(text)
	p := &packer{in: s, waiting: func() int64 { return int64(len(text)) - s.offset - int64(s.in.Buffered()) }}
	for s.offset < int64(len(text)) {
		b, err := p.next()
		if err != nil {
			t.Fatal(err)
		}
		packs = append(packs, b)
	}
	return packs
}

func resp(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		words := strings.Fields(line)
		fmt.Fprintf(&b, "*%d\r\n", len(words))
		for _, word := range words {
			fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
		}
	}
	return b.String()
}

// TestTransactionsOfTheSourceStayWhole: a part of the stream ends at its bounds, but never inside of what the source did as one.
func TestTransactionsOfTheSourceStayWhole(t *testing.T) {
	lines := []string{"SELECT 3", "MULTI"}
	for i := range 2 * batchCommands {
		lines = append(lines, fmt.Sprint("INCR k", i))
	}
	lines = append(lines, "EXEC")
	for i := range 2 * batchCommands {
		lines = append(lines, fmt.Sprint("INCR l", i))
	}
	packs := packed(t, resp(lines...))
	total := 0
	for i, b := range packs {
		has := len(b.commands)
		if i == 0 && has < 2*batchCommands || i > 0 && has > batchCommands+2 {
			t.Errorf("part %d has %d commands", i, has)
		}
		if first, last := fmt.Sprint(b.commands[1]...), fmt.Sprint(b.commands[has-1]...); first != "SELECT3" || last != "SELECT0" || b.db != 3 {
			t.Errorf("part %d begins with %s, ends with %s, behind it is database %d", i, first, last, b.db)
		}
		total += has - 3
	}
	if total != 4*batchCommands {
		t.Errorf("%d commands came, not %d", total, 4*batchCommands)
	}
}

func TestWhatIsNotForTheClusterMovesTheOffset(t *testing.T) {
	text := resp("PING", "PUBLISH c m")
	packs := packed(t, text)
	if len(packs) != 1 || packs[0].data || packs[0].offset != int64(len(text)) || len(packs[0].commands) != 1 {
		t.Errorf("%+v", packs)
	}
	if _, err := (&packer{in: streamOf(resp("SELECT 16")), waiting: func() int64 { return 0 }}).next(); err == nil {
		t.Error("database 16 was taken")
	}
}

// FuzzStream: whatever comes is read within bounds, and the offset says how much was.
func FuzzStream(f *testing.F) {
	f.Add([]byte(resp("SET a b", "MULTI", "INCR c", "EXEC")))
	f.Add([]byte("*2\r\n$3\r\nGET\r\n$1000000\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &stream{in: bufio.NewReader(bytes.NewReader(text))}
		for {
			args, err := s.next()
			if s.offset > int64(len(text)) {
				t.Fatalf("the offset is %d behind %d bytes", s.offset, len(text))
			}
			if err != nil {
				return
			}
			if len(args) == 0 {
				t.Fatal("a command of nothing")
			}
		}
	})
}
