package system

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of times in /proc: USER_HZ is 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// cpuOfTree is the time that a process and its children, those that have ended included, have used.
func cpuOfTree(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	total, err := cpuOfStat(string(stat))
	if err != nil {
		return 0, err
	}
	children, err := childrenOf(pid)
	if err != nil {
		return 0, err
	}
	for _, child := range children {
		used, err := cpuOfTree(child)
		if err != nil && !gone(err) { // one that has just ended is in its parent's figures next time
			return 0, err
		}
		total += used
	}
	return total, nil
}

// cpuOfStat reads utime, stime, cutime and cstime, fields 14 to 17 of /proc/PID/stat. The second field is a name in parentheses,
// which may hold anything.
func cpuOfStat(stat string) (time.Duration, error) {
	at := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[at+1:])
	if at < 0 || len(fields) < 15 {
		return 0, fmt.Errorf("%q has no times", stat)
	}
	var ticks int64
	for _, field := range fields[11:15] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// childrenOf lists the children of all threads of a process.
func childrenOf(pid int) ([]int, error) {
	threads, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	if err != nil {
		return nil, err
	}
	var children []int
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for field := range strings.FieldsSeq(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				return nil, err
			}
			children = append(children, child)
		}
	}
	return children, nil
}

// gone is true for the errors of a process or a thread that has ended.
func gone(err error) bool { return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) }
