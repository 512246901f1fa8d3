package statemachine

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// DefaultUser is the name of the user that connections begin as. It is always there.
const DefaultUser = "default"

// User is what the cluster has decided of a user (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/). It does not
// change: who changes a user makes another one. So any goroutine may use it.
type User struct {
	name string
	// since tells the user from one of the same name that was deleted before: the revision at which it came, 0 for the built-in default user.
	since    uint64
	enabled  bool
	nopass   bool
	sanitize bool
	// passwords are SHA-256 sums as 64 hexadecimal digits, in the order in which they came.
	passwords []string
	root      selector
	selectors []selector

	// granted are the permissions that follow for each command table they were asked for.
	granted atomic.Pointer[permissions]
}

// The lengths of what clients may make of a user. Redis has no such bounds; but each command of a user that is not allowed everything looks
// through its rules.
const (
	// maxUserBytes bounds what describes a user.
	maxUserBytes = 256 << 10
	// maxUserName bounds its name.
	maxUserName = 1 << 10
)

// newUser is a user as ACL SETUSER makes it: it may do nothing.
func newUser(name string) *User { return &User{name: name, sanitize: true} }

// builtinDefault is the default user of a cluster that has decided nothing of it.
func builtinDefault() *User {
	u := newUser(DefaultUser)
	u.enabled, u.nopass, u.root = true, true, everything()
	return u
}

// DefaultUserWith is the default user of a new cluster, but for its password.
func DefaultUserWith(password string) *User {
	u := builtinDefault()
	u.nopass, u.passwords = false, []string{HashPassword([]byte(password))}
	return u
}

// Name is the user's.
func (u *User) Name() string { return u.name }

// IsBuiltin reports whether it is the default user as a new cluster has it.
func (u *User) IsBuiltin() bool { return u.name == DefaultUser && u.since == 0 }

// IsSame reports whether it is the user that other was, maybe with other rules: not one that was made again after it was deleted.
func (u *User) IsSame(other *User) bool {
	return other != nil && u.name == other.name && (u.since == other.since || u.name == DefaultUser)
}

// IsEnabled reports whether one can become the user.
func (u *User) IsEnabled() bool { return u.enabled }

// NeedsNoPassword reports whether anybody can be this user: it is on, and has nopass.
func (u *User) NeedsNoPassword() bool { return u.enabled && u.nopass }

// HasPassword reports whether somebody who gives this password may be the user. It takes the same time for each of a user's passwords.
func (u *User) HasPassword(password []byte) bool {
	if !u.enabled {
		return false
	}
	if u.nopass {
		return true
	}
	given := []byte(HashPassword(password))
	found := 0
	for _, hash := range u.passwords {
		found |= subtle.ConstantTimeCompare([]byte(hash), given)
	}
	return found == 1
}

// IsUnrestricted reports whether the user may do everything, by one of its selectors.
func (u *User) IsUnrestricted() bool {
	return u.root.isUnrestricted() || slices.ContainsFunc(u.selectors, func(s selector) bool { return s.isUnrestricted() })
}

// HashPassword is what is kept of a password: its SHA-256 in hexadecimal digits.
func HashPassword(password []byte) string {
	sum := sha256.Sum256(password)
	return hex.EncodeToString(sum[:])
}

// isPasswordHash reports whether a text can be what HashPassword returned.
func isPasswordHash(text string) bool {
	return len(text) == 2*sha256.Size && strings.Trim(text, "0123456789abcdef") == ""
}

// clone returns a copy that may be changed, until it is shown to anybody.
func (u *User) clone() *User {
	c := &User{name: u.name, since: u.since, enabled: u.enabled, nopass: u.nopass, sanitize: u.sanitize,
		passwords: slices.Clone(u.passwords), root: u.root.clone(), selectors: make([]selector, len(u.selectors))}
	for i := range u.selectors {
		c.selectors[i] = u.selectors[i].clone()
	}
	return c
}

// flagNames are the user's flags as ACL LIST and ACL GETUSER show them.
func (u *User) flagNames() []string {
	names := []string{"off"}
	if u.enabled {
		names[0] = "on"
	}
	if u.nopass {
		names = append(names, "nopass")
	}
	if u.sanitize {
		return append(names, "sanitize-payload")
	}
	return append(names, "skip-sanitize-payload")
}

// words are the user's rules, as set reads them.
func (u *User) words() []string {
	words := u.flagNames()
	for _, hash := range u.passwords {
		words = append(words, "#"+hash)
	}
	words = append(words, u.root.words()...)
	for i := range u.selectors {
		words = append(words, "("+strings.Join(u.selectors[i].words(), " ")+")")
	}
	return words
}

// record is what is kept of the user besides its name. No rule has a line feed in it.
func (u *User) record() []byte { return []byte(strings.Join(u.words(), "\n")) }

// userOf reads what record returned.
func userOf(name string, record string, since uint64) (*User, error) {
	u := newUser(name)
	u.since = since
	for rule := range strings.SplitSeq(record, "\n") {
		if err := u.set(rule); err != nil {
			return nil, fmt.Errorf("the rule %.64q of the user %.64q: %w", rule, name, err)
		}
	}
	return u, nil
}

// set changes the user by one rule of ACL SETUSER. It does not look whether commands exist: see Table.CheckRules.
func (u *User) set(rule string) error {
	switch word := strings.ToLower(rule); {
	case rule == "":
	case word == "on" || word == "off":
		u.enabled = word == "on"
	case word == "nopass" || word == "resetpass":
		u.nopass, u.passwords = word == "nopass", nil
	case word == "sanitize-payload" || word == "skip-sanitize-payload":
		u.sanitize = word == "sanitize-payload"
	case strings.ContainsRune("><#!", rune(rule[0])):
		return u.setPassword(rule)
	case rule[0] == '(' && rule[len(rule)-1] == ')':
		s, err := selectorOf(rule[1 : len(rule)-1])
		if err != nil {
			return err
		}
		u.selectors = append(u.selectors, s)
	case word == "clearselectors":
		u.selectors = nil
	case word == "reset":
		*u = User{name: u.name, since: u.since, sanitize: true}
	default:
		return u.root.set(rule)
	}
	return nil
}

// setPassword adds or removes a password, or the sum of one.
func (u *User) setPassword(rule string) error {
	hash := rule[1:]
	if rule[0] == '>' || rule[0] == '<' {
		hash = HashPassword([]byte(hash))
	} else if !isPasswordHash(hash) {
		return errACLHash
	}
	known := slices.Contains(u.passwords, hash)
	if rule[0] == '<' || rule[0] == '!' {
		if !known {
			return errACLNoPassword
		}
		u.passwords = slices.DeleteFunc(u.passwords, func(other string) bool { return other == hash })
		return nil
	}
	if !known {
		u.passwords = append(u.passwords, hash)
	}
	u.nopass = false
	return nil
}

// WithoutSecrets returns the rules of an ACL SETUSER with the sum of each password in place of the password itself, for the log.
// The slice is new, unless nothing had to be replaced.
func WithoutSecrets(rules [][]byte) [][]byte {
	kept := rules
	for i, rule := range rules {
		if len(rule) == 0 || rule[0] != '>' && rule[0] != '<' {
			continue
		}
		if &kept[0] == &rules[0] {
			kept = slices.Clone(rules)
		}
		sign := "#"
		if rule[0] == '<' {
			sign = "!"
		}
		kept[i] = []byte(sign + HashPassword(rule[1:]))
	}
	return kept
}
