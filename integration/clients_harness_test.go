package integration

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// application is a client that people use, or a program built on one, which does its job while the leader is killed.
type application struct {
	name string
	// commands are those it cannot do without and that not every server has.
	commands []string
	// missing says why it cannot run here, or nothing.
	missing func() string
	run     func(ctx context.Context, s *surroundings) (result string, err error)
}

// surroundings are what an application knows of its cluster, and of the kill in the middle of its work.
type surroundings struct {
	nodes     []string // where all nodes listen
	followers []string // those that did not lead at the start, and are not killed
	reached   func()   // says that half of the work is done; may be called again
	over      <-chan struct{}
}

// aroundTheKill does unit(0), unit(1) ...: least before the leader is killed, as many as there is time for until it is back, and least after
// that. It returns how many there were.
func (s *surroundings) aroundTheKill(ctx context.Context, least int, unit func(n int) error) (n int, err error) {
	for end, killed := least, false; n < end || !killed; n++ {
		if ctx.Err() != nil {
			return n, fmt.Errorf("unit %d: %w", n, context.Cause(ctx))
		}
		if n >= least && !killed {
			s.reached()
			select {
			case <-s.over:
				killed, end = true, n+least
			default:
			}
		}
		if err := unit(n); err != nil {
			return n, fmt.Errorf("unit %d: %w", n, err)
		}
	}
	return n, nil
}

// applicationLimit is how long an application may take for all of its work, and applicationPatience how long it tries one step of it again.
const (
	applicationLimit    = 4 * time.Minute
	applicationPatience = 40 * time.Second
)

// untilDone tries a step again while it fails as it may during a take-over; it must be one that may be done twice.
func untilDone(step func() error) error {
	deadline := time.Now().Add(applicationPatience)
	for {
		err := step()
		if err == nil || outcomeOf(err) == failed || errors.Is(err, context.Canceled) || time.Now().After(deadline) {
			return err
		}
	}
}

// script is an application that is a process of its own. It gets the addresses in its environment, prints "halfway", reads a line once the
// leader was killed and is back, and ends with its result as the last line.
func script(env []string, program ...string) func(context.Context, *surroundings) (string, error) {
	return func(ctx context.Context, s *surroundings) (string, error) {
		cmd := exec.CommandContext(ctx, program[0], program[1:]...)
		cmd.WaitDelay = time.Second // for what it may have left with its output open
		cmd.Env = append(environment(), append(env, "NODES="+strings.Join(s.nodes, ","), "FOLLOWERS="+strings.Join(s.followers, ","))...)
		var errOut bytes.Buffer
		cmd.Stderr = &errOut
		in, err := cmd.StdinPipe()
		if err != nil {
			return "", err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return "", err
		}
		if err := cmd.Start(); err != nil {
			return "", err
		}
		last, talked := talk(ctx, s, in, out)
		if err := cmd.Wait(); err != nil {
			return "", fmt.Errorf("%w\n%s", errors.Join(err, context.Cause(ctx)), firstLines(errOut.String(), 30))
		}
		return last, talked
	}
}

// talk reads what a script prints until its end, and tells it of the kill.
func talk(ctx context.Context, s *surroundings, in io.WriteCloser, out io.Reader) (last string, err error) {
	defer in.Close()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if last = lines.Text(); last != "halfway" {
			continue
		}
		s.reached()
		select {
		case <-s.over:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
		if _, err := io.WriteString(in, "over\n"); err != nil {
			return "", err
		}
	}
	return last, lines.Err()
}

// runApplications runs all of them at once on c, kills the leader when each is halfway, and has each tell how it ended as a test of its own.
func runApplications(t *testing.T, c *cluster, applications []application) {
	leader := c.leader()
	s := surroundings{}
	for _, n := range c.nodes {
		s.nodes = append(s.nodes, n.address)
		if n != leader {
			s.followers = append(s.followers, n.address)
		}
	}
	over := make(chan struct{})
	s.over = over
	ctx, cancel := context.WithTimeoutCause(t.Context(), applicationLimit, fmt.Errorf("not done after %v", applicationLimit))
	var halfway, ended sync.WaitGroup
	defer func() { // also if the leader did not come back
		cancel()
		ended.Wait()
	}()

	type ending struct {
		skipped, result string
		err             error
		took            time.Duration
	}
	endings := make([]ending, len(applications))
	for i, a := range applications {
		if endings[i].skipped = whyNot(t, leader, a); endings[i].skipped != "" {
			continue
		}
		own := s
		halfway.Add(1)
		own.reached = sync.OnceFunc(halfway.Done)
		ended.Go(func() {
			defer own.reached() // also if it failed before
			begun := time.Now()
			endings[i].result, endings[i].err = a.run(ctx, &own)
			endings[i].took = time.Since(begun)
		})
	}
	halfway.Wait()
	if now := c.leader(); now != leader {
		c.handOver(now, leader.id) // the followers that the applications know are not to be killed
	}
	killLeader(t, c, 0)
	close(over)
	ended.Wait()
	for i, a := range applications {
		t.Run(a.name, func(t *testing.T) {
			switch e := endings[i]; {
			case e.skipped != "":
				t.Skip(e.skipped)
			case e.err != nil:
				t.Error(e.err)
			default:
				t.Logf("%s, in %v", e.result, e.took.Round(100*time.Millisecond))
			}
		})
	}
	c.awaitEqual()
}

// whyNot says why an application cannot run here, or nothing.
func whyNot(t *testing.T, n *node, a application) string {
	if a.missing != nil {
		if why := a.missing(); why != "" {
			return why
		}
	}
	for _, command := range a.commands {
		known, err := n.rdb().Do(t.Context(), "COMMAND", "INFO", command).Slice()
		if err != nil {
			t.Fatal(err)
		}
		if known[0] == nil {
			return fmt.Sprintf("it needs %s, which the server does not know", strings.ToUpper(command))
		}
	}
	return ""
}
