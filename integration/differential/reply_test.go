package differential

import (
	"bufio"
	"strings"
	"testing"
)

// A line may be longer than the reader's buffer.
func TestReadReplyOfALongLine(t *testing.T) {
	text := strings.Repeat("x", 100)
	for _, size := range []int{16, 4096} {
		got, err := ReadReply(bufio.NewReaderSize(strings.NewReader("-"+text+"\r\n"), size))
		if err != nil || !got.equal(Reply{Kind: '-', Text: text}) {
			t.Errorf("%v, %v", got, err)
		}
	}
	for _, wrong := range []string{"\r\n", "+x\n", "\n", "x\r\n", "+x"} {
		if got, err := ReadReply(bufio.NewReader(strings.NewReader(wrong))); err == nil {
			t.Errorf("%q is %v", wrong, got)
		}
	}
}
