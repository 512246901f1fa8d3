package peer

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
)

func testNotices() (*notices, *lines, *time.Time) {
	log, now := &lines{}, time.Unix(1000, 0)
	n := newNotices(slog.New(slog.NewTextHandler(log, nil)), time.Minute)
	n.now = func() time.Time { return now }
	return n, log, &now
}

func TestNoticesAreLoggedOnChangeAndAgainAfterAnInterval(t *testing.T) {
	n, log, now := testNotices()
	for range 100 {
		n.report(slog.LevelWarn, "node 2", "down", "refused")
	}
	n.report(slog.LevelWarn, "node 2", "down", "timeout")
	n.report(slog.LevelWarn, "node 3", "down", "refused")
	*now = now.Add(time.Minute)
	n.report(slog.LevelWarn, "node 2", "down", "timeout")
	if got := strings.Count(log.String(), "\n"); got != 4 {
		t.Errorf("%d lines:\n%s", got, log)
	}
	if !strings.Contains(log.String(), "not_logged_before=99") {
		t.Errorf("the log does not say how much it left out:\n%s", log)
	}
}

// TestNoticesThatAlternateAreBounded: changing the reason each time is no way to flood the log.
func TestNoticesThatAlternateAreBounded(t *testing.T) {
	n, log, _ := testNotices()
	for i := range 1000 {
		n.report(slog.LevelWarn, "connection", "refused", fmt.Sprint("reason ", i))
	}
	if got := strings.Count(log.String(), "\n"); got != noticesPerInterval {
		t.Errorf("%d lines", got)
	}
}

// TestNoticesRememberABoundedNumberOfSubjects: nor is changing the address.
func TestNoticesRememberABoundedNumberOfSubjects(t *testing.T) {
	n, log, now := testNotices()
	for i := range 10_000 {
		n.report(slog.LevelWarn, fmt.Sprint("address ", i), "refused", "same")
	}
	if len(n.subjects) > maxSubjects+1 {
		t.Errorf("%d subjects", len(n.subjects))
	}
	if got := strings.Count(log.String(), "\n"); got > maxSubjects+noticesPerInterval {
		t.Errorf("%d lines", got)
	}
	*now = now.Add(time.Hour)
	n.report(slog.LevelWarn, "a new one", "refused", "later")
	if n.subjects["a new one"] == nil {
		t.Error("old subjects keep new ones out for ever")
	}
}

func TestReasonsLeaveOutPorts(t *testing.T) {
	first := &net.OpError{Op: "read", Net: "tcp", Addr: &net.TCPAddr{Port: 1}, Err: errors.New("connection reset")}
	if got := reasonOf(fmt.Errorf("wrapped: %w", first)); got != "read: connection reset" {
		t.Error(got)
	}
	if got := reasonOf(io.EOF); got != "the other end closed the connection" {
		t.Error(got)
	}
}

func TestBackoffDoublesWithinItsBounds(t *testing.T) {
	b := backoff{min: 20 * time.Millisecond}
	for i, want := range []time.Duration{20, 40, 80, 100, 100} {
		want *= time.Millisecond
		if got := b.pause(100 * time.Millisecond); got < want/2 || got > want {
			t.Errorf("pause %d is %v, not from %v to %v", i, got, want/2, want)
		}
	}
	b.reset()
	if got := b.pause(time.Second); got > 20*time.Millisecond {
		t.Errorf("after a success: %v", got)
	}
}
