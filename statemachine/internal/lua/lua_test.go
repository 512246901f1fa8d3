package lua

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// host answers every command with its arguments.
type host struct{ calls []string }

func (h *host) Call(args [][]byte, reply *Capture) {
	h.calls = append(h.calls, fmt.Sprintf("%q", args))
	switch string(args[0]) {
	case "nested":
		reply.Array(3)
		reply.Int(1)
		reply.Map(1)
		reply.BulkString("k")
		reply.Array(0)
		reply.Set(2)
		reply.Bool(true)
		reply.Null()
	case "double":
		reply.Double(0.5)
	case "verbatim":
		reply.Verbatim("txt", "text")
	case "error":
		reply.Error("CODE text")
	default:
		reply.Array(len(args))
		for _, arg := range args {
			reply.Bulk(arg)
		}
	}
}

func (h *host) Allowed([][]byte) (allowed, known bool) { return true, true }
func (h *host) Log(int, string)                        {}

// record is a Reply that can be read.
type record struct {
	words []string
	proto int
}

func (r *record) add(format string, args ...any) {
	r.words = append(r.words, fmt.Sprintf(format, args...))
}
func (r *record) Status(s string)              { r.add("+%s", s) }
func (r *record) Error(s string)               { r.add("-%s", s) }
func (r *record) Int(n int64)                  { r.add("%d", n) }
func (r *record) BulkString(s string)          { r.add("%q", s) }
func (r *record) Null()                        { r.add("null") }
func (r *record) Array(n int)                  { r.add("*%d", n) }
func (r *record) Map(n int)                    { r.add("%%%d", n) }
func (r *record) Set(n int)                    { r.add("~%d", n) }
func (r *record) Double(f float64)             { r.add(",%v", f) }
func (r *record) Bool(b bool)                  { r.add("#%v", b) }
func (r *record) Verbatim(format, text string) { r.add("=%s:%q", format, text) }
func (r *record) Raw(b []byte)                 { r.add("%q", b) }
func (r *record) Protocol() int                { return r.proto }

// eval runs a script and returns its reply in RESP3.
func eval(t testing.TB, in *Interp, code string) string {
	t.Helper()
	c, err := Compile("@user_script", code)
	if err != nil {
		return "!" + err.Error()
	}
	result := in.Eval(c, "sha", nil, nil, &host{})
	r := &record{proto: 3}
	result.Write(r)
	return strings.Join(r.words, " ")
}

// TestConversions: what commands reply on its way into a script, and what a script returns on its way out, in both versions of RESP.
func TestConversions(t *testing.T) {
	in := New()
	for code, want := range map[string]string{
		"return redis.call('a','b',1,1.5,-0.1,1e20)":                                                          `*6 "a" "b" "1" "1.5" "-0.1" "1e+20"`,
		"local r = redis.call('nested') return cjson.encode(r)":                                               `"[1,[\"k\",{}],[1,false]]"`,
		"redis.setresp(3) local r = redis.call('nested') return {type(r[2].map.k), tostring(r[3].set[true])}": `*2 "table" "true"`,
		"return redis.call('double')":                                                                         `"0.5"`,
		"redis.setresp(3) return tostring(redis.call('double').double)":                                       `"0.5"`,
		"redis.setresp(3) local v = redis.call('verbatim').verbatim_string return {v.format, v.string}":       `*2 "txt" "text"`,
		"return redis.call('verbatim')":                                                                       `"text"`,
		"return redis.call('error')":                                                                          "-CODE text script: sha, on @user_script:1.",
		"return redis.pcall('error')":                                                                         "-CODE text",
		"return {double=3.5}":                                                                                 ",3.5",
		"return {map={a=1}}":                                                                                  `%1 "a" 1`,
		"return {set={a=true}}":                                                                               `~1 "a"`,
		"return {big_number='123\\r\\n'}":                                                                     `"(123  \r\n"`,
		"return {verbatim_string={string='s',format='mkd'}}":                                                  `=mkd:"s"`,
		"return true":                          "1",
		"return false":                         "null",
		"redis.setresp(3) return {true,false}": "*2 #true #false",
	} {
		if got := eval(t, in, code); got != want {
			t.Errorf("%s\n  returned %s\n  not      %s", code, got, want)
		}
	}
}

// TestTheSameOnEveryInterpreter: one that has run many scripts does as a new one.
func TestTheSameOnEveryInterpreter(t *testing.T) {
	old := New()
	for i := range 50 {
		eval(t, old, fmt.Sprintf("local t = {} for i = 1, %d do t[{}] = i t['k' .. i] = i end error(t)", i*10))
	}
	const code = `local t = {} for i = 1, 40 do t[{}] = i t['k' .. i] = i t[i * 1.5] = i t[function() end] = i end
local r = {} for k, v in pairs(t) do r[#r + 1] = tostring(k) .. v end r[#r + 1] = tostring(math.random()) .. collectgarbage('count') return r`
	if got, want := eval(t, old, code), eval(t, New(), code); got != want {
		t.Errorf("it returned\n%s, not\n%s", got, want)
	}
}

// TestCoroutinesEndWithTheirScript: what is suspended is let go of, however deep.
func TestCoroutinesEndWithTheirScript(t *testing.T) {
	in := New()
	const code = `local function deep(n) if n == 0 then coroutine.yield('deep') else deep(n - 1) end end
for i = 1, 20 do coroutine.wrap(function() local ok = pcall(error, 'x') deep(50) end)() end return 'ok'`
	for range 100 {
		if got := eval(t, in, code); got != `"ok"` {
			t.Fatal(got)
		}
	}
	if len(in.coroutines) != 0 {
		t.Errorf("%d coroutines are left", len(in.coroutines))
	}
}

// TestMathAgainstGo: within what package math is off on this processor.
func TestMathAgainstGo(t *testing.T) {
	close := func(a, b float64) bool {
		return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-12*max(math.Abs(a), math.Abs(b)) || math.Abs(a-b) < 1e-300
	}
	numbers := []float64{0, 1, -1, 0.5, -0.5, 2, 3, 10, 100, 1e-10, 1e-300, 1e15, -7.25, 0.1, 0.99999, 700, -700, 1000, math.Pi, math.Pi / 2, 1e300,
		math.Inf(1), math.Inf(-1), math.NaN()}
	for _, f := range []struct {
		name      string
		ours, std func(float64) float64
	}{
		{"exp", exp, math.Exp}, {"log", log, math.Log}, {"log10", log10, math.Log10}, {"sin", sin, math.Sin}, {"cos", cos, math.Cos}, {"tan", tan, math.Tan},
		{"asin", asin, math.Asin}, {"acos", acos, math.Acos}, {"atan", atan, math.Atan}, {"sinh", sinh, math.Sinh}, {"cosh", cosh, math.Cosh}, {"tanh", tanh, math.Tanh},
	} {
		for _, x := range numbers {
			if x == 1e300 && slices.Contains([]string{"sin", "cos", "tan"}, f.name) {
				continue // where package math has lost its digits
			}
			if got, want := f.ours(x), f.std(x); !close(got, want) {
				t.Errorf("%s(%v) is %v, not %v", f.name, x, got, want)
			}
		}
	}
	for _, x := range numbers {
		for _, y := range numbers {
			if got, want := power(x, y), math.Pow(x, y); !close(got, want) && math.Abs(want) < 1e290 && (math.Abs(want) > 1e-290 || want == 0) {
				t.Errorf("%v^%v is %v, not %v", x, y, got, want)
			}
			if got, want := atan2(x, y), math.Atan2(x, y); !close(got, want) {
				t.Errorf("atan2(%v, %v) is %v, not %v", x, y, got, want)
			}
		}
	}
}

func TestShebang(t *testing.T) {
	for body, want := range map[string]string{
		"return 1":                          "return 1 [32]",
		"#!lua\nreturn 1":                   "\nreturn 1 [0]",
		"#!lua flags=no-writes\nx":          "\nx [1]",
		"#!lua flags=no-writes,allow-oom\n": "\n [3]",
		"#!lua":                             "ERR Invalid script shebang",
		"#!js\n":                            "ERR Unexpected engine in script shebang: #!js",
		"#!lua x=1\n":                       "ERR Unknown lua shebang option: x=1",
		"#!lua flags=bad\n":                 "ERR Unexpected flag in script shebang: bad",
	} {
		code, flags, err := Shebang(body)
		got := fmt.Sprintf("%s [%d]", code, flags)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, not %q", body, got, want)
		}
	}
}

// FuzzScript: no text makes the interpreter fail in another way than scripts do, and two interpreters, of which one has run it before, do the same.
func FuzzScript(f *testing.F) {
	for _, code := range []string{
		"return 1", "local t = {} for i = 1, 10 do t[i] = i end return t", "return pcall(error, {err = 'x'})", "return string.format('%5.2s', 'abc')",
		"return cjson.decode('[1,{\"a\":null}]')", "return {cmsgpack.unpack(cmsgpack.pack(1, 'x', {1}))}", "return {struct.unpack('<i4s', 'abcdef\\0')}",
		"local c = coroutine.wrap(function(...) while true do coroutine.yield(...) end end) return c(1), c(2)", "return ('x'):gsub('(x)', '%1%1')",
		"local t = setmetatable({}, {__index = function(t, k) return k end}) return t.a .. t.b", "while true do end", "return table.concat({1, 2, 3}, ',')",
		"local function f(n) if n > 0 then return f(n - 1) end return n end return f(1000)", "return bit.band(1, 2.5), -2 ^ 0.5, 5 % -3, #'x', not nil",
		"local a <const> = 1", "goto x", "return [==[x]==]", "function f.a.b:c(...) return ... end", "redis.setresp(3) return redis.call('nested')",
		"return {struct.unpack('<i0s', 'abc\\0')}", "return loadstring('return ...')(1, 2)", "table.sort({3, 1, 2}, function(a, b) return true end)", "return next({}, 1)",
	} {
		f.Add(code)
	}
	short := func() *Interp {
		in := New()
		in.allowed = 100_000
		return in
	}
	old := short()
	f.Fuzz(func(t *testing.T, code string) {
		want := eval(t, short(), code)
		if strings.Contains(want, "fault of the interpreter") {
			t.Fatal(want)
		}
		for range 2 {
			if got := eval(t, old, code); got != want {
				t.Fatalf("it returned %s, and then %s", want, got)
			}
		}
	})
}
