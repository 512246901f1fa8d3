package history

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/statemachine"
)

// fault is what a store does wrong, or what happens to it that is not wrong.
type fault string

const (
	nothing         fault = "nothing"
	repliesLost     fault = "replies are lost"
	commandsLost    fault = "commands are lost"
	commandsLate    fault = "commands come late"
	commandsRefused fault = "commands are refused"

	refusedApplied fault = "refused commands are applied"
	appliedTwice   fault = "commands are applied twice"
	staleReads     fault = "reads are of the state before the newest write"
	writesLost     fault = "acknowledged writes are forgotten"
	tornExec       fault = "other commands come between those of a transaction"
	ownVersions    fault = "compare and set looks at no version"

	clocksDiffer    fault = "clocks differ as they may"
	clocksDifferBad fault = "clocks differ by more than they may"
	neverExpires    fault = "no key expires"
	expiresLate     fault = "keys expire late"
	expiresEarly    fault = "keys expire early"
	incrPersists    fault = "INCR makes a key live for ever"
)

// store is one keyspace in the place of a cluster: a go-redis client with its hooks never dials. Every so often a fault
// happens.
type store struct {
	fault fault

	mu       sync.Mutex
	commands int
	now      *statemachine.Machine
	before   *statemachine.Machine // has all writes but the newest
	newest   []byte
	slot     uint64
	late     [][]byte // commands whose clients have given up
	began    time.Time
	pause    time.Duration // what each command takes
}

func newStore(f fault) *store {
	machine := func() *statemachine.Machine { return statemachine.New(statemachine.Config{}) }
	return &store{fault: f, now: machine(), before: machine(), began: time.Now()}
}

// every is how many commands there are for each that a fault happens to.
const every = 20

func (s *store) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *store) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error { return s.serve([]redis.Cmder{cmd}, false) }
}

func (s *store) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(_ context.Context, cmds []redis.Cmder) error { return s.serve(cmds[1:len(cmds)-1], true) }
}

var (
	errLost    = &net.OpError{Op: "read", Err: errors.New("connection reset")}
	errRefused = replyError("CLUSTERDOWN no leader within the commit timeout: not applied")
)

// serve runs a command or a transaction, with the store's fault if its turn has come.
func (s *store) serve(cmds []redis.Cmder, exec bool) error {
	if s.pause > 0 {
		<-time.After(s.pause)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands++
	if s.fault == incrPersists && cmds[0].Name() == "incr" {
		persisted, _ := encode([]redis.Cmder{redis.NewCmd(context.Background(), "PERSIST", cmds[0].Args()[1])}, false)
		s.write(persisted)
	}
	encoded, write := encode(cmds, exec)
	if !write {
		return s.read(encoded, cmds)
	}
	if len(s.late) > 0 && s.commands%every == every/2 {
		s.write(s.late[0])
		s.late = s.late[1:]
	}
	if s.commands%every != 0 {
		return answer(cmds, s.write(encoded))
	}
	return s.fail(encoded, cmds, exec)
}

// fail serves a write, with the store's fault.
func (s *store) fail(encoded []byte, cmds []redis.Cmder, exec bool) error {
	switch s.fault {
	case repliesLost:
		s.write(encoded)
		return errLost
	case commandsLost:
		return errLost
	case commandsLate:
		s.late = append(s.late, encoded)
		return errLost
	case commandsRefused:
		return errRefused
	case refusedApplied:
		s.write(encoded)
		return errRefused
	case appliedTwice:
		s.write(encoded)
	case writesLost:
		reply := s.write(encoded)
		s.now, s.before = s.before, s.now
		return answer(cmds, reply)
	case tornExec:
		if exec {
			return s.tear(cmds)
		}
	case ownVersions:
		encoded, _ = encode(withoutGuard(cmds), exec)
	}
	return answer(cmds, s.write(encoded))
}

// withoutGuard is commands without IFVER and its version.
func withoutGuard(cmds []redis.Cmder) []redis.Cmder {
	rest := make([]redis.Cmder, len(cmds))
	for i, cmd := range cmds {
		args := slices.Clone(cmd.Args())
		if at := slices.Index(args, any(string(exact))); at >= 0 {
			args = slices.Delete(args, at, at+2)
		}
		rest[i] = redis.NewCmd(context.Background(), args...)
	}
	return rest
}

// tear runs each command of a transaction by itself, with time for others between them.
func (s *store) tear(cmds []redis.Cmder) error {
	for _, cmd := range cmds {
		encoded, _ := encode([]redis.Cmder{cmd}, false)
		if err := answer([]redis.Cmder{cmd}, s.write(encoded)); err != nil {
			return err
		}
		before := s.commands
		for range 1000 { // the others may have ended
			if s.commands >= before+3 {
				break
			}
			s.mu.Unlock()
			runtime.Gosched()
			s.mu.Lock()
		}
	}
	return nil
}

// write applies a command and brings what is behind to where the state was before it.
func (s *store) write(encoded []byte) any {
	if s.newest != nil {
		s.apply(s.before, s.newest)
	}
	s.slot++
	s.newest = encoded
	return s.apply(s.now, encoded)
}

func (s *store) read(encoded []byte, cmds []redis.Cmder) error {
	from := s.now
	if s.fault == staleReads && s.commands%every < every/4 {
		from = s.before
	}
	return answer(cmds, s.apply(from, encoded))
}

// apply runs an encoded command.
func (s *store) apply(m *statemachine.Machine, encoded []byte) any {
	v := &values{}
	m.Apply(s.slot, statemachine.Stamp{TimeMS: s.clock().UnixMilli(), Seed: s.slot}, encoded, 1, v)
	return v.got
}

// clock is the time by which the next command is stamped. The machine's own does not go back.
func (s *store) clock() time.Time {
	now := time.Now()
	passed := now.Sub(s.began)
	switch s.fault {
	case clocksDiffer: // by 100 ms: each leads for a while
		return now.Add(time.Duration(s.commands/100%3-1) * 50 * time.Millisecond)
	case clocksDifferBad:
		return now.Add(time.Duration(s.commands/100%3-1) * 3 * time.Second)
	case neverExpires:
		return s.began
	case expiresLate:
		return s.began.Add(passed / 3)
	case expiresEarly:
		return s.began.Add(passed * 3)
	}
	return now
}

// encode is commands as the log has them, and whether one of them writes.
func encode(cmds []redis.Cmder, exec bool) (encoded []byte, write bool) {
	queued := make([]statemachine.Queued, len(cmds))
	for i, cmd := range cmds {
		for _, arg := range cmd.Args() {
			queued[i].Args = append(queued[i].Args, fmt.Append(nil, arg))
		}
		write = write || cmd.Name() != "get" && cmd.Name() != "object"
	}
	if exec {
		return statemachine.AppendExec(nil, nil, queued), write
	}
	return statemachine.AppendCommand(nil, 0, queued[0].Args), write
}

// answer gives commands their replies.
func answer(cmds []redis.Cmder, reply any) error {
	replies := []any{reply}
	if all, ok := reply.([]any); ok && len(cmds) > 1 {
		replies = all
	}
	var first error
	for i, cmd := range cmds {
		switch r := replies[i].(type) {
		case nil:
			cmd.SetErr(redis.Nil)
		case error:
			cmd.SetErr(r)
		default:
			cmd.(*redis.Cmd).SetVal(r)
		}
		if first == nil {
			first = cmd.Err()
		}
	}
	return first
}

// values makes of a reply what go-redis makes of it. It implements statemachine.Replies and statemachine.Reply.
type values struct {
	got  any
	open [][]any // aggregates that lack elements, which are the free capacity
}

func (v *values) Next(int, *statemachine.View) statemachine.Reply { return v }
func (v *values) Finish(uint64, *statemachine.View)               {}

func (v *values) put(value any) {
	for len(v.open) > 0 {
		last := &v.open[len(v.open)-1]
		*last = append(*last, value)
		if len(*last) < cap(*last) {
			return
		}
		value = *last
		v.open = v.open[:len(v.open)-1]
	}
	v.got = value
}

func (v *values) Status(s string)         { v.put(s) }
func (v *values) Error(text string)       { v.put(error(replyError(text))) }
func (v *values) Int(n int64)             { v.put(n) }
func (v *values) Bulk(b []byte)           { v.put(string(b)) }
func (v *values) BulkString(s string)     { v.put(s) }
func (v *values) Null()                   { v.put(nil) }
func (v *values) NullArray()              { v.put(nil) }
func (v *values) Array(n int)             { v.open = append(v.open, make([]any, 0, n)) }
func (v *values) Map(n int)               { v.Array(2 * n) }
func (v *values) Set(n int)               { v.Array(n) }
func (v *values) Push(n int)              { v.Array(n) }
func (v *values) Double(f float64)        { v.put(f) }
func (v *values) Bool(b bool)             { v.put(b) }
func (v *values) Verbatim(_, text string) { v.put(text) }
func (v *values) Raw(encoded []byte)      { v.put(string(encoded)) }
func (v *values) Protocol() int           { return 3 }
