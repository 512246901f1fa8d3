package cluster

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/integration/process"
)

// Redis is one redis-server. It belongs to one goroutine.
type Redis struct {
	Addr    string
	client  *redis.Client
	process *process.Process
}

// Flags of redis-server.
var (
	// AlwaysSynced has every write on the disk before it is answered.
	AlwaysSynced = []string{"--appendonly", "yes", "--appendfsync", "always", "--save", ""}
	// InMemory has nothing on the disk.
	InMemory = []string{"--appendonly", "no", "--save", ""}
)

// StartRedis runs a redis-server with its data in a directory, which must exist.
func StartRedis(dir string, port int, flags ...string) (*Redis, error) {
	args := append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir}, flags...)
	running, _, err := process.Start("redis-server", exec.Command("redis-server", args...), regexp.MustCompile(`Ready to accept connections`), nil)
	if err != nil {
		return nil, err
	}
	r := &Redis{Addr: loopback(port), process: running}
	r.client = newClient(r.Addr)
	return r, nil
}

// PID is the number of its process.
func (r *Redis) PID() int { return r.process.PID() }

// Client is a connection for control.
func (r *Redis) Client() *redis.Client { return r.client }

// Info is a field of a section of its INFO.
func (r *Redis) Info(ctx context.Context, section, field string) (string, error) {
	return infoField(ctx, r.client, section, field)
}

// Stop ends it.
func (r *Redis) Stop() error { return errors.Join(r.client.Close(), r.process.Stop()) }
