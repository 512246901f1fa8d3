package statemachine

var zsetCombineCommands = []Command{
	{Name: "ZUNION", Arity: -3, Flags: ReadOnly, Keys: Keys{Numkeys: 1}, Group: groupZSet, Since: "6.2.0",
		Complexity: "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
		Summary:    "Returns the union of multiple sorted sets.",
		Syntax:     "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]", Run: zcombine(combineUnion)},
	{Name: "ZUNIONSTORE", Arity: -4, Flags: Write | DenyOOM, Keys: storedKeys, Group: groupZSet, Since: "2.0.0",
		Complexity: "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
		Summary:    "Stores the union of multiple sorted sets in a key.",
		Syntax:     "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]", Run: zcombinestore(combineUnion)},
	{Name: "ZINTER", Arity: -3, Flags: ReadOnly, Keys: Keys{Numkeys: 1}, Group: groupZSet, Since: "6.2.0",
		Complexity: interComplexity, Summary: "Returns the intersect of multiple sorted sets.",
		Syntax: "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]", Run: zcombine(combineInter)},
	{Name: "ZINTERSTORE", Arity: -4, Flags: Write | DenyOOM, Keys: storedKeys, Group: groupZSet, Since: "2.0.0",
		Complexity: interComplexity, Summary: "Stores the intersect of multiple sorted sets in a key.",
		Syntax: "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]", Run: zcombinestore(combineInter)},
	{Name: "ZINTERCARD", Arity: -3, Flags: ReadOnly, Keys: Keys{Numkeys: 1}, Group: groupZSet, Since: "7.0.0",
		Complexity: "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.",
		Summary:    "Returns the number of members of the intersect of multiple sorted sets.",
		Syntax:     "numkeys key [key ...] [LIMIT limit]", Run: zintercard},
	{Name: "ZDIFF", Arity: -3, Flags: ReadOnly, Keys: Keys{Numkeys: 1}, Group: groupZSet, Since: "6.2.0",
		Complexity: diffComplexity, Summary: "Returns the difference between multiple sorted sets.",
		Syntax: "numkeys key [key ...] [WITHSCORES]", Run: zcombine(combineDiff)},
	{Name: "ZDIFFSTORE", Arity: -4, Flags: Write | DenyOOM, Keys: storedKeys, Group: groupZSet, Since: "6.2.0",
		Complexity: diffComplexity, Summary: "Stores the difference of multiple sorted sets in a key.",
		Syntax: "destination numkeys key [key ...]", Run: zcombinestore(combineDiff)},
}

const (
	interComplexity = "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being " +
		"the number of elements in the resulting sorted set."
	diffComplexity = "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, " +
		"and K is the size of the result set."
)

// storedKeys are a destination and counted keys behind it.
var storedKeys = Keys{First: 1, Last: 1, Step: 1, Numkeys: 2}

const (
	errWeight       = "ERR weight value is not a float"
	errLimit        = "ERR LIMIT can't be negative"
	errNoInputStart = "ERR at least 1 input key is needed for '"
)

// combineCall is a call of one of these commands: operation and what may stand behind the keys.
type combineCall struct {
	combination
	name        string // for errors
	mayScores   bool
	cardinality bool

	withScores bool
	limit      int64 // 0: none
}

// parse reads numkeys key [key ...] and the options, and opens the keys; or it replies the error.
func (c *combineCall) parse(tx *Tx, args Args, reply Reply) (ok bool) {
	n, ok := intArg(args[0], reply)
	switch {
	case !ok:
		return false
	case n < 1:
		reply.Error(errNoInputStart + c.name + "' command")
		return false
	case n > int64(len(args)-1):
		reply.Error(errSyntax)
		return false
	}
	for _, key := range args[1 : n+1] {
		o := tx.lookup(key)
		if o != nil && o.kind != KindZSet && o.kind != KindSet {
			reply.Error(errWrongType)
			return false
		}
		input := combined{weight: 1}
		if o != nil {
			input.elements, input.there = tx.elements(o), true
		}
		c.inputs = append(c.inputs, input)
	}
	return c.parseOptions(args[n+1:], reply)
}

func (c *combineCall) parseOptions(options Args, reply Reply) (ok bool) {
	weighted := c.operation != combineDiff && !c.cardinality
	for len(options) > 0 {
		switch n := len(c.inputs); {
		case weighted && len(options) > n && is(options[0], "WEIGHTS"):
			for i := range c.inputs {
				if c.inputs[i].weight, ok = doubleArg(options[1+i], errWeight, reply); !ok {
					return false
				}
			}
			options = options[1+n:]
		case weighted && len(options) > 1 && is(options[0], "AGGREGATE") && c.aggregate.parse(options[1]):
			options = options[2:]
		case c.mayScores && is(options[0], "WITHSCORES"):
			c.withScores, options = true, options[1:]
		case c.cardinality && len(options) > 1 && is(options[0], "LIMIT"):
			if c.limit, ok = ParseInt(options[1]); !ok || c.limit < 0 {
				reply.Error(errLimit)
				return false
			}
			options = options[2:]
		default:
			reply.Error(errSyntax)
			return false
		}
	}
	return true
}

// zcombine: ZUNION, ZINTER and ZDIFF numkeys key [key ...] [options].
func zcombine(operation combineOperation) func(*Tx, Args, Reply) {
	return func(tx *Tx, args Args, reply Reply) {
		c := combineCall{combination: combination{operation: operation}, name: operation.command(), mayScores: true}
		if !c.parse(tx, args[1:], reply) {
			return
		}
		found := c.run()
		replyMembersHead(len(found), c.withScores, reply)
		for _, m := range found {
			replyMember(m.member, m.score, c.withScores, reply)
		}
	}
}

// zcombinestore: ZUNIONSTORE, ZINTERSTORE and ZDIFFSTORE destination numkeys key [key ...] [options].
func zcombinestore(operation combineOperation) func(*Tx, Args, Reply) {
	return func(tx *Tx, args Args, reply Reply) {
		c := combineCall{combination: combination{operation: operation}, name: operation.command() + "store"}
		if !c.parse(tx, args[2:], reply) {
			return
		}
		var found copied
		for _, m := range c.run() {
			found.add(m.member, m.score) // the destination may be one of the inputs
		}
		storeMembers(tx, args[1], found.members, c.name, reply)
	}
}

// zintercard: ZINTERCARD numkeys key [key ...] [LIMIT limit].
func zintercard(tx *Tx, args Args, reply Reply) {
	c := combineCall{combination: combination{operation: combineInter}, name: "zintercard", cardinality: true}
	if !c.parse(tx, args[1:], reply) {
		return
	}
	n := int64(0)
	c.intersect(func([]byte, float64) bool {
		n++
		return n != c.limit
	})
	reply.Int(n)
}
