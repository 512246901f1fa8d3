package lua

import "strings"

func (in *Interp) openTable() *Table {
	return in.library(map[string]func(a args){
		"concat": tableConcat, "foreach": tableForeach, "foreachi": tableForeachi, "getn": tableGetn, "insert": tableInsert, "maxn": tableMaxn,
		"remove": tableRemove, "setn": tableSetn, "sort": tableSort,
	}, "concat", "foreach", "foreachi", "getn", "maxn", "insert", "remove", "setn", "sort")
}

// item is t[i].
func item(t *Table, i int) Value { return t.Get(number(float64(i))) }

func tableConcat(a args) {
	t, sep := a.table(1), a.optStr(2, "")
	from := a.optInt(3, 1)
	to := a.optInt(4, t.Len())
	var b strings.Builder
	for i := from; i <= to; i++ {
		v := item(t, i)
		s, ok := asString(v)
		if !ok {
			a.in.fail("invalid value (" + typeName(v) + ") at index " + itoa(i) + " in table for 'concat'")
		}
		a.in.work(1 + int64(len(s)+len(sep))/bytesPerStep)
		a.in.charge(int64(len(s) + len(sep)))
		b.WriteString(s)
		if i != to {
			b.WriteString(sep)
		}
	}
	a.in.returns(b.String())
}

func tableForeach(a args) {
	t, f := a.table(1), a.fn(2)
	in := a.in
	for k, v, _ := t.next(in, nil); k != nil; {
		in.iterate()
		in.call(f, k, v)
		if r := in.first(); r != nil {
			in.returns(r)
			return
		}
		var ok bool
		if k, v, ok = t.next(in, k); !ok {
			in.failHere("invalid key to 'next'")
		}
	}
	in.returns()
}

func tableForeachi(a args) {
	t, f := a.table(1), a.fn(2)
	in := a.in
	for i, n := 1, t.Len(); i <= n; i++ {
		in.iterate()
		in.call(f, number(float64(i)), item(t, i))
		if r := in.first(); r != nil {
			in.returns(r)
			return
		}
	}
	in.returns()
}

func tableGetn(a args) { a.number(float64(a.table(1).Len())) }

func tableMaxn(a args) {
	t := a.table(1)
	a.in.work(int64(len(t.array) + len(t.nodes)))
	most := 0.0
	t.each(func(k, _ Value) bool {
		if f, ok := k.(float64); ok {
			most = max(most, f)
		}
		return true
	})
	a.number(most)
}

func tableSetn(a args) {
	a.table(1)
	a.in.fail("'setn' is obsolete")
}

func tableInsert(a args) {
	t := a.table(1)
	end := t.Len() + 1
	switch len(a.vals) {
	case 2:
		a.in.store(t, number(float64(end)), a.vals[1])
	case 3:
		at := a.integer(2)
		end = max(end, at)
		for i := end; i > at; i-- {
			a.in.iterate()
			a.in.store(t, number(float64(i)), item(t, i-1))
		}
		a.in.store(t, number(float64(at)), a.vals[2])
	default:
		a.in.fail("wrong number of arguments to 'insert'")
	}
}

func tableRemove(a args) {
	t := a.table(1)
	end := t.Len()
	at := a.optInt(2, end)
	if at < 1 || at > end {
		return
	}
	v := item(t, at)
	for ; at < end; at++ {
		a.in.iterate()
		a.in.store(t, number(float64(at)), item(t, at+1))
	}
	a.in.store(t, number(float64(end)), nil)
	a.in.returns(v)
}

// sorter sorts a list by Lua's quicksort (Sedgewick's, median of three), whose steps show when elements are equal, or when the order is none.
type sorter struct {
	in    *Interp
	t     *Table
	order Value
}

func tableSort(a args) {
	s := sorter{in: a.in, t: a.table(1)}
	if a.at(2) != nil {
		s.order = a.fn(2)
	}
	if s.t.readonly {
		a.in.failHere(errReadonly)
	}
	s.sort(1, s.t.Len())
	a.in.returns()
}

func (s *sorter) less(x, y Value) bool {
	s.in.iterate()
	if s.order == nil {
		return s.in.less(x, y, false)
	}
	s.in.call(s.order, x, y)
	return truth(s.in.first())
}

func (s *sorter) get(i int) Value { return item(s.t, i) }

func (s *sorter) swap(i, j int) {
	x, y := s.get(i), s.get(j)
	s.t.put(s.in, i, y)
	s.t.put(s.in, j, x)
}

// swapIf exchanges i and j, of which i is lower, if they are not in order.
func (s *sorter) swapIf(i, j int) {
	if s.less(s.get(j), s.get(i)) {
		s.swap(i, j)
	}
}

func (s *sorter) sort(low, high int) {
	for low < high {
		s.swapIf(low, high)
		if high-low == 1 {
			return
		}
		middle := int(uint(low+high) >> 1)
		if s.less(s.get(middle), s.get(low)) {
			s.swap(middle, low)
		} else {
			s.swapIf(middle, high)
		}
		if high-low == 2 {
			return
		}
		pivot := s.get(middle)
		s.swap(middle, high-1)
		i := s.partition(low, high-1, pivot)
		s.swap(high-1, i)
		// The smaller part by recursion, the larger one in this loop.
		if i-low < high-i {
			s.sort(low, i-1)
			low = i + 1
		} else {
			s.sort(i+1, high)
			high = i - 1
		}
	}
}

// partition moves what is less than the pivot to the front of the elements between low and high.
func (s *sorter) partition(low, high int, pivot Value) int {
	i, j := low, high
	for {
		for i++; s.less(s.get(i), pivot); i++ {
			if i > high {
				s.in.fail("invalid order function for sorting")
			}
		}
		for j--; s.less(pivot, s.get(j)); j-- {
			if j < low {
				s.in.fail("invalid order function for sorting")
			}
		}
		if j < i {
			return i
		}
		s.swap(i, j)
	}
}
