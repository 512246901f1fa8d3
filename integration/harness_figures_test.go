package integration

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// figures logs what a test has measured, and appends it as one line to the file that PAXREDIS_TEST_FIGURES names: go test does not
// print what a test that passes has logged.
func figures(t *testing.T, text string) {
	t.Helper()
	t.Log(text)
	path := os.Getenv("PAXREDIS_TEST_FIGURES")
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// One write a line: tests that run side by side append to the same file.
	if _, err := fmt.Fprintf(file, "%s: %s\n", t.Name(), strings.ReplaceAll(text, "\n", " ")); err != nil {
		t.Error(err)
	}
}

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
