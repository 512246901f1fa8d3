package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// devDir is the directory of a development cluster: its key, a data directory a node, and what it was started with.
type devDir struct {
	path     string
	contents bool // remove what is inside at the end
	itself   bool // and the directory too: it was not there before
}

// devRecord is remembered in a kept directory: a cluster is the same one only with the same nodes at the same addresses.
type devRecord struct {
	Nodes    int `json:"nodes"`
	BasePort int `json:"base_port"`
}

// openDevDir makes or reopens the directory. What a kept directory remembers takes the place of flags left at their
// defaults in c.
func openDevDir(c *devConfig) (*devDir, error) {
	d, err := makeDevDir(c)
	if err != nil {
		return nil, fmt.Errorf("dev: %w", err)
	}
	if err := d.prepare(c); err != nil {
		return nil, errors.Join(fmt.Errorf("dev: %w", err), d.close())
	}
	return d, nil
}

func makeDevDir(c *devConfig) (*devDir, error) {
	switch {
	case c.keep:
		path := c.dir
		if path == "" {
			path = "paxredis-dev"
		}
		return &devDir{path: path}, os.MkdirAll(path, 0o700)
	case c.dir == "":
		path, err := os.MkdirTemp("", "paxredis-dev-")
		return &devDir{path: path, contents: true, itself: true}, err
	}
	entries, err := os.ReadDir(c.dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return &devDir{path: c.dir, contents: true, itself: true}, os.MkdirAll(c.dir, 0o700)
	case err != nil:
		return nil, err
	case len(entries) > 0:
		return nil, fmt.Errorf("--dir %s: is not empty, and without --keep it would be emptied at the end; add --keep or choose another", c.dir)
	}
	return &devDir{path: c.dir, contents: true}, nil
}

// prepare makes the key and the record, or reads those that are there.
func (d *devDir) prepare(c *devConfig) error {
	path := filepath.Join(d.path, "dev.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := writeKey(d.keyFile()); err != nil {
			return err
		}
		text, err = json.Marshal(devRecord{c.nodes, c.basePort})
		if err != nil {
			return err
		}
		return os.WriteFile(path, append(text, '\n'), 0o600)
	}
	if err != nil {
		return err
	}
	var r devRecord
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return c.goOnWith(r, d.path)
}

// goOnWith takes over what the directory remembers, and refuses flags that contradict it.
func (c *devConfig) goOnWith(r devRecord, path string) error {
	if c.given["nodes"] && c.nodes != r.Nodes || c.given["base-port"] && c.basePort != r.BasePort {
		return fmt.Errorf("%s holds a cluster of %d nodes at base port %d; leave --nodes and --base-port out to go on with it, or choose another --dir",
			path, r.Nodes, r.BasePort)
	}
	c.nodes, c.basePort = r.Nodes, r.BasePort
	return c.validate()
}

func (d *devDir) keyFile() string { return filepath.Join(d.path, "cluster.key") }

func (d *devDir) dataDir(id int) string {
	return filepath.Join(d.path, "node-"+strconv.Itoa(id))
}

// close removes what is not to be kept.
func (d *devDir) close() error {
	if d.itself {
		return os.RemoveAll(d.path)
	}
	if !d.contents {
		return nil
	}
	entries, err := os.ReadDir(d.path)
	errs := []error{err}
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(filepath.Join(d.path, e.Name())))
	}
	return errors.Join(errs...)
}

// checkPorts finds ports in use before anything is started: the error of a node that cannot listen would come in the
// middle of the others' logs.
func checkPorts(c devConfig) error {
	var errs []error
	for id := 1; id <= c.nodes; id++ {
		for _, address := range []string{c.clientAddress(id), c.peerAddress(id), c.httpAddress(id)} {
			l, err := net.Listen("tcp", address)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			errs = append(errs, l.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("dev: nothing was started, since not all ports are free (choose others with --base-port):\n%w", err)
	}
	return nil
}
