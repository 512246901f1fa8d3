// Package peer carries messages between the nodes of a cluster, over one encrypted and authenticated TCP connection
// for each pair of nodes. It fits replication.Transport by shape and knows of the protocol only its message types.
//
// # One connection a pair
//
// The node of the higher id dials; both ends send and receive on the connection. So "the link is up" is one fact with
// one owner, there are no duels between two dials, acknowledgements ride on answers, and a link that works in one
// direction only counts as down, which is what the protocol needs of it: what TCP cannot acknowledge, it does not
// deliver for long, and each end gives a link up that brings it nothing, not even pings, for Limits.IdleTimeout. The
// price is that a node waits to be dialled by those of higher ids after a restart; that takes at most
// Limits.BackoffMax, since a dial that is refused at once costs nothing.
//
// It is the higher id because ids only grow (rule M2): a node that was just added has the highest, and knows all
// members, while those that lag behind the log do not know it yet. They can be dialled, and could not dial.
//
// # Members and guests
//
// SetMembers says which configuration is active. Links to new members are made, those to nodes it does not name write
// what is queued and end. A node of an unknown id is let in if it works with a newer configuration than this node:
// this one lags, and such a guest is maybe the only one left to learn from. It stays as long as it has a link, and until
// a configuration as new as its own decides: it becomes a member like others, or is dismissed. Everybody else is refused.
// The refusal, or the End, of a node that was a member says so, with the slot of the configuration; if that is newer
// than the one the refused node knows, Config.Refused is told. A member that should dial and does not is asked why
// (Limits.InquiryInterval), so that a node that was removed while it was down hears of it even if it has the lowest id.
//
// # Handshake
//
// TLS 1.3 only, both ends with a self-signed certificate for an Ed25519 key that is derived from the cluster key;
// each compares the other's public key with those it accepts (identity.go). No tickets, no resumption. In TLS 1.3 the
// dialler is done before the acceptor has judged its certificate, so the link is up only after:
//
//	dialler  -> acceptor  Hello   MAC, cluster UUID, from, to, node UUID, boot, slot and digest of its configuration,
//	                              formats, continues, where its clients connect
//	acceptor -> dialler   Answer  MAC, the same of the acceptor, format, or why it is refused and whether as removed
//	dialler  -> acceptor  End     only if the dialler refuses the answer, with the reason
//
// Each MAC is by a key derived from the cluster key, over the TLS exporter, the sender's role and all fields: nothing
// of it is worth anything on another connection or in another direction. Boot numbers count how often a data directory
// was opened: one lower than a node has shown before is of an older copy of it, which has forgotten promises.
//
// The handshake's own format never changes, so that any two releases can say which formats they speak; the link uses
// the highest that both do.
//
// A node that is no member yet asks one to be added (Join), with roles of its own for the MACs, and the connection ends
// with the answer. The acceptor's Config.Admit decides and may take Limits.JoinTimeout:
//
//	joiner -> member  Join    MAC, formats, id or 0, node UUID, address
//	member -> joiner  Joined  MAC, cluster UUID, id, configuration, or why it is refused
//
// # Frames
//
// See frame.go for the header. A body is at most 64 KiB and always fits the reader's buffer, so no length is ever a
// reason to allocate. Longer messages travel in pieces, in order, one at a time in each of two streams: parts of
// checkpoints have their own. The memory they are joined in follows the bytes received. Bodies are protobuf
// (links.proto); payloads are opaque and are neither copied into a message before they are framed nor out of one that
// came in pieces.
//
//	Hello, Answer   handshake only
//	Join, Joined    joining only
//	Ping, Pong      8 bytes; each end pings every Limits.PingInterval, whatever else it sends
//	Message         a message of up to 64 KiB
//	First, Piece    a longer one
//	End             hand-over to another link, or why there will be nothing more
//
// # Sending
//
// Send puts a message into the member's outbox and wakes the link's writer, which puts everything that waits into one
// write, hence into as few TLS records and packets as there can be: batches form by themselves while a write is under
// way. Three lanes share a write of about 256 KiB:
//
//	control  all others, if they fit a frame: taken whole, before anything else goes on
//	bulk     Accept, Promise, Learned, Forward, and what does not fit a frame
//	parts    CheckpointPart: what room the others leave, and a piece of 64 KiB at least
//
// So control messages never wait for more than one batch of bulk, and neither for more than one write with parts in it.
// A full lane drops its oldest message, and without a link messages are dropped at once: the protocol repeats what
// matters, and LinkUp says when.
//
// # Receiving
//
// One goroutine a link reads, and hands everything that a wake-up brought to the handler in one call. A handler that
// blocks holds the peer up by TCP; pings go on, since writing is another goroutine. Messages of one peer never go back
// in time, except that short ones pass long ones and parts of checkpoints are in no order with the rest: a link delivers
// nothing before the former one of that peer is over.
//
// # Renewal
//
// Go never changes the keys of a TLS connection, so a link is replaced by a new one after an hour, 2^22 records or
// 32 GiB. Both ends finish what they have begun to write, say End, and go on on the new connection; it delivers
// nothing before the End of the old one has come, so no message is lost or overtaken.
//
// # Threats, and the test of each
//
// Whoever holds the cluster key can act as any node; the key is to be exchanged if it leaks. Whoever does not can cut
// links or keep them from coming up, as on any network, and nothing else. hostile_test.go has a test for each line:
// wrong key at either end, plaintext, TLS 1.2, garbage, another cluster, a stolen id, another UUID for a known id, an
// older copy of a data directory, an unknown id, a removed one, guests without end, a connection to itself, a recorded
// handshake, frames that are cut, altered, reordered or of any length, connections that say nothing, and resumption.
// join_hostile_test.go has those of joining.
package peer
