package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// maxHeldLine bounds what a node may write without a line break before it is printed anyway.
const maxHeldLine = 64 << 10

// console is the terminal that several nodes share: whole lines only, each with its node in front.
// Safe for use by several goroutines.
type console struct {
	mu     sync.Mutex
	out    io.Writer
	colour bool
}

func newConsole(out io.Writer) *console {
	return &console{out: out, colour: isTerminal(out) && os.Getenv("NO_COLOR") == ""}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), readTerminal)
	return err == nil
}

// notef prints a line of the program's own. A terminal that is gone is no reason to stop the cluster, so what cannot
// be written is dropped, here and below.
func (c *console) notef(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, format+"\n", args...)
}

// node returns the writer for a node's log.
func (c *console) node(id int) io.Writer {
	prefix := "node " + strconv.Itoa(id) + " | "
	if c.colour {
		prefix = "\x1b[" + strconv.Itoa(31+id%6) + "m" + prefix + "\x1b[0m"
	}
	return &lineWriter{console: c, prefix: []byte(prefix)}
}

// lineWriter holds back an unfinished line until the rest of it comes. It belongs to one goroutine.
type lineWriter struct {
	console *console
	prefix  []byte
	held    []byte
}

// Write implements io.Writer.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.held = append(w.held, p...)
	for {
		line, rest, found := bytes.Cut(w.held, []byte{'\n'})
		if !found && len(w.held) < maxHeldLine {
			return len(p), nil
		}
		w.print(line)
		w.held = append(w.held[:0], rest...)
	}
}

func (w *lineWriter) print(line []byte) {
	text := append(append(append([]byte(nil), w.prefix...), line...), '\n')
	w.console.mu.Lock()
	defer w.console.mu.Unlock()
	_, _ = w.console.out.Write(text)
}
