package sim

import (
	"context"
	"fmt"
	"log/slog"
)

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
