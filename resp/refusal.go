package resp

import "time"

// SetRefusal has every command that writes refused with an error, without the leading '-': a disk that is nearly full is a
// reason. "" lets them through again. Reads go on. As in Redis, PING is refused, too, so that those who watch the node
// learn of it.
func (s *Server) SetRefusal(text string) {
	if text == "" {
		s.refusal.Store(nil)
		return
	}
	s.refusal.Store(&text)
}

// refusesWrites returns the error that writes get now, "" for none.
func (s *Server) refusesWrites() string {
	if text := s.refusal.Load(); text != nil {
		return *text
	}
	return ""
}

// isLoading asks the group, which loads when it starts, and again whenever it takes the state over from another node.
func (s *Server) isLoading() bool {
	loading, _, _ := s.node.Loading()
	s.noteLoading(loading)
	return loading
}

// noteLoading keeps the time since when the node loads, as far as anybody asked.
func (s *Server) noteLoading(loading bool) {
	switch since := s.loadingSince.Load(); {
	case loading && since == 0:
		s.loadingSince.CompareAndSwap(0, s.now().UnixNano())
	case !loading && since != 0:
		s.loadingSince.Store(0)
	}
}

// loadingFor returns since when the node loads, and for how long. Both are zero if it does not.
func (s *Server) loadingFor() (since time.Time, passed time.Duration) {
	nanos := s.loadingSince.Load()
	if nanos == 0 {
		return time.Time{}, 0
	}
	since = time.Unix(0, nanos)
	return since, max(s.now().Sub(since), 0)
}
