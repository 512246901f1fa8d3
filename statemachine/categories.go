package statemachine

import "slices"

// aclCategories are Redis's categories, in its order.
var aclCategories = []string{"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap",
	"hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection",
	"transaction", "scripting"}

// groupCategories are the categories of a group's commands.
var groupCategories = map[string]string{"set": "set", "sorted-set": "sortedset", "list": "list", "hash": "hash",
	"string": "string", "bitmap": "bitmap", "hyperloglog": "hyperloglog", "geo": "geo", "stream": "stream",
	"connection": "connection", "transactions": "transaction", "scripting": "scripting"}

// noKeyspace are the commands of keys that Redis does not count among those of the keyspace.
var noKeyspace = []string{"SORT", "SORT_RO", "USAGE"}

// AllCategories returns the command's ACL categories, in Redis's order, each with its "@".
func (c *Command) AllCategories() []string {
	var names []string
	for _, category := range aclCategories {
		if c.InCategory(category) {
			names = append(names, "@"+category)
		}
	}
	return names
}

// InCategory reports whether the command is in an ACL category, in lower case without "@": one of its row's own, of its group's, or one that
// follows from its flags.
func (c *Command) InCategory(category string) bool {
	if slices.Contains(c.Categories, category) || groupCategories[c.Group] == category && len(c.Subcommands) == 0 {
		return true
	}
	has := c.Flags.Has
	switch category {
	case "keyspace":
		return c.Run != nil && (c.Group == "generic" || c.Group == "server" && !has(Admin)) && !slices.Contains(noKeyspace, c.Name)
	case "read":
		return has(ReadOnly) && c.Group != "scripting"
	case "write":
		return has(Write)
	case "pubsub":
		return has(Pubsub)
	case "admin", "dangerous":
		return has(Admin)
	case "fast":
		return has(Fast)
	case "slow":
		return !has(Fast)
	case "blocking":
		return has(Blocking)
	}
	return false
}

// Categories returns the names of the ACL categories, in Redis's order, without "@". The slice is the caller's.
func Categories() []string { return slices.Clone(aclCategories) }
