package statemachine

import "math"

// llen: LLEN key.
func llen(tx *Tx, args Args, reply Reply) {
	o, ok := tx.lookupKind(args[1], KindList, reply)
	if !ok {
		return
	}
	if o == nil {
		reply.Int(0)
		return
	}
	l := tx.list(o)
	reply.Int(int64(l.len()))
}

// lindex: LINDEX key index.
func lindex(tx *Tx, args Args, reply Reply) {
	o, ok := tx.lookupKind(args[1], KindList, reply)
	if !ok {
		return
	}
	if o == nil {
		reply.Null()
		return
	}
	index, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	l := tx.list(o)
	if n, ok := indexIn(index, l.len()); ok {
		reply.Bulk(l.at(n))
	} else {
		reply.Null()
	}
}

// lrange: LRANGE key start stop.
func lrange(tx *Tx, args Args, reply Reply) {
	start, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	stop, ok := intArg(args[3], reply)
	if !ok {
		return
	}
	o, ok := tx.lookupKind(args[1], KindList, reply)
	if !ok {
		return
	}
	if o == nil {
		reply.Array(0)
		return
	}
	l := tx.list(o)
	first, n := rangeIn(start, stop, l.len())
	reply.Array(n)
	if n == 0 {
		return
	}
	l.walk(first, func(value []byte) bool {
		reply.Bulk(value)
		n--
		return n > 0
	})
}

// listSearch is what LPOS looks for.
type listSearch struct {
	element []byte
	// rank is the match to begin with, counted from 1; backwards: from the end.
	rank      int64
	backwards bool
	count     int64 // how many matches to reply; -1: one, and not as an array; 0: all
	most      int64 // how many elements to compare; 0: all
}

func parseListSearch(args Args, reply Reply) (s listSearch, ok bool) {
	s = listSearch{element: args[2], rank: 1, count: -1}
	for i := 3; i < len(args); i += 2 {
		if i+1 == len(args) {
			reply.Error(errSyntax)
			return s, false
		}
		switch value := args[i+1]; {
		case is(args[i], "RANK"):
			s.rank, ok = intArg(value, reply)
			switch {
			case !ok:
				return s, false
			case s.rank == math.MinInt64:
				reply.Error(errRankRange)
				return s, false
			case s.rank == 0:
				reply.Error(errRankZero)
				return s, false
			case s.rank < 0:
				s.rank, s.backwards = -s.rank, true
			default:
				s.backwards = false
			}
		case is(args[i], "COUNT"):
			if s.count, ok = ParseInt(value); !ok || s.count < 0 {
				reply.Error(errCountNegative)
				return s, false
			}
		case is(args[i], "MAXLEN"):
			if s.most, ok = ParseInt(value); !ok || s.most < 0 {
				reply.Error(errMaxlenNegative)
				return s, false
			}
		default:
			reply.Error(errSyntax)
			return s, false
		}
	}
	return s, true
}

// lpos: LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len].
func lpos(tx *Tx, args Args, reply Reply) {
	s, ok := parseListSearch(args, reply)
	if !ok {
		return
	}
	o, ok := tx.lookupKind(args[1], KindList, reply)
	if !ok {
		return
	}
	var found []int
	if o != nil {
		l := tx.list(o)
		found = l.search(&s)
	}
	switch {
	case s.count >= 0:
		reply.Array(len(found))
		for _, place := range found {
			reply.Int(int64(place))
		}
	case len(found) > 0:
		reply.Int(int64(found[0]))
	default:
		reply.Null()
	}
}

// search returns the places of the matches, in the order they are met.
func (l *list) search(s *listSearch) (found []int) {
	at, step, walk := 0, 1, l.walk
	if s.backwards {
		at, step, walk = l.len()-1, -1, l.walkBack
	}
	skip, most, wanted := s.rank-1, s.most, max(s.count, -s.count)
	walk(at, func(value []byte) bool {
		if string(value) == string(s.element) {
			if skip == 0 {
				found = append(found, at)
			} else {
				skip--
			}
		}
		at += step
		most--
		return most != 0 && (wanted == 0 || int64(len(found)) < wanted)
	})
	return found
}

// places are where a value is, ascending: the first count of them, the last ones if count is negative, all if it is 0.
func (l *list) places(value []byte, count int64) []int {
	s := listSearch{element: value, rank: 1, backwards: count < 0, count: max(count, -count)}
	if count == math.MinInt64 {
		s.count = 0 // there are not so many
	}
	found := l.search(&s)
	if s.backwards {
		for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
			found[i], found[j] = found[j], found[i]
		}
	}
	return found
}

// removePlaces takes the elements at some places out, which ascend.
func (l *list) removePlaces(places []int) {
	for end := len(places); end > 0; {
		begin := end - 1
		for begin > 0 && places[begin-1] == places[begin]-1 {
			begin--
		}
		l.removeRange(places[begin], end-begin)
		end = begin
	}
}
