// Package arena is memory outside Go's heap, for what there are millions of: the garbage collector neither scans nor counts it, and
// whoever takes a block gives it back.
//
// A Heap is all memory of one owner, such as a keyspace. An Arena is the part of it that can be given back as a whole, in a time that
// depends on the number of its mappings and not of its blocks.
//
//   - Blocks of up to MaxSmall bytes come in size classes, at most an eighth apart, and lie in slabs of one class each. A freed block is
//     the next to be taken of its class. Slabs without blocks go back to the kernel, but for a few, which the next class takes that needs one.
//   - Larger blocks are mapped and unmapped each by itself.
//   - Arena.Drop gives up all blocks at once. Heap.Reclaim hands their memory to the kernel, bite by bite, beside other work.
//
// # Pointers
//
// Blocks hold no pointers to Go's heap, since the collector would not see them; pointers to blocks may be anywhere. A pointer must never be
// stored over bytes that were none: while the collector marks, a store tells it of the value that was there before, and bytes that a client
// chose could look like a pointer to a part of Go's heap that is free, which ends the process. So what has pointers is made by New and MakeSlice, whose
// bytes are zero.
//
// A Heap and its arenas are guarded by the owner's lock: one goroutine at a time takes and frees blocks. Reclaim alone is safe beside
// everything.
//
// # Race builds
//
// The race detector sees Go's heap only. So with -race slabs are made there, as bytes without pointers, and checks are on: a freed block is filled
// with Poison; taking a block that has been written to since it was freed panics, and so does freeing one twice.
package arena
