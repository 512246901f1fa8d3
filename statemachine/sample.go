package statemachine

// population is what elements are chosen from: elements, or the fields of a hash.
type population interface {
	each(visit func(element) bool)
	random(r *random) element
}

const (
	// maxRepeated bounds how many elements a command that may choose the same one again chooses: its reply would have no other bound.
	maxRepeated = 1 << 20
	// sampleShare: when less than this share of a population is wanted, one after the other is drawn, else all are passed by.
	sampleShare = 3
)

// sample visits count different elements of a population of n, each with the same chance, in no random order.
func sample(p population, n, count int, r *random, visit func(element)) {
	if count < n/sampleShare {
		drawDistinct(p, count, r, visit)
		return
	}
	// Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.
	p.each(func(e element) bool {
		if r.below(n) < count {
			visit(e)
			count--
		}
		n--
		return count > 0
	})
}

// drawDistinct is sample by drawing until there are enough.
func drawDistinct(p population, count int, r *random, visit func(element)) {
	seen := make(map[string]bool, count)
	for len(seen) < count {
		if e := p.random(r); !seen[string(e.name)] {
			seen[string(e.name)] = true
			visit(e)
		}
	}
}

// repeatedCount is how many elements a negative count asks for, each of them any; ok is false, and the error replied, if that is too many.
func repeatedCount(count int64, reply Reply) (n int, ok bool) {
	if count < -maxRepeated {
		reply.Error(errOutOfRange)
		return 0, false
	}
	return int(-count), true
}
