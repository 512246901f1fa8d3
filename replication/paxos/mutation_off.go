//go:build !mutation

package paxos

// On reports whether the rule is to be broken: never.
func (Mutation) On() bool { return false }
