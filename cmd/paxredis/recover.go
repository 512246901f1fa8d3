package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage"
)

const recoverUsage = `paxredis recover makes a new cluster of one node from the data directory of a survivor, when so many nodes are lost
for good that the others are no majority. WRITES THAT WERE ACKNOWLEDGED MAY BE LOST: those which only lost nodes had
stored. And what the survivor had stored counts from now on, even what was never acknowledged.

Before: stop every other survivor, and never start one again. Of several, take the one whose journal goes furthest
(paxredis log DIR says). If a backup is newer, restore that instead.

`

// runRecover makes a cluster of a survivor.
func runRecover(args []string, std stdio) error {
	fs := newFlagSet("recover", "--data-dir DIR --i-accept-data-loss [flags]", std)
	dir := fs.String("data-dir", "", "the survivor's `directory`; what it was is kept beside it")
	accept := fs.Bool("i-accept-data-loss", false, "say that you have read the above")
	address := fs.String("peer-advertise", "", "`host:port` at which other nodes will reach this one (default: as before)")
	despite := fs.Bool("despite-damage", false, "if the journal is damaged, take over what is before the damage")
	asJSON := fs.Bool("json", false, "print JSON")
	loadDataKeys := dataKeyFlag(fs)
	introduce(fs, recoverUsage)
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	switch {
	case fs.NArg() > 0:
		return usageErrorf("recover takes flags only, not %q", fs.Arg(0))
	case *dir == "":
		return usageErrorf("--data-dir: must name the survivor's directory")
	case !*accept:
		return usageErrorf("recover may lose writes that were acknowledged. Read `paxredis help recover`; if there is no other way, add --i-accept-data-loss")
	}
	if *address != "" {
		if err := checkAdvertised(*address); err != nil {
			return usageErrorf("--peer-advertise %q: must be a host:port that other nodes can dial: %w", *address, err)
		}
	}
	keys, err := loadDataKeys()
	if err != nil {
		return err
	}
	report, err := storage.Recover(*dir, storage.RecoverOptions{
		Address:       *address,
		Configuration: func(c paxos.Checkpoint) (paxos.Configuration, error) { return replication.GroupConfiguration(c.Group) },
		DespiteDamage: *despite,
		DataKeys:      keys,
		Logger:        slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if *asJSON {
		encoder := json.NewEncoder(std.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	return printRecovery(std.out, *dir, keyFlags(keys), report)
}

// printRecovery tells what was recovered, and how to go on with keys as keyFlags has them.
func printRecovery(w io.Writer, dir, keys string, r storage.RecoverReport) error {
	text := fmt.Sprintf("Node %v of cluster %s is now the only node of cluster %s, as of %s.\n", r.NodeID, r.FormerClusterUUID, r.ClusterUUID, r.At.Format(time.RFC3339))
	text += fmt.Sprintf("\n  state of the checkpoint       slot %v (0: there is none, the log begins at slot 1)\n"+
		"  known to be decided           up to slot %v\n"+
		"  taken over                    up to slot %v\n"+
		"  new configuration             in slot %v\n", r.Checkpoint, r.KnownChosen, r.Last, r.Configuration)
	if r.Last > r.KnownChosen {
		text += fmt.Sprintf("\nSlots %v to %v were stored here, and count from now on. It is not known whether they had been decided: clients may\n"+
			"have been told UNCERTAIN, or nothing, about the writes in them.\n", r.KnownChosen+1, r.Last)
	}
	if r.LeftBehind > 0 {
		text += fmt.Sprintf("\n%d stored slots above a gap are not taken over.\n", r.LeftBehind)
	}
	if r.Damage != "" {
		text += "\nThe journal is damaged, and what follows the damage is not taken over: " + r.Damage + "\n"
	}
	text += "\nWhatever was decided above slot " + r.Last.String() + " and stored on lost nodes alone is lost.\n"
	text += fmt.Sprintf("What the node was is kept in %s and %s; delete both once you trust the new cluster.\n", r.FormerJournal, r.FormerIdentity)
	text += fmt.Sprintf("\nStart it:\n  paxredis server --data-dir %s %s\n"+
		"Then add nodes, each with a new, empty data directory (not one of the former cluster) and the same key:\n"+
		"  paxredis server --join HOST:PORT --peer-listen HOST:PORT %s --data-dir DIR\n", dir, keys, keys)
	_, err := io.WriteString(w, text)
	return err
}
