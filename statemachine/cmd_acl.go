package statemachine

import (
	"bytes"
	"strings"
)

// The commands about users that read or change the state. Those about a connection or a node are the connection layer's.
var aclCommands = []Command{
	{Name: "ACL", Arity: -2, Group: groupServer, Since: "6.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for Access List Control commands.", Subcommands: []Command{
			{Name: "DELUSER", Arity: -3, Flags: aclChanges, Group: groupServer, Since: "6.0.0",
				Complexity: "O(1) amortized time considering the typical user.", Summary: "Deletes ACL users, and terminates their connections.",
				Syntax: "username [username ...]", Tips: onAllNodes, Run: aclDelUser},
			{Name: "GETUSER", Arity: 3, Flags: aclReads, Group: groupServer, Since: "6.0.0",
				Complexity: "O(N). Where N is the number of password, command and pattern rules that the user has.",
				Summary:    "Lists the ACL rules of a user.", Syntax: "username", Run: aclGetUser},
			{Name: "LIST", Arity: 2, Flags: aclReads, Group: groupServer, Since: "6.0.0",
				Complexity: "O(N). Where N is the number of configured users.", Summary: "Dumps the effective rules in ACL file format.", Run: aclList},
			{Name: "SETUSER", Arity: -3, Flags: aclChanges, Group: groupServer, Since: "6.0.0",
				Complexity: "O(N). Where N is the number of rules provided.", Summary: "Creates and modifies an ACL user and its rules.",
				Syntax: "username [rule [rule ...]]", Tips: onAllNodes, Run: aclSetUser},
			{Name: "USERS", Arity: 2, Flags: aclReads, Group: groupServer, Since: "6.0.0",
				Complexity: "O(N). Where N is the number of configured users.", Summary: "Lists all ACL users.", Run: aclUsers},
		}},
}

const (
	aclReads   = Admin | NoScript | Loading | Stale
	aclChanges = aclReads | Recorded
)

var onAllNodes = []string{"request_policy:all_nodes", "response_policy:all_succeeded"}

// aclSetUser: ACL SETUSER username [rule ...]. All the rules hold, or none. As Redis does, it takes a command's arguments between parentheses for
// one rule. The log has sums in place of passwords, and no rule of a command that does not exist.
func aclSetUser(tx *Tx, args Args, reply Reply) {
	name := string(args[2])
	switch {
	case hasBlanks(name):
		reply.Error(errUserName)
		return
	case len(name) > maxUserName:
		reply.Error(errUserNameLength)
		return
	}
	rules, unmatched := JoinSelectors(args[3:])
	if unmatched >= 0 {
		reply.Error(UnmatchedSelector(args[3+unmatched]))
		return
	}
	u := newUser(name)
	if known := tx.ks.accounts.byName[name]; known != nil {
		u = known.clone()
	}
	for _, rule := range rules {
		if err := u.set(string(rule)); err != nil {
			reply.Error(BadRule(rule, err))
			return
		}
	}
	if len(u.record()) > maxUserBytes {
		reply.Error(errUserTooLarge)
		return
	}
	if !tx.ks.putUser(u) {
		reply.Error(errScriptsFull)
		return
	}
	tx.scripts.machine.users.publish(u)
	reply.Status("OK")
}

// JoinSelectors puts the arguments of an ACL SETUSER that are one selector, from one that begins with a parenthesis to one that ends with one,
// together, with blanks between them. unmatched is the index of a parenthesis that is not closed, -1 without one.
func JoinSelectors(rules [][]byte) (joined [][]byte, unmatched int) {
	open := -1
	for i, rule := range rules {
		switch {
		case open < 0 && len(rule) > 0 && rule[0] == '(':
			open = i
			joined = append(joined, rule)
		case open >= 0:
			joined[len(joined)-1] = bytes.Join([][]byte{joined[len(joined)-1], rule}, []byte{' '})
		default:
			joined = append(joined, rule)
			continue
		}
		if rule := joined[len(joined)-1]; rule[len(rule)-1] == ')' {
			open = -1
		}
	}
	return joined, open
}

// UnmatchedSelector is Redis's error for a parenthesis that is not closed.
func UnmatchedSelector(rule []byte) string {
	return "ERR Unmatched parenthesis in acl selector starting at '" + Excerpt(rule) + "'."
}

// BadRule is Redis's error for a rule of ACL SETUSER, for one of the errors of CheckRules.
func BadRule(rule []byte, err error) string {
	return "ERR Error in ACL SETUSER modifier '" + Excerpt(rule) + "': " + err.Error()
}

// aclDelUser: ACL DELUSER username [username ...].
func aclDelUser(tx *Tx, args Args, reply Reply) {
	for _, name := range args[2:] {
		if string(name) == DefaultUser {
			reply.Error(errUserDefault)
			return
		}
	}
	removed := int64(0)
	for _, name := range args[2:] {
		if tx.ks.removeUser(string(name)) {
			tx.scripts.machine.users.withdraw(string(name))
			removed++
		}
	}
	reply.Int(removed)
}

// aclGetUser: ACL GETUSER username.
func aclGetUser(tx *Tx, args Args, reply Reply) {
	u := tx.ks.accounts.byName[string(args[2])]
	if u == nil {
		reply.Null()
		return
	}
	reply.Map(6)
	reply.BulkString("flags")
	flags := u.flagNames()
	reply.Set(len(flags))
	for _, flag := range flags {
		reply.BulkString(flag)
	}
	reply.BulkString("passwords")
	reply.Array(len(u.passwords))
	for _, hash := range u.passwords {
		reply.BulkString(hash)
	}
	u.root.writeTo(reply)
	reply.BulkString("selectors")
	reply.Array(len(u.selectors))
	for i := range u.selectors {
		reply.Map(3)
		u.selectors[i].writeTo(reply)
	}
}

// writeTo writes the fields of a selector for ACL GETUSER.
func (s *selector) writeTo(reply Reply) {
	for _, field := range [][2]string{{"commands", s.describeCommands()}, {"keys", s.describeKeys()}, {"channels", s.describeChannels()}} {
		reply.BulkString(field[0])
		reply.BulkString(field[1])
	}
}

// aclList: ACL LIST.
func aclList(tx *Tx, _ Args, reply Reply) {
	all := tx.ks.accounts.sorted()
	reply.Array(len(all))
	for _, u := range all {
		reply.BulkString("user " + u.name + " " + strings.Join(u.words(), " "))
	}
}

// aclUsers: ACL USERS.
func aclUsers(tx *Tx, _ Args, reply Reply) {
	all := tx.ks.accounts.sorted()
	reply.Array(len(all))
	for _, u := range all {
		reply.BulkString(u.name)
	}
}
