//go:build !faults

package main

import (
	"time"

	"github.com/paxredis/paxredis/replication"
)

// The places where test builds put faults: what is sent to peers, the disk, and the clocks.

func faultyTransport(t replication.Transport) replication.Transport { return t }

func faultyStorage(s replication.Storage) replication.Storage { return s }

func systemClock() replication.Clock { return replication.SystemClock{} }

func wallClock() time.Time { return time.Now() }
