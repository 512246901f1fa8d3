package resp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

// TestAppendKeys: the keys of whole commands in plain form, and nothing beyond anything else.
func TestAppendKeys(t *testing.T) {
	get := func(key string) string { return fmt.Sprintf("*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", len(key), key) }
	many := strings.Repeat(get("x"), 3*statemachine.MostWarm)
	for input, want := range map[string]string{
		"":                   "",
		get("a") + get("bc"): "a bc",
		get("a") + "*1\r\n$4\r\nPING\r\n" + get("b"):            "a b",
		"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nvv\r\n" + get("b"): "k b",
		get("a") + get("long")[:20]:                             "a",
		get("a") + "GET b\r\n" + get("c"):                       "a",
		get("a") + "*2\r\n$3\r\nGET\r\n$-1\r\n":                 "a",
		"*-1\r\n" + get("a"):                                    "",
		"*2\r\n$3\r\nGET\r\n$999999999\r\nx":                    "",
		many:                                                    strings.TrimSpace(strings.Repeat("x ", statemachine.MostWarm)),
	} {
		if got := string(bytes.Join(appendKeys(nil, []byte(input)), []byte(" "))); got != want {
			t.Errorf("%.40q: %q, not %q", input, got, want)
		}
	}
	for range 1000 { // cut or broken anywhere, it stays within the buffer
		input := []byte(many)[:rand.IntN(200)]
		if len(input) > 0 {
			input[rand.IntN(len(input))] = "0129$*\r\nx"[rand.IntN(9)]
		}
		appendKeys(nil, input[:len(input):len(input)])
	}
}
