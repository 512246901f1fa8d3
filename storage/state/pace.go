package state

import "time"

// biteBytes is how much long work does between two rests.
const biteBytes = 512 << 10

// pace divides long work into bites, so that what shares processors and disk with it gets its turn between them.
type pace struct {
	rest  func(worked time.Duration)
	since time.Time
	bytes int
}

// newPace begins to count; without a rest there are no bites.
func newPace(rest func(worked time.Duration)) pace { return pace{rest: rest, since: time.Now()} }

// did counts bytes that were worked on, and reports whether a bite is complete.
func (p *pace) did(bytes int) bool {
	p.bytes += bytes
	return p.rest != nil && p.bytes >= biteBytes
}

// pause is to be called after a bite, and at the end: it rests for as long as what was done asks for.
func (p *pace) pause() {
	if p.rest != nil {
		p.rest(time.Since(p.since))
	}
	p.since, p.bytes = time.Now(), 0
}
