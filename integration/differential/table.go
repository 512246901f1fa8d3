package differential

import (
	"fmt"
	"slices"
	"strings"
)

// Plan is what of a command table is compared, and why the rest is not.
type Plan struct {
	// Commands are those compared, containers among them.
	Commands []*Command
	// Skipped has the reason for every other command.
	Skipped map[string]string
	// Problems are the entries of the lists that are wrong: names that are in no table, commands and options that redis-server does
	// not have and that nobody listed.
	Problems []string
	// Known are the differences that are wanted.
	Known []Known
}

// NewPlan decides what of our table is compared with theirs, which is a redis-server's of the version.
func NewPlan(ours, theirs map[string]*Command, version Version) Plan {
	p := Plan{Skipped: make(map[string]string), Known: KnownDifferences(version)}
	incomparable, ownTokens := Incomparable(version), OwnTokens(version)
	for name := range incomparable {
		if ours[strings.TrimSuffix(name, "|*")] == nil {
			p.problem("%s is listed as incomparable, but in no command table", name)
		}
	}
	merged, only := Merge(ours, theirs)
	for _, c := range merged {
		reason := skipReason(c, incomparable)
		if reason == "" && slices.Contains(only, c.Name) {
			p.problem("redis-server has no %s, and it is not listed as paxredis's own", c.Name)
			reason = "redis-server does not have it"
		}
		if reason != "" {
			p.Skipped[c.Name] = reason
			continue
		}
		p.checkTokens(ours[c.Name], theirs[c.Name], ownTokens[c.Name])
		c.prune(ownTokens[c.Name])
		p.Commands = append(p.Commands, c)
	}
	return p
}

func (p *Plan) problem(format string, args ...any) {
	p.Problems = append(p.Problems, fmt.Sprintf(format, args...))
}

// skipReason says why a command is not compared; "" means that it is.
func skipReason(c *Command, incomparable map[string]string) string {
	container, _, _ := strings.Cut(c.Name, "|")
	if reason := incomparable[c.Name]; reason != "" {
		return reason
	}
	if reason := incomparable[container+"|*"]; reason != "" {
		return reason
	}
	for flag, reason := range flagsIncomparable {
		if c.is(flag) {
			return reason
		}
	}
	return ""
}

// checkTokens demands that the options of a command that only paxredis has are exactly those listed.
func (p *Plan) checkTokens(ours, theirs *Command, listed []string) {
	var own, their []string
	for _, g := range ours.Grammars {
		own = append(own, Tokens(g)...)
	}
	for _, g := range theirs.Grammars {
		their = append(their, Tokens(g)...)
	}
	for _, token := range own {
		if !slices.Contains(their, token) && !slices.Contains(listed, token) {
			p.problem("%s has the option %s, which redis-server's has not and which is not listed as paxredis's own", ours.Name, token)
		}
	}
	for _, token := range listed {
		if !slices.Contains(own, token) {
			p.problem("%s is listed as an option of %s, which does not have it", token, ours.Name)
		}
	}
	for _, token := range their {
		if !slices.Contains(own, token) && !slices.Contains(theirTokens[ours.Name], token) {
			p.problem("%s lacks the option %s of redis-server's", ours.Name, token)
		}
	}
}

// prune takes the options out of the grammars that are not to be drawn.
func (c *Command) prune(own []string) {
	unwanted := slices.Concat(own, theirTokens[c.Name], timeTokens[c.Name])
	for i, g := range c.Grammars {
		c.Grammars[i] = pruned(g, unwanted)
	}
}

func pruned(arguments []Argument, unwanted []string) []Argument {
	var kept []Argument
	for _, a := range arguments {
		if slices.Contains(unwanted, a.Token) && a.Token != "" {
			continue
		}
		had := len(a.Arguments)
		a.Arguments = pruned(a.Arguments, unwanted)
		if had > 0 && len(a.Arguments) == 0 {
			continue
		}
		kept = append(kept, a)
	}
	return kept
}
