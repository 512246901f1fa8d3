package history

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"

	"github.com/anishathalye/porcupine"
)

// groupKeys is the number of keys of a group.
const groupKeys = 4

// partOp is what one command of a transaction does.
type partOp string

const (
	partGet    partOp = "GET"
	partAdd    partOp = "INCRBY"
	partAppend partOp = "APPEND"
)

// part is one command of a transaction.
type part struct {
	op       partOp
	key      int    // from 0 to groupKeys-1
	argument string // the number to add, the token to append
}

// groupCall is a transaction, or a single command outside of one if it has one part.
type groupCall struct{ parts []part }

// groupReply is the replies to the parts of a transaction as texts; a missing value is empty.
type groupReply struct {
	unknown bool
	results []string
}

// group is the values of a few keys, empty where there is none. It is comparable.
type group [groupKeys]string

// groupModel is the model of a few keys that nobody wrote before.
func groupModel() porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{group{}} },
		Step: func(state, input, output any) []any {
			before, call, reply := state.(group), input.(groupCall), output.(groupReply)
			after, results, ok := before.run(call)
			switch {
			case reply.unknown && ok:
				return []any{before, after}
			case reply.unknown:
				return []any{before}
			case ok && slices.Equal(results, reply.results):
				return []any{after}
			}
			return nil
		},
		Hash:              func(state any) uint64 { return maphash.Comparable(hashSeed, state.(group)) },
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v -> %v", input.(groupCall).parts, output) },
		DescribeState:     func(state any) string { return fmt.Sprintf("%q", state) },
	}
	return model.ToModel()
}

// run does all parts and returns their replies; ok is false if one of them cannot be done.
func (g group) run(call groupCall) (after group, results []string, ok bool) {
	results = make([]string, len(call.parts))
	for i, p := range call.parts {
		if results[i], ok = g.do(p); !ok {
			return g, nil, false
		}
	}
	return g, results, true
}

// do does one part.
func (g *group) do(p part) (result string, ok bool) {
	value := &g[p.key]
	switch p.op {
	case partGet:
		return *value, true
	case partAppend:
		*value += p.argument
		return strconv.Itoa(len(*value)), true
	case partAdd:
		sum, ok := addTexts(*value, p.argument)
		if ok {
			*value = sum
		}
		return sum, ok
	}
	return "", false
}

// addTexts adds two numbers, of which the first may be missing.
func addTexts(a, b string) (sum string, ok bool) {
	if a == "" {
		a = "0"
	}
	x, err := strconv.ParseInt(a, 10, 64)
	if err != nil {
		return "", false
	}
	y, err := strconv.ParseInt(b, 10, 64)
	if err != nil {
		return "", false
	}
	return strconv.FormatInt(x+y, 10), true
}
