package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/paxredis/paxredis/replication/paxos"
)

const leaderUsage = `paxredis leader shows who leads, or hands leadership over.

Usage:
  paxredis leader get [flags]
  paxredis leader transfer [flags] [ID]   to node ID (default: the most up to date voter)

No command fails because of it: those under way are answered by the next leader.
`

func runLeader(args []string, std stdio) error {
	action, rest := "", args
	if len(args) > 0 {
		action, rest = args[0], args[1:]
	}
	switch action {
	case "get", "transfer":
	case "-h", "-help", "--help", "help":
		fmt.Fprint(std.out, leaderUsage)
		return nil
	default:
		fmt.Fprint(std.err, leaderUsage)
		return usageErrorf("leader: what is to be done? get or transfer, not %q", action)
	}
	fs := newFlagSet("leader "+action, "[flags] "+map[string]string{"get": "", "transfer": "[ID]"}[action], std)
	c := clusterFlags(fs, changeTimeout)
	asJSON := fs.Bool("json", false, "print JSON")
	operands, err := parseMixed(fs, rest)
	if err != nil {
		return err
	}
	if action == "transfer" {
		if err := transferLeadership(c, operands); err != nil {
			return err
		}
	} else if len(operands) > 0 {
		return usageErrorf("leader get takes flags only, not %q", operands[0])
	}
	return printLeader(c, *asJSON, std.out)
}

func transferLeadership(c *cluster, operands []string) (err error) {
	request := []any{"PAXOS", "LEADER", "TRANSFER"}
	switch len(operands) {
	case 0:
	case 1:
		if request, err = appendID(request, operands[0]); err != nil {
			return err
		}
	default:
		return usageErrorf("leader transfer takes one ID at most")
	}
	if _, _, err = c.ask(context.Background(), request...); err != nil {
		return fmt.Errorf("leader transfer: %w", err)
	}
	return nil
}

// printLeader asks who leads now.
func printLeader(c *cluster, asJSON bool, w io.Writer) error {
	reply, by, err := c.ask(context.Background(), "PAXOS", "LEADER", "GET")
	if err != nil {
		return fmt.Errorf("leader: %w", err)
	}
	f := fieldsOf(reply)
	id := paxos.NodeID(numberIn(f, "id"))
	if asJSON {
		return json.NewEncoder(w).Encode(map[string]any{"id": id, "ballot": textIn(f, "ballot")})
	}
	if id == 0 {
		return fmt.Errorf("leader: %s knows no leader: there is no majority, or an election is going on", by)
	}
	_, err = fmt.Fprintf(w, "node %v leads, with ballot %s\n", id, textIn(f, "ballot"))
	return err
}
