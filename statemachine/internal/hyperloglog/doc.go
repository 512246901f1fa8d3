// Package hyperloglog is Redis's HyperLogLog: a string that estimates how many different elements it has been given,
// with a standard error of 0.81 %. The bytes are Redis's own, so that a value may come from a Redis server and go to
// one; a table of what stands where is in the documentation of PFCOUNT
// (https://redis.io/docs/latest/commands/pfcount/) and in the comments here. It works on bytes alone, keeps no state, and
// is the same on every node and processor.
//
// A value is a head of 16 bytes and 16384 registers of 6 bits:
//
//	"HYLL" encoding:1 unused:3 cached estimate:8 little-endian, its highest bit set where it does not hold
//
// The dense encoding has the registers one behind the other in 12288 bytes, the first one in the low bits of the first
// byte. The sparse one has runs, each of a byte or two:
//
//	00llllll           1 to 64 registers that are 0
//	01llllll llllllll  1 to 16384 registers that are 0
//	1vvvvvll           1 to 4 registers that are v+1
//
// A value starts sparse, and becomes dense once it would be longer than SparseMaxBytes or a register is above 32.
//
// An estimate reads the cached one if that holds. It never writes it: PFCOUNT is a read, and takes no slot of the log. Whatever
// changes a register marks the cache as not holding, so a value is, byte for byte, what redis-server has before its first PFCOUNT.
package hyperloglog
