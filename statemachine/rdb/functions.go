package rdb

import (
	"encoding/binary"
	"errors"
)

// A payload of FUNCTION DUMP is, for each library, a byte that says so and the library's text, then the footer of DUMP.
const (
	opcodeFunction = 245
	// functionsVersion is the first version of the format that has libraries in this form.
	functionsVersion = 10
)

// Errors of payloads with a right footer.
var (
	ErrNoFunction = errors.New("it holds something else than libraries of functions")
	ErrLibrary    = errors.New("a library is cut, or too large")
)

// DumpFunctions is the texts of libraries as FUNCTION DUMP replies them.
func DumpFunctions(codes []string) []byte {
	var b []byte
	for _, code := range codes {
		b = appendString(append(b, opcodeFunction), []byte(code))
	}
	b = binary.LittleEndian.AppendUint16(b, functionsVersion)
	return binary.LittleEndian.AppendUint64(b, Checksum(0, b))
}

// LoadFunctions reads what DumpFunctions or Redis's FUNCTION DUMP returned. maxBytes bounds each text, and all that are compressed together. The error is
// ErrFooter, ErrNoFunction or ErrLibrary.
func LoadFunctions(payload []byte, maxBytes int) (codes []string, err error) {
	b, err := withoutFooter(payload)
	if err != nil {
		return nil, err
	}
	r := reader{rest: b, longest: maxBytes, expansion: maxBytes}
	for len(r.rest) > 0 {
		if r.byte() != opcodeFunction {
			return nil, ErrNoFunction
		}
		code := r.string()
		if r.err != nil {
			return nil, ErrLibrary
		}
		codes = append(codes, string(code))
	}
	return codes, nil
}
