package statemachine

import (
	"slices"
	"strings"
	"testing"
)

func TestCommandsOfTheLogAreTold(t *testing.T) {
	words := func(line string) (args [][]byte) {
		for _, w := range strings.Fields(line) {
			args = append(args, []byte(w))
		}
		return args
	}
	var log []byte
	log = AppendCommand(log, 0, words("SET k \x00v"))
	log = AppendCommand(log, 3, words("DEL k"))
	log = AppendTick(log)
	log = AppendExec(log, []Watch{{Key: []byte("w")}}, []Queued{{Args: words("INCR n")}, {Literal: []byte("+PONG\r\n")}})
	log = AppendCommand(log, 0, words("SET k "+strings.Repeat("x", 200)))
	log = AppendTight(log, 0, words("EVAL x 0"))
	log = AppendEvict(log, &Victim{DB: 3, Key: []byte("k"), Revision: 9})
	want := []string{`SET "k" "\x00v"`, `db 3 DEL "k"`, "time passes", `EXEC of 2 commands, 1 keys watched: INCR "n"`,
		`SET "k" "` + strings.Repeat("x", 128) + `"... (200 bytes)`, `EVAL "x" "0", of a node out of memory`, `evict "k" of db 3, if it is still of revision 9`, "what does not decode"}
	if got := Describe(log, 8); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
