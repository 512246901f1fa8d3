// Package figures keeps what tests have measured: go test does not print what a test that passes has logged.
package figures

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Log logs what a test has measured, and appends it as one line to the file that PAXREDIS_TEST_FIGURES names, if it names one.
func Log(t *testing.T, text string) {
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
