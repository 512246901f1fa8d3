package state

import "time"

// biteBytes is how much long work does between two rests: in less than a millisecond. A scheduler lets whoever has a processor keep it for some
// milliseconds, while others wait.
const biteBytes = 64 << 10

// pace divides long work into bites, so that what shares processors and disk with it gets its turn between them.
type pace struct {
	rest   func(worked time.Duration)
	since  time.Time     // when work began or was resumed; zero while it is suspended
	worked time.Duration // since the last rest, before since
	bytes  int
}

// newPace begins to count; without a rest there are no bites.
func newPace(rest func(worked time.Duration)) pace { return pace{rest: rest, since: time.Now()} }

// suspend ends a stretch of work: what passes before resume is no work, and asks for no rest.
func (p *pace) suspend() {
	p.worked += p.stretch()
	p.since = time.Time{}
}

// resume begins a stretch of work.
func (p *pace) resume() { p.since = time.Now() }

func (p *pace) stretch() time.Duration {
	if p.since.IsZero() {
		return 0
	}
	return time.Since(p.since)
}

// did counts bytes that were worked on, and reports whether a bite is complete.
func (p *pace) did(bytes int) bool {
	p.bytes += bytes
	return p.rest != nil && p.bytes >= biteBytes
}

// pause is to be called after a bite, and at the end: it rests for as long as what was done asks for.
func (p *pace) pause() {
	if p.rest != nil {
		p.rest(p.worked + p.stretch())
	}
	p.since, p.worked, p.bytes = time.Now(), 0, 0
}
