package statemachine

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const (
	sumOfP = "148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940"
	aSum   = "00000000000000000000000000000000000000000000000000000000000000aa"
)

// TestUsers: the rules of ACL SETUSER, as Redis 7.2 keeps them.
func TestUsers(t *testing.T) {
	fresh := `"user default on nopass sanitize-payload ~* &* +@all"`
	scripts(t, []scriptTest{
		{"a new user may do nothing", `
			ACL LIST => *1 ` + fresh + `
			ACL USERS => *1 "default"
			ACL SETUSER a => OK
			ACL LIST => *2 "user a off sanitize-payload resetchannels -@all" ` + fresh + `
			ACL USERS => *2 "a" "default"
			ACL GETUSER nobody => nil`},
		{"rules", `
			ACL SETUSER a on #` + sumOfP + ` ~x %R~y* %rw~z &ch +@read -get +config|get (+get ~q) => OK
			ACL GETUSER a => *12 "flags" *2 "on" "sanitize-payload" "passwords" *1 "` + sumOfP + `" "commands" "-@all +@read -get +config|get" "keys" "~x %R~y* ~z" "channels" "&ch" "selectors" *1 *6 "commands" "-@all +get" "keys" "~q" "channels" ""
			ACL LIST => *2 "user a on sanitize-payload #` + sumOfP + ` ~x %R~y* ~z resetchannels &ch -@all +@read -get +config|get (~q resetchannels -@all +get)" ` + fresh},
		{"what is said again takes the place of what was said before", `
			ACL SETUSER a +get +SET -get +config|get +config|set +config => OK
			ACL LIST => *2 "user a off sanitize-payload resetchannels -@all +set -get +config" ` + fresh + `
			ACL SETUSER a %R~k %W~k &c &c => OK
			ACL LIST => *2 "user a off sanitize-payload ~k resetchannels &c -@all +set -get +config" ` + fresh + `
			ACL SETUSER a allkeys allchannels allcommands => OK
			ACL LIST => *2 "user a off sanitize-payload ~* &* +@all" ` + fresh + `
			ACL SETUSER a ~k => -ERR Error in ACL SETUSER modifier '~k': Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns
			ACL SETUSER a &k => -ERR Error in ACL SETUSER modifier '&k': Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels
			ACL SETUSER a nocommands resetkeys resetchannels skip-sanitize-payload => OK
			ACL LIST => *2 "user a off skip-sanitize-payload resetchannels -@all" ` + fresh},
		{"passwords", `
			ACL SETUSER a nopass => OK
			ACL SETUSER a #` + sumOfP + ` #` + aSum + ` #` + aSum + ` => OK
			ACL LIST => *2 "user a off sanitize-payload #` + sumOfP + ` #` + aSum + ` resetchannels -@all" ` + fresh + `
			ACL SETUSER a !` + sumOfP + ` => OK
			ACL SETUSER a !` + sumOfP + ` => -ERR Error in ACL SETUSER modifier '!` + sumOfP + `': The password you are trying to remove from the user does not exist
			ACL SETUSER a #00AA => -ERR Error in ACL SETUSER modifier '#00AA': The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters
			ACL LIST => *2 "user a off sanitize-payload #` + aSum + ` resetchannels -@all" ` + fresh + `
			ACL SETUSER a resetpass => OK
			ACL LIST => *2 "user a off sanitize-payload resetchannels -@all" ` + fresh},
		{"all rules hold, or none", `
			ACL SETUSER a on +get nonsense => -ERR Error in ACL SETUSER modifier 'nonsense': Syntax error
			ACL USERS => *1 "default"`},
		{"selectors in several arguments", `
			ACL SETUSER a (+get ~k) (~j +set ) => OK
			ACL LIST => *2 "user a off sanitize-payload resetchannels -@all (~k resetchannels -@all +get) (~j resetchannels -@all +set)" ` + fresh + `
			ACL SETUSER a (+get ~k => -ERR Unmatched parenthesis in acl selector starting at '(+get'.
			ACL SETUSER a clearselectors => OK
			ACL LIST => *2 "user a off sanitize-payload resetchannels -@all" ` + fresh},
		{"reset", `
			ACL SETUSER a on nopass ~* &* +@all (+get) => OK
			ACL SETUSER a reset => OK
			ACL LIST => *2 "user a off sanitize-payload resetchannels -@all" ` + fresh},
		{"removal", `
			ACL SETUSER a => OK
			ACL DELUSER a default => -ERR The 'default' user cannot be removed
			ACL DELUSER a b => :1
			ACL USERS => *1 "default"`},
		{"FLUSHALL, SCRIPT FLUSH and FUNCTION FLUSH leave users alone", `
			ACL SETUSER a => OK
			FLUSHALL => OK
			SCRIPT FLUSH => OK
			FUNCTION FLUSH => OK
			ACL USERS => *2 "a" "default"`},
	})
}

// TestUsersBeyondTheirBounds: names and rules are no longer than they may be.
func TestUsersBeyondTheirBounds(t *testing.T) {
	h := newHarness(t)
	h.same("ACL SETUSER "+strings.Repeat("x", maxUserName), "OK")
	h.same("ACL SETUSER "+strings.Repeat("x", maxUserName+1), "-"+errUserNameLength)
	h.same("ACL SETUSER a ~"+strings.Repeat("x", maxUserBytes/2), "OK")
	h.same("ACL SETUSER a ~"+strings.Repeat("y", maxUserBytes/2), "-"+errUserTooLarge)
}

func (h *harness) same(line, want string) {
	h.t.Helper()
	if got := h.apply(1, AppendCommand(nil, 0, words(line)))[0]; got != want {
		h.t.Errorf("%.80s replied %.200s, not %s", line, got, want)
	}
}

// TestUsersOutliveACheckpoint: a user is what it was after a restore, and it is still the same one; one that was made again is another.
func TestUsersOutliveACheckpoint(t *testing.T) {
	h := newHarness(t)
	rng := rand.New(rand.NewPCG(71, 1))
	for range 200 {
		name := pickWord(rng, "a", "b", "c", "default")
		h.apply(1, AppendCommand(nil, 0, words("ACL SETUSER "+name+" "+randomRules(rng))))
		if rng.IntN(20) == 0 {
			h.apply(1, AppendCommand(nil, 0, words("ACL DELUSER b")))
		}
	}
	h.m.ks.loaded.verify(t)
	again := restoredCopy(t, h.m)
	if len(again.ks.accounts.byName) != len(h.m.ks.accounts.byName) {
		t.Fatalf("%d users are restored of %d", len(again.ks.accounts.byName), len(h.m.ks.accounts.byName))
	}
	for name, u := range h.m.ks.accounts.byName {
		other := again.Users().Lookup(name)
		if !u.IsSame(other) || !slices.Equal(u.words(), other.words()) {
			t.Errorf("the user %s was restored as %v, not %v", name, other.words(), u.words())
		}
	}
	before := h.m.Users().Lookup("a")
	h.same("ACL DELUSER a", ":1")
	h.same("ACL SETUSER a", "OK")
	if after := h.m.Users().Lookup("a"); before.IsSame(after) {
		t.Error("a user that was made again is taken for the one before")
	}
}

func randomRules(rng *rand.Rand) string {
	var rules []string
	for range 1 + rng.IntN(4) {
		rules = append(rules, pickWord(rng, "on", "off", "nopass", "resetpass", "#"+sumOfP, "#"+aSum, "!"+aSum, "~k*", "%R~r", "%W~w", "allkeys", "resetkeys",
			"&c", "&d*", "allchannels", "resetchannels", "+get", "-get", "+@read", "-@dangerous", "+@all", "-@all", "+config|get", "(+get ~a)x)", "(~a) +set)", "clearselectors",
			"skip-sanitize-payload", "sanitize-payload", "reset"))
	}
	return strings.Join(rules, " ")
}

// restoredCopy is another machine with the state of m, by way of a checkpoint.
func restoredCopy(t *testing.T, m *Machine) *Machine {
	t.Helper()
	c := m.Freeze()
	var records []Record
	for more := c.Next(1 << 20); len(more) > 0; more = c.Next(1 << 20) {
		records = append(records, more...)
	}
	count, _, spaces, state := c.Finish()
	again := New(Config{})
	if err := again.Restore(state, spaces, count, func() (Record, bool, error) {
		if len(records) == 0 {
			return Record{}, false, nil
		}
		r := records[0]
		records = records[1:]
		return r, true, nil
	}); err != nil {
		t.Fatal(err)
	}
	return again
}

// TestPermissionsByRules: which calls a user's rules allow.
func TestPermissionsByRules(t *testing.T) {
	table := newTable(Commands())
	for _, c := range []struct{ rules, call, want string }{
		{"+get ~k", "GET k", ""},
		{"+get ~k", "GET j", "key j"},
		{"+get", "GET k", "key k"},
		{"~k", "GET k", "command get"},
		{"+@all -get ~*", "GET k", "command get"},
		{"+@all -get +get ~*", "GET k", ""},
		{"+@read ~*", "SET k v", "command set"},
		{"+@read ~*", "OBJECT ENCODING k", ""},
		{"+@all -object ~*", "OBJECT ENCODING k", "command object|encoding"},
		{"+object|encoding ~*", "OBJECT ENCODING k", ""},
		{"+object|encoding ~*", "OBJECT FREQ k", "command object|freq"},
		{"+@all -object|encoding ~*", "OBJECT FREQ k", ""},
		{"+@all %R~k", "APPEND k v", "key k"},
		{"+@all %W~k", "APPEND k v", ""},
		{"+@all %W~k %R~*", "APPEND k v", ""},
		{"+@all %R~k %W~*", "INCR k", "key k"},
		{"+@all %RW~k", "INCR k", ""},
		{"+@all %R~a %W~b", "COPY a b", ""},
		{"+@all %R~a %W~b", "COPY b a", "key b"},
		{"+@all %R~a", "EXISTS a b", "key b"},
		{"+@all ~a", "EVAL x 2 a b", "key b"},
		{"+@all ~a", "EVAL x 9 a b", ""},
		{"+@all ~* &a*", "PUBLISH abc m", ""},
		{"+@all ~* &a*", "PUBLISH b m", "channel b"},
		{"+@all ~* &a*", "SPUBLISH b m", "channel b"},
		{"+get ~a (+set ~b)", "SET b v", ""},
		{"+get ~a (+set ~b)", "SET a v", "key a"},
		{"+get ~a (+set ~b)", "DEL a", "command del"},
		{"+getrange|K ~*", "GETRANGE k 0 1", ""},
		{"+getrange|j ~*", "GETRANGE k 0 1", "command getrange"},
		{"+@all -getrange +getrange|j ~*", "GETRANGE k 0 1", "command getrange"},
	} {
		u := newUser("u")
		rules, _ := JoinSelectors(words(c.rules))
		if bad, err := table.CheckRules(rules); err != nil {
			t.Fatalf("%s: rule %d: %v", c.rules, bad, err)
		}
		for _, rule := range rules {
			if err := u.set(string(rule)); err != nil {
				t.Fatalf("%s: %v", c.rules, err)
			}
		}
		cmd, problem := table.Resolve(words(c.call))
		if cmd == nil {
			t.Fatalf("%s: %s", c.call, problem)
		}
		d := table.Check(u, cmd, words(c.call))
		got := strings.TrimSpace([]string{"", "command ", "key ", "channel "}[d.Refusal] + d.Object)
		if got != c.want {
			t.Errorf("%q: %s is refused for %q, not %q", c.rules, c.call, got, c.want)
		}
	}
}

// TestRulesThatNameNothing are refused before they come to the log, and what depends on the user is not.
func TestRulesThatNameNothing(t *testing.T) {
	table := newTable(Commands())
	for rule, want := range map[string]error{
		"+nope": errACLUnknown, "-nope": errACLUnknown, "+@nope": errACLUnknown, "+object|nope": errACLUnknown, "-get|k": errACLUnknown, "+": errACLUnknown,
		"+object|encoding|x": errACLFirstArg, "+get|": errACLSyntax, "%~k": errACLSyntax, "%RR~k": errACLSyntax, "%X~k": errACLSyntax, "~a b": errACLSyntax,
		"(+nope)": errACLUnknown, "(>p)": errACLSyntax, "#x": errACLHash, "whatever": errACLSyntax,
		"~*": nil, "!" + aSum: nil, "<p": nil, ">p": nil, "+GET": nil, "+@All": nil, "+object|ENCODING": nil, "": nil, "(+get ~k)": nil,
	} {
		if _, err := table.CheckRules([][]byte{[]byte("on"), []byte(rule)}); err != want {
			t.Errorf("%q is refused with %v, not %v", rule, err, want)
		}
	}
}

// TestScriptsOfAUser: what a script calls is checked on each node alike, with the rules at that point of the log; a user that is gone may do nothing.
func TestScriptsOfAUser(t *testing.T) {
	origin, other := newHarness(t), newHarness(t)
	as := func(line string) string {
		entry := AppendCommand(AppendAs(nil, "bob"), 0, [][]byte{[]byte("EVAL"), []byte("return redis.call('SET', 'k', '" + line + "')"), []byte("0")})
		got := origin.apply(1, entry)[0]
		other.apply(1, entry)
		return got
	}
	both := func(line string) {
		origin.apply(1, AppendCommand(nil, 0, words(line)))
		other.apply(1, AppendCommand(nil, 0, words(line)))
	}
	both("ACL SETUSER bob +@all ~k")
	if got := as("1"); got != "OK" {
		t.Errorf("an allowed call replied %s", got)
	}
	both("ACL SETUSER bob -set")
	if got := as("2"); !strings.HasPrefix(got, "-ERR ACL failure in script: User bob has no permissions to run the 'set' command script: ") {
		t.Errorf("a call that is not allowed any more replied %s", got)
	}
	both("ACL DELUSER bob")
	if got := as("3"); !strings.HasPrefix(got, "-ERR ACL failure in script: User bob has no permissions to run the 'set' command") {
		t.Errorf("a call of a user that is gone replied %s", got)
	}
	for _, h := range []*harness{origin, other} {
		if got := h.apply(1, AppendCommand(nil, 0, words("GET k")))[0]; got != `"1"` {
			t.Errorf("the key is %s", got)
		}
	}
	twice := AppendCommand(AppendAs(AppendAs(nil, "a"), "b"), 0, words("PING"))
	if got := origin.apply(1, twice)[0]; got != "-"+errUndecodable {
		t.Errorf("an entry of two users replied %s", got)
	}
	if text := Describe(AppendCommand(AppendAs(nil, "bob"), 0, words("EVAL x 0")), 1); text[0] != `EVAL "x" "0", as user "bob"` {
		t.Errorf("an entry of a user is told as %q", text)
	}
}
