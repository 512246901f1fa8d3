package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// watchEvery is how often `paxredis status --watch` asks: what it shows tells of no events.
const watchEvery = time.Second

// watching is a `paxredis status` that goes on. It belongs to one goroutine.
type watching struct {
	ask     func(context.Context) []nodeStatus
	out     io.Writer
	asJSON  bool // a line each time
	inPlace bool // each table takes the place of the one before; else they come one below the other
	now     func() time.Time
}

// The control sequences of every terminal since the VT100.
const (
	cursorHome    = "\x1b[H"
	eraseLineRest = "\x1b[K"
	eraseBelow    = "\x1b[J"
)

// run shows the nodes' state now and with each tick, until ctx ends, which is no error. A cluster that does not work is something to watch.
func (w *watching) run(ctx context.Context, tick <-chan time.Time) error {
	for {
		nodes := w.ask(ctx)
		if ctx.Err() != nil {
			return nil // what was not answered was not waited for
		}
		if err := w.show(nodes); err != nil {
			return fmt.Errorf("status: %w", err)
		}
		select {
		case <-tick:
		case <-ctx.Done():
			return nil
		}
	}
}

// show writes one picture, all at once so that it does not flicker.
func (w *watching) show(nodes []nodeStatus) error {
	if w.asJSON {
		return json.NewEncoder(w.out).Encode(nodes)
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s, every %v until Ctrl-C\n\n", w.now().Format(time.DateTime), watchEvery)
	if err := printTable(&text, nodes); err != nil {
		return err
	}
	if err := judge(nodes); err != nil {
		fmt.Fprintf(&text, "\nWRONG: %v\n", err)
	}
	shown := text.Bytes()
	if w.inPlace {
		shown = bytes.ReplaceAll(shown, []byte("\n"), []byte(eraseLineRest+"\n"))
		shown = append(append([]byte(cursorHome), shown...), eraseBelow...)
	} else {
		shown = append(shown, '\n')
	}
	_, err := w.out.Write(shown)
	return err
}
