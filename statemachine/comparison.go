package statemachine

import (
	"strconv"

	"github.com/zeebo/xxh3"
)

// valueDigestDigits is how many hexadecimal digits DIGEST replies, and IFDEQ and IFDNE take.
const valueDigestDigits = 16

// comparison is what IFEQ, IFNE, IFDEQ and IFDNE ask of a string that a key holds
// (https://redis.io/docs/latest/commands/set/, https://redis.io/docs/latest/commands/delex/).
type comparison struct {
	given    bool
	unequal  bool // IFNE, IFDNE
	byDigest bool // IFDEQ, IFDNE
	operand  []byte
}

// newComparison reads the comparison at args[i]; ok is false if there is none, or nothing behind it.
func newComparison(args Args, i int) (c comparison, ok bool) {
	if i+1 >= len(args) {
		return c, false
	}
	word := args[i]
	c = comparison{given: true, unequal: is(word, "IFNE") || is(word, "IFDNE"), byDigest: is(word, "IFDEQ") || is(word, "IFDNE"),
		operand: args[i+1]}
	return c, c.unequal || c.byDigest || is(word, "IFEQ")
}

// holds reports whether the comparison, if there is one, holds for what a key holds: a string, or nothing, which is unequal to
// everything. problem is the error instead, for a digest that is none: as in Redis, only where there is something to compare with.
func (c *comparison) holds(o *Object) (holds bool, problem string) {
	switch {
	case !c.given:
		return true, ""
	case o == nil:
		return c.unequal, ""
	case !c.byDigest:
		return (string(o.str()) == string(c.operand)) != c.unequal, ""
	}
	digest, err := strconv.ParseUint(string(c.operand), 16, 64)
	if err != nil || len(c.operand) != valueDigestDigits || c.operand[0] == '+' {
		return false, errDigest
	}
	return (xxh3.Hash(o.str()) == digest) != c.unequal, ""
}

// appendDigest appends the digest of a value as DIGEST replies it: XXH3 with 64 bits, seed 0, most significant digit first.
func appendDigest(dst, value []byte) []byte {
	digits := strconv.AppendUint(nil, xxh3.Hash(value), 16)
	for range valueDigestDigits - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}
