package statemachine

import (
	"bytes"
	"strconv"

	"github.com/paxredis/paxredis/statemachine/internal/double"
)

// AppendDouble formats a double as Redis 7.2 does in replies: the shortest digits that read back as the same number.
func AppendDouble(dst []byte, f float64) []byte { return double.Append(dst, f) }

// appendHuman writes a finite double as C's %.17f does, without the zeros at the end.
func appendHuman(dst []byte, f float64) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', humanDigits, 64)
	text := bytes.TrimSuffix(bytes.TrimRight(dst[start:], "0"), []byte{'.'})
	if string(text) == "-0" {
		return append(dst[:start], '0')
	}
	return dst[:start+len(text)]
}
