package lua

import (
	"math"
	"strconv"
	"strings"
)

// jsonConfig is what the functions of cjson set. A script begins with the defaults.
type jsonConfig struct {
	sparseConvert bool
	sparseRatio   int
	sparseSafe    int
	encodeDepth   int
	decodeDepth   int
	encodeInvalid int // invalidOff, invalidOn or invalidNull
	decodeInvalid bool
	precision     int
	keepBuffer    bool
}

const (
	invalidOff = iota
	invalidOn
	invalidNull
)

var defaultJSON = jsonConfig{sparseRatio: 2, sparseSafe: 10, encodeDepth: 1000, decodeDepth: 1000, decodeInvalid: true, precision: 14, keepBuffer: true}

// openJSON makes a cjson with a configuration of its own.
func (in *Interp) openJSON(cfg *jsonConfig) *Table {
	t := in.library(map[string]func(a args){
		"encode":                  func(a args) { jsonEncode(a, cfg) },
		"decode":                  func(a args) { jsonDecode(a, cfg) },
		"encode_sparse_array":     func(a args) { jsonSparse(a, cfg) },
		"encode_max_depth":        func(a args) { a.jsonInt(1, &cfg.encodeDepth, 1, math.MaxInt32); a.number(float64(cfg.encodeDepth)) },
		"decode_max_depth":        func(a args) { a.jsonInt(1, &cfg.decodeDepth, 1, math.MaxInt32); a.number(float64(cfg.decodeDepth)) },
		"encode_number_precision": func(a args) { a.jsonInt(1, &cfg.precision, 1, 14); a.number(float64(cfg.precision)) },
		"encode_keep_buffer":      func(a args) { a.jsonBool(1, &cfg.keepBuffer); a.in.returns(cfg.keepBuffer) },
		"encode_invalid_numbers":  func(a args) { jsonEncodeInvalid(a, cfg) },
		"decode_invalid_numbers":  func(a args) { a.jsonBool(1, &cfg.decodeInvalid); a.in.returns(cfg.decodeInvalid) },
		"new": func(a args) {
			fresh := defaultJSON
			a.in.returns(a.in.openJSON(&fresh))
		},
	}, "encode", "decode", "encode_sparse_array", "encode_max_depth", "decode_max_depth", "encode_number_precision", "encode_keep_buffer",
		"encode_invalid_numbers", "decode_invalid_numbers", "new")
	t.set(in, "null", Null)
	t.set(in, "_NAME", "cjson")
	t.set(in, "_VERSION", "2.1.0")
	return t
}

// few refuses more arguments than an option has.
func (a args) few(most int) {
	if len(a.vals) > most {
		a.argument(most+1, "found too many arguments")
	}
}

// jsonInt sets an option if the argument is there.
func (a args) jsonInt(n int, option *int, least, most int) {
	if n == 1 {
		a.few(1)
	}
	if a.at(n) == nil {
		return
	}
	i := a.integer(n)
	if i < least || i > most {
		a.argument(n, "expected integer between "+itoa(least)+" and "+itoa(most))
	}
	*option = i
}

func (a args) jsonBool(n int, option *bool) {
	a.few(max(n, 1))
	switch v := a.at(n).(type) {
	case nil:
	case bool:
		*option = v
	default:
		*option = a.option(n, "", "off", "on") == 1
	}
}

func jsonSparse(a args, cfg *jsonConfig) {
	a.few(3)
	switch v := a.at(1).(type) {
	case nil:
	case bool:
		cfg.sparseConvert = v
	default:
		cfg.sparseConvert = a.option(1, "", "off", "on") == 1
	}
	a.jsonInt(2, &cfg.sparseRatio, 0, math.MaxInt32)
	a.jsonInt(3, &cfg.sparseSafe, 0, math.MaxInt32)
	a.in.returns(cfg.sparseConvert, number(float64(cfg.sparseRatio)), number(float64(cfg.sparseSafe)))
}

func jsonEncodeInvalid(a args, cfg *jsonConfig) {
	a.few(1)
	switch v := a.at(1).(type) {
	case nil:
	case bool:
		cfg.encodeInvalid = invalidOff
		if v {
			cfg.encodeInvalid = invalidOn
		}
	default:
		cfg.encodeInvalid = a.option(1, "", "off", "on", "null")
	}
	switch cfg.encodeInvalid {
	case invalidNull:
		a.in.returns("null")
	default:
		a.in.returns(cfg.encodeInvalid == invalidOn)
	}
}

func jsonEncode(a args, cfg *jsonConfig) {
	if len(a.vals) != 1 {
		a.argument(1, "expected 1 argument")
	}
	e := jsonEncoder{in: a.in, cfg: cfg}
	e.value(a.vals[0], 0)
	a.in.charge(16)
	a.in.returns(unsafeString(e.buf))
}

type jsonEncoder struct {
	in  *Interp
	cfg *jsonConfig
	buf []byte
}

func (e *jsonEncoder) fail(v Value, why string) {
	e.in.fail("Cannot serialise " + typeName(v) + ": " + why)
}

func (e *jsonEncoder) write(s string) {
	e.in.charge(int64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *jsonEncoder) value(v Value, depth int) {
	e.in.work(tableSteps)
	switch v := v.(type) {
	case string:
		e.string(v)
	case float64:
		e.number(v)
	case bool:
		e.write(text(v))
	case nil, *null:
		e.write("null")
	case *Table:
		if depth++; depth > min(e.cfg.encodeDepth, maxJSONDepth) {
			e.in.fail("Cannot serialise, excessive nesting (" + itoa(depth) + ")")
		}
		if n := e.length(v); n > 0 {
			e.array(v, n, depth)
		} else {
			e.object(v, depth)
		}
	default:
		e.fail(v, "type not supported")
	}
}

// length is the length of an array, 0 or less if the table is to be an object.
func (e *jsonEncoder) length(t *Table) int {
	e.in.work(int64(len(t.array)+len(t.nodes)) / 4)
	most, items := 0.0, 0
	array := true
	t.each(func(k, _ Value) bool {
		f, ok := k.(float64)
		if array = ok && f >= 1 && isInteger(f); array {
			most = max(most, f)
			items++
		}
		return array
	})
	if !array {
		return -1
	}
	if e.cfg.sparseRatio > 0 && most > float64(items)*float64(e.cfg.sparseRatio) && most > float64(e.cfg.sparseSafe) {
		if !e.cfg.sparseConvert {
			e.fail(t, "excessively sparse array")
		}
		return -1
	}
	return int(most)
}

func (e *jsonEncoder) array(t *Table, n, depth int) {
	e.write("[")
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.write(",")
		}
		e.value(item(t, i), depth)
	}
	e.write("]")
}

func (e *jsonEncoder) object(t *Table, depth int) {
	e.write("{")
	first := true
	t.each(func(k, v Value) bool {
		if !first {
			e.write(",")
		}
		first = false
		switch k := k.(type) {
		case float64:
			e.write(`"`)
			e.number(k)
			e.write(`":`)
		case string:
			e.string(k)
			e.write(":")
		default:
			e.fail(t, "table key must be a number or string")
		}
		e.value(v, depth)
		return true
	})
	e.write("}")
}

func (e *jsonEncoder) number(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		switch e.cfg.encodeInvalid {
		case invalidOff:
			e.fail(f, "must not be NaN or Inf")
		case invalidNull:
			e.write("null")
			return
		}
		if math.IsNaN(f) {
			e.write("nan")
			return
		}
	}
	e.write(formatGeneral(f, e.cfg.precision))
}

// escapes are what characters become in a string; nothing for those that stay.
var escapes = func() (all [256]string) {
	for c := range 32 {
		all[c] = `\u00` + string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15])
	}
	all['\b'], all['\t'], all['\n'], all['\f'], all['\r'] = `\b`, `\t`, `\n`, `\f`, `\r`
	all['"'], all['/'], all['\\'], all[127] = `\"`, `\/`, `\\`, `\u007f`
	return all
}()

func (e *jsonEncoder) string(s string) {
	e.in.work(int64(len(s) / bytesPerStep))
	e.in.charge(int64(len(s)) + 2)
	e.buf = append(e.buf, '"')
	plain := 0
	for i := range len(s) {
		if escape := escapes[s[i]]; escape != "" {
			e.buf = append(e.buf, s[plain:i]...)
			e.write(escape)
			plain = i + 1
		}
	}
	e.buf = append(append(e.buf, s[plain:]...), '"')
}

// parseUnicode reads the four digits of \u.
func parseUnicode(s string) (rune, bool) {
	if len(s) < 4 || strings.ContainsAny(s[:4], "+-_") {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 16)
	return rune(n), err == nil
}
