package statemachine

import (
	"math"
	"math/big"
)

// Block is a command that found nothing, and whose client waits.
type Block struct {
	// DB and Keys are what it waits for: that one of these keys of the database has something. They are valid for the duration of the call, as are Args.
	DB   int
	Keys [][]byte
	// Kind is of which type that must be: what else a key holds meanwhile does not concern the client.
	Kind Kind
	// Group says that it reads streams for a group: it is to be run again, too, when a key has no stream any more, which is an error.
	Group bool
	// TimeoutMS is how long the client waits, in milliseconds; 0: for ever.
	TimeoutMS int64
	// Args, unless they are nil, are to be run again in place of the command's: what it said of the moment at which it was run first has
	// become what it meant.
	Args [][]byte
	// NullArray says which null the reply is when the time is up: the aggregate's, or the value's.
	NullArray bool
}

// Blocker is a Reply whose client can wait. Block takes the place of a reply: nothing is written, the client waits (View.Await), and when
// a key is ready the same command is run again.
type Blocker interface {
	Block(b Block)
}

// block ends a command that found nothing: its client waits if it can, which is neither in a transaction nor in a script, and else gets the
// null that would come when the time is up. On nodes that are not the command's origin nothing happens.
func (tx *Tx) block(b Block, reply Reply) {
	b.DB = tx.db
	if blocker, ok := reply.(Blocker); ok && tx.mayBlock {
		blocker.Block(b)
	} else if b.NullArray {
		reply.NullArray()
	} else {
		reply.Null()
	}
}

// timeoutArg reads a timeout in seconds, a fraction rounded up to milliseconds, or replies Redis's error.
func (tx *Tx) timeoutArg(arg []byte, reply Reply) (ms int64, ok bool) {
	seconds, ok := parseLongDouble(arg)
	if !ok {
		reply.Error(errTimeout)
		return 0, false
	}
	ms, ok = seconds.milliseconds()
	switch {
	case !ok:
		reply.Error(errTimeoutRange)
	default:
		return tx.timeout(ms, reply)
	}
	return 0, false
}

// timeout checks a number of milliseconds: neither is it negative, nor is its end beyond what can be told.
func (tx *Tx) timeout(ms int64, reply Reply) (int64, bool) {
	switch {
	case ms < 0:
		reply.Error(errTimeoutNegative)
	case ms > math.MaxInt64-tx.now:
		reply.Error(errTimeoutRange)
	default:
		return ms, true
	}
	return 0, false
}

// milliseconds are those of a number of seconds, rounded up; ok is false if they are too many.
func (d *longDouble) milliseconds() (ms int64, ok bool) {
	if d.f.IsInf() {
		return math.MinInt64, d.f.Signbit()
	}
	exact, _ := new(big.Float).Mul(&d.f, big.NewFloat(1000)).Rat(nil)
	whole := new(big.Int).Div(exact.Num(), exact.Denom()) // towards minus infinity
	if !exact.IsInt() {
		whole.Add(whole, big.NewInt(1))
	}
	if whole.Sign() < 0 {
		return -1, true
	}
	return whole.Int64(), whole.IsInt64()
}
