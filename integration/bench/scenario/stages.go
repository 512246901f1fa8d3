package scenario

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// stageRule says what code belongs to a stage, by the beginning of the function's name.
type stageRule struct {
	prefix, stage string
}

// The stages of a command, in the order of its way, and what else takes the processor.
const (
	stageSockets    = "sockets of clients"
	stageParse      = "parse and dispatch"
	stageReply      = "replies"
	stageQueue      = "queue"
	stageConsensus  = "batches and agreement"
	stageLinks      = "links to peers"
	stageEncryption = "encryption of links"
	stageStorage    = "storage"
	stageCheckpoint = "checkpoints"
	stageApply      = "decode and apply"
	stageGarbage    = "garbage collection"
	stageScheduler  = "Go's scheduler"
	stageRest       = "the rest"
)

// stages are in the order in which they are told, with what a pipelined SET may take of each on all nodes together, in microseconds, if
// that is known.
var stages = []struct {
	name   string
	budget float64
}{{stageSockets, 0}, {stageParse, 0.4}, {stageQueue, 0.1}, {stageConsensus, 0}, {stageLinks, 0}, {stageEncryption, 0}, {stageStorage, 1.8}, {stageApply, 1.5},
	{stageReply, 0.3}, {stageCheckpoint, 0}, {stageGarbage, 0}, {stageScheduler, 0}, {stageRest, 0}}

const own = "github.com/paxredis/paxredis/"

// systemCalls is the package by which all stages make system calls.
const systemCalls = own + "replication/brief."

// stageRules are asked in this order. Of a stack, the innermost function that any of them knows decides: what Go's runtime and the
// kernel do on behalf of a stage is part of it.
var stageRules = []stageRule{
	{"runtime.gcBgMarkWorker", stageGarbage},
	{"runtime.gcAssistAlloc", stageGarbage},
	{"runtime.bgsweep", stageGarbage},
	{"runtime.bgscavenge", stageGarbage},
	{"crypto/", stageEncryption},
	{own + "resp.(*Writer)", stageReply},
	{own + "resp.(*eventLoop).deliver", stageReply},
	{own + "resp.(*eventLoop).flush", stageReply},
	{own + "resp.(*submission)", stageReply},
	{own + "resp.(*socket)", stageSockets},
	{own + "resp.(*poller)", stageSockets},
	{own + "resp.", stageParse},
	{own + "replication.(*Lane)", stageQueue},
	{own + "replication.(*Chunk)", stageQueue},
	{own + "replication.(*origin)", stageQueue},
	{own + "replication.(*inbox)", stageQueue},
	{own + "replication.(*applier)", stageApply},
	{own + "replication.decodeBatch", stageApply},
	{own + "replication.(*saver)", stageStorage},
	{own + "replication.(*checkpointer)", stageCheckpoint},
	{own + "replication", stageConsensus},
	{own + "statemachine.(*Checkpoint)", stageCheckpoint},
	{own + "statemachine.(*frozenSpace)", stageCheckpoint},
	{own + "statemachine.appendCall", stageParse},
	{own + "statemachine.(*Table)", stageParse},
	{own + "statemachine", stageApply},
	{own + "peer", stageLinks},
	{own + "storage/state", stageCheckpoint},
	{own + "storage", stageStorage},
	{"github.com/dgraph-io/badger", stageCheckpoint},
	{"runtime.schedule", stageScheduler},
	{"runtime.findRunnable", stageScheduler},
	{"runtime.mcall", stageScheduler},
	{"runtime.mstart", stageScheduler},
	{"runtime.sysmon", stageScheduler},
}

// stageOf is the stage of a stack, the innermost function first, and the function that decides it.
func stageOf(stack []string) (stage, function string) {
	for _, function := range stack {
		if strings.HasPrefix(function, systemCalls) {
			continue
		}
		for _, r := range stageRules {
			if strings.HasPrefix(function, r.prefix) {
				return r.stage, strings.TrimPrefix(function, own)
			}
		}
	}
	return stageRest, ""
}

// profile counts samples.
type profile struct {
	all    int
	stages map[int]map[string]int // by process and stage
	hot    map[string]int         // by the function that decides the stage
	stacks map[int][][]string     // by process, the innermost function first
}

func (p *profile) add(pid int, stack []string) {
	stage, function := stageOf(stack)
	if p.stages[pid] == nil {
		p.stages[pid] = map[string]int{}
	}
	p.all++
	p.stages[pid][stage]++
	p.hot[function]++
	p.stacks[pid] = append(p.stacks[pid], slices.Clone(stack))
}

// share is the part of a process's samples that a stage has.
func (p *profile) share(pid int, stage string) float64 {
	sum := 0
	for _, n := range p.stages[pid] {
		sum += n
	}
	if sum == 0 {
		return 0
	}
	return float64(p.stages[pid][stage]) / float64(sum)
}

// hottest tells the functions with most samples, with what they call outside their stage's code and their part of all.
func (p *profile) hottest(count int) string {
	names := slices.SortedFunc(maps.Keys(p.hot), func(a, b string) int { return cmp.Or(p.hot[b]-p.hot[a], strings.Compare(a, b)) })
	var text []string
	for _, name := range names[:min(count, len(names))] {
		text = append(text, fmt.Sprintf("%s %.1f%%", name, 100*float64(p.hot[name])/float64(p.all)))
	}
	return strings.Join(text, ", ")
}

// readProfile reads what `perf script -F pid,ip,sym` prints: for each sample a line with the process, a line for each function of its stack with
// an address and a name, and an empty line.
func readProfile(from io.Reader) (*profile, error) {
	p := &profile{stages: map[int]map[string]int{}, hot: map[string]int{}, stacks: map[int][][]string{}}
	pid, stack := 0, []string(nil)
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" && pid == 0:
		case line == "":
			p.add(pid, stack)
			pid, stack = 0, stack[:0]
		case pid == 0:
			var err error
			if pid, err = strconv.Atoi(line); err != nil {
				return nil, fmt.Errorf("perf script: %q where a sample should begin", line)
			}
		default:
			_, function, _ := strings.Cut(line, " ")
			stack = append(stack, function)
		}
	}
	return p, lines.Err()
}
