package differential

import (
	"slices"
	"strings"
)

// shrinkRuns bounds how often a sequence is run to make it smaller.
const shrinkRuns = 600

// Shrink makes a sequence smaller as long as fails says that it fails the same way: fewer calls, then fewer and plainer arguments. The
// result fails, too.
func Shrink(calls []Call, fails func(calls []Call) bool) []Call {
	s := &shrinker{fails: fails, best: calls, left: shrinkRuns}
	for again := true; again && s.left > 0; {
		again = s.dropCalls()
		again = s.plainCalls() || again
	}
	return s.best
}

type shrinker struct {
	fails func([]Call) bool
	best  []Call
	left  int
}

// try takes a smaller sequence if it still fails.
func (s *shrinker) try(calls []Call) bool {
	if s.left == 0 || len(calls) == 0 {
		return false
	}
	s.left--
	if !s.fails(calls) {
		return false
	}
	s.best = calls
	return true
}

// dropCalls leaves out runs of calls, from half of them down to single ones.
func (s *shrinker) dropCalls() bool {
	shrunk := false
	for size := max(len(s.best)/2, 1); size > 0; size /= 2 {
		for i := len(s.best) - size; i >= 0; i-- {
			if s.left == 0 {
				return shrunk
			}
			if i+size <= len(s.best) && s.try(slices.Delete(slices.Clone(s.best), i, i+size)) {
				shrunk = true
			}
		}
	}
	return shrunk
}

// plainCalls makes each call plainer.
func (s *shrinker) plainCalls() bool {
	shrunk := false
	for i := range s.best {
		if s.left == 0 {
			return shrunk
		}
		for j := len(s.best[i].Args) - 1; j >= 0; j-- {
			if j > 0 && s.try(s.with(i, slices.Delete(slices.Clone(s.best[i].Args), j, j+1))) {
				shrunk = true
				continue
			}
			shrunk = s.plainArgument(i, j) || shrunk
		}
		if call := s.best[i]; call.Client != 0 {
			shrunk = s.try(replaced(s.best, i, Call{0, call.Args})) || shrunk
		}
	}
	return shrunk
}

// plainValues are what arguments are replaced with, plainest first. The number is large, since it may become a time to live.
var plainValues = []string{"a", "100000", "0"}

func (s *shrinker) plainArgument(i, j int) bool {
	old := s.best[i].Args[j]
	candidates := plainValues
	if j == 0 {
		candidates = []string{strings.ToUpper(old)}
	}
	for _, plain := range candidates {
		if plain == old {
			return false
		}
		args := slices.Clone(s.best[i].Args)
		args[j] = plain
		if s.try(s.with(i, args)) {
			return true
		}
	}
	return false
}

// with is the sequence with another call at i.
func (s *shrinker) with(i int, args []string) []Call {
	return replaced(s.best, i, Call{s.best[i].Client, args})
}

func replaced(calls []Call, i int, call Call) []Call {
	calls = slices.Clone(calls)
	calls[i] = call
	return calls
}
