// Package history records what clients called and what came of it, and checks that what they saw is linearizable: that
// every command took effect at one instant between its call and its return (Herlihy and Wing, "Linearizability", 1990). The
// search is porcupine's; the models of what a key may do are here.
//
// There are two kinds of histories, each with a model of its own:
//
//   - a register is one key with reads, writes, deletes, INCR, versions with their conditions, and times to live (register.go);
//   - a group is a few keys that transactions read and change together: amounts that are moved between accounts, and lists
//     to which tokens are appended (group.go).
//
// What came of a command is one of three. Its reply is known; or it was refused as not applied, and then it has no place in
// any history: who sees it has found a fault; or nobody knows, because of a timeout, a lost connection or an UNCERTAIN, and
// then it may take effect at any time after its call, also after the last command, or never.
//
// Searching takes time that grows fast with the number of commands of one history, so the workload goes on to a new key when
// one has had about a thousand. A search that does not end in time counts as a violation: nothing was shown.
//
//	recorder := history.NewRecorder()
//	workload := history.NewWorkload(recorder, history.Options{Seed: 1})
//	// for each client, in a goroutine of its own, while faults come and go:
//	err := workload.Run(ctx, history.NewClient(address, 2*time.Second), id)
//	// and once all have returned:
//	report := recorder.Check(time.Minute, dir)
//	fmt.Println(report, report.Err())
//
// A recorder keeps everything until it is checked. A run without end takes a recorder and a workload for each round.
package history
