package resp

import "time"

// leastIdleRest is how often, at most, a loop looks for clients that have said nothing for too long.
const leastIdleRest = time.Second

// setTimeout tells the loops of a new timeout.
func (s *Settings) setTimeout() {
	if s.timeoutChanged != nil {
		s.timeoutChanged()
	}
}

// closeIdleClients has every loop look for idle clients, now and from then on.
func (s *Server) closeIdleClients() {
	for _, l := range s.allLoops() {
		l.do(l.closeIdle)
	}
}

// closeIdle closes the clients that have said nothing for as long as CONFIG SET timeout allows, and looks again when the next one
// may be due. Those that wait for an answer are not idle.
func (l *eventLoop) closeIdle() {
	if l.idleTimer != nil {
		l.idleTimer.Stop()
		l.idleTimer = nil
	}
	limit := l.server.settings.idleTimeout()
	if limit == 0 || l.draining {
		return
	}
	next := limit
	for c := range l.clients {
		idle := l.now.Sub(c.active)
		switch {
		case !c.idle() || c.heldBy != nil || c.ended || c.monitor != nil:
		case idle >= limit:
			l.server.logger.Debug("resp: an idle client is closed", "client", c.id, "addr", c.remote, "idle", idle)
			l.closeNow(c)
		default:
			next = min(next, limit-idle)
		}
	}
	l.idleTimer = time.AfterFunc(max(next, leastIdleRest), func() { l.do(l.closeIdle) })
}
