package system

import (
	"time"

	"github.com/paxredis/paxredis/integration/bench/machine"
)

// cpuOfTree is the time that a process and its children, those that have ended included, have used.
func cpuOfTree(pid int) (time.Duration, error) {
	times, err := machine.TimesOf(pid)
	if err != nil {
		return 0, err
	}
	total := times.Own + times.Ended
	children, err := machine.Children(pid)
	if err != nil {
		return 0, err
	}
	for _, child := range children {
		used, err := cpuOfTree(child)
		if err != nil && !machine.Gone(err) { // one that has just ended is in its parent's figures next time
			return 0, err
		}
		total += used
	}
	return total, nil
}
