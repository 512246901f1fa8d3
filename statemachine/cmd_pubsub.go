package statemachine

const groupPubsub = "pubsub"

// maxChannelBytes bounds the name of a channel that is published to, since every node matches it with patterns while it applies. Redis
// has no such bound.
const maxChannelBytes = 64 << 10

// The commands that publish go through the log and change nothing: each node tells its own clients as it applies them, so that all
// subscribers everywhere see all messages in one order, and an acknowledged one is lost by no failure that the log survives.
var pubsubCommands = []Command{
	{Name: "PUBLISH", Arity: 3, Flags: MayReplicate | Pubsub | Loading | Stale | Fast, Group: groupPubsub, Since: "2.0.0",
		Complexity: "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).",
		Summary:    "Posts a message to a channel.", Syntax: "channel message", Run: publish},
	{Name: "SPUBLISH", Arity: 3, Flags: MayReplicate | Pubsub | Loading | Stale | Fast, Keys: firstKey, Group: groupPubsub, Since: "7.0.0",
		Complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
		Summary:    "Post a message to a shard channel", Syntax: "shardchannel message", Run: spublish},
}

// publish: PUBLISH channel message.
func publish(tx *Tx, args Args, reply Reply) { tx.publish(args, false, reply) }

// spublish: SPUBLISH shardchannel message.
func spublish(tx *Tx, args Args, reply Reply) { tx.publish(args, true, reply) }

// publish replies how many clients of this node get the message.
func (tx *Tx) publish(args Args, sharded bool, reply Reply) {
	if len(args[1]) > maxChannelBytes {
		reply.Error(errChannelTooLong)
		return
	}
	receivers := 0
	if events := tx.ks.ears.events; events != nil {
		receivers = events.Publish(args[1], args[2], sharded)
	}
	if !tx.direct {
		receivers = 0
	}
	reply.Int(int64(receivers))
}
