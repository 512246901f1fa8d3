package history

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// replyError is an error reply.
type replyError string

func (e replyError) Error() string { return string(e) }
func (replyError) RedisError()     {}

func TestOutcomes(t *testing.T) {
	for _, test := range []struct {
		err  error
		want outcome
	}{
		{nil, replied},
		{redis.Nil, replied},
		{replyError("CLUSTERDOWN no leader within the commit timeout: not applied"), refused},
		{replyError("CLUSTERDOWN no leader, this node is shutting down: not applied"), refused},
		{replyError("CLUSTERDOWN this node was removed from the cluster: not applied"), refused},
		{replyError("LOADING Redis is loading the dataset in memory"), refused},
		{replyError("EXECABORT Transaction discarded because of previous errors."), refused},
		{replyError("OOM command not allowed when used memory > 'maxmemory'."), refused},
		{replyError("MISCONF the disk is full"), refused},
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, refused},
		{fmt.Errorf("redis: %w", redis.ErrPoolTimeout), refused},
		{replyError("UNCERTAIN no outcome within the commit timeout: the command may or may not be applied"), unknown},
		{replyError("UNCERTAIN this node is shutting down: the command may or may not take effect"), unknown},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, unknown},
		{&net.OpError{Op: "write", Err: errors.New("broken pipe")}, unknown},
		{context.DeadlineExceeded, unknown},
		{replyError("CLUSTERDOWN something else"), unexpected},
		{replyError("ERR value is not an integer or out of range"), unexpected},
		{replyError("WRONGTYPE Operation against a key holding the wrong kind of value"), unexpected},
	} {
		if got := outcomeOf(test.err); got != test.want {
			t.Errorf("%v: got %v, want %v", test.err, got, test.want)
		}
	}
}

// recordSet records a SET with an outcome.
func recordSet(r *Recorder, o outcome, value string, called, returned int64) {
	r.record(&command{key: "k", name: "SET", write: true, called: called, outcome: o, problem: errors.New("problem"),
		input: set(value), output: done(-1)}, returned)
}

func recordGet(r *Recorder, o outcome, reply registerReply, called, returned int64) {
	r.record(&command{key: "k", name: "GET", called: called, outcome: o, problem: errors.New("problem"), input: get, output: reply}, returned)
}

func TestRefusedCommandsAndReadsWithoutReplyAreNotRecorded(t *testing.T) {
	r := NewRecorder()
	recordSet(r, refused, "1", 1, 2)
	recordGet(r, refused, registerReply{}, 3, 4)
	recordGet(r, unknown, registerReply{}, 5, 6)
	recordGet(r, unexpected, registerReply{}, 7, 8)
	if len(r.histories) != 0 {
		t.Errorf("histories: %v", r.histories)
	}
	recordGet(r, replied, saw("1", -1), 9, 10) // sees the refused write
	report := r.Check(time.Minute, "")
	if len(report.Violations) != 1 || report.Violations[0].Undecided || report.Violations[0].Key != "k" {
		t.Errorf("violations: %v", report.Violations)
	}
	if report.Operations != 5 || report.OK != 1 || report.Refused != 2 || report.Unknown != 1 || report.Unexpected != 1 {
		t.Errorf("report: %v", report)
	}
}

func TestUnknownCommandsStayOpen(t *testing.T) {
	for _, o := range []outcome{unknown, unexpected} {
		r := NewRecorder()
		recordSet(r, replied, "1", 1, 2)
		recordSet(r, o, "2", 3, 4)
		recordGet(r, replied, saw("1", -1), 5, 6)
		recordGet(r, replied, saw("2", -1), 7, 8)
		if report := r.Check(time.Minute, ""); len(report.Violations) != 0 {
			t.Errorf("violations: %v", report.Violations)
		}
	}
}

func TestReportFailsOnWhatWasNotShown(t *testing.T) {
	empty := NewRecorder().Check(time.Minute, "")
	if empty.Err() == nil {
		t.Error("a run without a write passed")
	}

	r := NewRecorder()
	recordSet(r, replied, "1", 1, 2)
	if err := r.Check(time.Minute, "").Err(); err != nil {
		t.Error(err)
	}
	undecided := r.Check(0, t.TempDir())
	if len(undecided.Violations) != 1 || !undecided.Violations[0].Undecided || undecided.Err() == nil {
		t.Errorf("a search without time passed: %v", undecided)
	}

	recordSet(r, unexpected, "2", 3, 4)
	if err := r.Check(time.Minute, "").Err(); err == nil || !strings.Contains(err.Error(), "problem") {
		t.Errorf("an unexpected error passed: %v", err)
	}
}

func TestPictureOfAViolation(t *testing.T) {
	r := NewRecorder()
	recordSet(r, replied, "1", 1, 2)
	recordGet(r, replied, saw("another", -1), 3, 4)
	report := r.Check(time.Minute, t.TempDir())
	if report.Err() == nil {
		t.Fatal("no violation")
	}
	picture, err := os.ReadFile(report.Violations[0].Picture)
	if err != nil || !strings.Contains(string(picture), "another") {
		t.Errorf("the picture of %v: %d bytes, %v", report.Violations[0], len(picture), err)
	}
	if !strings.Contains(report.String(), report.Violations[0].Picture) {
		t.Errorf("the report does not name the picture: %v", report)
	}
}

func TestLongestTimeWithoutWrite(t *testing.T) {
	r := NewRecorder()
	recordSet(r, replied, "1", 1, 10)
	recordSet(r, replied, "1", 11, 40)
	recordSet(r, unknown, "2", 12, 60) // none that succeeded
	recordSet(r, replied, "3", 13, 65)
	if got := r.Check(time.Minute, "").WithoutWrite; got != 30 {
		t.Errorf("between writes: got %d, want 30", got)
	}
	recordGet(r, replied, saw("3", -1), 66, 100)
	if got := r.Check(time.Minute, "").WithoutWrite; got != 35 {
		t.Errorf("at the end: got %d, want 35", got)
	}
}

func TestAwaitWrites(t *testing.T) {
	r := NewRecorder()
	got := make(chan error, 1)
	go func() { got <- r.AwaitWrites(t.Context(), 2) }()
	for i := int64(0); ; i++ {
		recordSet(r, replied, "1", i, i+1)
		select {
		case err := <-got:
			if err != nil || r.Writes() < 2 {
				t.Errorf("after %d writes: %v", r.Writes(), err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := r.AwaitWrites(ctx, 1); !errors.Is(err, context.Canceled) {
				t.Errorf("a wait that was given up: %v", err)
			}
			return
		default:
		}
	}
}

func TestClientsThatRepeatCommandsAreRefused(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer client.Close()
	if err := NewWorkload(NewRecorder(), Options{}).Run(t.Context(), client, 1); err == nil {
		t.Error("a client with go-redis's own retries was taken")
	}
}
