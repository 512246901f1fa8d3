package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// measureMemory returns how much memory is taken, in bytes, and how much there is for it: that of the control group of the process that has the
// least room left, or of the machine.
func measureMemory() (used, limit uint64, err error) {
	return memoryUnder("/")
}

// memoryUnder is measureMemory with another root directory.
func memoryUnder(root string) (used, limit uint64, err error) {
	machine, err := fieldsOfFile(path.Join(root, "proc/meminfo"))
	if err != nil {
		return 0, 0, err
	}
	limit = machine["MemTotal:"] << 10
	if limit == 0 {
		return 0, 0, errors.New("/proc/meminfo has no MemTotal")
	}
	total := limit
	used = limit - min(limit, machine["MemAvailable:"]<<10)
	groups, err := os.ReadFile(path.Join(root, "proc/self/cgroup"))
	if errors.Is(err, fs.ErrNotExist) {
		return used, limit, nil
	}
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		var g memoryGroup
		switch {
		case parts[0] == "0" && parts[1] == "":
			g = memoryGroup{path.Join(root, "sys/fs/cgroup"), "memory.max", "memory.current", ""}
		case parts[1] == "memory":
			g = memoryGroup{path.Join(root, "sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"}
		default:
			continue
		}
		// The limits of all groups above count. In a container they are at the root, whatever the name of the group outside.
		for name := parts[2]; ; name = path.Dir(name) {
			groupUsed, groupLimit, err := g.read(name)
			if err != nil {
				return 0, 0, err
			}
			if groupLimit != 0 && groupLimit <= total && (limit-min(limit, used)) > (groupLimit-min(groupLimit, groupUsed)) {
				used, limit = groupUsed, groupLimit
			}
			if name == "/" || name == "." {
				break
			}
		}
	}
	return used, limit, nil
}

// memoryGroup is where a version of control groups has its files.
type memoryGroup struct{ root, limit, usage, prefix string }

// read returns what a group takes and may take; 0, 0 if it has no limit, or cannot be seen from here.
func (g memoryGroup) read(name string) (used, limit uint64, err error) {
	text, err := os.ReadFile(path.Join(g.root, name, g.limit))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	if limit, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err != nil {
		return 0, 0, nil // "max"
	}
	if text, err = os.ReadFile(path.Join(g.root, name, g.usage)); err != nil {
		return 0, 0, err
	}
	if used, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err != nil {
		return 0, 0, fmt.Errorf("%s of the control group %s: %w", g.usage, name, err)
	}
	stat, err := fieldsOfFile(path.Join(g.root, name, "memory.stat"))
	if err != nil {
		return 0, 0, err
	}
	// The page cache goes before anybody is killed.
	cache := stat[g.prefix+"inactive_file"] + stat[g.prefix+"active_file"] + stat["slab_reclaimable"]
	return used - min(used, cache), limit, nil
}

// fieldsOfFile reads lines "name number ...".
func fieldsOfFile(name string) (map[string]uint64, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	fields := make(map[string]uint64)
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		if n, err := strconv.ParseUint(words[1], 10, 64); err == nil {
			fields[words[0]] = n
		}
	}
	return fields, nil
}
