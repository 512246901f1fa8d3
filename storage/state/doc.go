// Package state keeps the checkpoints of the keyspace: in Badger, in managed mode, so that one checkpoint after another
// is written as a difference while the ones before stay readable.
//
// # Generations
//
//	state/7/          a Badger database: a generation
//	state/receiving   which generation a reception fills, of which checkpoint, up to which cursor
//
// The journal's newest publish frame says which generation holds the newest checkpoint; all other directories are left-overs
// and are removed at Open, but for the one of a reception that can be resumed. A new generation is begun by the first checkpoint,
// by a reception, and when the current one holds too much that nobody can read any more: what is live is copied then, and verified
// in its new place before the journal names it. So the space on disk is bounded by the live data without help from
// Badger's compactions, which leave alone what is at the bottom level.
//
// # Keys
//
//	'r' space8 length2 key            the first piece of a record
//	'r' space8 length2 key piece4     its pieces from 1 on
//	'r' space8 0xffff  hash32 [piece4]  the same for a key longer than 60,000 bytes, by its SHA-256
//	'c' slot8                         the attempt that published the checkpoint of slot, 8 bytes: newest 1000
//	'u'                               the newest undo (see below)
//
// All numbers are big-endian. The length before the key keeps the pieces of a record next to each other, whatever other keys there are.
//
// # Values
//
// The user meta byte of Badger says what a piece is: bit 0, more pieces follow; bit 1, it is not the first; bit 2, the record was
// deleted. The value begins with CRC32C of key, meta byte and the rest, 4 bytes, so that what a compaction or the disk mixed up is known
// before it is used. In the first piece, if more follow or the key is hashed, come the length of the hashed key (0 if it
// is not) and of the whole content, as uvarints. The content is the value, after the key if that is hashed, in pieces of 64 KiB.
//
// # Timestamps
//
// A version is not a slot but the number of the attempt to write a checkpoint. An attempt that did not get published (a crash, an
// error) leaves versions behind that a later checkpoint must not see, at whichever slot that is: so before anything else is
// written, each record it touched gets the value of the newest published checkpoint back, under a higher number (undo).
//
// # Encryption
//
// With a key (Options.Key) each generation has a KEYREGISTRY of Badger's, made with the generation, with one key, that tables, the logs of memtables
// and the value log are encrypted with by AES-CTR. All checksums are of what was before the encryption, but for those of indexes of tables. state/receiving is
// sealed as a whole: the cursor is a key.
//
// # Durability
//
// Badger syncs each batch (SyncWrites); its directory is synced before a checkpoint is published. What a checkpoint wrote is read
// back and compared by count and sum. Loading one compares all of it.
package state
