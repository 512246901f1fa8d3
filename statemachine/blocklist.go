package statemachine

import "github.com/paxredis/paxredis/statemachine/internal/arena"

// perBlock is how many items a block of a list holds.
const perBlock = 256

// blockList is a list outside Go's heap. It grows and shrinks by blocks, without ever being copied.
type blockList[T any] struct {
	memory *arena.Arena
	blocks []*[perBlock]T
	used   int
}

func (b *blockList[T]) at(i int) *T { return &b.blocks[i/perBlock][i%perBlock] }

func (b *blockList[T]) push(item T) {
	if b.used == len(b.blocks)*perBlock {
		b.blocks = append(b.blocks, arena.New[[perBlock]T](b.memory))
	}
	*b.at(b.used) = item
	b.used++
}

// pop takes the last item out.
func (b *blockList[T]) pop() (item T) {
	b.used--
	last := b.at(b.used)
	item = *last
	*last = *new(T)
	if len(b.blocks) > b.used/perBlock+2 { // one is to spare
		b.free(len(b.blocks) - 1)
		b.blocks = b.blocks[:len(b.blocks)-1]
	}
	return item
}

// free gives a block back, of which no item may be used any more.
func (b *blockList[T]) free(i int) {
	if b.blocks[i] != nil {
		arena.FreeSlice(b.memory, b.blocks[i][:])
		b.blocks[i] = nil
	}
}

// freeAll gives all blocks back.
func (b *blockList[T]) freeAll() {
	for i := range b.blocks {
		b.free(i)
	}
	b.blocks, b.used = nil, 0
}
