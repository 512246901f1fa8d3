package main

import (
	"errors"
	"flag"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// peerPortOffset and httpPortOffset are how far the peer ports and the HTTP ports of a development cluster lie above its client ports.
const (
	peerPortOffset = 1000
	httpPortOffset = 2000
)

// devConfig is what `paxredis dev` was told.
type devConfig struct {
	nodes       int
	basePort    int
	dir         string
	keep        bool
	serverFlags []string        // after "--", for every node
	given       map[string]bool // the flags that were chosen, not left at their defaults
}

// runDev runs a local cluster of real server processes until Ctrl-C. It restarts none: a node that is killed stays
// down, so that one can watch the others go on.
func runDev(args []string, std stdio) error {
	c, err := parseDev(args, std)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)

	dir, err := openDevDir(&c)
	if err != nil {
		return err
	}
	if err := checkPorts(c); err != nil {
		return errors.Join(err, dir.close())
	}
	out := newConsole(std.out)
	cluster, err := startCluster(c, dir, out)
	if err == nil {
		err = cluster.serve(signals)
	}
	return errors.Join(err, cluster.stop(signals), dir.close())
}

func parseDev(args []string, std stdio) (devConfig, error) {
	c := devConfig{given: map[string]bool{}}
	fs := newFlagSet("dev", "[flags] [-- server flags for every node]", std)
	fs.IntVar(&c.nodes, "nodes", 3, "`number` of nodes, 1 to 9")
	fs.IntVar(&c.basePort, "base-port", 6379, "client `port` of the first node; the others' follow, peer ports are 1000 higher, HTTP ports 2000")
	fs.StringVar(&c.dir, "dir", "", "`directory` for key and data (default: a temporary one, or ./paxredis-dev with --keep)")
	fs.BoolVar(&c.keep, "keep", false, "keep the data at the end; another dev --keep in the same directory goes on with it")
	if err := parseFlags(fs, args); err != nil {
		return c, err
	}
	if parsed := len(args) - fs.NArg(); fs.NArg() > 0 && (parsed == 0 || args[parsed-1] != "--") {
		return c, usageErrorf("dev takes flags only, not %q (flags for the nodes come after --)", fs.Arg(0))
	}
	c.serverFlags = fs.Args()
	fs.Visit(func(f *flag.Flag) { c.given[f.Name] = true })
	return c, c.validate()
}

func (c *devConfig) validate() error {
	if c.nodes < 1 || c.nodes > 9 {
		return usageErrorf("--nodes %d: must be from 1 to 9", c.nodes)
	}
	if highest := 65535 - httpPortOffset - (c.nodes - 1); c.basePort < 1 || c.basePort > highest {
		return usageErrorf("--base-port %d: must be from 1 to %d", c.basePort, highest)
	}
	return nil
}

// clientAddress is where node id, counted from 1, serves clients.
func (c *devConfig) clientAddress(id int) string {
	return "127.0.0.1:" + strconv.Itoa(c.basePort+id-1)
}

// peerAddress is where node id listens for the others.
func (c *devConfig) peerAddress(id int) string {
	return "127.0.0.1:" + strconv.Itoa(c.basePort+id-1+peerPortOffset)
}

// httpAddress is where node id tells about itself.
func (c *devConfig) httpAddress(id int) string {
	return "127.0.0.1:" + strconv.Itoa(c.basePort+id-1+httpPortOffset)
}

// peers is the --peers list of all nodes.
func (c *devConfig) peers() string {
	list := ""
	for id := 1; id <= c.nodes; id++ {
		if id > 1 {
			list += ","
		}
		list += strconv.Itoa(id) + "=" + c.peerAddress(id)
	}
	return list
}
