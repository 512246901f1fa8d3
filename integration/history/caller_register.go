package history

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// registerChoice is a command on a register before its arguments are known.
type registerChoice struct {
	op          registerOp
	guard       guard
	withVersion bool // GET and SET: the reply tells the version
	ttl         bool // SET: with PX; PEXPIRE has one
	keep        bool // SET: with KEEPTTL
	late        bool // the time to live of the key it is for is over, which the figures tell
}

// registerChoices are the commands on registers. Most tell the version, since that is what makes the model strict.
var registerChoices = []weighted[registerChoice]{
	{24, registerChoice{op: opGet, withVersion: true}},
	{10, registerChoice{op: opGet}},
	{4, registerChoice{op: opVersion}},
	{10, registerChoice{op: opSet, withVersion: true}},
	{5, registerChoice{op: opSet}},
	{5, registerChoice{op: opSet, withVersion: true, ttl: true}},
	{14, registerChoice{op: opSet, guard: exact, withVersion: true}},
	{3, registerChoice{op: opSet, guard: exact}},
	{5, registerChoice{op: opSet, guard: newer, withVersion: true}},
	{5, registerChoice{op: opDel}},
	{3, registerChoice{op: opDel, guard: exact}},
	{2, registerChoice{op: opDel, guard: newer}},
	{10, registerChoice{op: opIncr}},
}

// suffixNo marks commands that had nothing to do, or whose guard stopped them, in the figures.
const suffixNo = " (no)"

// onRegister does one command on a single key.
func (c *caller) onRegister(p *place) bool {
	choice := choose(c.random, registerChoices)
	choice.ttl = choice.ttl && !c.workload.options.NoDeadlines
	key, generation, version := p.take()
	call := c.registerCall(choice, version)
	if choice.ttl {
		call.ttl = c.workload.options.longTTL(c.random)
	}
	return c.do(p, key, generation, choice, call)
}

// do calls a command on a generation's key.
func (c *caller) do(p *place, key string, generation int, choice registerChoice, call registerCall) bool {
	done := &command{key: key, name: choice.String(), write: call.op != opGet && call.op != opVersion, called: c.workload.recorder.now()}
	answer, err := c.client.Do(c.ctx, call.arguments(key, choice.withVersion)...).Result()
	returned := c.workload.recorder.now()
	if call.ttl > 0 {
		call.life = c.workload.options.lifetime(call.ttl, done.called, returned)
	}
	done.input = call
	if outcomeOf(err) == replied {
		var reply registerReply
		reply, err = parseRegister(call.op, answer, choice.withVersion)
		done.output = reply
		if done.write && call.op != opIncr && !reply.applied {
			done.name += suffixNo
		}
		p.sawVersion(generation, reply.version)
	}
	return c.finish(p, generation, done, returned, err)
}

// registerCall fills a choice's arguments in.
func (c *caller) registerCall(choice registerChoice, version int64) registerCall {
	call := registerCall{op: choice.op, guard: choice.guard, keep: choice.keep}
	if call.op == opSet {
		call.value = strconv.FormatInt(c.value(), 10)
	}
	switch call.guard {
	case exact:
		call.n = version
	case newer:
		call.n = max(1, version+c.random.Int64N(6)-2)
	}
	return call
}

// arguments is the command as it is sent.
func (c registerCall) arguments(key string, withVersion bool) []any {
	var args []any
	switch c.op {
	case opVersion:
		return []any{"OBJECT", "VERSION", key}
	case opSet:
		args = []any{"SET", key, c.value}
	case opExpire:
		return []any{"PEXPIRE", key, c.ttl.Milliseconds()}
	default:
		args = []any{string(c.op), key}
	}
	if c.guard != always {
		args = append(args, string(c.guard), c.n)
	}
	if c.ttl > 0 {
		args = append(args, "PX", c.ttl.Milliseconds())
	}
	if c.keep {
		args = append(args, "KEEPTTL")
	}
	if withVersion {
		args = append(args, "WITHVER")
	}
	return args
}

// String names a choice in the figures.
func (c registerChoice) String() string {
	text := string(c.op)
	if c.guard != always {
		text += " " + string(c.guard)
	}
	if c.ttl && c.op == opSet {
		text += " PX"
	}
	if c.keep {
		text += " KEEPTTL"
	}
	if c.late {
		text += " after a time to live"
	}
	return text
}

// parseRegister reads the answer to a command on a register.
func parseRegister(op registerOp, answer any, withVersion bool) (reply registerReply, err error) {
	reply.version = -1
	if withVersion {
		pair, ok := answer.([]any)
		if !ok || len(pair) != 2 {
			return reply, wrongReply(answer)
		}
		if reply.version, ok = pair[1].(int64); !ok {
			return reply, wrongReply(answer)
		}
		answer = pair[0]
	}
	number, isNumber := answer.(int64)
	text, isText := answer.(string)
	switch {
	case op == opVersion && isNumber && number >= 0:
		reply.version = number
	case op == opIncr && isNumber:
		reply.value = strconv.FormatInt(number, 10)
	case (op == opDel || op == opExpire || op == opPersist) && isNumber && (number == 0 || number == 1):
		reply.applied = number == 1
	case op == opSet && (text == "OK" || answer == nil):
		reply.applied = answer != nil
	case op == opGet && (isText && text != "" || answer == nil):
		reply.present, reply.value = isText, text
	default:
		return reply, wrongReply(answer)
	}
	return reply, nil
}

func wrongReply(answer any) error {
	return fmt.Errorf("%w: %v of type %T", errReply, answer, answer)
}

// notNil is err unless that is the nil reply.
func notNil(err error) error {
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}
