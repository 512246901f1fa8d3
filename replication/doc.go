// Package replication runs one replicated group: it takes commands from event loops in chunks, has them chosen in
// batches by Multi-Paxos, applies them to a state machine exactly once and in order, and says when a read may run.
//
// # Goroutines
//
// Each owns one thing, and they pass slices to each other, never single commands:
//
//   - the loop owns paxos.Core, the leader's queue of sections and the origin's sending side (loop.go). It never waits
//     for anybody; it drains its inbox, steps the core, and performs the effects. Such a turn is made by whoever brings it
//     something, if nobody is at it (turning.go). When a batch leaves, and when it is let grow, is in growing.go;
//   - the saver owns the journal's writing side (saver.go): one Storage.Save for everything that waits, then the
//     messages that had to wait for it (rule D1), then the report to the loop;
//   - the applier owns the machine and the session table (apply.go);
//   - the checkpointer writes the states that the applier froze, publishes them, cuts the log behind them, and compares
//     them with those of the other nodes (checkpointer.go, divergence.go);
//   - the fetcher gets a checkpoint of a peer when the log this node misses is cut off there, and has the applier take it
//     in place of its state (fetcher.go, install.go); the part server reads checkpoints for peers (partserver.go);
//   - the server of catch-up requests reads the journal for peers (catchup.go).
//
// None of them waits inside its work: what it does is a step (actor.go), and a goroutine that steps and waits is all there is to it in
// production. A simulator steps them itself, one at a time and in the order it likes (stepped.go), so that one seed is one history.
//
// # One command
//
// An event loop appends it to the open chunk of its Lane. The loop takes chunks when it has room for them: at the
// leader they become sections of the next batch, elsewhere they go to the leader in a Forward. A chunk gets its
// numbers in this boot's session when it is taken, and stays in the origin's queue, in order, until it is applied; on
// a new leader, a new link, or when nothing moves, everything in the queue is sent again. SessionTable skips what
// comes twice and drops what would leave a gap, alike on every node.
//
// # Large commands
//
// A command beyond Bounds.LargeBytes is handed over apart (Lane.Large) and goes through the log in fragments, one a batch, between everything else
// (fragments.go, sendfragments.go). It has a number of its own kind in the session, and the session table keeps what has come of it until it is whole.
//
// # Members
//
// A change of the members is asked of the leader (asks.go), which checks it (reconfigure.go) and proposes one configuration.
// Once that is chosen the leadership ends, by rule M1, and with it the work on the request: the asker asks again, and the next
// leader, most often the same node, finds it done and says so. So nothing but the log needs to remember what is under way.
// What a leader changes by itself, promotions above all, is in changes.go.
//
// # Back-pressure
//
// Every queue is bounded. Towards clients: a full lane holds up its event loop. Towards peers: a full inbox holds up
// the reader of a link, and while the journal or the applier is too far behind, Accept and Learned messages are
// dropped as if the network had lost them, which the protocol repairs by itself.
package replication
