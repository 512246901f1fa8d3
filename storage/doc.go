// Package storage keeps what a node must not forget: its identity, and its acceptor's promises and records.
//
// # The data directory
//
//	LOCK        locked by the process that uses the directory; holds its pid
//	identity    who the node is: format, cluster UUID, node id, node UUID, boots so far, the UUIDs of the peers it met, the
//	            configuration it began with
//	journal/    promises and accepted records, and which checkpoint is the newest: see package journal
//	state/      checkpoints of the keyspace: see package state
//
// Nothing else belongs there. The identity is replaced as a whole (written aside, synced, renamed, directory synced) and
// carries a checksum. It is written before the journal is made, and says when that is done, so that a journal without
// identity, and an identity without journal, are both known to be losses and refused.
//
// # Encryption
//
// A directory that was made with a data key (Options.DataKeys) has a random key of its own, which lies in the identity, wrapped with the
// operator's. From it are derived:
//
//	journal payloads    of all records, each sealed with its slot, ballot and kind (sealer.go); what the journal says of checkpoints, sealed
//	checkpoints         a key for each generation, which Badger encrypts its own keys with, and they all that is in tables and logs; and the
//	                    file that tells of a reception
//
// In clear text are: the identity but for the key, the names and sizes of files, slots, ballots, kinds and sizes of records.
//
// # Recovery
//
// After Recover there are also journal.before-recovery and identity.before-recovery: what the survivor was before. They are never
// read again. As long as the recovered node was not started they can be put back by hand.
//
// # Boots
//
// Each Open raises the boot number, first in the identity and then in the journal's frontier, both durably, before it returns. So
// the two may differ by one and never by more: a journal, or an identity, put back from a copy of an earlier boot is
// refused. A copy of the whole directory agrees with itself; only peers can know better, by the boot number they met.
//
// # Errors
//
// Damage is a *Corrupt error (rule D3), and nothing is changed on disk. A failed write or sync is final (rule D2): the Store
// returns the same error from then on, and the process must exit. A checkpoint is another matter: one that is damaged is known again from a
// peer, and Open says nothing of it; reading it does, with a *state.Damaged. All errors name the file and what to do.
package storage
