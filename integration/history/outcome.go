package history

import (
	"errors"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// outcome is what a client knows about a command.
type outcome int

const (
	replied    outcome = iota // it took effect, or was a read, and this is its reply
	refused                   // it is not applied, and never will be
	unknown                   // it may be applied
	unexpected                // an error that no fault explains; it may be applied
)

// refusals are the beginnings of errors that come before a command is applied anywhere.
var refusals = []string{"LOADING ", "EXECABORT ", "OOM ", "MISCONF ", "NOAUTH ", "NOPERM ", "ERR max number of clients reached"}

// outcomeOf sorts the error of a command, of which redis.Nil is a reply.
func outcomeOf(err error) outcome {
	var op *net.OpError
	var reply redis.Error
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		return replied
	case errors.As(err, &reply):
		return outcomeOfText(reply.Error())
	case errors.As(err, &op) && op.Op == "dial", errors.Is(err, redis.ErrPoolTimeout):
		return refused // it was never sent
	}
	return unknown // the connection was lost on the way, or the time was up
}

// outcomeOfText sorts an error reply.
func outcomeOfText(text string) outcome {
	if strings.HasPrefix(text, "UNCERTAIN ") {
		return unknown
	}
	if strings.HasPrefix(text, "CLUSTERDOWN ") && strings.HasSuffix(text, "not applied") {
		return refused
	}
	for _, prefix := range refusals {
		if strings.HasPrefix(text, prefix) {
			return refused
		}
	}
	return unexpected
}
