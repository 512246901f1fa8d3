package history

import (
	"fmt"
	"hash/maphash"
	"math"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"
)

// registerOp is a command on one key.
type registerOp string

const (
	opGet     registerOp = "GET"
	opVersion registerOp = "OBJECT VERSION"
	opSet     registerOp = "SET"
	opDel     registerOp = "DEL"
	opIncr    registerOp = "INCR"
	opExpire  registerOp = "PEXPIRE"
	opPersist registerOp = "PERSIST"
)

// guard is the version that a SET or DEL asks for.
type guard string

const (
	always guard = ""
	newer  guard = "VER"   // only if the argument is higher than the key's version, which becomes it
	exact  guard = "IFVER" // only if the key's version is the argument
)

// registerCall is one command on a register.
type registerCall struct {
	op    registerOp
	guard guard
	value string        // of SET
	n     int64         // the guard's version
	ttl   time.Duration // of SET with PX, and of PEXPIRE; 0 for none
	keep  bool          // SET with KEEPTTL
	// life is when a key that is given ttl may be gone, and when it must be.
	life lifetime
	// called and returned are the recorder's times: what vanished by itself, and was seen to, did so before the return; what must have
	// vanished before the call cannot be seen.
	called, returned int64
}

// registerReply is what a command on a register answered.
type registerReply struct {
	unknown bool
	applied bool   // SET, DEL, PEXPIRE and PERSIST: it was done
	present bool   // GET: there was a value
	value   string // GET and INCR
	version int64  // -1: not told
}

// register is one key as the model sees it. It is comparable.
type register struct {
	present bool
	value   string
	// low is the version, or a bound that it is not below unless known is set. A missing key has 0 or its tombstone's.
	low   int64
	known bool
	// highest is the highest version the key is known to have had: a write without a version goes above it, also after the
	// key was gone, since it takes the store's revision, and a version beyond that leaves a tombstone.
	highest int64
	// explicit: the newest write said its version, so the key leaves a tombstone.
	explicit bool
	// life is when the key vanishes.
	life lifetime
}

// branch is one thing that a command may have done.
type branch struct {
	applied bool
	after   register
}

// hashSeed makes the hashes of a process agree with each other.
var hashSeed = maphash.MakeSeed()

// registerModel is the model of one key that nobody wrote before. A key with a time to live may be there or not from the earliest
// moment at which that can be over to the latest one; before, it is there, and afterwards it is not (lifetime.go). Tombstones are
// kept for longer than any history.
func registerModel() porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{register{known: true}} },
		Step: func(state, input, output any) []any {
			var next []any
			for _, r := range state.(register).step(input.(registerCall), output.(registerReply)) {
				next = append(next, r)
			}
			return next
		},
		Hash:              func(state any) uint64 { return maphash.Comparable(hashSeed, state.(register)) },
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v -> %v", input, output) },
		DescribeState:     func(state any) string { return fmt.Sprint(state) },
	}
	return model.ToModel()
}

// step returns all registers that a command with this reply may leave.
func (r register) step(call registerCall, reply registerReply) []register {
	var next []register
	if reply.unknown {
		next = append(next, r) // it never took effect, and what vanishes does so for the next command
	}
	for _, before := range r.during(call) {
		for _, b := range before.branches(call) {
			if after, ok := b.answered(call, reply); ok {
				next = append(next, after)
			}
		}
	}
	return next
}

// during is the register as a command may find it, which may have vanished by the return, or must have by the call.
func (r register) during(call registerCall) []register {
	switch {
	case r.life.mustBeOver(call.called):
		return r.removed()
	case r.life.mayBeOver(call.returned):
		return append(r.removed(), r)
	}
	return []register{r}
}

// branches are what a command may do to the register, without regard to the reply.
func (r register) branches(call registerCall) []branch {
	switch call.op {
	case opSet:
		return r.guarded(call, func(r register) []register { return []register{r.written(call)} })
	case opDel:
		return r.guarded(call, func(r register) []register { return r.deleted(call) })
	case opIncr:
		n, err := strconv.ParseInt(r.value, 10, 64)
		if r.present && err != nil || n == math.MaxInt64 {
			return nil
		}
		return []branch{{true, r.written(registerCall{value: strconv.FormatInt(n+1, 10), keep: true})}}
	case opExpire:
		return r.relived(r.present, call.life)
	case opPersist:
		return r.relived(r.life != lifetime{}, lifetime{})
	}
	return []branch{{false, r}}
}

// relived is the one branch of what changes the time to live, where there is anything to change. The version stays.
func (r register) relived(applies bool, life lifetime) []branch {
	if applies {
		r.life = life
	}
	return []branch{{applies, r}}
}

// guarded are the branches of a write that its guard may let through or not. The write returns nothing where it finds nothing
// to do.
func (r register) guarded(call registerCall, write func(register) []register) []branch {
	var all []branch
	for _, passed := range r.passing(call) {
		after := write(passed)
		for _, one := range after {
			all = append(all, branch{true, one})
		}
		if len(after) == 0 {
			all = append(all, branch{false, passed})
		}
	}
	for _, stopped := range r.stopping(call) {
		all = append(all, branch{false, stopped})
	}
	return all
}

// passing is the register if the guard lets a write through, with what that says of its version.
func (r register) passing(call registerCall) []register {
	switch {
	case call.guard == always:
		return []register{r}
	case call.guard == newer && r.low < call.n:
		return []register{r}
	case call.guard == exact && r.mayBe(call.n):
		return []register{r.seen(call.n)}
	}
	return nil
}

// stopping is the register if the guard stops a write.
func (r register) stopping(call registerCall) []register {
	switch {
	case call.guard == newer && r.known && r.low >= call.n:
		return []register{r}
	case call.guard == newer && !r.known:
		r.low = max(r.low, call.n)
		r.highest = max(r.highest, r.low)
		return []register{r}
	case call.guard == exact && !(r.known && r.low == call.n):
		return []register{r}
	}
	return nil
}

// written is the register after a SET.
func (r register) written(call registerCall) register {
	after := register{present: true, value: call.value, life: call.life}
	if call.keep {
		after.life = r.life
	}
	if call.guard == newer {
		after.low, after.known, after.explicit = call.n, true, true
		after.highest = max(r.highest, call.n)
		return after
	}
	after.low = max(r.highest, r.low) + 1
	after.highest = after.low
	return after
}

// deleted is the register after a DEL whose guard let it through; nothing if there was nothing to delete.
func (r register) deleted(call registerCall) []register {
	if call.guard == newer {
		return []register{{low: call.n, known: true, highest: max(r.highest, call.n)}}
	}
	if !r.present {
		return nil
	}
	return r.removed()
}

// removed is the register after its value is gone: with a tombstone, or without unless its newest write said its version.
func (r register) removed() []register {
	tombstone := register{low: r.low, known: r.known, highest: r.highest}
	if r.explicit {
		return []register{tombstone}
	}
	return []register{{known: true, highest: r.highest}, tombstone}
}

// mayBe reports whether the version may be n.
func (r register) mayBe(n int64) bool { return r.low == n || !r.known && n > r.low }

// seen is the register once its version is known to be n.
func (r register) seen(n int64) register {
	r.low, r.known, r.highest = n, true, max(r.highest, n)
	return r
}

// answered is the register a branch leaves if the reply fits it.
func (b branch) answered(call registerCall, reply registerReply) (after register, ok bool) {
	if reply.unknown {
		return b.after, true
	}
	switch call.op {
	case opSet, opDel, opExpire, opPersist:
		ok = reply.applied == b.applied
		if call.guard == exact && call.op == opSet && !reply.applied && reply.version == call.n {
			return b.after, false // refused although its guard held
		}
	case opIncr:
		ok = reply.value == b.after.value
	case opGet:
		ok = reply.present == b.after.present && reply.value == b.after.value
	case opVersion:
		ok = true
	}
	if !ok || reply.version < 0 {
		return b.after, ok
	}
	return b.after.seen(reply.version), b.after.mayBe(reply.version)
}
