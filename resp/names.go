package resp

import (
	"strings"

	"github.com/tidwall/match"
)

// What a client may ask for by name in one command: no more names than maxNames, so that a small request cannot have a
// reply of gigabytes, and no pattern longer than maxPatternBytes or harder than maxPatternSteps a byte of the name.
const (
	maxNames        = 4096
	maxPatternBytes = 256
	maxPatternSteps = 64
)

// nameMatcher returns a function that matches names in lower case with a pattern in any case: * is any text, ? is any
// character, \ takes the next one as it is.
func nameMatcher(pattern string) func(name string) bool {
	if len(pattern) > maxPatternBytes {
		return func(string) bool { return false } // no name is that long
	}
	pattern = strings.ToLower(pattern)
	return func(name string) bool {
		matched, _ := match.MatchLimit(name, pattern, maxPatternSteps)
		return matched
	}
}
