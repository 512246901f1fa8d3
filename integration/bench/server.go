package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/paxredis/paxredis/integration/process"
)

// server is a system under measurement.
type server struct {
	*process.Process
	name string
	port int
}

// startRedis runs a redis-server that syncs every write before it answers.
func startRedis(dir string, port int) (*server, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	cmd := exec.Command("redis-server", "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "")
	s := &server{name: "redis-server", port: port}
	var err error
	s.Process, _, err = process.Start(s.name, cmd, regexp.MustCompile(`Ready to accept connections`), nil)
	return s, err
}

// startPaxredis runs `paxredis dev`, three real nodes, and finds the port to measure.
func startPaxredis(o options, dir string) (*server, error) {
	args := []string{"dev", "--dir", dir, "--base-port", strconv.Itoa(o.basePort), "--", "--log-level", "warn"}
	s := &server{name: "paxredis"}
	cmd := exec.Command(o.paxredis, append(args, strings.Fields(o.flags)...)...)
	var found []string
	var err error
	s.Process, found, err = process.Start(s.name, cmd, regexp.MustCompile(`paxredis is up: 3 nodes, node (\d) leads`), nil)
	if err != nil {
		return nil, err
	}
	id, err := strconv.Atoi(found[1])
	if err != nil {
		return nil, err
	}
	if o.follower {
		id = id%3 + 1
	}
	s.port = o.basePort + id - 1
	return s, nil
}
