package resp

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"golang.org/x/sys/unix"
)

// socketPair returns a socket and the descriptor of its peer, neither of which blocks.
func socketPair(t *testing.T) (*socket, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fds[1]) })
	s := &socket{fd: fds[0]}
	t.Cleanup(func() { _ = s.Close() })
	return s, fds[1]
}

// take reads what there is at a peer.
func take(t *testing.T, fd int) []byte {
	t.Helper()
	var all []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, buf)
		if errors.Is(err, unix.EAGAIN) {
			return all
		}
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		all = append(all, buf[:n]...)
	}
}

// What a peer does not take is kept, in order, whatever is written behind it, and goes when there is room.
func TestASocketKeepsWhatIsNotTaken(t *testing.T) {
	s, peer := socketPair(t)
	var want, got []byte
	write := func(n int) {
		b := bytes.Repeat([]byte{byte('a' + len(want)%26)}, n)
		want = append(want, b...)
		if _, err := s.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{10, 300 << 10, 1, 500 << 10, 7} {
		write(n)
	}
	for round := 0; len(got) < len(want); round++ {
		if s.OutboundBuffered()+len(got) > len(want) {
			t.Fatalf("%d bytes are kept, %d have arrived, of %d", s.OutboundBuffered(), len(got), len(want))
		}
		got = append(got, take(t, peer)...)
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		if round%2 == 0 {
			write(3000)
		}
	}
	if !bytes.Equal(got, want) {
		t.Error("other bytes have arrived than were written")
	}
}

// A large reply to a peer that takes everything goes in pieces nevertheless.
func TestASocketSendsSoMuchAtOnce(t *testing.T) {
	s, _ := socketPair(t)
	if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 8<<20); err != nil {
		t.Skip("needs a socket with much room: ", err)
	}
	const size = 3 * sendBytes
	for sent := sendBytes; sent <= size; sent += sendBytes {
		if sent == sendBytes {
			if kept, err := s.Write(make([]byte, size)); err != nil || !kept {
				t.Fatal(kept, err)
			}
		} else if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		if left := s.OutboundBuffered(); left != size-sent || s.IsFull() {
			t.Fatalf("%d bytes are left, want %d; full: %v", left, size-sent, s.IsFull())
		}
	}
}

func TestASocketTellsNothingFromTheEnd(t *testing.T) {
	s, peer := socketPair(t)
	buf := make([]byte, 10)
	if _, err := s.Read(buf); !errors.Is(err, errNothing) {
		t.Errorf("an empty socket: %v", err)
	}
	if _, err := unix.Write(peer, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Shutdown(peer, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Read(buf); n != 1 || err != nil {
		t.Errorf("a byte: %d, %v", n, err)
	}
	if _, err := s.Read(buf); !errors.Is(err, io.EOF) {
		t.Errorf("the end: %v", err)
	}
}
