package integration

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
)

// program is a running program whose output is watched as it comes, and which can be typed to.
type program struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	exited chan struct{}

	mu     sync.Mutex
	output bytes.Buffer
}

// startProgram runs a program in a directory of its own. It is ended with the test, gracefully: it may have children.
func startProgram(t *testing.T, path string, args ...string) *program {
	t.Helper()
	p := &program{t: t, name: path, cmd: exec.Command(path, args...), exited: make(chan struct{})}
	dir := t.TempDir()
	p.cmd.Env, p.cmd.Dir = append(environment(), "HOME="+dir, "TERM=xterm"), dir
	p.cmd.Stdout, p.cmd.Stderr = p, p
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // its result is in cmd.ProcessState
	}()
	t.Cleanup(p.cleanup)
	return p
}

func (p *program) cleanup() {
	if p.running() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		if awaitErr(limit, p.over) != nil {
			_ = p.cmd.Process.Kill()
		}
		<-p.exited
	}
	if p.t.Failed() {
		p.t.Logf("%s printed:\n%s", p.name, p.text())
	}
}

// Write implements io.Writer for the program's output.
func (p *program) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(text)
}

// text is everything printed so far.
func (p *program) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

func (p *program) running() bool { return p.over() != nil }

// over is nil once the program has ended.
func (p *program) over() error {
	select {
	case <-p.exited:
		return nil
	default:
		return fmt.Errorf("%s runs", p.name)
	}
}

// enter types text.
func (p *program) enter(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, text); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// awaitText waits until the output matches pattern, and returns the match.
func (p *program) awaitText(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	await(p.t, fmt.Sprintf("%s to print %q", p.name, pattern), func() error {
		if found = re.FindStringSubmatch(p.text()); found == nil {
			if !p.running() {
				p.t.Fatalf("%s ended without printing %q", p.name, pattern)
			}
			return errNotYet
		}
		return nil
	})
	return found
}
