package resp

// input holds what a client has sent and the parser has not taken yet. It has no memory while it is empty.
type input struct {
	buf   []byte
	start int // buf[start:] is unread
}

// maxPresize bounds how much room is made at once for bytes that a client has only announced. Beyond it, room follows
// what was received: it doubles, so that the cost stays linear.
const maxPresize = 64 << 10

func (in *input) unread() []byte { return in.buf[in.start:] }

func (in *input) len() int { return len(in.buf) - in.start }

func (in *input) empty() bool { return in.len() == 0 }

// add appends what was received; want is how many bytes are known to be missing still.
func (in *input) add(data []byte, want int) {
	if in.start > 0 && in.start >= in.len() {
		// The move costs no more than what was read since the last one.
		n := copy(in.buf, in.unread())
		in.buf, in.start = in.buf[:n], 0
	}
	if len(in.buf)+len(data) > cap(in.buf) {
		n := in.len()
		grown := make([]byte, n, max(2*n, n+len(data)+min(want, maxPresize)))
		copy(grown, in.unread())
		in.buf, in.start = grown, 0
	}
	in.buf = append(in.buf, data...)
}

// skip marks n bytes as read.
func (in *input) skip(n int) {
	in.start += n
	if in.start == len(in.buf) {
		in.buf, in.start = nil, 0
	}
}
