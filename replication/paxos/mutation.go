package paxos

// Mutation names a rule that a test build (tag "mutation") can break on purpose, so that a test can show that the simulator finds it. In any
// other build On is the constant false, and the compiler leaves nothing of a switch.
type Mutation uint8

// The mutations. The letter and number are the rule's in doc.go; each says what is done in spite of it.
const (
	// BreakNothing is how every test begins.
	BreakNothing Mutation = iota

	// BreakD1Promise sends a Promise before it is synced.
	BreakD1Promise
	// BreakD1Accepted sends an Accepted before the record is synced.
	BreakD1Accepted
	// BreakD1Prepare sends a Prepare before the candidate's own promise is synced: after a crash it uses the ballot again.
	BreakD1Prepare
	// BreakD1OwnVote counts a leader's own acceptance before it is synced.
	BreakD1OwnVote
	// BreakD1Repeat answers for what is not synced yet when a message comes a second time.
	BreakD1Repeat
	// BreakD2Sync carries on after a write or a sync that failed.
	BreakD2Sync
	// BreakD3Damage takes any bad frame of a journal for one that a crash has torn.
	BreakD3Damage
	// BreakD3Frontier believes a journal that ends before what its frontier says was synced.
	BreakD3Frontier
	// BreakD4Directory lets a voter come back under its id with another directory.
	BreakD4Directory

	// BreakPromised has an acceptor promise a ballot below its promise.
	BreakPromised
	// BreakAccepted has an acceptor accept below its promise.
	BreakAccepted
	// BreakBallots keeps one ballot for the promise and the record: what was accepted is reported at the ballot promised last.
	BreakBallots
	// BreakAdopt proposes, of the records that phase 1 found for a slot, the one accepted at the lowest ballot.
	BreakAdopt
	// BreakNoop proposes a no-op for every slot in phase 1, whatever it found.
	BreakNoop
	// BreakParts counts a promise before all its parts are here.
	BreakParts
	// BreakTold leads before it has learned what its voters know to be chosen.
	BreakTold
	// BreakMajority counts half the voters as a majority.
	BreakMajority
	// BreakVotes counts a vote at another ballot for the entry proposed now.
	BreakVotes
	// BreakC1 takes an own record for chosen that was accepted at another ballot than the leader's.
	BreakC1
	// BreakC2 takes a slot for chosen as soon as a later one is.
	BreakC2

	// BreakL1 grants only the first time, and not again at each heartbeat.
	BreakL1
	// BreakL2 answers a Prepare while a grant to somebody else runs.
	BreakL2
	// BreakL3 forgets at a restart that a grant may run.
	BreakL3
	// BreakL4Sent counts a lease from when the answer came, and not from when the heartbeat was sent.
	BreakL4Sent
	// BreakL4Clock goes by CLOCK_MONOTONIC alone, which stands still while the machine is suspended.
	BreakL4Clock
	// BreakL4Drift takes the clocks of all nodes to be equally fast, and subtracts no margin.
	BreakL4Drift
	// BreakL4GiveUp keeps a lease when leadership is handed over, or its configuration ends.
	BreakL4GiveUp
	// BreakL4Recheck does not look at the lease again after the value was read.
	BreakL4Recheck
	// BreakL5Ready serves reads before an entry of the leader's own ballot is chosen.
	BreakL5Ready
	// BreakL5Applied serves a read before its slot is applied.
	BreakL5Applied
	// BreakL6Round serves a read without a round.
	BreakL6Round
	// BreakL6Fresh confirms a read by a heartbeat that was sent before the read arrived.
	BreakL6Fresh

	// BreakM1 goes on proposing after a configuration that is not chosen yet.
	BreakM1
	// BreakM1Phase1 leads on in a new configuration without phase 1.
	BreakM1Phase1
	// BreakM1Base makes a configuration active whose base is not the active one.
	BreakM1Base
	// BreakM2Id gives the id of a member that left to a new one.
	BreakM2Id
	// BreakM2CaughtUp promotes a learner that has not caught up.
	BreakM2CaughtUp
	// BreakM2Learner counts the votes of learners.
	BreakM2Learner
	// BreakM3 has removed nodes take part, and be listened to.
	BreakM3

	// BreakRepeat applies commands of a session again.
	BreakRepeat
	// BreakGap applies commands of a session though one before them is missing.
	BreakGap
	// BreakFragmentRepeat takes a fragment of a large command a second time.
	BreakFragmentRepeat
	// BreakFragmentGap takes a fragment though one before it is missing.
	BreakFragmentGap
	// BreakFragmentsKept keeps what there is of large commands across the entry of a checkpoint, which has nothing of it.
	BreakFragmentsKept
	// BreakLargeBehind sends the last fragment of a large command though other commands before it are not applied.
	BreakLargeBehind
	// BreakLargeVoid lets a large command of an uncertain outcome be applied after one that came behind it.
	BreakLargeVoid
	// BreakFence applies commands of a session that another one has replaced.
	BreakFence
	// BreakBoot lets an opening that comes late replace the session of a newer boot.
	BreakBoot
	// BreakUncertain tells a client that a command was not applied though it was sent.
	BreakUncertain
	// BreakOwn keeps waiting for own commands that came with a peer's checkpoint.
	BreakOwn

	// BreakTime stamps batches with the leader's clock, whatever earlier slots were stamped with.
	BreakTime
	// BreakTimeKept leaves the log's time out of checkpoints.
	BreakTimeKept

	// BreakSessionsKept leaves the sessions out of checkpoints.
	BreakSessionsKept
	// BreakCut cuts the journal at a checkpoint that is not published yet.
	BreakCut
	// BreakFreeze takes a checkpoint of a later state than the one its slot left.
	BreakFreeze
	// BreakInstall installs a checkpoint while slots handed over before are not applied yet.
	BreakInstall
	// BreakServe offers to peers what is chosen and not synced yet.
	BreakServe

	// Mutations is how many there are, BreakNothing included.
	Mutations int = iota
)

var mutationNames = [...]string{
	"Nothing", "D1Promise", "D1Accepted", "D1Prepare", "D1OwnVote", "D1Repeat", "D2Sync", "D3Damage", "D3Frontier", "D4Directory",
	"Promised", "Accepted", "Ballots", "Adopt", "Noop", "Parts", "Told", "Majority", "Votes", "C1", "C2", "L1", "L2",
	"L3", "L4Sent", "L4Clock", "L4Drift", "L4GiveUp", "L4Recheck", "L5Ready", "L5Applied", "L6Round", "L6Fresh", "M1", "M1Phase1",
	"M1Base", "M2Id", "M2CaughtUp", "M2Learner", "M3", "Repeat", "Gap", "FragmentRepeat", "FragmentGap", "FragmentsKept",
	"LargeBehind", "LargeVoid", "Fence", "Boot", "Uncertain", "Own", "Time", "TimeKept",
	"SessionsKept", "Cut", "Freeze", "Install", "Serve",
}

func (m Mutation) String() string { return mutationNames[m] }
