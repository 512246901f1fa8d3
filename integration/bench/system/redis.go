package system

import (
	"context"
	"regexp"
	"strconv"

	"github.com/paxredis/paxredis/integration/process"
)

// RedisName is redis-server's name in tables.
const RedisName = "redis-server"

// Redis is one redis-server that syncs every write before it answers.
func Redis() System {
	return System{Name: RedisName, start: func(_ context.Context, place Place) (*Running, error) {
		cmd := command("redis-server", "--port", strconv.Itoa(place.Port), "--bind", "127.0.0.1", "--dir", place.Dir,
			"--appendonly", "yes", "--appendfsync", "always", "--save", "")
		p, _, err := process.Start(RedisName, cmd, regexp.MustCompile(`Ready to accept connections`), nil)
		if err != nil {
			return nil, err
		}
		return alone(p, loopback(place.Port)), nil
	}}
}
