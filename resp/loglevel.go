package resp

import (
	"log/slog"
	"strings"
)

// logLevels are Redis's levels, from what says most to what says nothing, and the least that is logged at each. A level in between is told
// as the last that says at least as much: --log-level error as warning.
var logLevels = []struct {
	name  string
	least slog.Level
}{
	{"debug", slog.LevelDebug},
	{"verbose", slog.LevelInfo - 2},
	{"notice", slog.LevelInfo},
	{"warning", slog.LevelWarn},
	{"nothing", slog.LevelError + 4},
}

// logLevel is loglevel: what this node logs from now on.
type logLevel struct{ level *slog.LevelVar }

func (s logLevel) get() string {
	name, level := logLevels[0].name, s.level.Level()
	for _, l := range logLevels {
		if level >= l.least {
			name = l.name
		}
	}
	return name
}

func (s logLevel) parse(text string) (apply func(), why string) {
	names := make([]string, len(logLevels))
	for i, l := range logLevels {
		if strings.EqualFold(l.name, text) {
			return func() { s.level.Set(l.least) }, ""
		}
		names[i] = l.name
	}
	return nil, "argument(s) must be one of the following: " + strings.Join(names, ", ")
}
