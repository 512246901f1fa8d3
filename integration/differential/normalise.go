package differential

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Rule is a way in which two replies that differ in bytes are the same nevertheless.
type Rule struct {
	// Name is for the report.
	Name string
	// Applies says for which commands the rule is.
	Applies func(c *Command) bool
	// Same compares two replies to the same call.
	Same func(call []string, ours, theirs Reply) bool
}

// Rules are tried in this order; the first that applies decides. Which of them applies is what the servers say in the command's tips
// (https://redis.io/docs/latest/develop/reference/command-tips/), but for the commands that are stricter than their tips.
func Rules() []Rule {
	return []Rule{
		{"times pass while two servers are asked", named("ttl", "pttl", "expiretime", "pexpiretime", "object|idletime"), sameTime},
		{"moments of two servers' clocks", named("xinfo|stream"), sameMoments},
		{"a whole iteration in any order", named("scan", "hscan", "sscan", "zscan"), sameIteration},
		{"each server's own numbers", named("client|id"), sameShape},
		{"any order", tip("nondeterministic_output_order"), sameInAnyOrder},
		{"chosen by chance", func(c *Command) bool { return tip("nondeterministic_output")(c) && !exactAll(c) }, sameShape},
		{"doubles of the same value", hasDoubles, sameDoubles},
		{"RESP3 maps and sets have no order", func(*Command) bool { return true }, sameUnordered},
	}
}

// exactAll are commands whose tips say that their output is by chance, although it is not where none of their times are.
var exactAll = named("object|encoding", "xadd", "xtrim")

func named(names ...string) func(*Command) bool {
	return func(c *Command) bool { return slices.Contains(names, c.Name) }
}

func tip(name string) func(*Command) bool {
	return func(c *Command) bool { return slices.Contains(c.Tips, name) }
}

// The time that may pass between two servers' runs of the same call. No relative time to live in a sequence is near it.
const (
	slackSeconds      = 20
	slackMilliseconds = slackSeconds * 1000
)

// sameTime compares seconds or milliseconds.
func sameTime(call []string, ours, theirs Reply) bool {
	a, errA := strconv.ParseInt(ours.Text, 10, 64)
	b, errB := strconv.ParseInt(theirs.Text, 10, 64)
	if ours.Kind != ':' || theirs.Kind != ':' || errA != nil || errB != nil || a < 0 || b < 0 {
		return false
	}
	slack := slackSeconds
	if strings.HasPrefix(strings.ToUpper(call[0]), "P") {
		slack = slackMilliseconds
	}
	return math.Abs(float64(a)-float64(b)) <= float64(slack)
}

// sameMoments compares replies whose Unix milliseconds may be as far apart as the servers' runs of the call.
func sameMoments(_ []string, ours, theirs Reply) bool {
	const firstMoment = 1e12 // a number of this size is of the year 2001 at least, and nothing else in a reply
	return alike(canonical(ours), canonical(theirs), func(ours, theirs Reply) bool {
		a, b := moment(ours), moment(theirs)
		return a >= firstMoment && b >= firstMoment && math.Abs(a-b) <= slackMilliseconds
	})
}

// alike compares replies whose texts are equal, or the same by a rule, in all of their elements.
func alike(ours, theirs Reply, same func(ours, theirs Reply) bool) bool {
	return ours.Kind == theirs.Kind && ours.Null == theirs.Null && (ours.Text == theirs.Text || same(ours, theirs)) &&
		slices.EqualFunc(ours.Elements, theirs.Elements, func(a, b Reply) bool { return alike(a, b, same) })
}

// moment is an integer reply, or 0.
func moment(r Reply) float64 {
	if n, err := strconv.ParseInt(r.Text, 10, 64); err == nil && r.Kind == ':' {
		return float64(n)
	}
	return 0
}

// sameIteration compares what a call of the SCAN family found, if both went through everything in it. Cursors are each server's own.
func sameIteration(call []string, ours, theirs Reply) bool {
	a, b := ours.Elements, theirs.Elements
	if len(a) != 2 || len(b) != 2 || a[0].Kind != b[0].Kind || a[1].Kind != b[1].Kind {
		return false
	}
	from := call[1]
	if !strings.EqualFold(call[0], "SCAN") {
		from = call[2] // behind the key
	}
	if from != "0" || a[0].Text != "0" || b[0].Text != "0" {
		return true
	}
	return sameInAnyOrder(nil, withShortDoubles(a[1]), withShortDoubles(b[1]))
}

// hasDoubles reports whether the command replies with doubles that Redis 7.0 writes otherwise.
func hasDoubles(c *Command) bool { return c.Group == "sorted-set" || c.Group == "geo" }

// nearly reports whether two replies are the same but for the last digits of doubles.
func nearly(ours, theirs Reply) bool {
	const digits = 1e-15
	return alike(ours, theirs, func(ours, theirs Reply) bool {
		f, errF := strconv.ParseFloat(ours.Text, 64)
		g, errG := strconv.ParseFloat(theirs.Text, 64)
		return errF == nil && errG == nil && math.Abs(f-g) <= digits*math.Abs(g)
	})
}

// sameDoubles compares replies whose doubles may have other digits: from 7.2 on they are the fewest that read back as the same number.
func sameDoubles(_ []string, ours, theirs Reply) bool {
	return sameUnordered(nil, withShortDoubles(ours), withShortDoubles(theirs))
}

// withShortDoubles writes the numbers in a reply in one way.
func withShortDoubles(r Reply) Reply {
	elements := make([]Reply, len(r.Elements))
	for i, e := range r.Elements {
		elements[i] = withShortDoubles(e)
	}
	r.Elements = elements
	if f, err := strconv.ParseFloat(r.Text, 64); err == nil && (r.Kind == '$' || r.Kind == ',') {
		r.Text = strconv.FormatFloat(f, 'g', -1, 64)
	}
	return r
}

// sameInAnyOrder compares aggregates as bags.
func sameInAnyOrder(_ []string, ours, theirs Reply) bool {
	if ours.Kind == '%' || !ours.isAggregate() {
		return sameUnordered(nil, ours, theirs)
	}
	return ours.Kind == theirs.Kind && ours.Null == theirs.Null && slices.Equal(bag(ours.Elements), bag(theirs.Elements))
}

func bag(elements []Reply) []string {
	found := make([]string, len(elements))
	for i, e := range elements {
		found[i] = canonical(e).String()
	}
	slices.Sort(found)
	return found
}

// sameShape compares the types alone: a null with a null, an aggregate with one of as many elements.
func sameShape(_ []string, ours, theirs Reply) bool {
	return ours.Kind == theirs.Kind && ours.Null == theirs.Null && !ours.IsError() && len(ours.Elements) == len(theirs.Elements)
}

// sameUnordered compares replies whose maps and sets are in any order.
func sameUnordered(_ []string, ours, theirs Reply) bool {
	return canonical(ours).equal(canonical(theirs))
}

// canonical sorts the maps and sets in a reply.
func canonical(r Reply) Reply {
	elements := make([]Reply, len(r.Elements))
	for i, e := range r.Elements {
		elements[i] = canonical(e)
	}
	r.Elements = elements
	switch r.Kind {
	case '~':
		slices.SortFunc(r.Elements, byText)
	case '%':
		pairs := slices.Collect(slices.Chunk(r.Elements, 2))
		slices.SortFunc(pairs, func(a, b []Reply) int { return byText(a[0], b[0]) })
		r.Elements = slices.Concat(pairs...)
	}
	return r
}

func byText(a, b Reply) int { return cmp.Compare(a.String(), b.String()) }

// equal compares everything.
func (r Reply) equal(other Reply) bool {
	return r.Kind == other.Kind && r.Null == other.Null && r.Text == other.Text && slices.EqualFunc(r.Elements, other.Elements, Reply.equal)
}
