package sim

import (
	"math/rand/v2"
	"slices"
)

// saltsOfShrink is how many histories with the same faults are tried before what was left out counts as needed: with less in it a history
// takes another course from there on.
const saltsOfShrink = 4

// Shrink looks for a smaller history in which something is violated, too: with fewer kinds of faults, fewer faults, fewer operations and fewer
// clients. It gives up, with what it has by then, when stop reports true. r must have a violation; so has what is returned.
func Shrink(r Report, stop func() bool) Report {
	s := shrinker{best: r, stop: stop}
	for smaller := true; smaller && !stop(); {
		smaller = s.fewerOperations()
		smaller = s.fewerFaults() || smaller
		smaller = s.fewerClients() || smaller
	}
	return s.best
}

type shrinker struct {
	best Report
	stop func() bool
}

// try runs a candidate, and keeps it if it is violated.
func (s *shrinker) try(o Options) bool {
	salts := rand.New(rand.NewPCG(o.Salt, 1))
	for i := range saltsOfShrink {
		if s.stop() {
			return false
		}
		if i > 0 {
			o.Salt = salts.Uint64()
		}
		if r := Run(s.best.Seed, o); r.Violation != nil {
			s.best = r
			return true
		}
	}
	return false
}

// fewerOperations halves their number for as long as that goes.
func (s *shrinker) fewerOperations() (smaller bool) {
	if most := s.best.Operations; most < s.best.Options.Operations {
		o := s.best.Options
		o.Operations = most // the violation came before all of them
		smaller = s.try(o)
	}
	for _, part := range []int{2, 3, 10} {
		for s.best.Options.Operations > 10 {
			o := s.best.Options
			o.Operations -= o.Operations / part
			if !s.try(o) {
				break
			}
			smaller = true
		}
	}
	return smaller
}

// fewerFaults leaves faults out: first many at once, then one at a time.
func (s *shrinker) fewerFaults() (smaller bool) {
	for size := len(s.best.Happened); size > 0; size /= 2 {
		for from := 0; from < len(s.best.Happened) && !s.stop(); {
			o := s.best.Options
			o.Skip = append(slices.Clone(o.Skip), s.best.Happened[from:min(from+size, len(s.best.Happened))]...)
			if s.try(o) {
				smaller = true
			} else {
				from += size
			}
		}
	}
	return smaller
}

func (s *shrinker) fewerClients() (smaller bool) {
	for s.best.Options.Clients > 1 {
		o := s.best.Options
		o.Clients -= (o.Clients + 1) / 2
		if !s.try(o) {
			break
		}
		smaller = true
	}
	return smaller
}
