package statemachine

// changesPerBlock is how many objects a block of changes holds.
const changesPerBlock = 512

// sweepSteps is how many entries each new one, or each that goes stale, pays to look at while more than a share of
// 1/sweepSteps are stale. A sweep over n entries takes n/sweepSteps of those, so while it goes on no more than another
// share of 1/sweepSteps can go stale: never much more than half of the list is.
const sweepSteps = 4

// changes is a list of objects in no particular order, in blocks, so that it grows without ever being copied. An object
// that was removed leaves a stale entry, and entries are swept a few at a time as the list is used: keys that come and
// go keep it from growing, and no single change pays for that.
type changes struct {
	blocks [][]*Object
	used   int
	stale  int // how many of the used entries are
	sweep  int // where the sweep goes on
}

func (c *changes) at(i int) **Object { return &c.blocks[i/changesPerBlock][i%changesPerBlock] }

func (c *changes) push(o *Object) {
	if c.used == len(c.blocks)*changesPerBlock {
		c.blocks = append(c.blocks, make([]*Object, changesPerBlock))
	}
	*c.at(c.used) = o
	c.used++
}

// step sweeps a few entries on if it is worth it. An entry is stale when its object does not have the mark.
func (c *changes) step(live marks) {
	if c.stale*sweepSteps <= c.used {
		return
	}
	for range sweepSteps {
		if c.sweep >= c.used {
			c.sweep = 0
			return
		}
		if place := c.at(c.sweep); (*place).marks&live != 0 {
			c.sweep++
		} else {
			c.used--
			c.stale--
			last := c.at(c.used)
			*place = *last
			*last = nil
		}
	}
	c.release()
}

// release gives blocks back, and keeps one to spare.
func (c *changes) release() {
	if most := c.used/changesPerBlock + 2; len(c.blocks) > most {
		last := len(c.blocks) - 1
		c.blocks[last] = nil
		c.blocks = c.blocks[:last]
	}
}
