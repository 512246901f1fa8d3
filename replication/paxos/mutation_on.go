//go:build mutation

package paxos

// broken is the rule that is broken in this process.
var broken Mutation

// Break breaks a rule, instead of the one that was broken before. No group of this process may be at work meanwhile.
func Break(m Mutation) { broken = m }

// On reports whether the rule is to be broken.
func (m Mutation) On() bool { return m == broken && m != BreakNothing }
