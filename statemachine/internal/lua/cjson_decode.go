package lua

import (
	"unicode/utf8"
)

// jsonToken is what a lexer of JSON has found.
type jsonToken struct {
	name  string // as messages say it
	at    int    // where it begins, from 0
	value Value
}

// The names of tokens.
const (
	tokenObject      = "T_OBJ_BEGIN"
	tokenObjectEnd   = "T_OBJ_END"
	tokenArray       = "T_ARR_BEGIN"
	tokenArrayEnd    = "T_ARR_END"
	tokenString      = "T_STRING"
	tokenNumber      = "T_NUMBER"
	tokenBoolean     = "T_BOOLEAN"
	tokenNull        = "T_NULL"
	tokenColon       = "T_COLON"
	tokenComma       = "T_COMMA"
	tokenEnd         = "T_END"
	tokenInvalid     = "invalid token"
	tokenBadNumber   = "invalid number"
	tokenBadEscape   = "invalid escape code"
	tokenBadUnicode  = "invalid unicode escape code"
	tokenEndOfString = "unexpected end of string"
)

type jsonDecoder struct {
	in    *Interp
	cfg   *jsonConfig
	s     string
	at    int
	depth int
}

func jsonDecode(a args, cfg *jsonConfig) {
	if len(a.vals) != 1 {
		a.argument(1, "expected 1 argument")
	}
	d := jsonDecoder{in: a.in, cfg: cfg, s: a.str(1)}
	if s := d.s; len(s) >= 2 && (s[0] == 0 || s[1] == 0) {
		a.in.fail("JSON parser does not support UTF-16 or UTF-32")
	}
	v := d.value(d.next())
	if t := d.next(); t.name != tokenEnd {
		d.fail("the end", t)
	}
	a.in.returns(v)
}

func (d *jsonDecoder) fail(want string, t jsonToken) {
	d.in.fail("Expected " + want + " but found " + t.name + " at character " + itoa(t.at+1))
}

func (d *jsonDecoder) value(t jsonToken) Value {
	switch t.name {
	case tokenString, tokenNumber, tokenBoolean, tokenNull:
		return t.value
	case tokenArray:
		return d.array()
	case tokenObject:
		return d.object()
	}
	d.fail("value", t)
	return nil
}

func (d *jsonDecoder) descend() {
	if d.depth++; d.depth > min(d.cfg.decodeDepth, maxJSONDepth) {
		d.in.fail("Found too many nested data structures (" + itoa(d.depth) + ") at character " + itoa(d.at))
	}
}

func (d *jsonDecoder) array() Value {
	d.descend()
	t := d.in.NewTable()
	token := d.next()
	if token.name == tokenArrayEnd {
		d.depth--
		return t
	}
	for i := 1; ; i++ {
		t.put(d.in, i, d.value(token))
		switch token = d.next(); token.name {
		case tokenArrayEnd:
			d.depth--
			return t
		case tokenComma:
		default:
			d.fail("comma or array end", token)
		}
		token = d.next()
	}
}

func (d *jsonDecoder) object() Value {
	d.descend()
	t := d.in.NewTable()
	token := d.next()
	if token.name == tokenObjectEnd {
		d.depth--
		return t
	}
	for {
		if token.name != tokenString {
			d.fail("object key string", token)
		}
		key := token.value
		if token = d.next(); token.name != tokenColon {
			d.fail("colon", token)
		}
		t.set(d.in, key, d.value(d.next()))
		switch token = d.next(); token.name {
		case tokenObjectEnd:
			d.depth--
			return t
		case tokenComma:
		default:
			d.fail("comma or object end", token)
		}
		token = d.next()
	}
}

var punctuation = map[byte]string{'{': tokenObject, '}': tokenObjectEnd, '[': tokenArray, ']': tokenArrayEnd, ':': tokenColon, ',': tokenComma}

// next reads a token.
func (d *jsonDecoder) next() jsonToken {
	d.in.iterate()
	start := d.at
	for d.at < len(d.s) && (d.s[d.at] == ' ' || d.s[d.at] == '\t' || d.s[d.at] == '\n' || d.s[d.at] == '\r') {
		d.at++
	}
	d.in.work(int64((d.at - start) / bytesPerStep))
	at := d.at
	if at == len(d.s) {
		return jsonToken{name: tokenEnd, at: at}
	}
	c := d.s[at]
	if name, ok := punctuation[c]; ok {
		d.at++
		return jsonToken{name: name, at: at}
	}
	rest := d.s[at:]
	switch {
	case c == '"':
		return d.string()
	case c == '-' || c >= '0' && c <= '9':
		if !d.cfg.decodeInvalid && isInvalidNumber(rest) {
			return jsonToken{name: tokenBadNumber, at: at}
		}
		return d.number()
	case len(rest) >= 4 && rest[:4] == "true":
		d.at += 4
		return jsonToken{tokenBoolean, at, true}
	case len(rest) >= 5 && rest[:5] == "false":
		d.at += 5
		return jsonToken{tokenBoolean, at, false}
	case len(rest) >= 4 && rest[:4] == "null":
		d.at += 4
		return jsonToken{tokenNull, at, Null}
	case d.cfg.decodeInvalid && isInvalidNumber(rest):
		return d.number()
	}
	return jsonToken{name: tokenInvalid, at: at}
}

// isInvalidNumber reports whether a text begins with a number that strtod takes and JSON does not.
func isInvalidNumber(s string) bool {
	if s[0] == '+' {
		return true
	}
	if s[0] == '-' {
		s = s[1:]
	}
	if len(s) > 1 && s[0] == '0' {
		return s[1]|0x20 == 'x' || s[1] >= '0' && s[1] <= '9'
	}
	return hasFold(s, "inf") || hasFold(s, "nan")
}

func (d *jsonDecoder) number() jsonToken {
	at := d.at
	n, f := scanNumber(d.s[at:])
	if n == 0 {
		return jsonToken{name: tokenBadNumber, at: at}
	}
	d.in.work(int64(n / bytesPerStep))
	d.at += n
	return jsonToken{tokenNumber, at, number(f)}
}

func (d *jsonDecoder) string() jsonToken {
	at := d.at
	d.at++
	start := d.at
	var b []byte
	for d.at < len(d.s) && d.s[d.at] != '"' {
		if d.s[d.at] != '\\' {
			d.at++
			continue
		}
		b = append(b, d.s[start:d.at]...)
		var bad string
		if b, bad = d.escape(b); bad != "" {
			return jsonToken{name: bad, at: d.at}
		}
		start = d.at
	}
	d.in.work(int64((d.at - at) / bytesPerStep))
	if d.at == len(d.s) {
		return jsonToken{name: tokenEndOfString, at: d.at}
	}
	s := d.s[start:d.at]
	if b != nil {
		s = string(append(b, s...))
	}
	d.at++
	return jsonToken{tokenString, at, d.in.text(s)}
}

var unescapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 't': '\t', 'n': '\n', 'f': '\f', 'r': '\r'}

// escape reads what is behind a backslash.
func (d *jsonDecoder) escape(b []byte) (_ []byte, bad string) {
	rest := d.s[d.at+1:]
	switch {
	case rest == "":
		return b, tokenBadEscape
	case rest[0] != 'u':
		c, ok := unescapes[rest[0]]
		if !ok {
			return b, tokenBadEscape
		}
		d.at += 2
		return append(b, c), ""
	}
	r, ok := parseUnicode(rest[1:])
	length := 6
	if ok && r&0xf800 == 0xd800 {
		var low rune
		if ok = r&0xfc00 == 0xd800 && len(rest) >= 11 && rest[5:7] == `\u`; ok {
			if low, ok = parseUnicode(rest[7:]); ok {
				ok = low&0xfc00 == 0xdc00
			}
		}
		r, length = (r&0x3ff)<<10+low&0x3ff+0x10000, 12
	}
	if !ok {
		return b, tokenBadUnicode
	}
	d.at += length
	return utf8.AppendRune(b, r), ""
}
