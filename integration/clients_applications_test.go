package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestApplicationsOutliveTheLeader: clients and applications that people use share a cluster whose leader is killed while all of them work.
// Each finds in the end what it has done, and what its own rules say: a job completed for each that was added, locks that exclude, limits
// that are kept, sessions with every page counted once.
func TestApplicationsOutliveTheLeader(t *testing.T) {
	t.Parallel()
	noteScripts(t)
	c := startCluster(t, 3, "--cluster-mode")
	runApplications(t, c, []application{
		javascript("ioredis"),
		javascript("node-redis"),
		javascript("connect-redis"),
		javascript("keyv"),
		javascript("keyv-test-suite"),
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

// javascript is an application of testdata/clients, on the packages that .ci/install-client-tools installs.
func javascript(name string, commands ...string) application {
	packages, err := filepath.Abs("../bin/clients")
	return application{
		name: name, commands: commands,
		missing: func() string {
			if _, found := exec.LookPath("node"); found != nil {
				return "node is not installed"
			}
			if _, found := os.Stat(filepath.Join(packages, "installed")); err != nil || found != nil {
				return "its npm packages are not installed (see .ci/install-client-tools)"
			}
			return ""
		},
		run: script([]string{"NODE_PATH=" + filepath.Join(packages, "node_modules")}, "node", "testdata/clients/"+name+".js"),
	}
}

// noteScripts looks at every script, as noteSources does at sources.
func noteScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/clients/*")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range scripts {
		if _, err := os.Stat(path); err != nil {
			t.Fatal(err)
		}
	}
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
