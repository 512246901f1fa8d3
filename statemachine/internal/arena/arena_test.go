package arena

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

func TestClassesGoUpInSmallSteps(t *testing.T) {
	if classes > int(Large) {
		t.Fatalf("%d classes do not fit in front of Large", classes)
	}
	for size := 0; size <= MaxSmall; size++ {
		c := ClassOf(size)
		switch {
		case int(c) >= classes:
			t.Fatalf("%d bytes are of class %d of %d", size, c, classes)
		case c.Size() < size:
			t.Fatalf("%d bytes are of a class of %d", size, c.Size())
		case c > 0 && (c-1).Size() >= max(size, 1):
			t.Fatalf("%d bytes are of a class of %d, and the one before has %d", size, c.Size(), (c - 1).Size())
		case size > fineMost && c.Size()-size > size/steps:
			t.Fatalf("%d bytes of %d are left over", c.Size()-size, c.Size())
		case c.Size()%fineStep != 0:
			t.Fatalf("blocks of %d bytes are not aligned", c.Size())
		}
	}
	if c := ClassOf(MaxSmall + 1); c != Large {
		t.Fatalf("more than MaxSmall is of class %d", c)
	}
	if size := Class(classes - 1).Size(); size != MaxSmall {
		t.Fatalf("the last class has %d bytes, not %d", size, MaxSmall)
	}
}

// block is one that a test has taken, and what it has written to it.
type block struct {
	p     unsafe.Pointer
	class Class
	bytes []byte
	fill  byte
}

func take(t *testing.T, a *Arena, size int, fill byte) block {
	t.Helper()
	p, c := a.Alloc(size)
	if uintptr(p)%fineStep != 0 || a.Capacity(p, c) < size {
		t.Fatalf("a block for %d bytes at %x has room for %d", size, p, a.Capacity(p, c))
	}
	b := block{p: p, class: c, bytes: unsafe.Slice((*byte)(p), a.Capacity(p, c)), fill: fill}
	for i := range b.bytes {
		b.bytes[i] = fill
	}
	return b
}

func (b *block) check(t *testing.T) {
	t.Helper()
	for i, c := range b.bytes {
		if c != b.fill {
			t.Fatalf("byte %d of a block of %d has changed", i, len(b.bytes))
		}
	}
}

// TestBlocksKeepWhatIsWrittenToThem: no two blocks share a byte, through any order of taking and freeing, and what is counted is what there is.
func TestBlocksKeepWhatIsWrittenToThem(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	h := NewHeap()
	defer h.Close()
	a := h.New()
	var blocks []block
	for i := range 6000 {
		if growing := i/1000%2 == 0; len(blocks) == 0 || rng.IntN(10) < 3 == !growing {
			size := rng.IntN(300)
			switch rng.IntN(50) {
			case 0:
				size = rng.IntN(3 * MaxSmall)
			case 1:
				size = slabSize - headRoom - rng.IntN(3)
			}
			blocks = append(blocks, take(t, a, size, byte(i)))
			continue
		}
		at := rng.IntN(len(blocks))
		blocks[at].check(t)
		a.Free(blocks[at].p, blocks[at].class)
		blocks[at] = blocks[len(blocks)-1]
		blocks = blocks[:len(blocks)-1]
	}
	inUse := 0
	for _, b := range blocks {
		b.check(t)
		if inUse += b.class.Size(); b.class == Large {
			inUse += len(b.bytes) + headRoom
		}
	}
	if u := h.Usage(); u.InUse != inUse || a.InUse() != inUse || u.Mapped < inUse {
		t.Fatalf("%d bytes are in use, and %+v is counted, %d in the arena", inUse, u, a.InUse())
	}
	for _, b := range blocks {
		a.Free(b.p, b.class)
	}
	if u := h.Usage(); u.InUse != 0 {
		t.Fatalf("%d bytes are in use when all have been freed", u.InUse)
	}
}

func TestAFreedBlockIsTheNextOfItsClass(t *testing.T) {
	h := NewHeap()
	defer h.Close()
	a := h.New()
	first := take(t, a, 100, 1)
	take(t, a, 100, 2)
	a.Free(first.p, first.class)
	if again := take(t, a, 97, 3); again.p != first.p {
		t.Fatal("the freed block was not taken")
	}
}

// TestMemoryGoesBackToTheKernel: a slab when its last block is freed, a large block at once, an arena as a whole when it is reclaimed.
func TestMemoryGoesBackToTheKernel(t *testing.T) {
	h := NewHeap()
	defer h.Close()
	a := h.New()
	var blocks []block
	for range 5 * slabSize / 1024 {
		blocks = append(blocks, take(t, a, 1024, 1))
	}
	full := h.Usage().Mapped
	large := take(t, a, 10*MaxSmall, 2)
	if mapped := h.Usage().Mapped - full; mapped < 10*MaxSmall || mapped > 10*MaxSmall+2*pageSize {
		t.Fatalf("%d bytes were mapped for a block of %d", mapped, 10*MaxSmall)
	}
	a.Free(large.p, large.class)
	if mapped := h.Usage().Mapped; mapped != full {
		t.Fatalf("%d bytes are mapped, not %d, when the large block is freed", mapped, full)
	}
	for _, b := range blocks {
		a.Free(b.p, b.class)
	}
	if mapped := h.Usage().Mapped; mapped != mostSpare*slabSize {
		t.Fatalf("%d bytes are mapped when all blocks are freed: %d slabs may be", mapped, mostSpare)
	}

	for range 3 * slabSize / 1024 {
		take(t, a, 1024, 1)
	}
	other := h.New()
	kept := take(t, other, 1024, 4)
	a.Drop()
	if u := h.Usage(); u.InUse != 1024 || u.Mapped != 5*slabSize && u.Mapped != 4*slabSize {
		t.Fatalf("%+v are in use when the arena is dropped", u)
	}
	calls := 1
	for h.Reclaim(1) {
		calls++
	}
	if u := h.Usage(); u.InUse != 1024 || u.Mapped != slabSize || calls < 3 {
		t.Fatalf("%+v are in use when the dropped arena has been given back in %d bites", u, calls)
	}
	kept.check(t)
}

// TestASlabThatIsEmptyServesAnotherClass: what goes through all classes, as a collection does that grows, leaves none of them a slab of its own.
func TestASlabThatIsEmptyServesAnotherClass(t *testing.T) {
	h := NewHeap()
	defer h.Close()
	a := h.New()
	kept := take(t, a, 8, 1)
	for size := 16; size <= MaxSmall; size += 1 + size/16 {
		b := take(t, a, size, byte(size))
		b.check(t)
		a.Free(b.p, b.class)
		if u := h.Usage(); u.Mapped > (1+mostSpare)*slabSize {
			t.Fatalf("%d bytes are mapped for %d in use, after a block of %d", u.Mapped, u.InUse, size)
		}
	}
	kept.check(t)
}

func TestZeroedBlocksAreZero(t *testing.T) {
	h := NewHeap()
	defer h.Close()
	a := h.New()
	for _, size := range []int{1, 8, 1000, MaxSmall, 2 * MaxSmall} {
		used := take(t, a, size, 7)
		a.Free(used.p, used.class)
		p, _ := a.AllocZeroed(size)
		for i, b := range unsafe.Slice((*byte)(p), size) {
			if b != 0 {
				t.Fatalf("byte %d of %d is %x", i, size, b)
			}
		}
	}
}

// TestMisuseOfFreedBlocksIsFound: in race builds, which is what tests run with.
func TestMisuseOfFreedBlocksIsFound(t *testing.T) {
	if !checked {
		t.Skip("only race builds look for misuse")
	}
	for name, misuse := range map[string]func(a *Arena, b block){
		"freed twice":      func(a *Arena, b block) { a.Free(b.p, b.class) },
		"written to again": func(a *Arena, b block) { b.bytes[20] = 1; a.Alloc(100) },
	} {
		h := NewHeap()
		a := h.New()
		b := take(t, a, 100, 1)
		a.Free(b.p, b.class)
		if b.bytes[50] != Poison {
			t.Errorf("%s: a freed block can still be read", name)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: nothing was noticed", name)
				}
			}()
			misuse(a, b)
		}()
		h.Close()
	}
}

func BenchmarkAllocFree(b *testing.B) {
	h := NewHeap()
	defer h.Close()
	a := h.New()
	for b.Loop() {
		p, c := a.Alloc(144)
		a.Free(p, c)
	}
}

// TestSlabsThatAreMappedTogetherAreAllUsed: from some size on slabs come several at a time, and each of them is counted, used before
// more are mapped, and given back by itself.
func TestSlabsThatAreMappedTogetherAreAllUsed(t *testing.T) {
	h := NewHeap()
	defer h.Close()
	a := h.New()
	var blocks []block
	for a.pages.bytes < hugeFrom+3*slabsAtOnce*slabSize {
		blocks = append(blocks, take(t, a, 1000, 1))
		if slabs := uintptr(len(blocks)*blocks[0].class.Size())/slabSize + slabsAtOnce + 1; a.pages.bytes > slabs*slabSize {
			t.Fatalf("%d bytes are mapped for %d blocks", a.pages.bytes, len(blocks))
		}
	}
	other := take(t, a, 100, 2) // of another class, and a slab that was mapped already
	if len(a.spare) == slabsAtOnce {
		t.Fatal("a slab was mapped though one was spare")
	}
	for _, b := range blocks {
		b.check(t)
		a.Free(b.p, b.class)
	}
	other.check(t)
	if most := uintptr(2+slabsAtOnce) * slabSize; a.pages.bytes > most {
		t.Fatalf("%d bytes are mapped when all but one block are freed", a.pages.bytes)
	}
	a.Drop()
	for h.Reclaim(1) {
	}
	if u := h.Usage(); u.Mapped != 0 {
		t.Fatalf("%d bytes are mapped when the arena is gone", u.Mapped)
	}
}
