package resp

import "github.com/paxredis/paxredis/statemachine"

// lookAhead has the keys that the next reads of a client's pipeline will want come into the processor's caches side by side: one of its reads
// after the other would wait for memory three times each. It runs at the first of so many reads. pipelined says that the read was not
// deferred: those that follow it are in the input.
func (l *eventLoop) lookAhead(c *Client, view *statemachine.View, args statemachine.Args, pipelined bool) {
	keys := l.keysAhead[:0]
	if pipelined {
		if len(l.ahead) == 0 {
			return
		}
		if len(args) > 1 {
			keys = append(keys, args[1])
		}
		keys = appendKeys(keys, l.ahead)
	} else {
		waiting := &c.waiting
		for i := waiting.head; i < len(waiting.items) && len(keys) < statemachine.MostWarm; i++ {
			if it := &waiting.items[i]; it.kind == kindRead && it.argc > 1 {
				keys = append(keys, waiting.argsOf(it)[1])
			}
		}
	}
	if len(keys) >= statemachine.LeastWarm {
		view.Warm(c.db, keys)
	}
	clear(keys)
	l.keysAhead = keys
}

// appendKeys appends the first argument of each command in buf, until there are enough of them or something comes that is not a whole
// command in plain form. For a command without key it is not one, and looked for in vain.
func appendKeys(keys [][]byte, buf []byte) [][]byte {
	for at := 0; at < len(buf) && buf[at] == '*' && len(keys) < statemachine.MostWarm; {
		var count, size int64
		if count, at = plainLength(buf, at+1); at == 0 {
			break
		}
		for i := range count {
			if at >= len(buf) || buf[at] != '$' {
				return keys
			}
			if size, at = plainLength(buf, at+1); at == 0 || size > int64(len(buf)-at-len(lineEnd)) {
				return keys
			}
			if i == 1 {
				keys = append(keys, buf[at:at+int(size)])
			}
			at += int(size) + len(lineEnd)
		}
	}
	return keys
}
