package resp

import "github.com/paxredis/paxredis/statemachine"

// graceShare: while there is something to evict, commands are taken until the memory is over the limit by this part of it. What makes room is on
// its way through the log as they are.
const graceShare = 16

// overMemory is by how many bytes the keyspace is over this node's maxmemory, after what was applied last; not positive: it is not.
func (s *Server) overMemory() int64 {
	if most := s.settings.maxMemory.Load(); most > 0 {
		return s.machine.Used() - most
	}
	return 0
}

// memoryChanged takes in what CONFIG SET says of how much memory the keys may take, and of which go beyond that.
func (s *Server) memoryChanged() {
	s.machine.CountFrequency(s.settings.evictionPolicy().CountsFrequency(), s.settings.lfuLogFactor.Load(), s.settings.lfuDecayMinutes.Load())
	s.evictor.wakeIfOver()
}

// isOutOfMemory reports whether commands that may take more are refused. It costs a few loads.
func (s *Server) isOutOfMemory() bool {
	over := s.overMemory()
	if over <= 0 || s.machine.HasVictims(s.settings.evictionPolicy()) && over <= s.settings.maxMemory.Load()/graceShare {
		return false
	}
	s.evictor.wakeIfOver() // nothing may be applied that would, when all is refused
	return true
}

// appendCommand is statemachine.AppendCommand. A script is told when this node is out of memory: what it calls is known only as it runs, in the
// log, where every node must do the same.
func (s *Server) appendCommand(dst []byte, c *Client, r *row, args statemachine.Args) []byte {
	if r.Flags.Has(statemachine.MayReplicate) {
		dst = c.appendActor(dst)
		if s.isOutOfMemory() {
			return statemachine.AppendTight(dst, c.db, args)
		}
	}
	return statemachine.AppendCommand(dst, c.db, args)
}
