package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tally counts what has names.
type tally map[string]int

// String has the sum, and each name with its count.
func (counts tally) String() string {
	sum := 0
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		sum += counts[name]
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	if sum == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", sum, strings.Join(parts, ", "))
}
