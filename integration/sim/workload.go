package sim

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/paxredis/paxredis/statemachine"
)

// workload makes up operations. Every write that can carry one carries its operation's tag, so that what the log holds can be traced back
// to who asked for it, and how often it is there.
type workload struct {
	rng   *rand.Rand
	table *statemachine.Table
	keys  int
	// versions are what replies have shown lately of keys, for compare-and-set that has a chance.
	versions []int
}

// tag is what identifies an operation in its arguments: no other text in a command has this form.
func tag(id int) string { return "#" + strconv.Itoa(id) + ";" }

// tagsOf calls f with the operation of each tag in encoded commands.
func tagsOf(commands []byte, f func(id int)) {
	for i := 0; i < len(commands); i++ {
		if commands[i] != '#' {
			continue
		}
		id, at := 0, i+1
		for at < len(commands) && commands[at] >= '0' && commands[at] <= '9' {
			id = 10*id + int(commands[at]-'0')
			at++
		}
		if at > i+1 && at < len(commands) && commands[at] == ';' {
			f(id)
			i = at
		}
	}
}

func newWorkload(rng *rand.Rand) (*workload, error) {
	table, err := statemachine.NewTable(statemachine.Commands())
	keys := []int{1, 4, 20}[rng.IntN(3)]
	return &workload{rng: rng, table: table, keys: keys, versions: make([]int, keys)}, err
}

func (w *workload) key() (name string, number int) {
	number = w.rng.IntN(w.keys)
	return fmt.Sprintf("k%d", number), number
}

// version is one that a key may have right now.
func (w *workload) version(key int) string { return strconv.Itoa(w.versions[key] + w.rng.IntN(3) - 1) }

// command makes up the arguments of one command of the operation id.
func (w *workload) command(id int, write bool) []string {
	key, number := w.key()
	if write {
		w.versions[number]++ // a guess: most writes do raise it by one
		return w.writing(key, number, tag(id))
	}
	other, _ := w.key()
	return w.pick([][]string{
		{"GET", key}, {"GET", key}, {"GET", key, "WITHVER"}, {"STRLEN", key}, {"EXISTS", key, other}, {"MGET", key, other}, {"GETRANGE", key, "-20", "-1"},
		{"OBJECT", "VERSION", key}, {"PTTL", key}, {"TYPE", key}, {"GET", "counter"},
	})
}

func (w *workload) pick(choices [][]string) []string { return choices[w.rng.IntN(len(choices))] }

func (w *workload) writing(key string, number int, tag string) []string {
	other, _ := w.key()
	soon := strconv.Itoa(1 + w.rng.IntN(3000))
	return w.pick([][]string{
		{"SET", key, tag}, {"SET", key, tag}, {"SET", key, tag, "WITHVER"}, {"SET", key, tag, "NX"}, {"SET", key, tag, "XX", "GET"},
		{"SET", key, tag, "IFVER", w.version(number)}, {"SET", key, tag, "VER", w.version(number)}, {"SET", key, tag, "PX", soon},
		{"SET", key, tag, "KEEPTTL"}, {"APPEND", key, tag}, {"APPEND", key, tag}, {"SETRANGE", key, "3", tag}, {"GETSET", key, tag},
		{"MSET", key, tag, other, "both"}, {"MSETNX", key, tag, other, "both"}, {"PSETEX", key, soon, tag},
		{"INCR", "counter"}, {"INCRBY", "counter", "3"}, {"INCRBYFLOAT", "float", "0.5"}, {"DEL", key}, {"DEL", key, other}, {"DEL", key, "VER", w.version(number)},
		{"GETDEL", key}, {"PEXPIRE", key, soon}, {"PERSIST", key}, {"RENAME", key, other}, {"COPY", key, other, "REPLACE"}, {"GETEX", key, "PX", soon},
	})
}

// next makes up the next operation of a client.
func (w *workload) next(op *operation) error {
	op.write = w.rng.IntN(100) < 65
	if w.rng.IntN(100) >= 8 {
		op.queued = 0
		return w.resolve(op, w.command(op.id, op.write))
	}
	op.queued = 1 + w.rng.IntN(4)
	for i := range op.queued {
		isWrite := op.write && (i == 0 || w.rng.IntN(2) == 0)
		args := toBytes(w.command(op.id, isWrite))
		if isWrite && i > 0 {
			args = toBytes([]string{"APPEND", "list", "x"}) // a tag is there once
		}
		op.transaction = append(op.transaction, statemachine.Queued{Args: args})
	}
	return nil
}

func (w *workload) resolve(op *operation, args []string) error {
	op.args = toBytes(args)
	command, problem := w.table.Resolve(op.args)
	if command == nil {
		return fmt.Errorf("the workload made up %q, which is no command: %s", args, problem)
	}
	op.command, op.write = command, command.Flags.Logged()
	return nil
}

func toBytes(args []string) [][]byte {
	all := make([][]byte, len(args))
	for i, a := range args {
		all[i] = []byte(a)
	}
	return all
}
