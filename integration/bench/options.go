package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paxredis/paxredis/integration/bench/scenario"
)

// common are the flags of both commands.
type common struct {
	paxredis string
	out      string
	dir      string
	basePort int
	rounds   int     // 0: as many as usual
	seconds  float64 // 0: as long as usual
}

func (c *common) define(fs *flag.FlagSet) {
	fs.StringVar(&c.paxredis, "paxredis", "bin/paxredis", "the paxredis `binary`")
	fs.StringVar(&c.out, "out", "", "`directory` of the report (default bench-results/ and the time)")
	fs.StringVar(&c.dir, "dir", "", "`directory` for data, on the disk that is to be measured (default: that for temporary files)")
	fs.IntVar(&c.basePort, "base-port", 26379, "the first of 300 client `ports`; those between nodes are 1000 higher")
	fs.IntVar(&c.rounds, "rounds", 0, "measurements of each workload on each system (default 5, 1 with -quick; 10 when comparing)")
	fs.Float64Var(&c.seconds, "seconds", 0, "about how long a measurement takes (default 3, 0.5 with -quick; 1 when comparing)")
}

// finish checks the flags and fills in what was left out.
func (c *common) finish(fs *flag.FlagSet, started time.Time) error {
	if fs.NArg() > 0 {
		return fmt.Errorf("only flags are taken, not %q", fs.Arg(0))
	}
	if c.rounds < 0 || c.seconds < 0 || c.basePort < 1 || c.basePort > 64_000 {
		return errors.New("-rounds and -seconds must not be negative, -base-port must be from 1 to 64000")
	}
	if c.out == "" {
		c.out = filepath.Join("bench-results", started.UTC().Format("2006-01-02T15-04-05Z"))
	}
	return nil
}

// apply has the flags that were given change a size.
func (c *common) apply(s *size) {
	if c.rounds > 0 {
		s.etcdRounds = max(1, (s.etcdRounds*c.rounds+s.rounds-1)/s.rounds)
		s.rounds = c.rounds
	}
	if c.seconds > 0 {
		s.seconds = c.seconds
	}
}

// Names of systems for -systems.
const (
	systemRedis  = "redis"
	systemQuorum = "quorum"
	systemLease  = "lease"
	systemEtcd   = "etcd"
)

var systemNames = []string{systemRedis, systemQuorum, systemLease, systemEtcd}

// suiteOptions are the flags of the suite.
type suiteOptions struct {
	common
	parts, systems, scenarios list
	quick                     bool
	missing                   string
}

// list is a flag of names with commas between them.
type list struct {
	chosen, known []string
}

func (l *list) String() string { return strings.Join(l.chosen, ",") }

func (l *list) Set(text string) error {
	l.chosen = nil
	for _, known := range l.known { // in their own order
		if slices.Contains(strings.Split(text, ","), known) {
			l.chosen = append(l.chosen, known)
		}
	}
	for name := range strings.SplitSeq(text, ",") {
		if !slices.Contains(l.known, name) {
			return fmt.Errorf("%q is none of %s", name, strings.Join(l.known, ", "))
		}
	}
	return nil
}

func (l *list) has(name string) bool { return slices.Contains(l.chosen, name) }

func parseSuite(args []string, out io.Writer, started time.Time) (suiteOptions, error) {
	scenarios := scenarioNames()
	o := suiteOptions{parts: list{partNames, partNames}, systems: list{systemNames, systemNames}, scenarios: list{scenarios, scenarios}}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(out)
	o.define(fs)
	fs.Var(&o.parts, "parts", "what is measured")
	fs.Var(&o.systems, "systems", "what is measured of: redis-server, paxredis in both read modes, etcd")
	fs.Var(&o.scenarios, "scenarios", "which scenarios, if the part scenarios is measured")
	fs.BoolVar(&o.quick, "quick", false, "less of everything, for a first look")
	fs.StringVar(&o.missing, "missing", "", "`file` that says what could not be installed and why, for the report")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	return o, o.finish(fs, started)
}

func scenarioNames() (names []string) {
	for _, s := range scenario.All() {
		names = append(names, s.Name)
	}
	return names
}

func (o *suiteOptions) size() size {
	s := fullSize()
	if o.quick {
		s = quickSize()
	}
	o.apply(&s)
	return s
}
