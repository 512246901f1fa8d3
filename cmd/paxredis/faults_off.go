//go:build !faults

package main

import (
	"time"

	"github.com/paxredis/paxredis/replication"
)

// The places where test builds put faults: what is sent to peers, and the clocks.

func withFaults(t replication.Transport) replication.Transport { return t }

func systemClock() replication.Clock { return replication.SystemClock{} }

func wallClock() time.Time { return time.Now() }
