package peer

import "testing"

// TestKeysOfARunningTransportAreExchanged: with both keys known everywhere links are renewed, and the last step cuts what still has the old one.
func TestKeysOfARunningTransportAreExchanged(t *testing.T) {
	one, two := pair(t, nil)
	old, key := testKey(t, 1), testKey(t, 2)
	for _, step := range [][]Key{{old, key}, {key, old}, {key}} {
		for _, n := range []*node{one, two} {
			if err := n.SetKeys(step); err != nil {
				t.Fatal(err)
			}
		}
	}
	exchange := func(n *node) bool {
		id := n.credentials.Load()
		r := n.view.Load().remotes[3-n.door.self]
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, l := range r.alive {
			if !id.accepts(l.proof) && !isClosed(l.dead) {
				return false
			}
		}
		return true
	}
	if !exchange(one) || !exchange(two) {
		t.Error("there is a link of the old key")
	}
	if err := one.SetKeys(nil); err == nil {
		t.Error("no key was taken")
	}
	// A node that has gone back to the old key is cut off by the other.
	if err := two.SetKeys([]Key{old}); err != nil {
		t.Fatal(err)
	}
	one.log.await(t, "do both nodes have the same cluster key?")
}
