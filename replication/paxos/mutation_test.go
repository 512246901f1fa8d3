//go:build !mutation

package paxos

import "testing"

// TestNoRuleIsBrokenInAProduct shows that a build without the tag "mutation" has no switch that could be on, and that each has a name.
func TestNoRuleIsBrokenInAProduct(t *testing.T) {
	seen := map[string]bool{}
	for m := range Mutation(Mutations) {
		if m.On() {
			t.Errorf("%v is on", m)
		}
		if seen[m.String()] || m.String() == "" {
			t.Errorf("%d has the name %q, which is another's or none", m, m)
		}
		seen[m.String()] = true
	}
	if len(mutationNames) != Mutations {
		t.Errorf("%d names for %d mutations", len(mutationNames), Mutations)
	}
}
