package resp

import "github.com/paxredis/paxredis/statemachine"

// The flags that rows of this package share.
const (
	anytime   = statemachine.Loading | statemachine.Stale
	quick     = anytime | statemachine.Fast
	quickly   = quick | statemachine.NoScript
	adminOnly = anytime | statemachine.Admin | statemachine.NoScript
)

// The groups of COMMAND DOCS.
const (
	groupConnection   = "connection"
	groupGeneric      = "generic"
	groupServer       = "server"
	groupCluster      = "cluster"
	groupTransactions = "transactions"
)

func transactionCommands() []localCommand {
	return []localCommand{
		{immediate: true, local: multi, Command: statemachine.Command{Name: "MULTI", Arity: 1,
			Flags: quickly | statemachine.AllowBusy, Group: groupTransactions, Since: "1.2.0", Complexity: "O(1)",
			Summary: "Starts a transaction."}},
		{immediate: true, special: runExec, Command: statemachine.Command{Name: "EXEC", Arity: 1,
			Flags: anytime | statemachine.NoScript | statemachine.SkipSlowlog, Group: groupTransactions, Since: "1.2.0",
			Complexity: "Depends on commands in the transaction",
			Summary:    "Executes all commands in a transaction."}},
		{immediate: true, local: discard, Command: statemachine.Command{Name: "DISCARD", Arity: 1,
			Flags: quickly | statemachine.AllowBusy, Group: groupTransactions, Since: "2.0.0",
			Complexity: "O(N), when N is the number of queued commands", Summary: "Discards a transaction."}},
		{immediate: true, special: watch, Command: statemachine.Command{Name: "WATCH", Arity: -2,
			Flags: quickly | statemachine.AllowBusy, Keys: statemachine.Keys{First: 1, Last: -1, Step: 1},
			Group: groupTransactions, Since: "2.2.0", Complexity: "O(1) for every key.",
			Summary: "Monitors changes to keys to determine the execution of a transaction.", Syntax: "key [key ...]"}},
		{local: unwatch, Command: statemachine.Command{Name: "UNWATCH", Arity: 1,
			Flags: quickly | statemachine.AllowBusy, Group: groupTransactions, Since: "2.2.0", Complexity: "O(1)",
			Summary: "Forgets about watched keys of a transaction."}},
	}
}
