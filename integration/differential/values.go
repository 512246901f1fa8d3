package differential

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// The values of arguments: a few ordinary ones that meet each other again, and edges. What a name does not say here, the kind says, so
// that an argument nobody thought of gets sensible values, too.
//
// Three things are left out since they would compare nothing, but take the machine's memory or time: offsets that make a string of
// megabytes, negative counts that ask for as many random members, and times to live so short that they pass meanwhile.

const (
	maxInt64 = "9223372036854775807"
	minInt64 = "-9223372036854775808"
	tooBig   = "9223372036854775808"
)

// kindValues are the values of a kind.
var kindValues = map[string][]string{
	"integer": {"0", "1", "-1", "2", "3", "-2", "5", "10", "-100", "100", "2147483647", "2147483648", "-2147483649", "4294967296", maxInt64,
		minInt64, "9223372036854775806", "-9223372036854775807", tooBig, "-9223372036854775809", "1.5", "abc", "", " 1", "1 ", "+1", "007", "-0", "0x10", "1e3"},
	"double": {"0", "1", "-1", "0.5", "1.5", "-2.25", "3", "10", "100", "1e3", "0.1", "0.2", "1e-10", "1.7976931348623157e308", "-1.7976931348623157e308",
		"4.9e-324", "1e400", "inf", "-inf", "+inf", "Infinity", "nan", "-nan", "-0", "0x1p-2", "5.", ".5", "--1", "abc", "", " 1", "1 ", "9007199254740993"},
	"pattern": {"*", "?*", "*1", "[a-z]*", "[^a]*", "s*", "k?y", "\\*", "[", "[a", "\\", "", "a", "**", "*[", "[]", "[z-a]*", "\xff*", "*:*", "nosuch"},
	"unix-time": {"0", "1", "-1", "99999999999", "99999999998", "4102444800", "9999999999999", "99999999999999", "9223372036854775", "9223372036854776", maxInt64, minInt64,
		tooBig, "abc", "", "1.5"},
	"string": {"a", "b", "c", "d", "0", "1", "-1", "3", "12", "3.25", "", "hello", "hello world", "\x00", "\xff\xfe", "a\r\nb", "007", maxInt64, minInt64, tooBig,
		"-0.1", "1e3", "inf", "nan", "+1", "1.0", "12345678901234567890", "ohmytext", "mynewtext"},
}

// What redis-server 7.0 dumps of a word, an integer, and a word a hundred times.
const (
	dumpedText   = "\x00\x05hello\n\x00cr\xdfve4 \n"
	dumpedNumber = "\x00\xc0\x80\n\x00\x99f2m/\x0c[\xd9"
	dumpedRun    = "\x00\xc3\r@d\x05helloh\xe0S\x04\x01lo\n\x00\x0bqN\xd1u\xfa\x00\xd4"
)

// lexBounds and scoreBounds are the ends of ranges of sorted sets.
var (
	lexBounds   = []string{"-", "+", "[a", "(a", "[b", "(c", "[", "(", "[d", "a", "", "[\xff", "(hello", "++"}
	scoreBounds = []string{"-inf", "+inf", "0", "1", "(1", "(0.5", "2", "3", "(-inf", "(", "nan", "abc", "1e3", "-1", "", "100", "10"}
	streamIDs   = []string{"1-1", "1-2", "2-1", "3-0", "5", "0", "0-0", "0-1", "7-*", "18446744073709551615-18446744073709551615", "18446744073709551616-0", "1-", "-1", "abc", "(1-1",
		"-", "+", "(", "$", ">", "", "1-1-1"}
	units = []string{"m", "km", "ft", "mi", "M", "x"}
	bytes = []string{"a", "b", "c", "d", "e", "1", "2", "hello", "", "\xff", "ohmytext"}
)

// nameValues are the values of arguments of a name, whatever their kind.
var nameValues = map[string][]string{
	"cursor":           {"0", "0", "0", "0", "0", "1", "5", "abc", "-1", "", "18446744073709551616", " 0", "0 "},
	"seconds":          {"100", "200", "100000", "0", "-1", "99999999999", "9223372036854775", "9223372036854776", maxInt64, minInt64, tooBig, "abc", "", "1.5", "1000 "},
	"milliseconds":     {"100000", "200000", "1000499", "1000500", "0", "-1", "99999999999", maxInt64, minInt64, tooBig, "abc", "", "1.5"},
	"ttl":              {"0", "100000", "-1", maxInt64, "abc"},
	"count":            {"0", "1", "2", "3", "10", "1000", "-1", "-2", "-5", maxInt64, minInt64, tooBig, "abc", "", "1.5"},
	"limit":            {"0", "1", "2", "-1", "abc", maxInt64, "100"},
	"offset":           {"0", "1", "2", "3", "7", "8", "9", "100", "4095", "-1", "-5", "4294967296", maxInt64, minInt64, tooBig, "#0", "#1", "#2", "abc", ""},
	"bit":              {"0", "1", "0", "1", "2", "-1", "abc"},
	"encoding":         {"u8", "i8", "u4", "i5", "i64", "u63", "u64", "i65", "u0", "i1", "u1", "x8", "", "u16"},
	"index":            {"0", "1", "2", "3", "-1", "-2", "15", "16", "100", maxInt64, minInt64, "abc", ""},
	"index1":           {"0", "1", "2", "15", "16", "-1", "abc"},
	"index2":           {"0", "1", "2", "15", "16", "-1", "abc"},
	"db":               {"0", "1", "2", "15", "16", "-1", "99999999999", "abc", ""},
	"destination-db":   {"0", "1", "2", "15", "16", "-1", "99999999999", "abc", ""},
	"type":             {"string", "list", "set", "hash", "zset", "stream", "STRING", "nosuch", ""},
	"start":            {"0", "1", "2", "-1", "-2", "-3", "-100", "100", "5", maxInt64, minInt64, tooBig, "abc", "(1", "[a", "-", "+", "-inf", "1-1"},
	"end":              {"0", "1", "2", "-1", "-1", "-2", "-100", "100", "5", maxInt64, minInt64, tooBig, "abc", "+", "-", "2-1", "(2-1"},
	"stop":             {"0", "1", "2", "-1", "-1", "-2", "-100", "100", "5", maxInt64, minInt64, tooBig, "abc", "(2", "[c", "+", "+inf"},
	"min":              append(append([]string{}, scoreBounds...), lexBounds...),
	"max":              append(append([]string{}, scoreBounds...), lexBounds...),
	"score":            {"0", "1", "2", "3", "1.5", "-1", "1", "inf", "-inf", "nan", "abc", "1e3", "", "0.1", "9007199254740993"},
	"weight":           {"1", "2", "0", "-1", "0.5", "inf", "-inf", "nan", "abc"},
	"longitude":        {"13.361389", "15.087269", "0", "-180", "180", "180.1", "-0.5", "abc", "nan", "inf"},
	"latitude":         {"38.115556", "37.502669", "0", "85", "-85", "85.06", "10", "abc", "nan"},
	"radius":           {"200", "100", "0", "1", "-1", "1e6", "abc", "nan"},
	"width":            {"200", "400", "0", "-1", "1e6", "abc"},
	"height":           {"200", "400", "0", "-1", "1e6", "abc"},
	"unit":             units,
	"operation":        {"AND", "OR", "XOR", "NOT", "and", "NAND"},
	"serialized-value": {dumpedText, dumpedNumber, dumpedRun, "", "abc"},
	"subcommand":       {"ENCODING", "DECODE", "TODENSE", "GETREG", "getreg", "nosuch", ""},
	"frequency":        {"0", "255", "1", "256", "-1", "abc"},
	"element":          bytes,
	"member":           bytes,
	"member1":          bytes,
	"member2":          bytes,
	"field":            bytes,
	"pivot":            bytes,
	"group":            {"g1", "g2", "", "nosuch"},
	"groupname":        {"g1", "g2", "", "nosuch"},
	"consumer":         {"c1", "c2", ""},
	"consumername":     {"c1", "c2", ""},
	"id":               streamIDs,
	"last-id":          streamIDs,
	"threshold":        {"0", "1", "2", "10", "-1", "1-2", "abc", "3-0"},
	"timeout":          {"0", "1", "0.01", "-1", "abc", "inf", "nan"},
	"min-idle-time":    {"0", "100000", "-1", "abc"},
	"ms":               {"0", "100000", "-1", "abc"},
	"rank":             {"1", "2", "-1", "-2", "0", minInt64, maxInt64, "abc"},
	"protover":         {"2", "3", "2", "3", "1", "4", "abc", ""},
	"command":          {"GET", "SET", "MGET", "OBJECT", "nosuch", ""},
	"clientname":       {"a", "name", "a b", "", "\xff", "x\n"},
	"connection-name":  {"a", "name", "a b", "", "\xff", "x\n"},
	"username":         {"default", "nosuch", ""},
	"password":         {"secret", ""},
	"min-match-len":    {"0", "1", "2", "4", "-1", maxInt64, minInt64, "abc"},
	"maxlen":           {"0", "1", "-1", maxInt64, "abc"},
}

// sharedKeys are keys that calls of all groups use.
var sharedKeys = []string{"x", "y", "", "a\r\n\x00\xff"}

// groupKeys is how many keys each group has for itself, so that most calls find a value of their type.
const groupKeys = 3

// key is a key, of the command's own group as a rule; those of commands for all types come from everywhere.
func (g *Generator) key(group string) string {
	if g.chance(0.2) {
		return pick(g.rng, sharedKeys)
	}
	if !g.typed[group] || g.chance(0.1) {
		group = pick(g.rng, g.groups)
	}
	return group + ":" + strconv.Itoa(g.rng.IntN(groupKeys))
}

// value is the value of an argument without its token.
func (g *Generator) value(a *Argument, group string) string {
	switch {
	case a.Kind == "key":
		return g.key(group)
	case isTimeToLive(a), a.Name == "offset", a.Name == "count": // from the list alone: nothing may end while it is compared, or become megabytes long
	case g.chance(0.02):
		return strings.Repeat(pick(g.rng, []string{"x", "1", "a\x00"}), g.rng.IntN(200))
	case g.chance(0.02):
		return g.random(a.Kind)
	}
	if values := nameValues[a.Name]; values != nil {
		// The first few of each list are valid, the rest are edges.
		return values[min(g.rng.IntN(len(values)), g.rng.IntN(len(values)))]
	}
	values := kindValues[a.Kind]
	if values == nil {
		values = kindValues["string"]
	}
	return values[min(g.rng.IntN(len(values)), g.rng.IntN(len(values)))]
}

func isTimeToLive(a *Argument) bool {
	return a.Name == "seconds" || a.Name == "milliseconds" || a.Name == "ttl"
}

// hasTimeToLive reports whether an argument is a time to live, or holds one.
func hasTimeToLive(a Argument) bool {
	return isTimeToLive(&a) || slices.ContainsFunc(a.Arguments, hasTimeToLive)
}

// isShort reports whether a value would be a time to live that may end while two servers are compared.
func isShort(value string) bool {
	n, err := strconv.ParseInt(value, 10, 64)
	return err == nil && n > 0 && n <= slackMilliseconds
}

// hasOffset reports whether an argument is a place in a string, or holds one.
func hasOffset(a Argument) bool {
	return a.Name == "offset" || slices.ContainsFunc(a.Arguments, hasOffset)
}

// isFar reports whether a value would be the offset of a bit that makes a string of megabytes, or that of an integer of up to 64 bits.
func isFar(value string) bool {
	const nearest, farthest, widest = 1 << 21, 1<<32 - 1, 64
	number, counted := strings.CutPrefix(value, "#")
	n, err := strconv.ParseInt(number, 10, 64)
	if counted {
		return err == nil && n > nearest/widest && n <= farthest
	}
	return err == nil && n > nearest && n <= farthest
}

// hasCount reports whether an argument is a count, or holds one.
func hasCount(a Argument) bool {
	return a.Name == "count" || slices.ContainsFunc(a.Arguments, hasCount)
}

// isMany reports whether a value would be a count that asks for thousands of random members, the same again and again. The least integer is an error.
func isMany(value string) bool {
	const most = 1000
	n, err := strconv.ParseInt(value, 10, 64)
	return err == nil && n < -most && n != math.MinInt64
}

// random is any value of a kind.
func (g *Generator) random(kind string) string {
	switch kind {
	case "integer":
		return strconv.FormatInt(g.rng.Int64N(2_000_000)-1_000_000, 10)
	case "double":
		return strconv.FormatFloat(g.rng.NormFloat64()*1000, 'g', -1, 64)
	case "string":
		return strconv.FormatFloat(g.rng.NormFloat64(), 'f', g.rng.IntN(17), 64)
	}
	return pick(g.rng, kindValues["string"])
}

func (g *Generator) chance(p float64) bool { return g.rng.Float64() < p }

func pick[T any](rng *rand.Rand, of []T) T { return of[rng.IntN(len(of))] }
