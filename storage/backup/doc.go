// Package backup is the format of backups, and how they become data directories again.
//
// A backup is the checkpoint of one slot (a full backup), or what changed between two (an incremental one). A full backup and
// the incremental ones that follow it, each since the slot of the one before, are a chain.
//
// # The file
//
//	"PAXREDIS BACKUP\n" | format (4 bytes) | frames
//
//	frame: kind (1 byte) | length of the payload (4 bytes) | payload | CRC-32C of all that (4 bytes)
//
//	header   which cluster, when, since which slot, and the checkpoint's head: slot, count, sum and all that is no record
//	part     a run of records, compressed, as package storage/state makes it; any number of them
//	totals   how many records, and their sum
//	seal     SHA-256 of the file up to this frame; nothing follows it
//
// Numbers are big-endian. Payloads are protobuf (internal/format), but for the seal. A file is written from its first byte to
// its last, to a pipe as well as to a disk, and one that is cut short has no seal. Parts are the same on every node but for where
// they begin and end, so a backup begun at one node can be continued at another.
//
// # What is checked
//
// Reader checks everything that a file by itself can tell: each frame as it comes, each record of each part, the totals, and for
// a full backup count and sum of its head. That a chain makes the state that its last head describes is seen when it is put
// together in a data directory (Load), which is what Verify does in a temporary one.
//
// # Restoring
//
// Restore builds a data directory in restore.tmp inside the one asked for, and moves it in place as a whole, the identity last:
// until then no server starts in it.
package backup
