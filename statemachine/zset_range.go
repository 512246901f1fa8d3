package statemachine

import "bytes"

// memberRange is a range of a sorted set by scores or by members.
type memberRange struct {
	// empty: nothing can be in it.
	empty bool
	// below and above say of an element that it is in front of the range, or behind it.
	below, above func(element) bool
}

// rangeError is what a command replies for ends of a range that do not parse.
const (
	errScoreRange = "ERR min or max is not a float"
	errLexRange   = "ERR min or max not valid string range item"
)

// scoreBound is an end of a range by scores.
type scoreBound struct {
	score     float64
	exclusive bool
}

// parseScoreBound reads a score, with ( in front if it is not in the range itself.
func parseScoreBound(b []byte) (s scoreBound, ok bool) {
	if len(b) > 0 && b[0] == '(' {
		s.exclusive, b = true, b[1:]
	}
	s.score, ok = parseBound(b)
	return s, ok
}

// parseScoreRange reads a range by scores, or replies the error.
func parseScoreRange(low, high []byte, reply Reply) (memberRange, bool) {
	from, okFrom := parseScoreBound(low)
	to, okTo := parseScoreBound(high)
	if !okFrom || !okTo {
		reply.Error(errScoreRange)
		return memberRange{}, false
	}
	return memberRange{
		empty: from.score > to.score || from.score == to.score && (from.exclusive || to.exclusive),
		below: func(e element) bool { s := e.score(); return s < from.score || from.exclusive && s == from.score },
		above: func(e element) bool { s := e.score(); return s > to.score || to.exclusive && s == to.score },
	}, true
}

// lexBound is an end of a range by members.
type lexBound struct {
	member    []byte
	exclusive bool
	infinite  int // -1: in front of all members, 1: behind them
}

// parseLexBound reads -, +, [member or (member.
func parseLexBound(b []byte) (l lexBound, ok bool) {
	if len(b) == 0 {
		return l, false
	}
	switch b[0] {
	case '-', '+':
		l.infinite = 1
		if b[0] == '-' {
			l.infinite = -1
		}
		return l, len(b) == 1 || b[1] == 0 // as C's strings end
	case '(', '[':
		l.member, l.exclusive = b[1:], b[0] == '('
		return l, true
	}
	return l, false
}

// compare is the order of a bound beside a member.
func (l *lexBound) compare(member []byte) int {
	if l.infinite != 0 {
		return l.infinite
	}
	return bytes.Compare(l.member, member)
}

// isAbove reports whether nothing can be between the bound and a higher one.
func (l *lexBound) isAbove(high *lexBound) bool {
	if l.infinite != 0 || high.infinite != 0 {
		return l.infinite > high.infinite || l.infinite == high.infinite && (l.exclusive || high.exclusive)
	}
	order := bytes.Compare(l.member, high.member)
	return order > 0 || order == 0 && (l.exclusive || high.exclusive)
}

// parseLexRange reads a range by members, or replies the error.
func parseLexRange(low, high []byte, reply Reply) (memberRange, bool) {
	from, okFrom := parseLexBound(low)
	to, okTo := parseLexBound(high)
	if !okFrom || !okTo {
		reply.Error(errLexRange)
		return memberRange{}, false
	}
	return memberRange{
		empty: from.isAbove(&to),
		below: func(e element) bool { c := from.compare(e.name); return c > 0 || from.exclusive && c == 0 },
		above: func(e element) bool { c := to.compare(e.name); return c < 0 || to.exclusive && c == 0 },
	}, true
}

// span is the ranks of a range, from the first to before end. A range by members is meant for sets whose scores are all the same; of others
// a whole one gives what lies together at the lower end, or, in reverse, at the upper end, as Redis does.
func (z *sortedSet) span(r memberRange, reverse bool) (first, end int) {
	switch {
	case r.empty:
		return 0, 0
	case z.index == nil:
		return z.whole().span(r, reverse)
	}
	first = z.countWhile(r.below)
	end = z.countWhile(func(e element) bool { return !r.above(e) })
	return first, max(first, end)
}

// span is sortedSet.span in the block of a whole sorted set.
func (b block) span(r memberRange, reverse bool) (first, end int) {
	i, run := 0, 0 // run: behind the last element below the range
	found, closed := false, false
	inside := true
	b.each(func(e element) bool {
		above := r.above(e)
		if i == 0 && above {
			inside = false
			return false
		}
		below := r.below(e)
		if below {
			run = i + 1
		}
		switch {
		case reverse && !above:
			first, end = run, i+1
		case reverse:
		case !found && !below:
			found, first, end = true, i, i
			closed = above
			if !above {
				end = i + 1
			}
		case found && !closed:
			if closed = above; !above {
				end = i + 1
			}
		}
		inside = !below // of the last one, in the end
		i++
		return true
	})
	if !inside {
		return 0, 0
	}
	return first, end
}
