package replication

// A slot costs three syncs and some ten changes of goroutines, whatever is in it. So a batch goes at once when there is nothing that
// would make it grow, and is let grow while the commands of the clients that were just answered are on their way: until the slots
// chosen are applied here and their replies have been written. Without that fifty clients fall into three or four groups that follow one
// another through the log, each with a batch of its own.

// grownBytes is what a batch is big enough with: it waits for nothing.
const grownBytes = 32 << 10

// mayGo reports whether the next batch, or Forward, goes now, given that there is room for it or not; inFlight is how many are on their way.
func (l *loop) mayGo(room bool, inFlight int) bool {
	l.g.wantsGrown.Store(room)
	return room && l.isGrown(inFlight)
}

// isGrown reports whether what waits need not wait for more: inFlight is how many batches, or Forwards, are on their way.
func (l *loop) isGrown(inFlight int) bool {
	since, other, most := &l.flyingSince, &l.growingSince, l.g.cfg.Bounds.BatchAlone
	if inFlight == 0 {
		// Whoever holds it up longer has something else to do.
		since, other, most = other, since, l.g.cfg.Bounds.BatchGrowth
	}
	*other = 0
	if inFlight == 0 && !l.grows() {
		*since = 0
		return true
	}
	if *since == 0 {
		*since = l.now.Mono
	}
	return l.now.Mono-*since >= int64(most) || l.waitingBytes() >= grownBytes
}

// grows reports whether commands are likely to come soon: of clients that are being answered.
func (l *loop) grows() bool {
	if l.g.applier.applied.Load() < l.g.chosen.Load() {
		return true
	}
	for _, lane := range l.lanes() {
		if lane.answering.Load() > 0 {
			return true
		}
	}
	return false
}

// waitingBytes is about how much waits to be proposed.
func (l *loop) waitingBytes() int {
	bytes := 0
	for i := range l.forwarded {
		bytes += l.forwarded[i].size()
	}
	for _, lane := range l.lanes() {
		bytes += int(lane.waiting.Load())
	}
	return bytes + l.waitingFragmentBytes()
}

// Answering says that replies to n chunks of this lane are about to be written. Safe for use by several goroutines.
func (l *Lane) Answering(n int) { l.answering.Add(int64(n)) }

// Answered says that the replies to n chunks have been written, and that what came meanwhile has been handed over.
func (l *Lane) Answered(n int) {
	if l.answering.Add(int64(-n)) == 0 && !l.group.wantsChunks.Load() {
		l.group.inbox.poke()
	}
}
