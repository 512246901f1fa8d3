package resp

import "github.com/paxredis/paxredis/statemachine"

// isOutOfMemory reports whether the keyspace takes more than this node's maxmemory, after what was applied last. It costs two loads.
func (s *Server) isOutOfMemory() bool {
	most := s.settings.maxMemory.Load()
	return most > 0 && s.machine.Used() > most
}

// appendCommand is statemachine.AppendCommand. A script is told when this node is out of memory: what it calls is known only as it runs, in the
// log, where every node must do the same.
func (s *Server) appendCommand(dst []byte, r *row, db int, args statemachine.Args) []byte {
	if r.Flags.Has(statemachine.MayReplicate) && s.isOutOfMemory() {
		return statemachine.AppendTight(dst, db, args)
	}
	return statemachine.AppendCommand(dst, db, args)
}
