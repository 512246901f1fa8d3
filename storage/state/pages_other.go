//go:build !linux

package state

// forgetPages does nothing: only Linux takes such advice.
func forgetPages(string) error { return nil }
