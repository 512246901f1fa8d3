package statemachine

import "github.com/paxredis/paxredis/statemachine/internal/arena"

// sweepSteps is how many entries each new one, or each that goes stale, pays to look at while more than a share of
// 1/sweepSteps are stale. A sweep over n entries takes n/sweepSteps of those, so while it goes on no more than another
// share of 1/sweepSteps can go stale: never much more than half of the list is.
const sweepSteps = 4

// changes is a list of objects in no particular order. It holds its objects: one that was removed leaves a stale entry, and
// is freed with it at the latest. Entries are swept a few at a time as the list is used: keys that come and
// go keep it from growing, and no single change pays for that.
type changes struct {
	blockList[*Object]
	stale int // how many of the used entries are
	sweep int // where the sweep goes on
}

func newChanges(memory *arena.Arena) changes {
	return changes{blockList: blockList[*Object]{memory: memory}}
}

// step sweeps a few entries on if it is worth it, and tells of each that it takes out. An entry is stale when its object does not have
// the mark.
func (c *changes) step(live marks, unlist func(o *Object, list marks)) {
	if c.stale*sweepSteps <= c.used {
		return
	}
	for range sweepSteps {
		if c.sweep >= c.used {
			c.sweep = 0
			return
		}
		place := c.at(c.sweep)
		if (*place).marks&live != 0 {
			c.sweep++
			continue
		}
		gone := *place
		c.stale--
		*place = *c.at(c.used - 1)
		c.pop()
		unlist(gone, live.listed())
	}
}
