package statemachine

import (
	"fmt"
	"unsafe"
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
	// lruClockMask is what Redis's clock of accesses, in seconds, has room for.
	lruClockMask = 1<<24 - 1
)

// memory estimates what a key takes, in bytes, with its value and its places in the dictionary and among the deadlines. Of a value that has
// elements at most samples are looked at, and the rest is taken to be like them; 0: all are.
func (o *Object) memory(samples int) int {
	n := int(unsafe.Sizeof(*o)) + bucketBytes + o.valueMemory(samples)
	if o.deadline != 0 {
		n += deadlineBytes
	}
	return n
}

// valueMemory is what the object's value takes besides the object, the key's bytes included.
func (o *Object) valueMemory(int) int { return cap(o.buf) }

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
	reply.Int(int64(o.memory(int(samples))))
}

// debugObject: DEBUG OBJECT key. Addresses are nobody's business; serializedlength is that of the key's record in a checkpoint.
func debugObject(tx *Tx, args Args, reply Reply) {
	o := tx.peek(args[2])
	if o == nil {
		reply.Error(errNoKey)
		return
	}
	access := int64(o.access.Load())
	length := len(appendRecordHead(nil, &tx.database().keys.times, o)) + len(o.str())
	reply.Status(fmt.Sprintf("Value at:0x0 refcount:1 encoding:%s serializedlength:%d lru:%d lru_seconds_idle:%d",
		o.encoding(), length, access&lruClockMask, max(0, tx.now/1000-access)))
}
