// Package peer carries messages between the nodes of a cluster, over one encrypted and authenticated TCP connection
// for each pair of nodes. It fits replication.Transport by shape and knows of the protocol only its message types.
//
// # One connection a pair
//
// The node of the lower id dials; both ends send and receive on the connection. So "the link is up" is one fact with
// one owner, there are no duels between two dials, acknowledgements ride on answers, and a link that works in one
// direction only counts as down, which is what the protocol needs of it: what TCP cannot acknowledge, it does not
// deliver for long, and each end gives a link up that brings it nothing, not even pings, for Limits.IdleTimeout. The
// price is that a node waits to be dialled by those of lower ids after a restart; that takes at most
// Limits.BackoffMax, since a dial that is refused at once costs nothing.
//
// # Handshake
//
// TLS 1.3 only, both ends with a self-signed certificate for an Ed25519 key that is derived from the cluster key;
// each compares the other's public key with those it accepts (identity.go). No tickets, no resumption. In TLS 1.3 the
// dialler is done before the acceptor has judged its certificate, so the link is up only after:
//
//	dialler  -> acceptor  Hello   MAC, cluster UUID, from, to, node UUID, members' digest, formats, continues
//	acceptor -> dialler   Answer  MAC, the same of the acceptor, format, or why it is refused
//	dialler  -> acceptor  End     only if the dialler refuses the answer, with the reason
//
// Each MAC is by a key derived from the cluster key, over the TLS exporter, the sender's role and all fields: nothing
// of it is worth anything on another connection or in the other direction.
//
// # Frames
//
// See frame.go for the header. A body is at most 64 KiB and always fits the reader's buffer, so no length is ever a
// reason to allocate. Longer messages travel in pieces, in order, one at a time; the memory they are joined in follows
// the bytes received. Bodies are protobuf (links.proto); payloads are opaque and are neither copied into a message
// before they are framed nor out of one that came in pieces.
//
//	Hello, Answer   handshake only
//	Ping, Pong      8 bytes; each end pings every Limits.PingInterval, whatever else it sends
//	Message         a message of up to 64 KiB
//	First, Piece    a longer one
//	End             hand-over to another link, or why there will be nothing more
//
// # Sending
//
// Send puts a message into the member's outbox and wakes the link's writer, which puts everything that waits into one
// write, hence into as few TLS records and packets as there can be: batches form by themselves while a write is under
// way. Control messages never wait for more than one batch of bulk. A full outbox drops the oldest message, and
// without a link messages are dropped at once: the protocol repeats what matters, and LinkUp says when.
//
// # Receiving
//
// One goroutine a link reads, and hands everything that a wake-up brought to the handler in one call. A handler that
// blocks holds the peer up by TCP; pings go on, since writing is another goroutine. Messages of one peer never go back
// in time: a link delivers nothing before the former one of that peer is over.
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
// unknown id, a connection to itself, a recorded handshake, frames that are cut, altered, reordered or of any length,
// connections that say nothing, and resumption.
package peer
