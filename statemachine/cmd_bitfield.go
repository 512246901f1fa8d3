package statemachine

var bitfieldCommands = []Command{
	{Name: "BITFIELD", Arity: -2, Flags: Write | DenyOOM, Keys: firstKey, Group: groupBitmap, Since: "3.2.0",
		Complexity: "O(1) for each subcommand specified",
		Summary:    "Performs arbitrary bitfield integer operations on strings.",
		Syntax: "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> " +
			"[GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> ...]]",
		Run: bitfield},
	{Name: "BITFIELD_RO", Arity: -2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupBitmap, Since: "6.0.0",
		Complexity: "O(1) for each subcommand specified",
		Summary:    "Performs arbitrary read-only bitfield integer operations on strings.",
		Syntax:     "key [GET encoding offset [GET encoding offset ...]]", Run: bitfieldRO},
}

// fieldAction is what a step of BITFIELD does.
type fieldAction uint8

const (
	fieldGet fieldAction = iota
	fieldSet
	fieldIncrby
)

// fieldStep is one step of BITFIELD.
type fieldStep struct {
	action    fieldAction
	fieldType bitType
	offset    int64
	value     int64 // or the increment
	overflow  overflowRule
}

// fieldSteps are a call's steps.
type fieldSteps struct {
	steps []fieldStep
	// length is how many bytes the steps that write need; 0 if none does.
	length int
}

// parseFieldSteps reads the steps of a call, or replies Redis's error.
func parseFieldSteps(tx *Tx, args Args, reply Reply) (f fieldSteps, ok bool) {
	rule := overflowWrap
	for i := 2; i < len(args); {
		left := len(args) - i - 1
		var step fieldStep
		switch {
		case is(args[i], "GET") && left >= 2:
			step.action = fieldGet
		case is(args[i], "SET") && left >= 3:
			step.action = fieldSet
		case is(args[i], "INCRBY") && left >= 3:
			step.action = fieldIncrby
		case is(args[i], "OVERFLOW") && left >= 1:
			if rule, ok = parseOverflow(args[i+1]); !ok {
				reply.Error(errBitfieldOverflow)
				return f, false
			}
			i += 2
			continue
		default:
			reply.Error(errSyntax)
			return f, false
		}
		step.overflow = rule
		n := step.read(tx, args[i+1:], reply)
		if n == 0 {
			return f, false
		}
		if step.action != fieldGet {
			f.length = max(f.length, int((step.offset+step.fieldType.width-1)>>3)+1)
		}
		f.steps = append(f.steps, step)
		i += 1 + n
	}
	return f, true
}

// read reads what follows a step's name, and returns how many arguments that takes; 0 if it has replied an error.
func (s *fieldStep) read(tx *Tx, args Args, reply Reply) int {
	var ok bool
	if s.fieldType, ok = parseBitType(args[0]); !ok {
		reply.Error(errBitfieldType)
		return 0
	}
	if s.offset, ok = tx.bitOffset(args[1], s.fieldType.width, reply); !ok {
		return 0
	}
	if s.action == fieldGet {
		return 2
	}
	if s.value, ok = intArg(args[2], reply); !ok {
		return 0
	}
	return 3
}

func parseOverflow(arg []byte) (rule overflowRule, ok bool) {
	switch {
	case is(arg, "WRAP"):
		return overflowWrap, true
	case is(arg, "SAT"):
		return overflowSat, true
	}
	return overflowFail, is(arg, "FAIL")
}

// bitfield: BITFIELD key with any number of steps. What changes nothing leaves the version as it is.
func bitfield(tx *Tx, args Args, reply Reply) {
	f, ok := parseFieldSteps(tx, args, reply)
	if !ok {
		return
	}
	if f.length == 0 {
		f.get(tx, args[1], reply)
		return
	}
	e, ok := tx.entryString(args[1], reply)
	if !ok {
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	grown := e.object == nil || len(e.object.str()) < f.length
	if grown {
		tx.ks.bitmap(&e, f.length)
	}
	var put, changed bool // a step put a value; one that is another
	reply.Array(len(f.steps))
	for i := range f.steps {
		step := &f.steps[i]
		value, old, ok := step.run(e.object.str(), reply)
		if put = put || ok; ok && value != old {
			step.fieldType.put(tx.ks.bitmap(&e, f.length), step.offset, value)
			changed = true
		}
	}
	if !grown && !changed {
		e.nowRaw()
		return
	}
	tx.ks.stamp(&e, s)
	if put { // else all of them overflowed, which Redis tells nobody of, though the key may be new
		tx.notify(EventString, "setbit", args[1])
	}
}

// bitfieldRO: BITFIELD_RO key with any number of GET.
func bitfieldRO(tx *Tx, args Args, reply Reply) {
	f, ok := parseFieldSteps(tx, args, reply)
	if !ok {
		return
	}
	if f.length > 0 {
		reply.Error(errBitfieldReadOnly)
		return
	}
	f.get(tx, args[1], reply)
}

// get runs steps that only read.
func (f *fieldSteps) get(tx *Tx, key []byte, reply Reply) {
	o, ok := tx.lookupString(key, reply)
	if !ok {
		return
	}
	var bitmap []byte
	if o != nil {
		bitmap = o.str()
	}
	reply.Array(len(f.steps))
	for i := range f.steps {
		f.steps[i].run(bitmap, reply)
	}
}

// run runs a step on a bitmap and replies; put is true if the field, which is old, is to become value.
func (s *fieldStep) run(bitmap []byte, reply Reply) (value, old int64, put bool) {
	old = s.fieldType.get(bitmap, s.offset)
	switch s.action {
	case fieldGet:
		reply.Int(old)
		return 0, old, false
	case fieldSet:
		value, put = s.fieldType.set(s.value, s.overflow)
	default:
		value, put = s.fieldType.add(old, s.value, s.overflow)
	}
	switch {
	case !put:
		reply.Null()
	case s.action == fieldSet:
		reply.Int(old)
	default:
		reply.Int(value)
	}
	return value, old, put
}
