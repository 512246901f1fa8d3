package resp

import (
	"bytes"
	"slices"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// redaction takes the place of what nobody but the server may read, as in Redis.
var redaction = []byte("(redacted)")

// secretParameters are those of CONFIG SET whose values are secrets.
var secretParameters = []string{"requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"}

// redacted returns the arguments of a call as logs and MONITOR may show them. args itself is not changed.
func redacted(r *row, args statemachine.Args) statemachine.Args {
	switch r.name {
	case "auth":
		return redactFrom(args, 1, len(args))
	case "acl|setuser":
		return redactFrom(args, 2, len(args))
	case "hello":
		for i := 2; i < len(args); i++ {
			if bytes.EqualFold(args[i], []byte("AUTH")) {
				return redactFrom(args, i+1, i+3)
			}
		}
	case "config|set":
		shown := args
		for i := 2; i+1 < len(args); i += 2 {
			if slices.Contains(secretParameters, strings.ToLower(string(args[i]))) {
				shown = redactFrom(shown, i+1, i+2)
			}
		}
		return shown
	}
	return args
}

// redactFrom returns args with those from one index to before another redacted.
func redactFrom(args statemachine.Args, from, to int) statemachine.Args {
	shown := slices.Clone(args)
	for i := from; i < min(to, len(shown)); i++ {
		shown[i] = redaction
	}
	return shown
}
