package peer

import (
	"crypto/hmac"
	"errors"
	"slices"
)

// errKeyGone ends a link whose key is none of the cluster's any more.
var errKeyGone = errors.New("the link was made with a key that is not accepted any more")

// SetKeys exchanges the keys while the transport runs: the first is the one that this node shows from now on, the others are accepted beside it. Links
// that were made with a key that is not among them end at once. Links that this node has dialled with another first key are replaced in good order,
// without losing a message. An error changes nothing. Safe for use by several goroutines.
func (t *Transport) SetKeys(keys []Key) error {
	id, err := newIdentity(keys)
	if err != nil {
		return err
	}
	t.credentials.Store(id)
	for _, r := range t.view.Load().remotes {
		r.rekey(id)
	}
	return nil
}

// rekey ends or renews links by what is accepted now. A link that is adopted after it is judged by adopt.
func (r *remote) rekey(id *identity) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.alive {
		switch {
		case !id.accepts(l.proof):
			l.fail(errKeyGone)
		case !hmac.Equal(l.proof.own, id.own()):
			l.dueOnce.Do(func() { close(l.due) })
		}
	}
}

// accepts reports whether both ends of a connection have shown keys that are accepted.
func (id *identity) accepts(p *proof) bool {
	known := func(mac []byte) bool {
		return slices.ContainsFunc(id.accepted, func(k acceptedKey) bool { return hmac.Equal(k.mac, mac) })
	}
	return known(p.own) && known(p.theirs)
}
