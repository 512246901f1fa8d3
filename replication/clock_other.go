//go:build !linux

package replication

// bootTime has no source of its own here.
func bootTime(mono int64) int64 { return mono }
