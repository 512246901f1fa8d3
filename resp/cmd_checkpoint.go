package resp

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// paxosCheckpoint: PAXOS CHECKPOINT NEW | HEAD [slot] | READ slot cursor max-bytes [SINCE older-slot].
func paxosCheckpoint(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	action, rest := strings.ToUpper(string(args[2])), args[3:]
	problem := errPaxosSyntax
	switch {
	case action == "NEW" && len(rest) == 0:
		l.newCheckpoint(c, r)
		return
	case action == "HEAD" && len(rest) <= 1:
		problem = l.checkpointHead(c, r, rest)
	case action == "READ" && (len(rest) == 3 || len(rest) == 5):
		problem = l.checkpointRead(c, r, rest)
	}
	if problem != "" {
		l.reply(c, r, writeError(problem))
	}
}

// newCheckpoint answers with the slot of a checkpoint that was asked for now, once this node has it on disk.
func (l *eventLoop) newCheckpoint(c *Client, r *row) {
	l.errand(c, r, func(ctx context.Context) func(w *Writer) {
		slot, err := l.server.node.Checkpoint(ctx, true)
		if err != nil {
			return writeError(errorText(err))
		}
		return func(w *Writer) { w.Int(int64(slot)) }
	})
}

// checkpointHead answers with the slot and the head of a checkpoint, and holds it for the connection.
func (l *eventLoop) checkpointHead(c *Client, r *row, args statemachine.Args) (problem string) {
	if l.server.config.Checkpoints == nil {
		return errNoCheckpoints
	}
	slot := uint64(0)
	if len(args) > 0 {
		if slot, problem = readSlot(args[0]); problem != "" {
			return problem
		}
	}
	s := l.server
	if !s.holds.reserve(c) {
		return errTooManyHolds
	}
	c.holdsCheckpoint = true
	l.errand(c, r, func(context.Context) func(w *Writer) {
		found, head, release, err := s.config.Checkpoints.Head(slot)
		if err != nil {
			s.holds.unused(c)
			return writeError(errorText(err))
		}
		s.holds.put(c, release)
		return func(w *Writer) {
			w.Array(2)
			w.Int(int64(found))
			w.Bulk(head)
		}
	})
	return ""
}

// checkpointRead answers with a part of a checkpoint and the cursor of the next one.
func (l *eventLoop) checkpointRead(c *Client, r *row, args statemachine.Args) (problem string) {
	if l.server.config.Checkpoints == nil {
		return errNoCheckpoints
	}
	part, problem := readPart(args)
	if problem != "" {
		return problem
	}
	l.errand(c, r, func(ctx context.Context) func(w *Writer) {
		data, next, err := l.server.readCheckpoint(ctx, part)
		if err != nil {
			return writeError(errorText(err))
		}
		return func(w *Writer) {
			w.Array(2)
			w.Bulk(data)
			w.Bulk(next)
		}
	})
	return ""
}

// readPart reads slot cursor max-bytes [SINCE older-slot].
func readPart(args statemachine.Args) (p checkpointPart, problem string) {
	if p.slot, problem = readSlot(args[0]); problem != "" {
		return p, problem
	}
	p.cursor = bytes.Clone(args[1])
	n, err := strconv.Atoi(string(args[2]))
	if err != nil || n < leastCheckpointPart || n > mostCheckpointPart {
		return p, fmt.Sprintf("ERR max-bytes must be from %d to %d", leastCheckpointPart, mostCheckpointPart)
	}
	p.maxBytes = n
	if len(args) == 3 {
		return p, ""
	}
	if !strings.EqualFold(string(args[3]), "SINCE") {
		return p, errPaxosSyntax
	}
	if p.since, problem = readSlot(args[4]); problem == "" && p.since >= p.slot {
		problem = errSinceSlot
	}
	return p, problem
}

// readSlot reads the number of a slot.
func readSlot(arg []byte) (slot uint64, problem string) {
	n, err := strconv.ParseInt(string(arg), 10, 64)
	if err != nil || n < 1 {
		return 0, errSlot
	}
	return uint64(n), ""
}
