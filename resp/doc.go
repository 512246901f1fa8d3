// Package resp serves Redis clients: it reads RESP requests from sockets, decides what each command needs (the log, the
// state, or neither), and writes the replies in the order of the commands.
//
// # Who owns what
//
// A listener goroutine accepts connections and hands each to one of a few event loops. From then on a client belongs to
// its loop: its input, its transaction, its replies. A loop has one lane into the log. Nothing of a client is touched by
// another goroutine; others leave a message in the loop's mailbox, which wakes it.
//
//	socket -> Client.input -> Scanner -> dispatch -> local:  answered at once
//	                                              -> read:   a View of the state, now or once a read slot is confirmed
//	                                              -> write:  appended to the lane's chunk, a submission beside it
//	chunk -> log -> Machine.Apply -> submission.Next/Finish (the applier) -> mailbox -> loop -> one write a client
//
// # The order of replies
//
// A client has two queues of commands without a reply yet: those in chunks (pending counts them), and behind them those
// that wait on the loop (waiting). Both empty: local commands are answered at once, and so is a read that needs no
// confirmation.
//
//   - A write goes into the open chunk; what waits goes there before it, so that it runs at that very point of the log.
//   - A read behind a write of the same open chunk joins the chunk: whatever was acknowledged anywhere before the read
//     came is in an earlier slot. Every other read waits on the loop for a read slot that was asked for after it came,
//     even behind an unapplied write of its own client: that write may have a slot before writes of others that
//     were acknowledged before the read came.
//   - A local command runs when it is parsed; only its reply takes its place in the queue.
//   - A command that finds nothing and may wait for it (BLPOP and its kin, blocking.go) holds up its client's parser, too. It is in line for
//     its keys from the point of the log on where it found nothing, in the state machine of this node, and is run again, through the log,
//     when a command that was applied there has something for it: those that wait longest come first. Time-outs are the loop's.
//   - WATCH holds up its client's parser until it is answered, and so does a pause: WAIT, what needs other loops, and the
//     commands of operators that wait for the group or the disk, each on a goroutine of its own (an errand).
//   - CLIENT PAUSE and DEBUG SLEEP hold up the parsers of all clients of the node (halt.go): what must wait stays in its client's input.
//
// # Bounds
//
// Limits has them all. Input that cannot be taken on pushes back: a client whose commands have no room in the log, or who does not read its
// replies, is not read from (turns.go, memory.go). Errands and held checkpoints are refused beyond their number, lists of keys wait for their turn. A client is
// closed when it is owed more at once than it may be, or takes most of what all clients may. So is one that monitors and does not read.
package resp
