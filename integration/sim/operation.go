package sim

import (
	"bytes"
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
)

// operation is one command of a client, or a transaction.
type operation struct {
	client *client
	id     int
	// connection is which of the client's it came on.
	connection int
	write      bool
	// Either command and args, or, queued being above 0, transaction.
	command     *statemachine.Command
	args        [][]byte
	queued      int
	transaction []statemachine.Queued

	// large: it went through the log in fragments.
	large bool

	// floor is the newest slot that the reply to any operation rested on when this one began.
	floor paxos.Slot
	// refused: the client was told that it is not applied, and never will be.
	refused bool
	// applied is the slot it was applied in, 0 before; at is the slot that its reply rests on.
	applied, at paxos.Slot
}

func (op *operation) isWrite() bool { return op.write }

func (op *operation) encode(dst []byte) []byte {
	if op.queued > 0 {
		return statemachine.AppendExec(dst, nil, op.transaction)
	}
	return statemachine.AppendCommand(dst, 0, op.args)
}

// run runs an operation that reads.
func (op *operation) run(v *statemachine.View, r statemachine.Reply) (due bool) {
	if op.queued > 0 {
		return v.Exec(nil, op.transaction, r)
	}
	return v.Run(op.command, 0, op.args, r)
}

func (op *operation) String() string {
	text := string(bytes.Join(op.args, []byte(" ")))
	for _, q := range op.transaction {
		text += fmt.Sprintf("[%s] ", bytes.Join(q.Args, []byte(" ")))
	}
	return fmt.Sprintf("%d of client %d: %s", op.id, op.client.id, text)
}
