package integration

import (
	"os/exec"
	"testing"
)

// TestApplicationsOutliveTheLeader: clients and applications that people use share a cluster whose leader is killed while all of them work.
// Each finds in the end what it has done, and what its own rules say: a job completed for each that was added, locks that exclude, limits
// that are kept, sessions with every page counted once.
func TestApplicationsOutliveTheLeader(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, "--cluster-mode")
	runApplications(t, c, []application{
		javascript("ioredis"),
		javascript("node-redis"),
		javascript("connect-redis"),
		javascript("keyv"),
		javascript("socket.io"),
		javascript("bullmq", "eval", "bzpopmin"),
		javascript("rate-limiter-flexible", "eval"),
		javascript("redlock", "eval"),
		redisPy(),
		{name: "asynq", commands: []string{"eval"}, run: runAsynq},
		{name: "redsync", commands: []string{"eval"}, run: runRedsync},
		{name: "redis_rate", commands: []string{"eval"}, run: runRedisRate},
		{name: "go-redis-cache", run: runCache},
	})
}

// redisPy runs Debian's redis-py, which another python3 than Debian's does not see.
func redisPy() application {
	python := ""
	for _, candidate := range []string{"python3", "/usr/bin/python3"} {
		if python == "" && exec.Command(candidate, "-c", "import redis.cluster").Run() == nil {
			python = candidate
		}
	}
	return application{
		name: "redis-py",
		missing: func() string {
			if python == "" {
				return "redis-py is not installed (see .ci/install-client-tools)"
			}
			return ""
		},
		run: script(nil, python, "testdata/clients/redis_py.py"),
	}
}
