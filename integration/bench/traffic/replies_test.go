package traffic

import (
	"strings"
	"testing"
	"testing/iotest"
)

func TestRepliesAreCounted(t *testing.T) {
	long := strings.Repeat("v\n", replyBuffer)
	for name, test := range map[string]struct {
		text    string
		replies int
		errors  int
		failure string
	}{
		"simple":  {"+OK\r\n:-5\r\n$-1\r\n*-1\r\n*0\r\n$0\r\n\r\n", 6, 0, ""},
		"bulk":    {"$5\r\n+OK\r\n\r\n$3\r\n\r\n\r\r\n+OK\r\n", 3, 0, ""},
		"large":   {"$131072\r\n" + long + "\r\n+OK\r\n", 2, 0, ""},
		"nested":  {"*3\r\n$1\r\na\r\n*2\r\n:1\r\n*1\r\n+x\r\n$-1\r\n+OK\r\n", 2, 0, ""},
		"errors":  {"-ERR one\r\n+OK\r\n-ERR two\r\n", 3, 2, "ERR one"},
		"in EXEC": {"*2\r\n-ERR in it\r\n+OK\r\n+OK\r\n", 2, 1, "ERR in it"},
	} {
		t.Run(name, func(t *testing.T) {
			whole := newReplies(strings.NewReader(test.text))
			bytes := newReplies(iotest.OneByteReader(strings.NewReader(test.text)))
			for _, r := range []*replies{whole, bytes} {
				ended, failed, failure := 0, 0, ""
				for ended < test.replies {
					a, err := r.read(test.replies - ended)
					if err != nil {
						t.Fatalf("after %d replies: %v", ended, err)
					}
					ended += a.replies
					failed += a.errors
					if failure == "" {
						failure = a.failure
					}
				}
				if failed != test.errors || failure != test.failure {
					t.Errorf("%d errors, the first %q", failed, failure)
				}
			}
		})
	}
}

func TestRepliesThatAreWrong(t *testing.T) {
	for _, text := range []string{"OK\r\n", "\r\n", "$x\r\n", "+OK\r\n+OK\r\n", "+" + strings.Repeat("v", replyBuffer)} {
		r := newReplies(strings.NewReader(text))
		var err error
		for ended := 0; ended < 1 && err == nil; {
			var a arrived
			a, err = r.read(1)
			ended += a.replies
		}
		if err == nil {
			t.Errorf("%.20q was taken", text)
		}
	}
}
