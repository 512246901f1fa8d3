package paxostest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// RunScript runs a scenario transcript and returns it with what the nodes say and do now. A transcript is a list of
// blocks: comment lines that begin with #, one or more commands, a line "----", the output, an empty line.
//
// The verbs are those of the table below. A violated invariant, or a command that makes no sense, is an error.
func RunScript(text string) (string, error) {
	s := &script{holds: map[paxos.NodeID]bool{}}
	var out strings.Builder
	inOutput := false
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case line == "----":
			inOutput = true
			fmt.Fprintf(&out, "----\n%s\n", s.takeLines())
		case inOutput && line != "":
		case strings.HasPrefix(line, "#"), line == "":
			inOutput = false
			if line != "" {
				out.WriteString(line + "\n")
			}
		default:
			out.WriteString(line + "\n")
			if err := s.run(strings.Fields(line)); err != nil {
				return "", fmt.Errorf("line %d: %s: %w", i+1, line, err)
			}
		}
	}
	return out.String(), nil
}

type script struct {
	env   *Env
	lines []string
	holds map[paxos.NodeID]bool // nodes whose journal stands still
}

func (s *script) takeLines() string {
	text := strings.Join(s.lines, "\n") + "\n"
	if len(s.lines) == 0 {
		text = "(nothing)\n"
	}
	s.lines = nil
	return text
}

type verb struct {
	usage string
	run   func(s *script, args []string) error
}

var verbs map[string]verb

func init() {
	verbs = map[string]verb{
		"cluster":   {"cluster NODES [lease]: starts over with empty disks", (*script).cluster},
		"wait":      {"wait DURATION: time passes, nobody ticks", (*script).wait},
		"tick":      {"tick NODE...: these nodes notice the time", (*script).tick},
		"elect":     {"elect NODE: it alone notices that an election timeout has passed, and all comes to rest", (*script).elect},
		"stabilize": {"stabilize: deliver and sync all until nothing is left", (*script).stabilize},
		"run":       {"run DURATION: time passes in ticks of 10 ms, messages arrive; only decisions are shown", (*script).runFor},
		"deliver":   {"deliver [FROM->TO] [KIND]: messages on their way arrive, oldest first", (*script).deliver},
		"drop":      {"drop [FROM->TO] [KIND]: messages on their way are lost", (*script).drop},
		"sync":      {"sync NODE: all its writes reach stable storage", (*script).sync},
		"hold":      {"hold NODE: its journal stands still", (*script).hold},
		"unhold":    {"unhold NODE: its journal goes on", (*script).unhold},
		"propose":   {"propose NODE TEXT", (*script).propose},
		"read":      {"read NODE: asks for a read slot", (*script).read},
		"hand-over": {"hand-over NODE [TO]", (*script).handOver},
		"crash":     {"crash NODE: what is not synced is lost", (*script).crash},
		"restart":   {"restart NODE", (*script).restart},
		"isolate":   {"isolate NODE: cuts all its links", (*script).isolate},
		"links":     {"links A-B...: only these links are left", (*script).links},
		"heal":      {"heal: all links work", (*script).heal},
		"status":    {"status: a line a node", (*script).status},
	}
}

func (s *script) run(fields []string) error {
	v, ok := verbs[fields[0]]
	if !ok {
		return fmt.Errorf("unknown verb %q", fields[0])
	}
	if s.env == nil && fields[0] != "cluster" {
		return fmt.Errorf("a script begins with: cluster NODES")
	}
	if err := v.run(s, fields[1:]); err != nil {
		return fmt.Errorf("%w (usage: %s)", err, v.usage)
	}
	return s.env.Err()
}

func (s *script) cluster(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("how many nodes?")
	}
	nodes, err := strconv.Atoi(args[0])
	if err != nil || nodes < 1 || nodes > 9 {
		return fmt.Errorf("%q is not a number of nodes from 1 to 9", args[0])
	}
	s.env, err = New(Options{
		Nodes: nodes, Lease: len(args) > 1 && args[1] == "lease", Seed: 1,
		Log: func(line string) { s.lines = append(s.lines, line) },
	})
	return err
}

func (s *script) nodes(args []string) ([]paxos.NodeID, error) {
	ids := make([]paxos.NodeID, 0, len(args))
	for _, arg := range args {
		id, err := strconv.Atoi(arg)
		if err != nil || id < 1 || id > len(s.env.nodes) {
			return nil, fmt.Errorf("%q is no node", arg)
		}
		ids = append(ids, paxos.NodeID(id))
	}
	return ids, nil
}

// node is for verbs whose first argument is one node.
func (s *script) node(args []string) (paxos.NodeID, error) {
	if len(args) == 0 {
		return 0, fmt.Errorf("which node?")
	}
	ids, err := s.nodes(args[:1])
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

func duration(args []string) (time.Duration, error) {
	if len(args) != 1 {
		return 0, fmt.Errorf("how long?")
	}
	return time.ParseDuration(args[0])
}

func (s *script) status([]string) error {
	for _, n := range s.env.nodes {
		if n.core == nil {
			s.env.logf("%v down", n.id)
			continue
		}
		p := s.env.Status(n.id)
		s.env.logf("%v %v leader %v ballot %v promised %v chosen %v ready %v lease %v", p.Self, p.Role, p.Leader, p.Ballot,
			p.Promised, p.Chosen, p.Ready, p.Lease)
	}
	return nil
}
