package resp

import "bytes"

// inline reads an inline command: a line of words, as one types it into telnet.
func (s *Scanner) inline(buf []byte) (n int, args [][]byte, err error) {
	within := buf[:min(len(buf), s.maxInline+1)]
	i := bytes.IndexByte(within[s.seen:], '\n')
	if i < 0 {
		s.seen = len(within)
		if len(within) > s.maxInline {
			return 0, nil, errBigInline
		}
		return 0, nil, nil
	}
	end := s.seen + i
	n = end + 1
	s.forget()
	if end > 0 && buf[end-1] == '\r' {
		end--
	}
	return n, s.args, s.splitWords(buf[:end])
}

// splitWords appends the words of a line to args as Redis does (sdssplitargs): words are separated by white space; a part
// of a word may be in double quotes, with the escapes \n \r \t \b \a \xHH and \ before any other byte, or in single ones,
// with the escape \'. A closing quote ends the word.
func (s *Scanner) splitWords(line []byte) error {
	for {
		line = bytes.TrimLeft(line, " \t\n\v\f\r")
		if len(line) == 0 {
			return nil
		}
		word, rest, ok := splitWord(line)
		if !ok {
			return errUnbalanced
		}
		s.args = append(s.args, word)
		line = rest
	}
}

// splitWord reads the word at the beginning of a line. One without quotes is a part of the line.
func splitWord(line []byte) (word, rest []byte, ok bool) {
	for i, c := range line {
		switch c {
		case ' ', '\t', '\n', '\r':
			return line[:i:i], line[i:], true
		case '"', '\'':
			word, rest, ok = unquote(bytes.Clone(line[:i]), line[i+1:], c)
			return word, rest, ok && (len(rest) == 0 || isSpace(rest[0]))
		}
	}
	return line, nil, true
}

// unquote appends the text up to the closing quote to word.
func unquote(word, text []byte, quote byte) (_, rest []byte, ok bool) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == quote:
			return word, text[i+1:], true
		case c == '\\' && quote == '"' && i+1 < len(text):
			c, i = unescape(text, i+1)
		case c == '\\' && quote == '\'' && i+1 < len(text) && text[i+1] == '\'':
			c, i = '\'', i+1
		}
		word = append(word, c)
	}
	return nil, nil, false
}

// unescape reads what follows a backslash at text[at:], and returns the byte it stands for and the place of its last one.
func unescape(text []byte, at int) (c byte, last int) {
	switch c = text[at]; c {
	case 'n':
		return '\n', at
	case 'r':
		return '\r', at
	case 't':
		return '\t', at
	case 'b':
		return '\b', at
	case 'a':
		return '\a', at
	case 'x':
		if len(text)-at > 2 && isHex(text[at+1]) && isHex(text[at+2]) {
			return hexDigit(text[at+1])<<4 | hexDigit(text[at+2]), at + 2
		}
	}
	return c, at
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func hexDigit(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
