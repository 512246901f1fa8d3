package moving

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// stream reads the commands that a source sends to its replicas. It belongs to one goroutine.
type stream struct {
	in *bufio.Reader
	// offset is the source's, behind the last command that was read.
	offset int64
}

// Bounds of a command: those of Redis.
const (
	maxStreamArgs  = 1 << 20
	maxStreamBytes = 512 << 20
)

// errStream is wrapped in what is wrong with a stream.
var errStream = errors.New("the source's stream is not as it should be")

// next reads a command. Its arguments are the caller's.
func (s *stream) next() (args [][]byte, err error) {
	read := int64(0)
	for {
		count, n, err := s.number('*')
		if err != nil {
			return nil, err
		}
		read += n
		if count < 0 { // an empty line
			continue
		}
		if count < 1 || count > maxStreamArgs {
			return nil, fmt.Errorf("%w: a command of %d arguments behind byte %d", errStream, count, s.offset)
		}
		args = make([][]byte, 0, min(count, 64))
		for range count {
			size, n, err := s.number('$')
			if err != nil {
				return nil, err
			}
			if size < 0 || size > maxStreamBytes {
				return nil, fmt.Errorf("%w: an argument of %d bytes behind byte %d", errStream, size, s.offset)
			}
			arg, err := s.bytes(int(size) + 2)
			if err != nil {
				return nil, err
			}
			if arg[size] != '\r' || arg[size+1] != '\n' {
				return nil, fmt.Errorf("%w: an argument does not end where it should, behind byte %d", errStream, s.offset)
			}
			args = append(args, arg[:size:size])
			read += n + size + 2
		}
		s.offset += read
		return args, nil
	}
}

// number reads a line with a number behind a letter; -1 is an empty line.
func (s *stream) number(letter byte) (n, length int64, err error) {
	line, err := s.in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	length = int64(len(line))
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 && letter == '*' {
		return -1, length, nil
	}
	if len(line) < 2 || line[0] != letter {
		return 0, 0, fmt.Errorf("%w: %.40q stands where a line with %c should, behind byte %d", errStream, line, letter, s.offset)
	}
	n, err = strconv.ParseInt(string(line[1:]), 10, 64)
	if err != nil || n < 0 {
		return 0, 0, fmt.Errorf("%w: %.40q is no number, behind byte %d", errStream, line, s.offset)
	}
	return n, length, nil
}

// bytes reads n bytes. What is only said to follow gets no room before it comes.
func (s *stream) bytes(n int) ([]byte, error) {
	const piece = 1 << 20
	b := make([]byte, min(n, piece))
	for got := 0; ; {
		m, err := io.ReadFull(s.in, b[got:])
		got += m
		if err != nil {
			return nil, err
		}
		if got == n {
			return b, nil
		}
		b = append(b, make([]byte, min(n-got, got))...)
	}
}
