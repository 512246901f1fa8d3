package statemachine

import "strings"

var listCommands = []Command{
	{Name: "LPUSH", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupList, Since: "1.0.0",
		Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
		Summary:    "Prepends one or more elements to a list. Creates the key if it doesn't exist.", Syntax: "key element [element ...]",
		Run: func(tx *Tx, args Args, reply Reply) { pushList(tx, args, listLeft, false, reply) }},
	{Name: "RPUSH", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupList, Since: "1.0.0",
		Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
		Summary:    "Appends one or more elements to a list. Creates the key if it doesn't exist.", Syntax: "key element [element ...]",
		Run: func(tx *Tx, args Args, reply Reply) { pushList(tx, args, listRight, false, reply) }},
	{Name: "LPUSHX", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupList, Since: "2.2.0",
		Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
		Summary:    "Prepends one or more elements to a list only when the list exists.", Syntax: "key element [element ...]",
		Run: func(tx *Tx, args Args, reply Reply) { pushList(tx, args, listLeft, true, reply) }},
	{Name: "RPUSHX", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupList, Since: "2.2.0",
		Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
		Summary:    "Appends an element to a list only when the list exists.", Syntax: "key element [element ...]",
		Run: func(tx *Tx, args Args, reply Reply) { pushList(tx, args, listRight, true, reply) }},
	{Name: "LPOP", Arity: -2, Flags: Write | Fast, Keys: firstKey, Group: groupList, Since: "1.0.0",
		Complexity: "O(N) where N is the number of elements returned",
		Summary:    "Returns the first elements in a list after removing it. Deletes the list if the last element was popped.",
		Syntax:     "key [count]", Run: func(tx *Tx, args Args, reply Reply) { popList(tx, args, listLeft, reply) }},
	{Name: "RPOP", Arity: -2, Flags: Write | Fast, Keys: firstKey, Group: groupList, Since: "1.0.0",
		Complexity: "O(N) where N is the number of elements returned",
		Summary:    "Returns and removes the last elements of a list. Deletes the list if the last element was popped.",
		Syntax:     "key [count]", Run: func(tx *Tx, args Args, reply Reply) { popList(tx, args, listRight, reply) }},
	{Name: "LMPOP", Arity: -4, Flags: Write, Keys: Keys{Numkeys: 1}, Group: groupList, Since: "7.0.0",
		Complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
		Summary:    "Returns multiple elements from a list after removing them. Deletes the list if the last element was popped.",
		Syntax:     "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]", Run: lmpop},
	{Name: "LLEN", Arity: 2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupList, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Returns the length of a list.", Syntax: "key", Run: llen},
	{Name: "LINDEX", Arity: 3, Flags: ReadOnly, Keys: firstKey, Group: groupList, Since: "1.0.0",
		Complexity: "O(log(N)) where N is the number of elements in the list.",
		Summary:    "Returns an element from a list by its index.", Syntax: "key index", Run: lindex},
	{Name: "LRANGE", Arity: 4, Flags: ReadOnly, Keys: firstKey, Group: groupList, Since: "1.0.0",
		Complexity: "O(log(N)+M) where N is the number of elements in the list and M the number of elements in the specified range.",
		Summary:    "Returns a range of elements from a list.", Syntax: "key start stop", Run: lrange},
	{Name: "LPOS", Arity: -3, Flags: ReadOnly, Keys: firstKey, Group: groupList, Since: "6.0.6",
		Complexity: "O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.",
		Summary:    "Returns the index of matching elements in a list.",
		Syntax:     "key element [RANK rank] [COUNT num-matches] [MAXLEN len]", Run: lpos},
	{Name: "LSET", Arity: 4, Flags: Write | DenyOOM, Keys: firstKey, Group: groupList, Since: "1.0.0",
		Complexity: "O(log(N)) where N is the number of elements in the list.",
		Summary:    "Sets the value of an element in a list by its index.", Syntax: "key index element", Run: lset},
	{Name: "LINSERT", Arity: 5, Flags: Write | DenyOOM, Keys: firstKey, Group: groupList, Since: "2.2.0",
		Complexity: "O(N) where N is the number of elements to traverse before seeing the value pivot.",
		Summary:    "Inserts an element before or after another element in a list.",
		Syntax:     "key <BEFORE | AFTER> pivot element", Run: linsert},
	{Name: "LREM", Arity: 4, Flags: Write, Keys: firstKey, Group: groupList, Since: "1.0.0",
		Complexity: "O(N+M*log(N)) where N is the number of elements in the list and M the number of elements removed.",
		Summary:    "Removes elements from a list. Deletes the list if the last element was removed.",
		Syntax:     "key count element", Run: lrem},
	{Name: "LTRIM", Arity: 4, Flags: Write, Keys: firstKey, Group: groupList, Since: "1.0.0",
		Complexity: "O(N) where N is the number of elements to be removed by the operation.",
		Summary:    "Removes elements from both ends a list. Deletes the list if all elements were trimmed.",
		Syntax:     "key start stop", Run: ltrim},
	{Name: "LMOVE", Arity: 5, Flags: Write | DenyOOM, Keys: twoKeys, Group: groupList, Since: "6.2.0", Complexity: "O(1)",
		Summary: "Returns an element after popping it from one list and pushing it to another. Deletes the list if the last element was moved.",
		Syntax:  "source destination <LEFT | RIGHT> <LEFT | RIGHT>", Run: lmove},
	{Name: "RPOPLPUSH", Arity: 3, Flags: Write | DenyOOM, Keys: twoKeys, Group: groupList, Since: "1.2.0", Complexity: "O(1)",
		Summary: "Returns the last element of a list after removing and pushing it to another list. Deletes the list if the last element was popped.",
		Syntax:  "source destination",
		Run:     func(tx *Tx, args Args, reply Reply) { moveElement(tx, args, listRight, listLeft, reply) }},
}

// pushList: LPUSH, RPUSH, LPUSHX and RPUSHX key element [element ...]. Replies with the new length.
func pushList(tx *Tx, args Args, end listEnd, onlyOld bool, reply Reply) {
	e, ok := tx.entryKind(args[1], KindList, reply)
	if !ok {
		return
	}
	if e.object == nil && onlyOld {
		reply.Int(0)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	tx.ks.collection(&e, KindList)
	l := tx.list(e.object)
	size := 0
	for _, element := range args[2:] {
		size += len(element)
	}
	l.noteAdded(size)
	for _, element := range args[2:] {
		l.push(end, element)
	}
	tx.wrote(&e, l.len(), s, EventList, pushEvents[end])
	reply.Int(int64(l.len()))
}

// The events of pushing to and popping from each end of a list.
var (
	pushEvents = map[listEnd]string{listLeft: "lpush", listRight: "rpush"}
	popEvents  = map[listEnd]string{listLeft: "lpop", listRight: "rpop"}
)

// popList: LPOP and RPOP key [count].
func popList(tx *Tx, args Args, end listEnd, reply Reply) {
	if len(args) > 3 {
		reply.Error(wrongArguments(strings.ToLower(string(args[0]))))
		return
	}
	count := int64(-1)
	if len(args) == 3 {
		var ok bool
		if count, ok = ParseInt(args[2]); !ok || count < 0 {
			reply.Error(errNotPositive)
			return
		}
	}
	e, ok := tx.entryKind(args[1], KindList, reply)
	switch {
	case !ok:
	case e.object == nil && count < 0:
		reply.Null()
	case e.object == nil:
		reply.NullArray()
	case count == 0:
		reply.Array(0)
	default:
		if s, ok := tx.nextStamp(&e, reply); ok {
			popElements(tx, &e, s, end, count, reply)
		}
	}
}

// popElements replies with up to count elements from an end of a list that is there, as an array, or with one alone if count is negative,
// and takes them out.
func popElements(tx *Tx, e *entry, s stamp, end listEnd, count int64, reply Reply) {
	l := tx.list(e.object)
	n := 1
	if count >= 0 {
		n = int(min(count, int64(l.len())))
		reply.Array(n)
	}
	for range n {
		l.pop(end, reply.Bulk)
	}
	l.noteRemoved()
	tx.wrote(e, l.len(), s, EventList, popEvents[end])
}

// lmpop: LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count].
func lmpop(tx *Tx, args Args, reply Reply) {
	if p, ok := parseListPop(args, 1, reply); ok && !popFirst(tx, p, reply) {
		reply.NullArray()
	}
}

// popFirst replies with the first of some keys that holds a list and elements popped from it, or with an error. It reports false, and
// replies nothing, if none does.
func popFirst(tx *Tx, p listPop, reply Reply) (done bool) {
	e, ok := tx.firstList(p.keys, reply)
	if !ok {
		return true
	}
	if e.object == nil {
		return false
	}
	if s, ok := tx.nextStamp(&e, reply); ok {
		reply.Array(2)
		reply.Bulk(e.key)
		popElements(tx, &e, s, p.end, p.count, reply)
	}
	return true
}

// listPop is what LMPOP and BLMPOP are to do.
type listPop struct {
	keys  [][]byte
	end   listEnd
	count int64
}

// parseListPop reads the arguments from numkeys on, which is at an index.
func parseListPop(args Args, at int, reply Reply) (p listPop, ok bool) {
	keys, ok := ParseInt(args[at])
	if !ok || keys < 1 {
		reply.Error(errNumkeys)
		return p, false
	}
	rest := args[at+1:]
	if keys >= int64(len(rest)) {
		reply.Error(errSyntax)
		return p, false
	}
	p.keys, rest = rest[:keys], rest[keys:]
	if p.end, ok = parseListEnd(rest[0], reply); !ok {
		return p, false
	}
	p.count, ok = parsePopCount(rest[1:], reply)
	return p, ok
}

// parsePopCount reads what may follow the keys and the end: COUNT count. 1 without it.
func parsePopCount(rest [][]byte, reply Reply) (count int64, ok bool) {
	if len(rest) == 0 {
		return 1, true
	}
	if len(rest) == 1 || !is(rest[0], "COUNT") {
		reply.Error(errSyntax)
		return 0, false
	}
	if count, ok = ParseInt(rest[1]); !ok || count < 1 {
		reply.Error(errCountPositive)
		return 0, false
	}
	if len(rest) > 2 {
		reply.Error(errSyntax)
		return 0, false
	}
	return count, true
}

func parseListEnd(arg []byte, reply Reply) (end listEnd, ok bool) {
	switch {
	case is(arg, "LEFT"):
		return listLeft, true
	case is(arg, "RIGHT"):
		return listRight, true
	}
	reply.Error(errSyntax)
	return listLeft, false
}

// lset: LSET key index element.
func lset(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryKind(args[1], KindList, reply)
	if !ok {
		return
	}
	if e.object == nil {
		reply.Error(errNoKey)
		return
	}
	index, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	l := tx.list(e.object)
	n, ok := indexIn(index, l.len())
	if !ok {
		reply.Error(errIndex)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	l.noteAdded(len(args[3]))
	l.set(n, args[3])
	l.noteRemoved()
	tx.wrote(&e, l.len(), s, EventList, "lset")
	reply.Status("OK")
}

// indexIn is the place of an index, which counts from the end if it is negative, among n elements; ok is false if it is out of range.
func indexIn(index int64, n int) (place int, ok bool) {
	if index < 0 {
		index += int64(n)
	}
	return int(index), index >= 0 && index < int64(n)
}

// linsert: LINSERT key BEFORE|AFTER pivot element. Replies with the new length, -1 without the pivot.
func linsert(tx *Tx, args Args, reply Reply) {
	after := is(args[2], "AFTER")
	if !after && !is(args[2], "BEFORE") {
		reply.Error(errSyntax)
		return
	}
	e, ok := tx.entryKind(args[1], KindList, reply)
	if !ok {
		return
	}
	if e.object == nil {
		reply.Int(0)
		return
	}
	l := tx.list(e.object)
	at, found := 0, false
	l.walk(0, func(value []byte) bool {
		if found = string(value) == string(args[3]); !found {
			at++
		}
		return !found
	})
	if !found {
		reply.Int(-1)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	if after {
		at++
	}
	l.noteAdded(len(args[4]))
	if at == l.len() {
		l.push(listRight, args[4])
	} else {
		l.insert(at, args[4])
	}
	tx.wrote(&e, l.len(), s, EventList, "linsert")
	reply.Int(int64(l.len()))
}

// lrem: LREM key count element. Replies with how many were removed.
func lrem(tx *Tx, args Args, reply Reply) {
	count, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	e, ok := tx.entryKind(args[1], KindList, reply)
	if !ok {
		return
	}
	if e.object == nil {
		reply.Int(0)
		return
	}
	l := tx.list(e.object)
	found := l.places(args[3], count)
	if len(found) == 0 {
		reply.Int(0)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	l.removePlaces(found)
	l.noteRemoved()
	tx.wrote(&e, l.len(), s, EventList, "lrem")
	reply.Int(int64(len(found)))
}

// ltrim: LTRIM key start stop.
func ltrim(tx *Tx, args Args, reply Reply) {
	start, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	stop, ok := intArg(args[3], reply)
	if !ok {
		return
	}
	e, ok := tx.entryKind(args[1], KindList, reply)
	if !ok {
		return
	}
	if e.object != nil {
		s, ok := tx.nextStamp(&e, reply)
		if !ok {
			return
		}
		l := tx.list(e.object)
		first, n := rangeIn(start, stop, l.len())
		l.removeRange(first+n, l.len()-first-n)
		l.removeRange(0, first)
		l.noteRemoved()
		tx.wrote(&e, l.len(), s, EventList, "ltrim")
	}
	reply.Status("OK")
}

// rangeIn is where a range of indexes, which count from the end if they are negative, begins among n elements, and how many it has.
func rangeIn(start, stop int64, n int) (first, count int) {
	length := int64(n)
	if start < 0 {
		start = max(0, start+length)
	}
	if stop < 0 {
		stop += length
	}
	stop = min(stop, length-1)
	if start > stop || start >= length {
		return 0, 0
	}
	return int(start), int(stop-start) + 1
}

// lmove: LMOVE source destination LEFT|RIGHT LEFT|RIGHT.
func lmove(tx *Tx, args Args, reply Reply) {
	from, ok := parseListEnd(args[3], reply)
	if !ok {
		return
	}
	to, ok := parseListEnd(args[4], reply)
	if !ok {
		return
	}
	moveElement(tx, args, from, to, reply)
}

// moveElement takes an element from an end of the list at args[1] to an end of that at args[2], and replies with it.
func moveElement(tx *Tx, args Args, from, to listEnd, reply Reply) {
	source, ok := tx.entryKind(args[1], KindList, reply)
	if !ok {
		return
	}
	if source.object == nil {
		reply.Null()
		return
	}
	target := source
	same := string(args[1]) == string(args[2])
	if !same {
		if target, ok = tx.entryKind(args[2], KindList, reply); !ok {
			return
		}
	}
	s, ok := tx.nextStamp(&source, reply)
	if !ok {
		return
	}
	t, ok := tx.nextStamp(&target, reply)
	if !ok {
		return
	}
	var value []byte
	l := tx.list(source.object)
	l.pop(from, func(v []byte) { value = append(value, v...) })
	tx.ks.collection(&target, KindList)
	m := &l
	if !same {
		other := tx.list(target.object)
		m = &other
	}
	m.noteAdded(len(value))
	m.push(to, value)
	tx.wrote(&target, m.len(), t, EventList, pushEvents[to])
	if same {
		tx.notify(EventList, popEvents[from], args[1])
	} else {
		l.noteRemoved()
		tx.wrote(&source, l.len(), s, EventList, popEvents[from])
	}
	reply.Bulk(value)
}
