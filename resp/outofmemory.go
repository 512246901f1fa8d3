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

// MemoryPressure is how much memory is taken of what the process may have, its container or its machine, in bytes.
type MemoryPressure struct {
	// Used is what is taken and cannot simply be given back, by whoever shares Limit; at Watermark commands that may take more are refused.
	Used, Watermark, Limit uint64
	// Refusal is the error that they get now, without the leading '-'; empty: they are taken.
	Refusal string
}

// SetMemoryPressure tells how much memory there is, and has commands that may take more refused, or let through again. Others go on: reads, and what
// removes.
func (s *Server) SetMemoryPressure(p MemoryPressure) { s.pressure.Store(&p) }

// memoryChanged takes in what CONFIG SET says of how much memory the keys may take, and of which go beyond that.
func (s *Server) memoryChanged() {
	s.machine.CountFrequency(s.settings.evictionPolicy().CountsFrequency(), s.settings.lfuLogFactor.Load(), s.settings.lfuDecayMinutes.Load())
	s.evictor.wakeIfOver()
	most := s.settings.maxMemory.Load()
	if limit := s.config.MemoryLimit; s.warnedOf.Swap(most) != most && limit > 0 && uint64(max(most, 0)) > limit {
		s.logger.Warn("resp: maxmemory is more than this node's container or machine has, so that memory is used up before keys are evicted, or commands refused, for it",
			"maxmemory", most, "limit", limit)
	}
}

// outOfMemory is the error that commands that may take more get now, "" for none: keys and values are beyond maxmemory, or the process is about
// to have more than there is. It costs a few loads.
func (s *Server) outOfMemory() string {
	if p := s.pressure.Load(); p != nil && p.Refusal != "" {
		return p.Refusal
	}
	if s.isOverMaxMemory() {
		return errOOM
	}
	return ""
}

// isOutOfMemory reports whether commands that may take more are refused.
func (s *Server) isOutOfMemory() bool { return s.outOfMemory() != "" }

func (s *Server) isOverMaxMemory() bool {
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
