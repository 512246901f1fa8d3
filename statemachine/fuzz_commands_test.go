package statemachine

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// skipReply returns what follows one reply; ok is false if there is not exactly one at the beginning.
func skipReply(resp []byte) (rest []byte, ok bool) {
	head, rest, found := bytes.Cut(resp, []byte("\r\n"))
	if !found || len(head) == 0 {
		return nil, false
	}
	switch head[0] {
	case '+', '-', ':', '_':
		return rest, true
	}
	n, err := strconv.Atoi(string(head[1:]))
	switch {
	case err != nil || n < -1:
		return nil, false
	case head[0] == '$' && n >= 0:
		return rest[min(n+2, len(rest)):], len(rest) >= n+2 && string(rest[n:n+2]) == "\r\n"
	case head[0] == '%':
		n *= 2
	}
	for range n {
		if rest, ok = skipReply(rest); !ok {
			return nil, false
		}
	}
	return rest, true
}

// collectionLines are commands of hashes and sets that belong together, one a line.
var collectionLines = []string{
	"HSET h a 1 b 2\nHINCRBY h a 5\nHINCRBYFLOAT h b 1e3\nHSCAN h 0 MATCH * COUNT 1 NOVALUES\nHRANDFIELD h -5 WITHVALUES\nHDEL h a b",
	"HSETEX h FNX EX 10 FIELDS 2 a 1 b 2\nHEXPIRE h 0 GT FIELDS 1 a\nHPEXPIREAT h 1 FIELDS 1 a\nHGETEX h PERSIST FIELDS 1 b\nHTTL h FIELDS 1 b\nHGETDEL h FIELDS 1 b",
	"SADD s 1 2 3 x\nSADD u 3 4\nSINTERCARD 2 s u LIMIT 1\nSUNIONSTORE s s u\nSDIFFSTORE u s u\nSMOVE s u 3\nSPOP s 2\nSRANDMEMBER s -3\nSSCAN s 0\nSPOP s",
}

// fuzzLines are lines of commands as FuzzCommands takes them.
func fuzzLines(commands []Command, lines string) (text []byte) {
	for line := range strings.SplitSeq(lines, "\n") {
		name, rest, _ := strings.Cut(line, " ")
		i := slices.IndexFunc(commands, func(c Command) bool { return c.Name == name })
		text = append(append(text, byte(i)), strings.ReplaceAll(rest, " ", "\x1f")+"\n"...)
	}
	return text
}

// FuzzCommands: a line is a command, its first byte one of the table's; its arguments are separated by 0x1f. No arguments make a machine panic,
// each command has one reply, and two machines end in the same state.
func FuzzCommands(f *testing.F) {
	commands := Commands()
	for i := range commands {
		f.Add(append([]byte{byte(i)}, "a\x1f1\x1fb"...), int64(1))
	}
	f.Add([]byte("\x00a\x1fb\n\x01a\x1f-1\n\x02a\x1f9223372036854775807\x1fXX"), int64(2))
	for _, lines := range collectionLines {
		f.Add(fuzzLines(commands, lines), int64(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, seed int64) {
		var encoded []byte
		count := 0
		for line := range bytes.SplitSeq(text, []byte{'\n'}) {
			if len(line) == 0 {
				continue
			}
			args := [][]byte{[]byte(commands[int(line[0])%len(commands)].Name)}
			for arg := range bytes.SplitSeq(line[1:], []byte{0x1f}) {
				args = append(args, arg)
			}
			encoded = AppendCommand(encoded, 0, args)
			count++
		}
		cfg := Config{MaxStringBytes: 1 << 16}
		a, b := newHarnessWith(t, cfg), newHarnessWith(t, cfg)
		replies := &collector{proto: 2 + count%2}
		a.m.Apply(1, Stamp{TimeMS: testStart, Seed: uint64(seed)}, encoded, count, replies)
		b.m.Apply(1, Stamp{TimeMS: testStart, Seed: uint64(seed)}, encoded, count, nil)
		if a.m.Digest() != b.m.Digest() {
			t.Fatal("the digests differ")
		}
		a.m.ks.verify(t)
		if len(replies.writers) != count {
			t.Fatalf("%d commands have %d replies", count, len(replies.writers))
		}
		for _, w := range replies.writers {
			if rest, ok := skipReply(w.buf); !ok || len(rest) > 0 {
				t.Fatalf("not one reply: %q", w.buf)
			}
		}
	})
}
