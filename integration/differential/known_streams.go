package differential

import (
	"slices"
	"strings"
)

// streamDifferences are those of streams.
func streamDifferences() []Known {
	return []Known{
		{Name: "consumers that claimed nothing", Since: of72, Diverges: true, Reason: "XCLAIM and XAUTOCLAIM make their consumer in any case from 7.2 on",
			Matches: func(d *Difference) bool {
				return d.command("xinfo|groups", "xinfo|consumers", "xinfo|stream", "xgroup|createconsumer") && (d.follows("xclaim") || d.follows("xautoclaim"))
			}},
		{Name: "when consumers were active", Since: of72, Reason: "XINFO tells it from 7.2 on", Matches: func(d *Difference) bool {
			return d.command("xinfo|consumers", "xinfo|stream") && (strings.Contains(d.Ours.String(), `"inactive"`) || strings.Contains(d.Ours.String(), `"active-time"`))
		}},
		{Name: "below what was deleted", Since: of72, Diverges: true, Reason: "XSETID looks at the greatest deleted identifier from 7.2 on", Matches: func(d *Difference) bool {
			return d.command("xsetid") && strings.HasPrefix(d.Ours.Text, "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")
		}},
		{Name: "unbalanced streams", Since: of72, Reason: "the command is quoted from 7.2 on", Matches: func(d *Difference) bool {
			return strings.HasPrefix(d.Ours.Text, "ERR Unbalanced '") && strings.HasPrefix(d.Theirs.Text, "ERR Unbalanced X")
		}},
		{Name: "long names of groups", Reason: "an error repeats no more than 128 bytes of each argument", Matches: func(d *Difference) bool {
			return strings.HasPrefix(d.Ours.Text, "NOGROUP ") && strings.HasPrefix(d.Theirs.Text, "NOGROUP ") && len(d.Theirs.Text) > len(d.Ours.Text)
		}},
		{Name: "watched groups", Diverges: true, Reason: "what a stream's groups note is a change of its key and of its version; redis-server's WATCH sees changes of entries alone",
			Matches: func(d *Difference) bool {
				return d.command("exec") && d.Ours.Null && !d.Theirs.Null && slices.ContainsFunc(d.Calls, changesGroups)
			},
			Confirmed: func(ours, _ runner, d *Difference) bool {
				return !aborts(ours, slices.DeleteFunc(slices.Clone(d.Calls), changesGroups))
			}},
		{Name: "whole nodes", Diverges: true, Reason: "~ trims whole nodes, and what fits into one is each server's own: here nothing is left of entries that were deleted",
			Matches: func(d *Difference) bool {
				return d.Command != nil && slices.ContainsFunc(d.Calls, trimsNodes)
			},
			Confirmed: sameWhenExact},
	}
}

// changesGroups reports whether a call may change the groups of a stream and nothing else of it.
func changesGroups(call Call) bool {
	return slices.Contains([]string{"XGROUP", "XREADGROUP", "XACK", "XCLAIM", "XAUTOCLAIM", "XSETID"}, strings.ToUpper(call.Args[0]))
}

// trimsNodes reports whether a call trims whole nodes.
func trimsNodes(call Call) bool {
	return (strings.EqualFold(call.Args[0], "XADD") || strings.EqualFold(call.Args[0], "XTRIM")) && slices.Contains(call.Args, "~")
}

// sameWhenExact is whether both servers reply the same once what trims whole nodes trims exactly.
func sameWhenExact(ours, theirs runner, d *Difference) bool {
	calls := slices.Clone(d.Calls)
	for i, call := range calls {
		if trimsNodes(call) {
			calls[i].Args = exact(call.Args)
		}
	}
	mine, err := rerun(ours, calls)
	if err != nil {
		return false
	}
	others, err := rerun(theirs, calls)
	return err == nil && canonical(mine[len(mine)-1]).equal(canonical(others[len(others)-1]))
}

// exact are the arguments of an XADD or XTRIM with = for ~, and without LIMIT, which goes with ~ alone.
func exact(args []string) []string {
	args = slices.Clone(args)
	i := slices.Index(args, "~")
	args[i] = "="
	if len(args) > i+3 && strings.EqualFold(args[i+2], "LIMIT") {
		args = slices.Delete(args, i+2, i+4)
	}
	return args
}
