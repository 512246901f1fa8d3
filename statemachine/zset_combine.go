package statemachine

import (
	"cmp"
	"math"
	"slices"
)

// combineOperation is what is made of several sorted sets.
type combineOperation int

const (
	combineUnion combineOperation = iota
	combineInter
	combineDiff
)

// command is the name of the command that only reads.
func (o combineOperation) command() string { return [...]string{"zunion", "zinter", "zdiff"}[o] }

// aggregate is what is made of a member's scores in several sets.
type aggregate int

const (
	aggregateSum aggregate = iota
	aggregateMin
	aggregateMax
)

// parse reads AGGREGATE's argument.
func (a *aggregate) parse(arg []byte) (ok bool) {
	switch {
	case is(arg, "SUM"):
		*a = aggregateSum
	case is(arg, "MIN"):
		*a = aggregateMin
	case is(arg, "MAX"):
		*a = aggregateMax
	default:
		return false
	}
	return true
}

// The conversions to float64 beside products keep a compiler from rounding them together with a sum, which would make other numbers on other
// processors.

// of returns what becomes of a score when another one comes. Infinities of both signs are 0 together.
func (a aggregate) of(score, other float64) float64 {
	switch a {
	case aggregateMin:
		if other < score {
			return other
		}
		return score
	case aggregateMax:
		if other > score {
			return other
		}
		return score
	}
	return orZero(score + other)
}

// orZero is 0 for what is no number, as infinity times 0 is none.
func orZero(f float64) float64 {
	if math.IsNaN(f) {
		return 0
	}
	return f
}

// combined is one of the sets that are combined, of either kind; a missing one has no members.
type combined struct {
	elements
	there  bool
	weight float64
}

func (c *combined) size() int {
	if !c.there {
		return 0
	}
	return c.len()
}

// visit visits all elements until visit returns false.
func (c *combined) visit(visit func(element) bool) {
	if c.there {
		c.each(visit)
	}
}

func (c *combined) lookup(member []byte) (e element, ok bool) {
	if !c.there {
		return element{}, false
	}
	return c.find(member)
}

// combination is a union, an intersection or a difference.
type combination struct {
	operation combineOperation
	inputs    []combined
	aggregate aggregate
}

// run returns the members in order. Their bytes are those of the inputs.
func (c *combination) run() []ranked {
	var found []ranked
	switch c.operation {
	case combineUnion:
		found = c.union()
	case combineInter:
		c.intersect(func(member []byte, score float64) bool {
			found = append(found, ranked{member, score})
			return true
		})
	default:
		found = c.difference()
	}
	sortRanked(found)
	return found
}

// smallestFirst sorts the inputs by size: scores are added up in that order, and an intersection takes the time of the first.
func (c *combination) smallestFirst() {
	slices.SortStableFunc(c.inputs, func(a, b combined) int { return cmp.Compare(a.size(), b.size()) })
}

func (c *combination) union() []ranked {
	c.smallestFirst()
	var found []ranked
	at := make(map[string]int)
	for i := range c.inputs {
		input := &c.inputs[i]
		input.visit(func(e element) bool {
			score := orZero(float64(input.weight * e.score()))
			if n, there := at[string(e.name)]; there {
				found[n].score = c.aggregate.of(found[n].score, score)
				return true
			}
			at[string(e.name)] = len(found)
			found = append(found, ranked{e.name, score})
			return true
		})
	}
	return found
}

// intersect visits the members that are in all inputs, until visit returns false.
func (c *combination) intersect(visit func(member []byte, score float64) bool) {
	c.smallestFirst()
	first := &c.inputs[0]
	first.visit(func(e element) bool {
		score := orZero(float64(first.weight * e.score()))
		for i := 1; i < len(c.inputs); i++ {
			input := &c.inputs[i]
			other, there := input.lookup(e.name)
			if !there {
				return true
			}
			score = c.aggregate.of(score, float64(other.score()*input.weight))
		}
		return visit(e.name, score)
	})
}

// difference is what of the first input is in no other.
func (c *combination) difference() (found []ranked) {
	c.inputs[0].visit(func(e element) bool {
		for i := 1; i < len(c.inputs); i++ {
			if _, there := c.inputs[i].lookup(e.name); there {
				return true
			}
		}
		found = append(found, ranked{e.name, e.score()})
		return true
	})
	return found
}
