package differential

import (
	"fmt"
	"slices"
	"testing"
)

func calls(lines ...[]string) (sequence []Call) {
	for _, args := range lines {
		sequence = append(sequence, Call{0, args})
	}
	return sequence
}

// TestShrinkKeepsWhatFails: of a long sequence, the calls and arguments are left that it takes to fail.
func TestShrinkKeepsWhatFails(t *testing.T) {
	long := calls([]string{"MULTI"}, []string{"EXEC"})
	for i := range 40 {
		long = append(long, Call{i % connections, []string{"set", fmt.Sprint("key:", i), "value", "EX", "100"}})
	}
	long = slices.Insert(long, 20, Call{1, []string{"append", "key:7", "xyz"}})
	fails := func(sequence []Call) bool {
		set := false
		for _, call := range sequence {
			switch {
			case len(call.Args) >= 3 && (call.Args[0] == "set" || call.Args[0] == "SET"):
				set = true
			case len(call.Args) >= 2 && (call.Args[0] == "append" || call.Args[0] == "APPEND") && set:
				return true
			}
		}
		return false
	}
	got := Shrink(long, fails)
	want := calls([]string{"SET", "a", "a"}, []string{"APPEND", "a"})
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v is left, want %v", got, want)
	}
}

// TestShrinkIsBounded: what fails always is not run for ever, and what never fails again is left as it was.
func TestShrinkIsBounded(t *testing.T) {
	var long []Call
	for i := range 5000 {
		long = append(long, Call{0, []string{"SET", fmt.Sprint(i), "v"}})
	}
	runs := 0
	got := Shrink(long, func([]Call) bool { runs++; return false })
	if runs > shrinkRuns || len(got) != len(long) {
		t.Errorf("%d runs, and %d calls are left", runs, len(got))
	}
}
