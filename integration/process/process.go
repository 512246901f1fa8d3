// Package process runs the real programs that the tools below integration measure.
package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// startLimit is how long a program may take to be ready, stopLimit how long to end.
const (
	startLimit = 30 * time.Second
	stopLimit  = 30 * time.Second
)

// keptLines is how much of a program's output an error repeats.
const keptLines = 20

// Process is a running program, which may have children of its own. It belongs to one goroutine.
type Process struct {
	name string
	cmd  *exec.Cmd
	over chan error
}

// Start runs a command until a line of its output matches ready, and returns that match too. All output, whichever stream it
// comes on, goes to log as well, which may be nil.
func Start(name string, cmd *exec.Cmd, ready *regexp.Regexp, log io.Writer) (*Process, []string, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &Process{name: name, cmd: cmd, over: make(chan error, 1)}
	found := make(chan []string, 1)
	go func() {
		printed := watch(out, log, ready, found)
		err := cmd.Wait()
		if err != nil {
			err = fmt.Errorf("%s: %w; it printed:\n%s", name, err, printed)
		}
		p.over <- err
	}()
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case match := <-found:
		return p, match, nil
	case err := <-p.over:
		return nil, nil, errors.Join(fmt.Errorf("%s ended before it was ready", name), err)
	case <-limit.C:
		return nil, nil, errors.Join(fmt.Errorf("%s was not ready within %v", name, startLimit), p.Stop())
	}
}

// watch reads a program's output to its end and returns the newest lines.
func watch(out io.Reader, log io.Writer, ready *regexp.Regexp, found chan<- []string) string {
	if log != nil {
		out = io.TeeReader(out, log)
	}
	var last []string
	sent := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if match := ready.FindStringSubmatch(lines.Text()); match != nil && !sent {
			sent = true
			found <- match
		}
		last = append(last, lines.Text())
		last = last[max(0, len(last)-keptLines):]
	}
	return strings.Join(last, "\n")
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process with SIGKILL and returns once it is gone.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.over // says that it was killed
	return nil
}

// Stop ends the process gracefully, and with SIGKILL if it does not listen.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case err := <-p.over:
		return err
	case <-limit.C:
		return errors.Join(fmt.Errorf("%s did not stop within %v", p.name, stopLimit), p.cmd.Process.Kill())
	}
}
