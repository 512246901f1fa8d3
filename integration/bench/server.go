package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startLimit is how long a server may take to be ready, stopLimit how long to end.
const (
	startLimit = 30 * time.Second
	stopLimit  = 30 * time.Second
)

// server is a system under measurement: one child process, which may have children of its own.
type server struct {
	name string
	port int
	cmd  *exec.Cmd
	over chan error
}

// startRedis runs a redis-server that syncs every write before it answers.
func startRedis(dir string, port int) (*server, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	cmd := exec.Command("redis-server", "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "")
	s := &server{name: "redis-server", port: port, cmd: cmd}
	_, err := s.start(regexp.MustCompile(`Ready to accept connections`))
	return s, err
}

// startPaxredis runs `paxredis dev`, three real nodes, and finds the port to measure.
func startPaxredis(o options, dir string) (*server, error) {
	args := []string{"dev", "--dir", dir, "--base-port", strconv.Itoa(o.basePort), "--", "--log-level", "warn"}
	s := &server{name: "paxredis", cmd: exec.Command(o.paxredis, append(args, strings.Fields(o.flags)...)...)}
	found, err := s.start(regexp.MustCompile(`paxredis is up: 3 nodes, node (\d) leads`))
	if err != nil {
		return s, err
	}
	id, err := strconv.Atoi(found[1])
	if err != nil {
		return s, err
	}
	if o.follower {
		id = id%3 + 1
	}
	s.port = o.basePort + id - 1
	return s, nil
}

// start runs the process until a line of its output matches ready, and returns the match.
func (s *server) start(ready *regexp.Regexp) ([]string, error) {
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	found := make(chan []string, 1)
	s.over = make(chan error, 1)
	go func() {
		printed := watch(out, ready, found)
		err := s.cmd.Wait()
		if err != nil {
			err = fmt.Errorf("%s: %w; it printed:\n%s", s.name, err, printed)
		}
		s.over <- err
	}()
	select {
	case match := <-found:
		return match, nil
	case err := <-s.over:
		return nil, errors.Join(fmt.Errorf("%s ended before it was ready", s.name), err)
	case <-time.After(startLimit):
		return nil, errors.Join(fmt.Errorf("%s was not ready within %v", s.name, startLimit), s.stop())
	}
}

// watch reads a process's output to its end and returns the newest lines.
func watch(out io.Reader, ready *regexp.Regexp, found chan<- []string) string {
	var last []string
	sent := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if match := ready.FindStringSubmatch(lines.Text()); match != nil && !sent {
			sent = true
			found <- match
		}
		last = append(last, lines.Text())
		last = last[max(0, len(last)-20):]
	}
	return strings.Join(last, "\n")
}

// stop ends the process gracefully, and with SIGKILL if it does not listen.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-s.over:
		return err
	case <-time.After(stopLimit):
		return errors.Join(fmt.Errorf("%s did not stop within %v", s.name, stopLimit), s.cmd.Process.Kill())
	}
}
