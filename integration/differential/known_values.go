package differential

import (
	"slices"
	"strconv"
	"strings"
)

// valueDifferences are those of the types of values, but for streams and sorted sets.
func valueDifferences() []Known {
	return []Known{
		{Name: "lists in one listpack", Since: of72, Reason: "small lists are listpacks from 7.2 on", Matches: func(d *Difference) bool {
			return d.command("object|encoding") && d.Ours.Text == "listpack" && d.Theirs.Text == "quicklist"
		}},
		{Name: "RANK without an opposite", Since: of72, Reason: "LPOS refuses the least integer from 7.2 on", Matches: func(d *Difference) bool {
			return d.command("lpos") && strings.HasPrefix(d.Ours.Text, "ERR value is out of range, value must between -9223372036854775807")
		}},
		{Name: "a time-out without end", Since: of72, Reason: "infinity is out of range from 7.2 on; before it is negative", Matches: func(d *Difference) bool {
			return d.Ours.Text == "ERR timeout is out of range" && d.Theirs.Text == "ERR timeout is negative"
		}},
		{Name: "a time-out beyond all time", Since: of72, Diverges: true, Reason: "its end is looked at from 7.2 on; before, it may lie behind", Matches: func(d *Difference) bool {
			return d.Ours.Text == "ERR timeout is out of range" && !d.Theirs.IsError()
		}},
		{Name: "arguments of BITCOUNT and BITPOS", Since: of72, Reason: "they are read before the key is looked for from 7.2 on", Matches: func(d *Difference) bool {
			return d.command("bitcount", "bitpos") && d.Ours.IsError() && (d.Theirs.Kind == ':' || strings.HasPrefix(d.Theirs.Text, "WRONGTYPE "))
		}},
		{Name: "estimates in HyperLogLogs", Reason: "redis-server's PFCOUNT writes its estimate into the value; here it is a read",
			Matches: func(d *Difference) bool {
				return d.follows("pfcount") && d.Command != nil && !d.Command.writesByChance()
			},
			Confirmed: func(_, theirs runner, d *Difference) bool { return sameWithout("pfcount", theirs, d) }},
		{Name: "sets in listpacks", Since: of72, Reason: "from 7.2 on a small set is kept in a listpack, and 7.0 has hash tables, or intsets where a set has been made anew",
			Matches: func(d *Difference) bool {
				return d.command("object|encoding") && d.Ours.Text == "listpack" && (d.Theirs.Text == "hashtable" || d.Theirs.Text == "intset")
			},
			Confirmed: func(_, theirs runner, d *Difference) bool { return typeAfter(theirs, d, d.Call[2]) != "hash" }},
		{Name: "idle for more than 194 days", Reason: "redis-server counts seconds in 24 bits, which RESTORE's IDLETIME can go beyond", Matches: func(d *Difference) bool {
			idle, err := strconv.Atoi(d.Ours.Text)
			return d.command("object|idletime") && d.Theirs.Kind == ':' && err == nil && idle >= 1<<24
		}},
		{Name: "sets that SORT does not sort", Reason: "BY a pattern without * leaves a set in its order, which is each server's own", Matches: func(d *Difference) bool {
			return d.command("sort", "sort_ro") && d.mentions("BY") &&
				(sameElements(d.Ours, d.Theirs) || hasWord(d.Call, "LIMIT") && len(d.Ours.Elements) > 0 && len(d.Ours.Elements) == len(d.Theirs.Elements))
		}},
		{Name: "refused writes", Reason: "a write that is refused is no access to its key here", Matches: func(d *Difference) bool {
			ours, err := strconv.Atoi(d.Ours.Text)
			theirs, err2 := strconv.Atoi(d.Theirs.Text)
			return d.command("object|idletime") && len(d.Call) > 2 && err == nil && err2 == nil && ours > theirs && d.isCalledAfter("restore", d.Call[2])
		}},
	}
}

// sameElements reports whether two arrays have the same elements in any order.
func sameElements(ours, theirs Reply) bool {
	a, b := texts(ours), texts(theirs)
	slices.Sort(a)
	slices.Sort(b)
	return len(a) > 0 && slices.Equal(a, b)
}

// sortedSetDifferences are those of sorted sets and places.
func sortedSetDifferences() []Known {
	return []Known{
		{Name: "the last digit of a stored distance", Reason: "the sines of C's library are not always rounded to the nearest double",
			Matches: func(d *Difference) bool {
				return d.Command != nil && hasDoubles(d.Command) && d.mentions("STOREDIST") && nearly(withShortDoubles(d.Ours), withShortDoubles(d.Theirs))
			}},
		{Name: "WITHSCORE", Since: of72, Reason: "ZRANK and ZREVRANK take it from 7.2 on", Matches: func(d *Difference) bool {
			return d.command("zrank", "zrevrank") && !d.Ours.isQueued() && isWrongNumber(d.Theirs)
		}},
		{Name: "sorted sets that were sorted", Reason: "redis-server's SORT gives up the compact encoding of a sorted set; here to sort is no change", Matches: func(d *Difference) bool {
			return d.command("object|encoding") && d.Ours.Text == "listpack" && d.Theirs.Text == "skiplist" && (d.follows("sort") || d.follows("sort_ro"))
		}},
	}
}
