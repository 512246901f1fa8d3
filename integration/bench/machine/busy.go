package machine

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Uses are what the time of all CPUs together has gone to since the start of the machine, but for what they were idle.
type Uses struct {
	Programs   time.Duration // what they did for programs
	Interrupts time.Duration // which is in the times of the programs that were interrupted, too
	Stolen     time.Duration // by the host of a virtual machine
}

// LookAtUses returns the uses until now.
func LookAtUses() (Uses, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Uses{}, err
	}
	return usesOf(string(stat))
}

// usesOf reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq and steal.
func usesOf(stat string) (Uses, error) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return Uses{}, fmt.Errorf("/proc/stat begins with %q", line)
	}
	t, err := ticks(fields[1:9])
	if err != nil {
		return Uses{}, fmt.Errorf("/proc/stat: %w", err)
	}
	return Uses{Programs: t[0] + t[1] + t[2], Interrupts: t[5] + t[6], Stolen: t[7]}, nil
}

// Busy is the time that all CPUs together have been busy with programs, or were kept from them by the host of a virtual machine, since
// the start. What interrupts do is also in the times of the programs that they interrupt.
func Busy() (time.Duration, error) {
	u, err := LookAtUses()
	return u.busy(), err
}

func (u Uses) busy() time.Duration { return u.Programs + u.Interrupts + u.Stolen }

// Own is the time of the CPUs that this process has used, and those of its children that have ended.
func Own() (time.Duration, error) {
	var total time.Duration
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var usage unix.Rusage
		if err := unix.Getrusage(who, &usage); err != nil {
			return 0, err
		}
		total += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return total, nil
}
