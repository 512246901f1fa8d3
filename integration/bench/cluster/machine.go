package cluster

import (
	"os"
	"time"

	"github.com/paxredis/paxredis/integration/bench/machine"
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
	uses, err := machine.LookAtUses()
	if err != nil {
		return u, err
	}
	u.all, u.stolen = uses.Programs, uses.Stolen // interrupts are nobody's
	if u.own, err = CPU(os.Getpid()); err != nil {
		return u, err
	}
	children, err := machine.Children(os.Getpid())
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
