package statemachine

import (
	"slices"
	"strings"
)

// ruleError says why a rule of ACL SETUSER is refused.
type ruleError string

// Error implements error.
func (e ruleError) Error() string { return string(e) }

// Why a rule of ACL SETUSER is refused, in Redis's words.
const (
	errACLUnknown    ruleError = "Unknown command or category name in ACL"
	errACLSyntax     ruleError = "Syntax error"
	errACLAllKeys    ruleError = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
	errACLChannels   ruleError = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
	errACLHash       ruleError = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
	errACLNoPassword ruleError = "The password you are trying to remove from the user does not exist"
	errACLFirstArg   ruleError = "Allowing first-arg of a subcommand is not supported"
)

// access is what is done with a key.
type access uint8

const (
	accessRead access = 1 << iota
	accessWrite
)

// selector is one set of permissions of a user: a command is allowed if one of them allows all of it.
type selector struct {
	allKeys, allChannels bool
	// allCommands is what rules begin with: everything, or nothing.
	allCommands bool
	keys        []keyPattern
	channels    []string
	// rules are what has been said of commands since, each once, in lower case: "+get", "-@read", "+config|get".
	rules []string
}

// keyPattern are the keys that may be read, written, or both.
type keyPattern struct {
	glob   string
	access access
}

// everything is the selector that allows everything.
func everything() selector { return selector{allKeys: true, allChannels: true, allCommands: true} }

func (s *selector) isUnrestricted() bool {
	return s.allKeys && s.allChannels && s.allCommands && !slices.ContainsFunc(s.rules, func(rule string) bool { return rule[0] == '-' })
}

func (s *selector) clone() selector {
	c := *s
	c.keys, c.channels, c.rules = slices.Clone(s.keys), slices.Clone(s.channels), slices.Clone(s.rules)
	return c
}

// selectorOf reads the rules of a selector, separated by blanks.
func selectorOf(rules string) (s selector, err error) {
	for _, rule := range strings.Fields(rules) {
		if err := s.set(rule); err != nil {
			return s, err
		}
	}
	return s, nil
}

// set changes the selector by one rule.
func (s *selector) set(rule string) error {
	switch word := strings.ToLower(rule); {
	case word == "allkeys" || word == "~*":
		s.allKeys, s.keys = true, nil
	case word == "resetkeys":
		s.allKeys, s.keys = false, nil
	case word == "allchannels" || word == "&*":
		s.allChannels, s.channels = true, nil
	case word == "resetchannels":
		s.allChannels, s.channels = false, nil
	case word == "allcommands" || word == "+@all":
		s.allCommands, s.rules = true, nil
	case word == "nocommands" || word == "-@all":
		s.allCommands, s.rules = false, nil
	case rule[0] == '~' || rule[0] == '%':
		return s.addKeys(rule)
	case rule[0] == '&':
		return s.addChannels(rule[1:])
	case rule[0] == '+' || rule[0] == '-':
		return s.setCommand(word)
	default:
		return errACLSyntax
	}
	return nil
}

// addKeys adds a pattern of keys: ~pattern, or %R~pattern, %W~pattern, %RW~pattern.
func (s *selector) addKeys(rule string) error {
	if s.allKeys {
		return errACLAllKeys
	}
	p := keyPattern{glob: rule[1:], access: accessRead | accessWrite}
	if rule[0] == '%' {
		letters, glob, found := strings.Cut(rule[1:], "~")
		p = keyPattern{glob: glob}
		for _, letter := range strings.ToUpper(letters) {
			a := map[rune]access{'R': accessRead, 'W': accessWrite}[letter]
			if a == 0 || p.access&a != 0 {
				return errACLSyntax
			}
			p.access |= a
		}
		if !found || p.access == 0 {
			return errACLSyntax
		}
	}
	if hasBlanks(p.glob) {
		return errACLSyntax
	}
	for i := range s.keys {
		if s.keys[i].glob == p.glob {
			s.keys[i].access |= p.access
			return nil
		}
	}
	s.keys = append(s.keys, p)
	return nil
}

// addChannels adds a pattern of channels.
func (s *selector) addChannels(glob string) error {
	switch {
	case s.allChannels:
		return errACLChannels
	case hasBlanks(glob):
		return errACLSyntax
	case !slices.Contains(s.channels, glob):
		s.channels = append(s.channels, glob)
	}
	return nil
}

// setCommand notes a rule of commands, in lower case. What was said of the same before goes, and what was said of a command's
// subcommands when the command itself is named.
func (s *selector) setCommand(rule string) error {
	name := rule[1:]
	switch {
	case name == "" || name == "@":
		return errACLUnknown
	case hasBlanks(name) || strings.HasSuffix(name, "|"):
		return errACLSyntax
	case rule[0] == '+' && strings.Count(name, "|") > 1:
		return errACLFirstArg
	}
	s.rules = slices.DeleteFunc(s.rules, func(other string) bool {
		return other[1:] == name || strings.HasPrefix(other[1:], name+"|")
	})
	s.rules = append(s.rules, rule)
	return nil
}

// hasBlanks reports what a name or pattern must not have: blanks, or a zero byte.
func hasBlanks(text string) bool { return strings.ContainsAny(text, " \t\n\v\f\r\x00") }

// words are the selector's rules, as set reads them, that of the channels before those that say which.
func (s *selector) words() []string {
	var words []string
	if s.allKeys {
		words = append(words, "~*")
	}
	for _, p := range s.keys {
		words = append(words, p.String())
	}
	if s.allChannels {
		words = append(words, "&*")
	} else {
		words = append(words, "resetchannels")
	}
	for _, glob := range s.channels {
		words = append(words, "&"+glob)
	}
	return append(append(words, s.startOfCommands()), s.rules...)
}

// startOfCommands is the rule that those of commands begin with.
func (s *selector) startOfCommands() string {
	if s.allCommands {
		return "+@all"
	}
	return "-@all"
}

// describeCommands are the rules of commands, for ACL GETUSER.
func (s *selector) describeCommands() string {
	return strings.Join(append([]string{s.startOfCommands()}, s.rules...), " ")
}

// describeKeys are the rules of keys, for ACL GETUSER.
func (s *selector) describeKeys() string {
	if s.allKeys {
		return "~*"
	}
	words := make([]string, len(s.keys))
	for i, p := range s.keys {
		words[i] = p.String()
	}
	return strings.Join(words, " ")
}

// describeChannels are the rules of channels, for ACL GETUSER.
func (s *selector) describeChannels() string {
	if s.allChannels {
		return "&*"
	}
	words := make([]string, len(s.channels))
	for i, glob := range s.channels {
		words[i] = "&" + glob
	}
	return strings.Join(words, " ")
}

// String is the pattern as a rule.
func (p keyPattern) String() string {
	switch p.access {
	case accessRead:
		return "%R~" + p.glob
	case accessWrite:
		return "%W~" + p.glob
	}
	return "~" + p.glob
}
