package sim

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
)

// machine is the keyspace as the group sees it.
type machine struct{ *statemachine.Machine }

// Apply implements replication.Machine.
func (m machine) Apply(slot uint64, timeMS int64, seed uint64, commands []byte, count int, replies replication.Replies) {
	var own statemachine.Replies // stays nil when this node is not the origin
	if replies != nil {
		own = replies.(statemachine.Replies)
	}
	m.Machine.Apply(slot, timeMS, seed, commands, count, own)
}

// Freeze implements replication.Machine.
func (m machine) Freeze() replication.FrozenState { return frozen{m.Machine.Freeze()} }

// Restore implements replication.Machine.
func (m machine) Restore(c paxos.Checkpoint, next func() (paxos.CheckpointRecord, bool, error)) error {
	return m.Machine.Restore(c.Machine, c.Spaces, c.Count, func() (statemachine.Record, bool, error) {
		r, ok, err := next()
		return statemachine.Record(r), ok, err
	})
}

// frozen is a checkpoint of the keyspace as the group sees it.
type frozen struct{ *statemachine.Checkpoint }

// Next implements replication.FrozenState.
func (f frozen) Next(maxBytes int) []paxos.CheckpointRecord {
	records := f.Checkpoint.Next(maxBytes)
	converted := make([]paxos.CheckpointRecord, len(records))
	for i := range records {
		converted[i] = paxos.CheckpointRecord(records[i])
	}
	return converted
}

// Finish implements replication.FrozenState.
func (f frozen) Finish() paxos.Checkpoint {
	count, sum, spaces, state := f.Checkpoint.Finish()
	return paxos.Checkpoint{Count: count, Sum: sum, Spaces: spaces, Machine: state}
}

// traceHandler puts what a node logs into a readable trace. Its lines are no part of the hash.
type traceHandler struct{ node *node }

// Enabled implements slog.Handler.
func (h traceHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

// WithAttrs implements slog.Handler.
func (h traceHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h traceHandler) WithGroup(string) slog.Handler { return h }

// Handle implements slog.Handler.
func (h traceHandler) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	h.node.world.trace.line(h.node.id, "log", text)
	return nil
}
