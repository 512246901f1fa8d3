package resp

import (
	"bytes"
	"regexp"
	"strconv"
	"testing"
)

// errorReply is an error with its code before it.
var errorReply = regexp.MustCompile(`^[A-Z]+ .`)

// checkReply reads one reply by the letter of the protocol (https://redis.io/docs/latest/develop/reference/protocol-spec/), and says what is wrong
// with it. The types of RESP3 are allowed only if three is set.
func checkReply(b []byte, three bool) (rest []byte, problem string) {
	if len(b) == 0 {
		return nil, "nothing"
	}
	head, rest, found := bytes.Cut(b, []byte(lineEnd))
	if !found || bytes.ContainsAny(head, "\r\n") {
		return rest, "no line"
	}
	kind, text := head[0], string(head[1:])
	if !three && !bytes.ContainsRune([]byte("+-:$*"), rune(kind)) {
		return rest, "type " + string(kind) + " is not of RESP2"
	}
	ok := true
	switch kind {
	case '+':
	case '-':
		ok = errorReply.MatchString(text)
	case ':':
		_, err := strconv.ParseInt(text, 10, 64)
		ok = err == nil
	case '_':
		ok = text == ""
	case '#':
		ok = text == "t" || text == "f"
	case ',':
		_, err := strconv.ParseFloat(text, 64)
		ok = err == nil
	case '$', '=', '*', '~', '>', '%':
		return checkSized(kind, text, rest, three)
	default:
		ok = false
	}
	if !ok {
		return rest, "wrong: " + string(head)
	}
	return rest, ""
}

// checkSized reads what follows the length of a string or of an aggregate.
func checkSized(kind byte, length string, b []byte, three bool) (rest []byte, problem string) {
	n, err := strconv.Atoi(length)
	if err != nil || strconv.Itoa(n) != length || n < -1 || n < 0 && kind != '$' && kind != '*' {
		return b, "length " + length
	}
	switch kind {
	case '$', '=':
		if n < 0 {
			return b, ""
		}
		if len(b) < n+len(lineEnd) || !isLineEnd(b, n) {
			return b, "a string that is not as long as it says"
		}
		if kind == '=' && (n < 4 || b[3] != ':') {
			return b, "a verbatim string without a format"
		}
		return b[n+len(lineEnd):], ""
	case '%':
		n *= 2
	}
	for range n {
		if b, problem = checkReply(b, three); problem != "" {
			return b, problem
		}
	}
	return b, ""
}

func TestRepliesThatAreNotWellFormedAreNoticed(t *testing.T) {
	for _, text := range []string{
		"", "OK", "+OK", "+a\nb\r\n", "-err\r\n", "-ERR\r\n", ":\r\n", ":1x\r\n", "$1\r\n", "$1\r\nab\r\n", "$2\r\na\r\n", "$-2\r\n\r\n", "$01\r\na\r\n",
		"*2\r\n:1\r\n", "*-2\r\n", "%1\r\n:1\r\n", "%-1\r\n", "#x\r\n", ",x\r\n", "_x\r\n", "=3\r\ntxt\r\n", "!5\r\nERR a\r\n",
	} {
		if rest, problem := checkReply([]byte(text), true); problem == "" && len(rest) == 0 {
			t.Errorf("%q is taken for a reply", text)
		}
	}
	for _, text := range []string{"_\r\n", "#t\r\n", "%0\r\n", "~0\r\n", ",1.5\r\n", "=5\r\ntxt:a\r\n", "*1\r\n_\r\n"} {
		if _, problem := checkReply([]byte(text), false); problem == "" {
			t.Errorf("%q is taken for a reply in RESP2", text)
		}
		if rest, problem := checkReply([]byte(text), true); problem != "" || len(rest) > 0 {
			t.Errorf("%q: %s", text, problem)
		}
	}
}
