package main

import "time"

// tableValue is the bytes of a value, but for larger values.
const tableValue = 128

// size is how much of everything a run does.
type size struct {
	rounds int
	// etcdRounds is in how many of them etcd takes part: it is there for orientation.
	etcdRounds int
	// seconds is how long a measurement should take.
	seconds float64
	keys    int
	// together is how many workloads are measured on a system before it is stopped and the next one has its turn. The fewer they are, the
	// nearer to each other is what is compared.
	together int
	// only is true for the workloads that are measured; nil for all.
	only func(part string, w workload) bool
	// quiet is for how long a system must do hardly anything before it is measured, idle for how long the CPU that it uses without
	// clients is looked at, syncs how many syncs are measured.
	quiet time.Duration
	idle  time.Duration
	syncs int
	// scenario is about what one takes, for the estimated time that is left.
	scenario time.Duration
}

// fullSize is what figures come from.
func fullSize() size {
	return size{rounds: 5, etcdRounds: 2, seconds: 3, keys: 100_000, together: 2, quiet: 200 * time.Millisecond, idle: 5 * time.Second, syncs: 2000, scenario: 150 * time.Second}
}

// quickSize shows within three minutes that everything works, and about where it stands.
func quickSize() size {
	return size{rounds: 1, etcdRounds: 1, seconds: 0.5, keys: 10_000, together: 8, quiet: 100 * time.Millisecond, idle: time.Second, syncs: 200, scenario: 8 * time.Second, only: quickOnly}
}

func quickOnly(part string, w workload) bool {
	switch part {
	case partFollower:
		return w.clients == usualClients
	case partValues:
		return w.label != "1 kB"
	case partMixed:
		return w.pipeline == 1
	}
	return true
}
