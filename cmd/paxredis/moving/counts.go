package moving

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

// Databases is how many databases a cluster has.
const Databases = 16

// Place is where keys are counted: a database, and a type as TYPE replies it.
type Place struct {
	DB   int
	Type string
}

// Counts are numbers of keys.
type Counts map[Place]int

// Total is all of them.
func (c Counts) Total() (n int) {
	for _, count := range c {
		n += count
	}
	return n
}

// places are those of several counts, in order.
func places(all ...Counts) []Place {
	seen := map[Place]bool{}
	for _, c := range all {
		for p := range c {
			seen[p] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.DB, b.DB), cmp.Compare(slices.Index(rdb.TypeNames, a.Type), slices.Index(rdb.TypeNames, b.Type)))
	})
}

// String is a line for each database.
func (c Counts) String() string {
	var b strings.Builder
	db := -1
	for _, p := range places(c) {
		if p.DB != db {
			if db != -1 {
				b.WriteByte('\n')
			}
			db = p.DB
			fmt.Fprintf(&b, "  db%d:", db)
		}
		fmt.Fprintf(&b, "  %s %d", p.Type, c[p])
	}
	return b.String()
}

// noteDeadlines is how far ahead deadlines are kept apart: an import takes less, and what a second of it holds takes some bytes.
const noteDeadlines = 24 * time.Hour

// due counts keys by the second in which they end.
type due map[Place]map[int64]int

// note counts a key that ends at a time in Unix milliseconds, as seen at another.
func (d due) note(p Place, at, now int64) {
	if at-now > noteDeadlines.Milliseconds() {
		return
	}
	if d[p] == nil {
		d[p] = map[int64]int{}
	}
	d[p][at/1000]++
}

// between returns how many keys have surely ended before one time, and how many may have before another, both in Unix milliseconds.
func (d due) between(p Place, from, to int64) (surely, perhaps int) {
	for second, n := range d[p] {
		if second < from/1000-1 {
			surely += n
		}
		if second <= to/1000+1 { // clocks of two machines differ, as far as they are well kept, by less
			perhaps += n
		}
	}
	return surely, perhaps
}

// compare returns what differs between the keys that were written and those that were found between two times in Unix milliseconds.
func (d due) compare(written, found Counts, from, to int64) error {
	var lines []string
	for _, p := range places(written, found) {
		surely, perhaps := d.between(p, from, to)
		if n := found[p]; n > written[p]-surely || n < written[p]-perhaps {
			lines = append(lines, fmt.Sprintf("db%d %s: %d were written, of which %d to %d have ended since, and %d are there", p.DB, p.Type, written[p], surely, perhaps, n))
		}
	}
	if len(lines) > 0 {
		return fmt.Errorf("%w:\n  %s", ErrDifferent, strings.Join(lines, "\n  "))
	}
	return nil
}
