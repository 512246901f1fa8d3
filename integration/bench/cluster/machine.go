package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// MachineUse is the processor time that was used until a moment, on all processors together, in steps of 10 ms.
type MachineUse struct {
	at     time.Time
	all    time.Duration // by all processes
	own    time.Duration // by this process and its children that run
	stolen time.Duration // by the machine below this one, if it is virtual
}

// LookAtMachine returns the use until now.
func LookAtMachine() (u MachineUse, err error) {
	u.at = time.Now()
	if u.all, u.stolen, err = machineTimes(); err != nil {
		return u, err
	}
	if u.own, err = CPU(os.Getpid()); err != nil {
		return u, err
	}
	children, err := children(os.Getpid())
	if err != nil {
		return u, err
	}
	for _, pid := range children {
		used, err := CPU(pid)
		if err != nil {
			return u, err
		}
		u.own += used
	}
	return u, nil
}

// Foreign is how many processors others have taken since an earlier look, other processes and other machines. Children may neither have
// come nor gone meanwhile.
func (u MachineUse) Foreign(since MachineUse) float64 {
	others := (u.all - since.all) - (u.own - since.own) + (u.stolen - since.stolen)
	return max(0, others.Seconds()/u.at.Sub(since.at).Seconds())
}

// machineTimes reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. Interrupts are nobody's.
func machineTimes() (used, stolen time.Duration, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	const user, nice, system, steal = 1, 2, 3, 8
	if len(fields) <= steal {
		return 0, 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	for _, field := range []int{user, nice, system, steal} {
		ticks, err := strconv.ParseInt(fields[field], 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		if field == steal {
			stolen = time.Duration(ticks) * clockTick
		} else {
			used += time.Duration(ticks) * clockTick
		}
	}
	return used, stolen, nil
}

// children are the processes that a process has started and that run.
func children(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	const parent = 1
	var all []int
	for _, e := range entries {
		other, err := strconv.Atoi(e.Name())
		if err != nil {
			continue // no process
		}
		of, err := statField(other, parent)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended
		}
		if err != nil {
			return nil, err
		}
		if of == int64(pid) {
			all = append(all, other)
		}
	}
	return all, nil
}
