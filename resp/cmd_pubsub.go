package resp

import (
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// groupPubsub is the group of COMMAND DOCS.
const groupPubsub = "pubsub"

// The words of each kind of subscription, in its confirmations.
var (
	subscribeWords   = [subscriptionKinds]string{"subscribe", "psubscribe", "ssubscribe"}
	unsubscribeWords = [subscriptionKinds]string{"unsubscribe", "punsubscribe", "sunsubscribe"}
)

// subscribingFlags are those of the commands that subscribe and unsubscribe.
const subscribingFlags = anytime | statemachine.Pubsub | statemachine.NoScript

func pubsubCommands() []localCommand {
	change := func(name string, arity int, since, complexity, syntax, summary string, do subscribing) localCommand {
		return localCommand{special: do.special, local: do.inExec, Command: statemachine.Command{Name: name, Arity: arity, Since: since,
			Flags: subscribingFlags, Group: groupPubsub, Complexity: complexity, Summary: summary, Syntax: syntax}}
	}
	shard := func(name string, arity int, since, complexity, syntax, summary string, do subscribing) localCommand {
		row := change(name, arity, since, complexity, syntax, summary, do)
		row.Keys = statemachine.Keys{First: 1, Last: -1, Step: 1}
		return row
	}
	sub := func(name string, arity int, since, complexity, syntax, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: arity, Since: since,
			Flags: anytime | statemachine.Pubsub, Group: groupPubsub, Complexity: complexity, Summary: summary, Syntax: syntax}}
	}
	counting := func(row localCommand, kind subscriptionKind) localCommand {
		row.special = numSub(kind).special
		return row
	}
	help := sub("HELP", 2, "6.2.0", "O(1)", "", "Returns helpful text about the different subcommands.", pubsubHelp)
	help.Flags = anytime
	return []localCommand{
		change("SUBSCRIBE", -2, "2.0.0", "O(N) where N is the number of channels to subscribe to.", "channel [channel ...]",
			"Listens for messages published to channels.", toSubscribe(toChannel)),
		change("UNSUBSCRIBE", -1, "2.0.0", "O(N) where N is the number of channels to unsubscribe.", "[channel [channel ...]]",
			"Stops listening to messages posted to channels.", toUnsubscribe(toChannel)),
		change("PSUBSCRIBE", -2, "2.0.0", "O(N) where N is the number of patterns to subscribe to.", "pattern [pattern ...]",
			"Listens for messages published to channels that match one or more patterns.", toSubscribe(toPattern)),
		change("PUNSUBSCRIBE", -1, "2.0.0", "O(N) where N is the number of patterns to unsubscribe.", "[pattern [pattern ...]]",
			"Stops listening to messages published to channels that match one or more patterns.", toUnsubscribe(toPattern)),
		shard("SSUBSCRIBE", -2, "7.0.0", "O(N) where N is the number of shard channels to subscribe to.", "shardchannel [shardchannel ...]",
			"Listens for messages published to shard channels.", toSubscribe(toShard)),
		shard("SUNSUBSCRIBE", -1, "7.0.0", "O(N) where N is the number of shard channels to unsubscribe.", "[shardchannel [shardchannel ...]]",
			"Stops listening to messages posted to shard channels.", toUnsubscribe(toShard)),
		{Command: statemachine.Command{Name: "PUBSUB", Arity: -2, Group: groupPubsub, Since: "2.8.0",
			Complexity: "Depends on subcommand.", Summary: "A container for Pub/Sub commands."}, subcommands: []localCommand{
			sub("CHANNELS", -2, "2.8.0", "O(N) where N is the number of active channels.", "[pattern]", "Returns the active channels.",
				pubsubChannels(toChannel)),
			help,
			sub("NUMPAT", 2, "2.8.0", "O(1)", "", "Returns a count of unique pattern subscriptions.", pubsubNumPat),
			counting(sub("NUMSUB", -2, "2.8.0", "O(N) for the NUMSUB subcommand, where N is the number of requested channels", "[channel [channel ...]]",
				"Returns a count of subscribers to channels.", numSub(toChannel).inExec), toChannel),
			sub("SHARDCHANNELS", -2, "7.0.0", "O(N) where N is the number of active shard channels.", "[pattern]", "Returns the active shard channels.",
				pubsubChannels(toShard)),
			counting(sub("SHARDNUMSUB", -2, "7.0.0", "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
				"[shardchannel [shardchannel ...]]", "Returns the count of subscribers of shard channels.", numSub(toShard).inExec), toShard),
		}},
	}
}

// subscribing is what SUBSCRIBE or one of its kin does with a roster. It writes the confirmations, or why there are none.
type subscribing func(h *hub, r roster, names [][]byte, w *Writer)

func toSubscribe(kind subscriptionKind) subscribing {
	return func(h *hub, r roster, names [][]byte, w *Writer) {
		if problem := h.hasRoom(r, kind, names); problem != "" {
			w.Error(problem)
			return
		}
		for _, name := range names {
			if !r.has(kind, name) {
				r.add(kind, string(name))
			}
			confirm(w, r, kind, subscribeWords[kind], name)
		}
	}
}

func toUnsubscribe(kind subscriptionKind) subscribing {
	return func(_ *hub, r roster, names [][]byte, w *Writer) {
		if len(names) == 0 {
			for _, name := range r.names(kind) {
				names = append(names, []byte(name))
			}
		}
		for _, name := range names {
			if r.has(kind, name) {
				r.remove(kind, string(name))
			}
			confirm(w, r, kind, unsubscribeWords[kind], name)
		}
		if len(names) == 0 {
			confirm(w, r, kind, unsubscribeWords[kind], nil)
		}
	}
}

// confirm writes one confirmation: of a name, or of none, with how many subscriptions are left. Those to shard channels are counted apart.
func confirm(w *Writer, r roster, kind subscriptionKind, word string, name []byte) {
	w.Push(3)
	w.BulkString(word)
	if name == nil {
		w.Null()
	} else {
		w.Bulk(name)
	}
	if kind == toShard {
		w.Int(int64(r.count(toShard)))
	} else {
		w.Int(int64(r.count(toChannel) + r.count(toPattern)))
	}
}

// special runs the command once everything that the client sent before is answered, so that no message comes before the confirmation.
// Like messages, confirmations are not replies, and come in spite of CLIENT REPLY OFF.
func (do subscribing) special(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	l.whenIdle(c, r, args, func(args statemachine.Args) {
		w := l.outBuffer(c)
		start := len(w.Buf)
		do(l.server.hub, clientRoster{c}, args[1:], w)
		l.stats.count(r, w.Buf[start:], 0)
		l.replied(r, l.since)
	})
}

// inExec runs the command as part of a transaction. As in Redis, SSUBSCRIBE is refused there, and the others are not since they never were.
func (do subscribing) inExec(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	if strings.EqualFold(string(args[0]), "SSUBSCRIBE") {
		w.Error(errSsubscribeInMulti)
		return
	}
	do(l.server.hub, c.draft, args[1:], w)
}

// whenIdle has do called as soon as everything that the client sent before is answered; until then the client is held.
func (l *eventLoop) whenIdle(c *Client, r *row, args statemachine.Args, do func(args statemachine.Args)) {
	if c.idle() {
		do(args)
		return
	}
	args = copyArgs(args)
	c.hold(r)
	since := l.since
	c.onIdle = func() {
		c.release()
		l.since = since
		do(args)
	}
	l.touch(c)
}

// pubsubChannels: PUBSUB CHANNELS [pattern] and PUBSUB SHARDCHANNELS [pattern], of this node's clients.
func pubsubChannels(kind subscriptionKind) localFunc {
	return func(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
		if len(args) > 3 {
			w.Error(statemachine.BadSubcommand(args))
			return
		}
		var pattern []byte
		if len(args) == 3 {
			pattern = args[2]
		}
		names := l.server.hub.channels(kind, pattern)
		w.Array(len(names))
		for _, name := range names {
			w.BulkString(name)
		}
	}
}

// pubsubNumPat: PUBSUB NUMPAT, of this node's clients.
func pubsubNumPat(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	w.Int(int64(l.server.hub.count(toPattern)))
}

// pubsubHelp: PUBSUB HELP.
func pubsubHelp(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	writeHelp(w, "PUBSUB", []string{
		"CHANNELS [<pattern>]", "    Return the currently active channels matching a <pattern> (default: '*').",
		"NUMPAT", "    Return number of subscriptions to patterns.",
		"NUMSUB [<channel> ...]", "    Return the number of subscribers for the specified channels, excluding",
		"    pattern subscriptions(default: no channels).",
		"SHARDCHANNELS [<pattern>]",
		"    Return the currently active shard level channels matching a <pattern> (default: '*').",
		"SHARDNUMSUB [<shardchannel> ...]",
		"    Return the number of subscribers for the specified shard level channel(s)",
	})
}
