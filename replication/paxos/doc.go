// Package paxos is the replication protocol: Multi-Paxos as a pure function of a state and an event. It does no I/O,
// reads no clock, starts no goroutine and draws no randomness but from the seed it was given, so that the same code
// runs in production and under a simulator that owns the clock, the network and the disk.
//
// A driver owns a Core and repeats:
//
//	effects := core.Step(clock.Now(), event)
//	if effects.Fatal != nil { stop }
//	transport.send(effects.Send)                        // at once
//	storage.append(effects.Write, effects.Sequence)     // synced; then core.Step(now, Stored{sequence})
//	storage.then(effects.SendAfterStore)                // only once effects.Sequence is on stable storage
//	applier.apply(effects.Chosen)                       // in order
//	reads.run(effects.ReadReady)                        // once their slot is applied
//	catchUp.answer(effects.Serve)                       // from storage, in its own time
//	fetcher.fetch(effects.Fetch)                        // a checkpoint; then core.Step(now, Fetched{slot, configuration})
//	transport.setMembers(effects.Configuration)         // at once
//
// The rules, as the tests name them:
//
//	D1  Promise and Accepted leave only once what they report is synced.     Core.send, Core.onStored
//	D2  A failed write or sync ends the process.                             the driver
//	D3  A damaged record is never taken for an absent one.                   package storage
//	D4  A node without its directory is a new node.                          package peer, package storage
//	C1  "Chosen up to s" at ballot b covers own records of ballot b only.    Core.heardChosen
//	C2  A chosen value is the only one ever applied in its slot, in order.   Core.choose
//	L1  A follower grants the leader's lease time from the receipt.          Core.follow
//	L2  While a grant runs, nobody else gets a promise or a yes.             Core.grantRunsAgainst
//	L3  After a restart a grant is taken to run.                             Core.resumeGrant
//	L4  The lease is measured from the send, by the clock that says most.    Core.Lease
//	L5  A read waits for an own entry chosen and all chosen then applied.    Core.startRound
//	L6  A read waits for a heartbeat sent after it arrived.                  Core.startRound, Core.finishRounds
//	M1  Nothing is proposed after a configuration until it is chosen and     Core.propose, Core.startLeading,
//	    phase 1 was run again in it.                                         Core.enterConfiguration
//	M2  One change at a time, after an own entry is chosen; learners first.  Core.CanReconfigure, the driver
//	M3  A removed node takes no part.                                        Core.refuses
//
// Phase 1 differs from the textbook in one way: an acceptor reports only what it accepted above its own chosen
// watermark. What it knows to be chosen the candidate learns from it as chosen, before it leads. So a Promise is
// bounded by the pipeline however far behind a candidate is.
//
// Sources: Lamport, "Paxos Made Simple"; van Renesse and Altinbuken, "Paxos Made Moderately Complex"; Chandra et al.,
// "Paxos Made Live"; Ng et al., "Omni-Paxos"; Gray and Cheriton, "Leases".
package paxos
