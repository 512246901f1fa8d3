package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/paxredis/paxredis/integration/bench/machine"
)

// Resident is the memory of a process that it has touched, in bytes.
func Resident(pid int) (int64, error) { return statusBytes(pid, "VmRSS") }

// ResidentOf is Resident of several processes.
func ResidentOf(pids []int) ([]int64, error) {
	all := make([]int64, len(pids))
	for i, pid := range pids {
		var err error
		if all[i], err = Resident(pid); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ResidentOfFiles is the part of it that is pages of files, in bytes: the kernel takes them back when it needs them.
func ResidentOfFiles(pid int) (int64, error) { return statusBytes(pid, "RssFile") }

func statusBytes(pid int, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, field+":"); found {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, field)
}

// CPU is the processor time that a process has used since it was started, its threads and the kernel on its behalf included, in steps
// of 10 ms.
func CPU(pid int) (time.Duration, error) {
	times, err := machine.TimesOf(pid)
	return times.Own, err
}

// DiskUse is what the files below a directory take, in bytes. Files may go while it looks.
func DiskUse(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				if stat, ok := info.Sys().(*syscall.Stat_t); ok {
					bytes += stat.Blocks * 512
				}
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return bytes, err
}
