package history

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what a check of recorded histories says. The counts are of commands; a transaction is one.
type Report struct {
	Operations int64 // called
	OK         int64 // with a reply
	Refused    int64 // certainly not applied
	Unknown    int64 // of which nobody knows whether they are applied
	Writes     int64 // among those with a reply
	// Unexpected is the number of errors that no fault explains; UnexpectedErrors are the first of them.
	Unexpected       int64
	UnexpectedErrors []string
	// Names counts commands with a reply by what they were, those with " (no)" that did nothing.
	Names map[string]int64

	Histories   int   // checked, each of one key or of one group of keys
	Longest     int   // commands of the longest history
	Transaction int64 // commands of the histories of groups, and
	Register    int64 // of single keys
	Violations  []Violation

	// WithoutWrite is the longest time between two successful writes, counted from when the recorder was made to
	// the last command.
	WithoutWrite time.Duration
	Recorded     time.Duration // from when the recorder was made to the check
	Checked      time.Duration // what the check took
}

// Violation is a history that was not shown to be linearizable.
type Violation struct {
	Key        string // or the group's name
	Operations int
	Undecided  bool   // the search did not end in time, so nothing was shown
	Picture    string // the file with porcupine's visualization of the history; empty without a directory for it
}

// String says what is wrong, and where to look.
func (v Violation) String() string {
	text := fmt.Sprintf("%s: %d commands are not linearizable", v.Key, v.Operations)
	if v.Undecided {
		text = fmt.Sprintf("%s: the search through %d commands did not end in time", v.Key, v.Operations)
	}
	if v.Picture != "" {
		text += ", see " + v.Picture
	}
	return text
}

// Err is nil if something was written, every history is linearizable and every error was one that faults explain.
func (r *Report) Err() error {
	var all []error
	if r.Writes == 0 {
		all = append(all, errors.New("history: no write succeeded, so nothing was checked"))
	}
	for _, v := range r.Violations {
		all = append(all, fmt.Errorf("history: %v", v))
	}
	if r.Unexpected > 0 {
		all = append(all, fmt.Errorf("history: %d errors that no fault explains: %s", r.Unexpected, strings.Join(r.UnexpectedErrors, "; ")))
	}
	return errors.Join(all...)
}

// String is the figures, on a few lines, and the violations, on one each.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d operations in %v: %d ok (%d writes), %d refused, %d unknown, %d unexpected; longest time without a successful write %v\n",
		r.Operations, round(r.Recorded), r.OK, r.Writes, r.Refused, r.Unknown, r.Unexpected, round(r.WithoutWrite))
	fmt.Fprintf(&b, "%d histories checked in %v, %d violations; %d operations on single keys, %d on groups of keys, at most %d in one history\n",
		r.Histories, round(r.Checked), len(r.Violations), r.Register, r.Transaction, r.Longest)
	for i, name := range slices.Sorted(maps.Keys(r.Names)) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %d", name, r.Names[name])
	}
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "\n%v", v)
	}
	for _, text := range r.UnexpectedErrors {
		fmt.Fprintf(&b, "\nunexpected: %s", text)
	}
	return b.String()
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
