package statemachine

import (
	"iter"
	"math"
	"unsafe"

	"github.com/paxredis/paxredis/statemachine/internal/arena"
)

// memoryCommands are the part of MEMORY that looks at keys. The connection layer adds what is about the process.
var memoryCommands = []Command{
	{Name: "USAGE", Arity: -3, Flags: ReadOnly, Keys: objectKey, Group: groupServer, Since: "4.0.0",
		Complexity: "O(N) where N is the number of samples.",
		Summary:    "Estimates the memory usage of a key.", Syntax: "key [SAMPLES count]", Run: memoryUsage},
}

const (
	// bucketBytes is what an object takes of its dictionary, which has about as many buckets as objects.
	bucketBytes = int(unsafe.Sizeof((*Object)(nil)))
	// deadlineBytes is what its deadline takes, if it has one.
	deadlineBytes = int(unsafe.Sizeof(deadline{}))
	// indexBytes is what a part takes of its collection's index: a pointer, and about as much of the tree or list that it is in.
	indexBytes = 2 * bucketBytes
)

// memory is what the object takes, in bytes, with its data and its place in a dictionary.
func (o *Object) memory(a *arena.Arena) int {
	size := o.own.Size() + bucketBytes
	if o.class != within {
		size += a.Capacity(o.data, o.class)
	}
	return size
}

// memory estimates what a key takes, in bytes: its object, its deadline, and the parts of its value if it is in parts, with a sorted set's ranking.
// At most samples parts are looked at, and the rest are taken to be like them; 0: all are.
func (db *database) memory(o *Object, samples int) int {
	total := o.memory(db.keys.memory)
	if o.deadline != 0 {
		total += deadlineBytes
	}
	if !o.inParts() {
		return total
	}
	return total + db.memoryOfIndex(db.indexes[o.partsID()], samples)
}

// memoryOfIndex estimates what the parts of a collection take, in bytes, with their places in its index, and a sorted set's ranking.
func (db *database) memoryOfIndex(x index, samples int) int {
	total := db.memoryOfParts(x.all(), x.count(), samples)
	if z, ok := x.(*rankedIndex); ok {
		total += db.memoryOfParts(z.ranking.tree.all(), z.ranking.tree.parts, samples)
	}
	return total
}

// memoryOfParts estimates what so many objects beside the parts of the database take, in bytes, with their places in an index.
func (db *database) memoryOfParts(parts iter.Seq[*Object], count, samples int) int {
	looked, sum := 0, 0
	for part := range parts {
		sum += part.memory(db.parts.memory) + indexBytes
		if looked++; looked == samples {
			break
		}
	}
	if looked == 0 {
		return 0
	}
	return int(int64(sum) * int64(count) / int64(looked))
}

// memoryUsage: MEMORY USAGE key [SAMPLES count]. It is this node's own figure: others may have room in other places.
func memoryUsage(tx *Tx, args Args, reply Reply) {
	samples := int64(5)
	for i := 3; i < len(args); i += 2 {
		if !is(args[i], "SAMPLES") || i+1 == len(args) {
			reply.Error(errSyntax)
			return
		}
		n, ok := intArg(args[i+1], reply)
		if !ok {
			return
		}
		if n < 0 {
			reply.Error(errSyntax)
			return
		}
		samples = n
	}
	o := tx.peek(args[2])
	if o == nil {
		reply.Null()
		return
	}
	reply.Int(int64(tx.database().memory(o, int(min(samples, math.MaxInt32)))))
}
