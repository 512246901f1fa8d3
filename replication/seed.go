package replication

import (
	crand "crypto/rand"
	"math/rand/v2"
)

// newSeed returns this boot's source of chance, itself seeded by the kernel. It is no part of the replicated state: what
// commands see of it travels in the batches.
func newSeed() *rand.ChaCha8 {
	var key [32]byte
	_, _ = crand.Read(key[:]) // never fails: the process would have ended
	return rand.NewChaCha8(key)
}
