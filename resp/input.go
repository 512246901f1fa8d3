package resp

// input holds what a client has sent and the parser has not taken yet. It has no memory while it is empty.
//
// Its memory follows what was received: for n unread bytes it is at most 2n, or leastInput if that is more. What a client
// only announces, a value of 60 MB or a million arguments, takes nothing beyond that. This holds for every client as for a
// stranger: before it has sent as much, nobody makes a node allocate 64 KiB.
type input struct {
	buf   []byte
	start int // buf[start:] is unread
}

const (
	// leastInput is how much room may be made for the first bytes of a request, so that one of a few packets is not moved.
	leastInput = 16 << 10
	// maxIdleInput is how much room is kept for more than what is unread: a client that sends much in small commands finds the buffer
	// that it had.
	maxIdleInput = 256 << 10
)

func (in *input) unread() []byte { return in.buf[in.start:] }

func (in *input) len() int { return len(in.buf) - in.start }

func (in *input) empty() bool { return in.len() == 0 }

// add appends what was received; want is how many bytes are known to be missing still. Room for them is made at once as
// far as it may be; beyond that it doubles, so that the cost stays linear.
func (in *input) add(data []byte, want int) {
	in.grow(len(data), want)
	in.buf = append(in.buf, data...)
}

// grow makes room for n more bytes.
func (in *input) grow(n, want int) {
	if in.start > 0 && in.start >= in.len() {
		// The move costs no more than what was read since the last one.
		n := copy(in.buf, in.unread())
		in.buf, in.start = in.buf[:n], 0
	}
	if len(in.buf)+n > cap(in.buf) {
		held := in.len()
		received := held + n
		grown := make([]byte, held, max(2*held, received+min(want, max(received, leastInput-received))))
		copy(grown, in.unread())
		in.buf, in.start = grown, 0
	}
}

// room returns where the next bytes go, so many at most. What is put there is to be told to received.
func (in *input) room(want, most int) []byte {
	in.grow(1, want)
	return in.buf[len(in.buf):min(cap(in.buf), len(in.buf)+most)]
}

// received takes in the first n bytes of what room returned.
func (in *input) received(n int) { in.buf = in.buf[:len(in.buf)+n] }

// skip marks n bytes as read. The beginning of another command behind a large one does not keep the memory of both.
func (in *input) skip(n int) {
	in.start += n
	switch rest := in.len(); {
	case rest == 0:
		in.buf, in.start = nil, 0
	case cap(in.buf) > maxIdleInput && in.start >= 2*rest:
		// The move costs less than what was read since the last one.
		in.buf, in.start = append(make([]byte, 0, rest), in.unread()...), 0
	}
}
