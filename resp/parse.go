package resp

import (
	"bytes"
	"math"
)

// Scanner finds the commands in a client's input: RESP requests and inline commands
// (https://redis.io/docs/latest/develop/reference/protocol-spec/). It belongs to one goroutine.
//
// Why not redcon's parser (ReadNextCommand of v1.6.4): it starts again at the first byte when a request is not complete,
// which makes a large one in small pieces cost quadratic time; it accepts any length that a header declares, so that
// the limits would have to be checked elsewhere, in a second parser; it splits inline commands unlike Redis; and
// "*1\r\n$-2\r\n" makes it panic. Tests compare the two where both accept.
//
// # How the time stays linear
//
// A command that is complete in the buffer is read in one pass (collect), which keeps nothing. Otherwise frame walks over
// it as far as it has come, once: it remembers where it is, and the next call goes on there. When frame has seen the
// end, collect makes the second and last pass, over the lengths only. So the list of arguments is not made before their bytes
// are there: memory follows what was received, not what was announced.
type Scanner struct {
	maxBytes  int64
	maxArgs   int64
	maxInline int
	// stranger: the client has not authenticated, so its commands are short.
	stranger bool

	args [][]byte

	// The progress of frame, in a command that is not complete.
	next  int   // buf[:next] is done with: whole lines and whole values
	seen  int   // buf[next:seen] has no end of line
	left  int64 // arguments to come; 0: the first line is to come
	bytes int64 // of all arguments whose length is known
	need  int   // where the value at next ends, its end of line included; 0: a line is at next
	had   int   // the length of the last buffer
}

// What a client may send in one command before it has authenticated, as in Redis: arguments, and bytes of each.
const (
	strangerArgs  = 10
	strangerBytes = 16 << 10
)

// setStranger says whether the client of the commands to come has yet to authenticate.
func (s *Scanner) setStranger(is bool) { s.stranger = is }

// maxKeptArgs is how long a list of arguments a Scanner keeps for its next command.
const maxKeptArgs = 64

// lineEnd is what ends a line and a value.
const lineEnd = "\r\n"

// NewScanner makes a scanner with these limits; zero fields mean the defaults. The zero Scanner has the defaults, too.
func NewScanner(l Limits) *Scanner {
	l = l.WithDefaults()
	return &Scanner{maxBytes: l.MaxCommandBytes, maxArgs: int64(l.MaxArgs), maxInline: l.MaxInline}
}

// Next reads the command at the beginning of buf, and returns how many bytes of buf it takes. 0 means that it is not
// complete: the next call gets the same bytes with more behind them, at the same place in memory or at another. An error
// is a ProtocolError, after which the input is of no use.
//
// args are parts of buf, except for the quoted ones of an inline command; both the list and its elements are valid until
// the next call or Reset. No args with n > 0 is nothing to do: an empty line, "*0" or "*-1".
func (s *Scanner) Next(buf []byte) (n int, args [][]byte, err error) {
	if s.maxArgs == 0 {
		*s = *NewScanner(Limits{})
	}
	s.clearArgs()
	s.had = len(buf)
	if len(buf) == 0 || len(buf) < s.need {
		return 0, nil, nil
	}
	if buf[0] != '*' {
		return s.inline(buf)
	}
	if !s.started() {
		if n = s.collect(buf); n > 0 {
			return n, s.args, nil
		}
		s.clearArgs()
	}
	n, err = s.frame(buf)
	if n == 0 || err != nil {
		return 0, nil, err
	}
	s.forget()
	s.collect(buf[:n])
	return n, s.args, nil
}

// Want returns how many bytes the last buffer lacked to the end of the value in it that is not complete; 0 if that is not
// known.
func (s *Scanner) Want() int { return max(0, s.need-s.had) }

// Reset forgets a command that is not complete, and lets go of the arguments of the last one, which would otherwise keep
// the buffer that they are in from being collected.
func (s *Scanner) Reset() {
	s.clearArgs()
	s.forget()
}

func (s *Scanner) started() bool { return s.next > 0 || s.seen > 0 }

func (s *Scanner) forget() {
	s.next, s.seen, s.left, s.bytes, s.need = 0, 0, 0, 0, 0
}

func (s *Scanner) clearArgs() {
	clear(s.args)
	s.args = s.args[:0]
	if cap(s.args) > maxKeptArgs {
		s.args = nil
	}
}

// collect reads a whole command in the plain form that clients use. 0 means anything else: not complete, empty, or wrong;
// frame tells which.
func (s *Scanner) collect(buf []byte) int {
	count, at := plainLength(buf, 1)
	if at == 0 || count == 0 || count > s.maxArgs || s.stranger && count > strangerArgs {
		return 0
	}
	var total int64
	for range count {
		if at >= len(buf) || buf[at] != '$' {
			return 0
		}
		var size int64
		if size, at = plainLength(buf, at+1); at == 0 {
			return 0
		}
		if s.stranger && size > strangerBytes {
			return 0
		}
		end := at + int(size)
		if total += size; total > s.maxBytes || len(buf)-end < len(lineEnd) || !isLineEnd(buf, end) {
			return 0
		}
		s.args = append(s.args, buf[at:end:end])
		at = end + len(lineEnd)
	}
	return at
}

// plainDigits is how many digits a length can have that needs no second look: no sum of lengths overflows.
const plainDigits = 9

// plainLength reads the number at buf[at:] with the end of its line, and returns where the next line is; 0 if there is
// anything but one to nine digits, the first of several not a 0.
func plainLength(buf []byte, at int) (value int64, next int) {
	start := at
	for ; at < len(buf) && at-start <= plainDigits; at++ {
		c := buf[at] - '0'
		if c > 9 {
			break
		}
		value = value*10 + int64(c)
	}
	digits := at - start
	if digits == 0 || digits > plainDigits || digits > 1 && buf[start] == '0' || len(buf)-at < len(lineEnd) || !isLineEnd(buf, at) {
		return 0, 0
	}
	return value, at + len(lineEnd)
}

func isLineEnd(buf []byte, at int) bool { return buf[at] == '\r' && buf[at+1] == '\n' }

// frame walks on over a command and returns its length once that is known, or what is wrong with it.
func (s *Scanner) frame(buf []byte) (n int, err error) {
	for {
		var more bool
		switch {
		case s.need > 0:
			more, err = s.frameValue(buf)
		case s.next == 0:
			more, err = s.frameCount(buf)
		default:
			more, err = s.frameLength(buf)
		}
		if err != nil || !more {
			return 0, err
		}
		if s.left == 0 {
			return s.next, nil
		}
	}
}

// frameCount reads the first line: how many arguments there are.
func (s *Scanner) frameCount(buf []byte) (more bool, err error) {
	line, err := s.line(buf, errBigMultibulk, errMultibulkLength)
	if line == nil || err != nil {
		return false, err
	}
	count, ok := parseLength(line[1:])
	if !ok || count > s.maxArgs {
		return false, errMultibulkLength
	}
	if s.stranger && count > strangerArgs {
		return false, errStrangerMultibulk
	}
	s.left = max(0, count)
	return true, nil
}

// frameLength reads the line before a value: how long that is.
func (s *Scanner) frameLength(buf []byte) (more bool, err error) {
	if s.next < len(buf) && buf[s.next] != '$' {
		return false, errExpectedBulk(buf[s.next])
	}
	line, err := s.line(buf, errBigBulk, errBulkLength)
	if line == nil || err != nil {
		return false, err
	}
	size, ok := parseLength(line[1:])
	if !ok || size < 0 || size > s.maxBytes-s.bytes {
		return false, errBulkLength
	}
	if s.stranger && size > strangerBytes {
		return false, errStrangerBulk
	}
	s.bytes += size
	s.need = s.next + int(size) + len(lineEnd)
	return true, nil
}

// frameValue steps over a value, once all of it is there.
func (s *Scanner) frameValue(buf []byte) (more bool, err error) {
	if len(buf) < s.need {
		return false, nil
	}
	if !isLineEnd(buf, s.need-len(lineEnd)) {
		return false, errBulkLength
	}
	s.next, s.seen, s.need, s.left = s.need, s.need, 0, s.left-1
	return true, nil
}

// line reads the line at next without its end, and steps over it; nil if its end is not there yet. Each byte is searched
// once.
func (s *Scanner) line(buf []byte, tooBig, badEnd ProtocolError) ([]byte, error) {
	within := buf[:min(len(buf), s.next+s.maxInline+1)]
	s.seen = max(s.seen, s.next)
	i := bytes.IndexByte(within[s.seen:], '\r')
	if i < 0 {
		s.seen = len(within)
		if len(within) == s.next+s.maxInline+1 {
			return nil, tooBig
		}
		return nil, nil
	}
	end := s.seen + i
	if end+1 == len(buf) {
		s.seen = end // the \n is to come
		return nil, nil
	}
	if buf[end+1] != '\n' {
		return nil, badEnd
	}
	line := buf[s.next:end]
	s.next = end + len(lineEnd)
	s.seen = s.next
	return line, nil
}

// parseLength reads a number as Redis does: digits with at most a minus sign before them, no leading zeros, no -0.
func parseLength(b []byte) (int64, bool) {
	negative := len(b) > 0 && b[0] == '-'
	digits := b
	if negative {
		digits = b[1:]
	}
	if len(digits) == 0 || digits[0] == '0' && len(b) > 1 {
		return 0, false
	}
	var n int64
	for _, c := range digits {
		c -= '0'
		if c > 9 || n > (math.MaxInt64-int64(c))/10 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	if negative {
		n = -n
	}
	return n, true
}
