package paxostest

import (
	"fmt"
	"strings"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

func (s *script) wait(args []string) error {
	d, err := duration(args)
	if err == nil {
		s.env.Advance(d)
	}
	return err
}

func (s *script) tick(args []string) error {
	ids, err := s.nodes(args)
	if err == nil {
		s.env.Tick(ids...)
	}
	return err
}

func (s *script) elect(args []string) error {
	id, err := s.node(args)
	if err != nil {
		return err
	}
	s.env.Quiet = true
	defer func() { s.env.Quiet = false }()
	s.env.Advance(time.Second)
	s.env.Tick(id)
	s.env.Stabilize(s.holds)
	return nil
}

func (s *script) stabilize([]string) error {
	s.env.Stabilize(s.holds)
	return nil
}

func (s *script) runFor(args []string) error {
	d, err := duration(args)
	if err != nil {
		return err
	}
	s.env.Quiet = true
	defer func() { s.env.Quiet = false }()
	s.env.RunFor(d, s.holds)
	return nil
}

// RunFor lets time pass in ticks of 10 ms, after each of which everything sent arrives.
func (e *Env) RunFor(d time.Duration, holds map[paxos.NodeID]bool) {
	for end := e.now + int64(d); e.now < end; {
		e.Advance(10 * time.Millisecond)
		e.Tick()
		e.Stabilize(holds)
	}
}

// matcher understands [FROM->TO] [KIND].
func matcher(args []string) (func(Packet) bool, error) {
	var link, kind string
	for _, arg := range args {
		if strings.Contains(arg, "->") {
			link = arg
		} else {
			kind = arg
		}
	}
	if len(args) > 2 {
		return nil, fmt.Errorf("too many arguments")
	}
	return func(p Packet) bool {
		return (link == "" || link == p.From.String()+"->"+p.To.String()) && (kind == "" || kind == p.Message.Kind().String())
	}, nil
}

func (s *script) deliver(args []string) error {
	match, err := matcher(args)
	if err != nil {
		return err
	}
	for _, p := range s.env.TakePackets(match) {
		s.env.Arrive(p)
	}
	return nil
}

func (s *script) drop(args []string) error {
	match, err := matcher(args)
	if err != nil {
		return err
	}
	for _, p := range s.env.TakePackets(match) {
		s.env.logf("%v->%v dropped: %v", p.From, p.To, p.Message)
	}
	return nil
}

func (s *script) sync(args []string) error {
	id, err := s.node(args)
	if err == nil {
		s.env.Sync(id, -1)
	}
	return err
}

func (s *script) hold(args []string) error {
	id, err := s.node(args)
	if err == nil {
		s.holds[id] = true
	}
	return err
}

func (s *script) unhold(args []string) error {
	id, err := s.node(args)
	delete(s.holds, id)
	return err
}

func (s *script) propose(args []string) error {
	id, err := s.node(args)
	if err != nil {
		return err
	}
	if !s.env.Propose(id, strings.Join(args[1:], " ")) {
		s.env.logf("%v cannot propose", id)
	}
	return nil
}

func (s *script) read(args []string) error {
	id, err := s.node(args)
	if err == nil {
		s.env.AskRead(id)
	}
	return err
}

func (s *script) handOver(args []string) error {
	ids, err := s.nodes(args)
	if err != nil || len(ids) == 0 {
		return fmt.Errorf("which nodes? %w", err)
	}
	var to paxos.NodeID
	if len(ids) > 1 {
		to = ids[1]
	}
	s.env.Step(ids[0], paxos.HandOverAsked{To: to})
	return nil
}

func (s *script) crash(args []string) error {
	id, err := s.node(args)
	if err == nil {
		s.env.Crash(id, 0)
	}
	return err
}

func (s *script) restart(args []string) error {
	id, err := s.node(args)
	if err != nil {
		return err
	}
	return s.env.Restart(id, 0)
}

func (s *script) isolate(args []string) error {
	id, err := s.node(args)
	if err == nil {
		s.env.Isolate(id)
	}
	return err
}

func (s *script) links(args []string) error {
	var pairs [][2]paxos.NodeID
	for _, arg := range args {
		ids, err := s.nodes(strings.Split(arg, "-"))
		if err != nil || len(ids) != 2 {
			return fmt.Errorf("%q is no link", arg)
		}
		pairs = append(pairs, [2]paxos.NodeID{ids[0], ids[1]})
	}
	s.env.OnlyLinks(pairs...)
	return nil
}

func (s *script) heal([]string) error {
	s.env.Heal()
	return nil
}
