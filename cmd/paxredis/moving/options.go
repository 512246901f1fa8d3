package moving

import (
	"errors"
	"fmt"
	"log/slog"
)

// Existing says what becomes of keys that are in the cluster before an import.
type Existing int

// The choices for keys that are there.
const (
	// Refuse refuses a cluster that is not empty.
	Refuse Existing = iota
	// Replace gives a key the value of the source.
	Replace
	// Keep leaves a key as it is.
	Keep
)

// Options are those of all imports.
type Options struct {
	Existing Existing
	// Connections load at the same time, each with one transaction on its way. From 1 to 64.
	Connections int
	// Verify compares every key with the source in the end.
	Verify bool
	// Progress is told how far it is, now and then, from any goroutine. It may be nil.
	Progress func(Progress)
	Logger   *slog.Logger
}

// The bounds of Options.Connections.
const (
	DefaultConnections = 4
	maxConnections     = 64
)

// Bounds of what is on its way at once, for each connection: a transaction ends with the command that goes beyond one of them.
const (
	batchBytes    = 1 << 20
	batchCommands = 1000
)

// Progress is how far an import is.
type Progress struct {
	// Phase is what it does: "checking", "receiving", "loading", "following", "comparing", "putting back deadlines".
	Phase string
	// Done and Total are bytes of the file or the stream; Total is 0 if it is not known.
	Done, Total int64
	// Keys are those that were written.
	Keys int64
	// Lag is how many bytes of the stream are not applied.
	Lag int64
}

func (o *Options) check() error {
	if o.Connections < 1 || o.Connections > maxConnections {
		return fmt.Errorf("%d connections: must be from 1 to %d", o.Connections, maxConnections)
	}
	if o.Logger == nil {
		return errors.New("moving: Options without a Logger")
	}
	return nil
}

func (o *Options) show(p Progress) {
	if o.Progress != nil {
		o.Progress(p)
	}
}
