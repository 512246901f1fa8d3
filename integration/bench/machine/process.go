package machine

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

// ClockTick is the unit of times in /proc: USER_HZ is 100 on every Linux that Go runs on.
const ClockTick = 10 * time.Millisecond

// ProcessTimes are the processor times of a process since it was started, its threads and the kernel on its behalf included, in steps of
// ClockTick.
type ProcessTimes struct {
	Own   time.Duration // its own
	Ended time.Duration // of its children that have ended, and theirs
}

// TimesOf looks at a process.
func TimesOf(pid int) (ProcessTimes, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ProcessTimes{}, err
	}
	return timesOfStat(string(stat))
}

// timesOfStat reads utime, stime, cutime and cstime, fields 14 to 17 of /proc/PID/stat. The second field is a name in parentheses,
// which may hold anything.
func timesOfStat(stat string) (ProcessTimes, error) {
	at := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[at+1:])
	if at < 0 || len(fields) < 15 {
		return ProcessTimes{}, fmt.Errorf("%q has no times", stat)
	}
	times, err := ticks(fields[11:15])
	if err != nil {
		return ProcessTimes{}, err
	}
	return ProcessTimes{Own: times[0] + times[1], Ended: times[2] + times[3]}, nil
}

// ticks reads times in units of ClockTick.
func ticks(fields []string) ([]time.Duration, error) {
	times := make([]time.Duration, len(fields))
	for i, field := range fields {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return nil, err
		}
		times[i] = time.Duration(n) * ClockTick
	}
	return times, nil
}

// Children lists the children of all threads of a process.
func Children(pid int) ([]int, error) {
	threads, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	if err != nil {
		return nil, err
	}
	var children []int
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if Gone(err) {
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

// Gone is true for the errors of a process or a thread that has ended.
func Gone(err error) bool { return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) }
