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

// memoryRoom is how much memory is taken, in bytes, and how much there is for it.
type memoryRoom struct {
	used, limit uint64
	group       string // the control group whose limit that is; empty: it is the machine's
	// least is the smallest of all limits, also of one that has more left since less of it is taken.
	least uint64
}

func (r memoryRoom) left() uint64 { return r.limit - min(r.limit, r.used) }

// measureMemory returns how much memory is taken, and how much there is for it, as memoryUnder.
func measureMemory() (used, limit uint64, err error) {
	r, err := memoryUnder(os.DirFS("/"))
	return r.used, r.limit, err
}

// memoryLimit is how much memory the process may have at most: the smallest limit of its control groups and the machine; 0: that is not known.
func memoryLimit() uint64 {
	r, err := memoryUnder(os.DirFS("/"))
	if err != nil {
		return 0
	}
	return r.least
}

// memoryUnder looks at the files of the kernel below a root: what counts is the control group of the process, or one above it, that has the least room
// left, or the machine.
func memoryUnder(root fs.FS) (memoryRoom, error) {
	machine, err := fieldsOfFile(root, "proc/meminfo")
	if err != nil {
		return memoryRoom{}, err
	}
	total := machine["MemTotal:"] << 10
	if total == 0 {
		return memoryRoom{}, errors.New("/proc/meminfo has no MemTotal")
	}
	least := memoryRoom{used: total - min(total, machine["MemAvailable:"]<<10), limit: total, least: total}
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if errors.Is(err, fs.ErrNotExist) {
		return least, nil
	}
	if err != nil {
		return memoryRoom{}, err
	}
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		var v groupVersion
		switch {
		case parts[0] == "0" && parts[1] == "":
			v = groupVersion{"sys/fs/cgroup", "memory.max", "memory.current", ""}
		case parts[1] == "memory":
			v = groupVersion{"sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"}
		default:
			continue
		}
		// The limits of all groups above count. In a container they are at the root, whatever the name of the group outside.
		for name := path.Join("/", parts[2]); ; name = path.Dir(name) {
			r, err := v.read(root, name)
			if err != nil {
				return memoryRoom{}, err
			}
			if r.limit != 0 && r.limit <= total {
				smallest := min(least.least, r.limit)
				if r.left() < least.left() {
					least = r
				}
				least.least = smallest
			}
			if name == "/" {
				break
			}
		}
	}
	return least, nil
}

// groupVersion is where a version of control groups has its files.
type groupVersion struct{ dir, limit, usage, prefix string }

// read returns what a group takes and may take; the limit is 0 if it has none, or cannot be seen from here.
func (v groupVersion) read(root fs.FS, name string) (memoryRoom, error) {
	r := memoryRoom{group: name}
	text, err := fs.ReadFile(root, path.Join(v.dir, name, v.limit))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if r.limit, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err != nil {
		return memoryRoom{group: name}, nil // "max"
	}
	if text, err = fs.ReadFile(root, path.Join(v.dir, name, v.usage)); err != nil {
		return r, err
	}
	used, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return r, fmt.Errorf("%s of the control group %s: %w", v.usage, name, err)
	}
	stat, err := fieldsOfFile(root, path.Join(v.dir, name, "memory.stat"))
	if err != nil {
		return r, err
	}
	// The page cache goes before anybody is killed.
	cache := stat[v.prefix+"inactive_file"] + stat[v.prefix+"active_file"] + stat["slab_reclaimable"]
	r.used = used - min(used, cache)
	return r, nil
}

// fieldsOfFile reads lines "name number ...".
func fieldsOfFile(root fs.FS, name string) (map[string]uint64, error) {
	text, err := fs.ReadFile(root, name)
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
