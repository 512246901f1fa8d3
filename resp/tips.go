package resp

// The command tips of COMMAND INFO that several rows share (https://redis.io/docs/latest/develop/reference/command-tips/): how a reply may differ from the one
// before, and for clients of clusters, whom to ask and what to make of the replies.
var (
	tipsVaries    = []string{"nondeterministic_output"}
	tipsUnordered = []string{"nondeterministic_output_order"}
	tipsAllNodes  = []string{"request_policy:all_nodes", "response_policy:all_succeeded"}
	tipsReport    = []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"}
)

// with is the row with command tips.
func (c localCommand) with(tips []string) localCommand {
	c.Tips = tips
	return c
}
