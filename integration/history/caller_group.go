package history

import (
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// groupChoices are what is done to a group: change several keys at once, change one key outside of a transaction, read all
// keys at once, read one.
var groupChoices = []weighted[string]{
	{35, "MULTI change"},
	{8, "MULTI change and read"},
	{7, "change"},
	{40, "MULTI read"},
	{10, "read"},
}

// onGroup does one transaction, or one command, on a group of keys.
func (c *caller) onGroup(p *place) bool {
	choice := choose(c.random, groupChoices)
	group, generation, _ := p.take()
	call := c.groupCall(p.kind, choice)
	done := &command{key: group, group: true, name: string(p.kind) + " " + choice, input: call, write: call.writes(),
		called: c.workload.recorder.now()}
	replies, err := c.transact(group, call)
	returned := c.workload.recorder.now()
	if outcomeOf(err) == replied {
		var reply groupReply
		reply.results, err = parseGroup(call, replies)
		done.output = reply
	}
	return c.finish(p, generation, done, returned, err)
}

// groupCall fills a choice's arguments in.
func (c *caller) groupCall(of kind, choice string) groupCall {
	change := c.moveAmount
	if of == lists {
		change = c.appendToken
	}
	switch choice {
	case "MULTI change":
		return groupCall{change()}
	case "MULTI change and read":
		return groupCall{append(change(), readAll()...)}
	case "change":
		return groupCall{change()[:1]}
	case "read":
		return groupCall{[]part{{op: partGet, key: c.random.IntN(groupKeys)}}}
	}
	return groupCall{readAll()}
}

// moveAmount takes an amount from one key and gives it to another.
func (c *caller) moveAmount() []part {
	keys := c.random.Perm(groupKeys)
	amount := 1 + c.random.Int64N(1000)
	return []part{
		{op: partAdd, key: keys[0], argument: strconv.FormatInt(-amount, 10)},
		{op: partAdd, key: keys[1], argument: strconv.FormatInt(amount, 10)},
	}
}

// appendToken appends the same token, which nobody else appends, to several keys.
func (c *caller) appendToken() []part {
	c.values++
	token := fmt.Sprintf("%d.%d;", c.number, c.values)
	var parts []part
	for _, key := range c.random.Perm(groupKeys)[:2+c.random.IntN(groupKeys-1)] {
		parts = append(parts, part{op: partAppend, key: key, argument: token})
	}
	return parts
}

func readAll() []part {
	parts := make([]part, groupKeys)
	for i := range parts {
		parts[i] = part{op: partGet, key: i}
	}
	return parts
}

// writes reports whether a transaction changes anything.
func (c groupCall) writes() bool {
	for _, p := range c.parts {
		if p.op != partGet {
			return true
		}
	}
	return false
}

// transact sends a transaction, or a single command, and returns the replies to its parts.
func (c *caller) transact(group string, call groupCall) ([]any, error) {
	if len(call.parts) == 1 {
		reply, err := c.client.Do(c.ctx, call.parts[0].arguments(group)...).Result()
		return []any{reply}, notNil(err)
	}
	pipeline := c.client.TxPipeline()
	commands := make([]*redis.Cmd, len(call.parts))
	for i, p := range call.parts {
		commands[i] = pipeline.Do(c.ctx, p.arguments(group)...)
	}
	// The error is that of the first command that has one, and a nil reply is one: whether EXEC failed, all of them know.
	if _, err := pipeline.Exec(c.ctx); notNil(err) != nil {
		return nil, err
	}
	replies := make([]any, len(commands))
	for i, command := range commands {
		var err error
		if replies[i], err = command.Result(); notNil(err) != nil {
			return nil, err
		}
	}
	return replies, nil
}

// arguments is a part as it is sent.
func (p part) arguments(group string) []any {
	args := []any{string(p.op), fmt.Sprintf("%s:%c", group, 'a'+p.key)}
	if p.argument != "" {
		args = append(args, p.argument)
	}
	return args
}

// parseGroup makes texts of the replies.
func parseGroup(call groupCall, replies []any) ([]string, error) {
	results := make([]string, len(replies))
	for i, reply := range replies {
		number, isNumber := reply.(int64)
		text, isText := reply.(string)
		switch read := call.parts[i].op == partGet; {
		case read && isText:
			results[i] = text
		case read && reply == nil:
		case !read && isNumber:
			results[i] = strconv.FormatInt(number, 10)
		default:
			return nil, wrongReply(reply)
		}
	}
	return results, nil
}
