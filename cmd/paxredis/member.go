package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// changeTimeout is how long a change of the members may take before the command gives up waiting.
const changeTimeout = time.Minute

// member is a line of `paxredis member list`. Its JSON names are part of the command line's interface.
type member struct {
	ID      uint64 `json:"id"`
	UUID    string `json:"uuid,omitempty"`
	Address string `json:"address"`
	Role    string `json:"role"` // voter or learner
	// State is leader, reachable, unreachable, or unknown: the leader alone knows of all.
	State  string `json:"state"`
	Synced uint64 `json:"synced"` // 0 where that is not known
	// Replaces is the voter that leaves when this learner is promoted; 0: none.
	Replaces uint64 `json:"replaces,omitempty"`
}

const memberUsage = `paxredis member shows or changes the members of a running cluster.

Usage:
  paxredis member list [flags]
  paxredis member add [flags] ID=HOST:PORT           announce a new node; server --join then needs no id
  paxredis member remove [flags] ID                  take a node out; it keeps its data
  paxredis member replace [flags] OLD [ID=HOST:PORT] have a new node take OLD's place once it has caught up
                                                     (default: the next free id, at OLD's address)
  paxredis member move [flags] ID=HOST:PORT          give a node another peer address

HOST:PORT is where the other nodes reach the peer port (--peer-listen). A new node learns first, and votes once
it has caught up. Ids are never used again. One change is done at a time, by the leader, whichever node is asked.
What would leave voters of which no majority can be reached is refused, unless --force says otherwise.
`

func runMember(args []string, std stdio) error {
	action, rest := "", args
	if len(args) > 0 {
		action, rest = args[0], args[1:]
	}
	switch action {
	case "list", "add", "remove", "replace", "move":
		return memberAction(action, rest, std)
	case "-h", "-help", "--help", "help":
		fmt.Fprint(std.out, memberUsage)
		return nil
	}
	fmt.Fprint(std.err, memberUsage)
	return usageErrorf("member: what is to be done? list, add, remove, replace or move, not %q", action)
}

// memberAction runs one of them.
func memberAction(action string, args []string, std stdio) error {
	operand := map[string]string{"list": "", "add": " ID=HOST:PORT", "remove": " ID", "replace": " OLD [ID=HOST:PORT]", "move": " ID=HOST:PORT"}[action]
	fs := newFlagSet("member "+action, "[flags]"+operand, std)
	c := clusterFlags(fs, changeTimeout)
	asJSON := fs.Bool("json", false, "print JSON")
	var force bool
	if action != "list" && action != "move" {
		fs.BoolVar(&force, "force", false, "do it even if the voters that are left have no majority that can be reached: the cluster may stop")
	}
	operands, err := parseMixed(fs, args)
	if err != nil {
		return err
	}
	request, err := memberRequest(action, operands)
	if err != nil {
		return err
	}
	if force {
		request = append(request, "FORCE")
	}
	ask := c.askMembers
	if action == "list" {
		ask = c.listMembers
	}
	members, err := ask(context.Background(), request)
	if err != nil {
		return fmt.Errorf("member %s: %w", action, err)
	}
	if *asJSON {
		encoder := json.NewEncoder(std.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(members)
	}
	if err := printMembers(std.out, members); err != nil {
		return err
	}
	_, err = fmt.Fprint(std.out, nextStep(action, operands, members))
	return err
}

// askMembers asks one node for something that is answered with the members.
func (c *cluster) askMembers(ctx context.Context, request []any) ([]member, error) {
	reply, by, err := c.ask(ctx, request...)
	if err != nil {
		return nil, err
	}
	members, err := membersIn(reply)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", by, err)
	}
	return members, nil
}

// listMembers asks one node after another until one knows how all members are: the leader.
func (c *cluster) listMembers(ctx context.Context, request []any) (found []member, err error) {
	var failures []error
	for _, address := range c.addresses {
		one := cluster{addressList{address}, c.timeout, c.security}
		members, err := one.askMembers(ctx, request)
		switch {
		case err != nil:
			failures = append(failures, err)
		case !hasUnknown(members):
			return members, nil
		case found == nil:
			found = members
		}
	}
	if found == nil {
		return nil, errors.Join(failures...)
	}
	return found, nil
}

func hasUnknown(members []member) bool {
	return slices.ContainsFunc(members, func(m member) bool { return m.State == "unknown" })
}

// memberRequest is the command for the node.
func memberRequest(action string, operands []string) ([]any, error) {
	request := []any{"PAXOS", "MEMBER", strings.ToUpper(action)}
	takesMember := action == "add" || action == "move"
	switch {
	case action == "list" && len(operands) == 0:
		return request, nil
	case takesMember && len(operands) == 1:
		return appendPeer(request, operands[0])
	case action == "remove" && len(operands) == 1:
		return appendID(request, operands[0])
	case action == "replace" && (len(operands) == 1 || len(operands) == 2):
		request, err := appendID(request, operands[0])
		if err != nil || len(operands) == 1 {
			return request, err
		}
		return appendPeer(request, operands[1])
	}
	return nil, usageErrorf("member %s: wrong number of arguments; see: paxredis member %s --help", action, action)
}

func appendID(request []any, text string) ([]any, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return nil, usageErrorf("%q is not the id of a node, a number from 1 to 4294967295", text)
	}
	return append(request, n), nil
}

func appendPeer(request []any, text string) ([]any, error) {
	m, err := parsePeer(text)
	if err != nil {
		return nil, usageError{err}
	}
	return append(request, uint64(m.ID), m.Address), nil
}

// membersIn reads the reply of PAXOS MEMBER.
func membersIn(reply any) ([]member, error) {
	list, ok := reply.([]any)
	if !ok {
		return nil, fmt.Errorf("the node answered with a %T instead of its members", reply)
	}
	members := make([]member, len(list))
	for i := range list {
		f := fieldsOf(list[i])
		if numberIn(f, "id") == 0 {
			return nil, errors.New("the node's list of members has one without an id")
		}
		members[i] = member{
			ID: numberIn(f, "id"), UUID: textIn(f, "uuid"), Address: textIn(f, "address"), Role: textIn(f, "role"),
			State: textIn(f, "state"), Synced: numberIn(f, "synced"), Replaces: numberIn(f, "replaces"),
		}
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.ID, b.ID) })
	return members, nil
}

// printMembers prints a table, and what it cannot show.
func printMembers(w io.Writer, members []member) error {
	var newest uint64
	for _, m := range members {
		newest = max(newest, m.Synced)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tPEER ADDRESS\tROLE\tSTATE\tSYNCED\tLAG")
	for _, m := range members {
		role, synced, lag := m.Role, strconv.FormatUint(m.Synced, 10), strconv.FormatUint(newest-m.Synced, 10)
		if m.Replaces != 0 {
			role += fmt.Sprintf(" (will replace %d)", m.Replaces)
		}
		if m.State == "unknown" {
			synced, lag = "?", "?"
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Address, role, m.State, synced, lag)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if hasUnknown(members) {
		_, err := fmt.Fprintln(w, "The node that said so does not lead; only the leader knows how all the others are.")
		return err
	}
	return nil
}

// nextStep says what is to be done after a change, in full.
func nextStep(action string, operands []string, members []member) string {
	switch action {
	case "add":
		return startStep(members, func(m member) bool { return strings.HasPrefix(operands[0], strconv.FormatUint(m.ID, 10)+"=") })
	case "replace":
		step := startStep(members, func(m member) bool { return strconv.FormatUint(m.Replaces, 10) == operands[0] })
		if step == "" {
			return "\nNode " + operands[0] + " has been replaced.\n"
		}
		return step + "Node " + operands[0] + " votes until then, if it runs. If the new node takes its address, stop it first.\n"
	case "remove":
		return "\nNode " + operands[0] + " is no member any more. Stop it; its data directory stays as it is and can be deleted.\n" +
			"Ids are never used again: it can come back only as a new node, with an empty directory and server --join.\n"
	case "move":
		id, address, _ := strings.Cut(operands[0], "=")
		return "\nThe others look for node " + id + " at " + address + " from now on. Start it there, with its data directory:\n" +
			"  paxredis server --data-dir DIR --peer-listen " + address + " --cluster-key-file FILE\n"
	}
	return ""
}

// startStep is how the node is started that was added, empty if it is there already.
func startStep(members []member, isIt func(member) bool) string {
	at := slices.IndexFunc(members, isIt)
	if at < 0 || members[at].Role == "voter" {
		return ""
	}
	var voters []string
	for _, m := range members {
		if m.Role == "voter" && m.Address != members[at].Address {
			voters = append(voters, m.Address)
		}
	}
	return fmt.Sprintf("\nStart node %d, with a new data directory and the cluster's key, unless it runs already:\n"+
		"  paxredis server --id %d --peer-listen %s --join %s --cluster-key-file FILE --data-dir DIR\n"+
		"It votes once it has caught up; see: paxredis member list\n",
		members[at].ID, members[at].ID, members[at].Address, strings.Join(voters, ","))
}
