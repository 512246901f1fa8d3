package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/backup"
)

const restoreUsage = `paxredis restore makes a new cluster of one node from a full backup and, in their order, the incremental ones that
follow it. It has the data of the last one, and a UUID of its own: no node of the cluster that was backed up takes
it for its own. Everything is verified first; when a file is refused nothing is left behind.

`

// runRestore makes a data directory from backups.
func runRestore(args []string, std stdio) error {
	fs := newFlagSet("restore", "--data-dir DIR [flags] FILE [FILE...]", std)
	dir := fs.String("data-dir", "", "the new `directory`: one that does not exist, or an empty one")
	id := fs.Uint("id", 1, "the node's `number`")
	address := fs.String("peer-advertise", defaultPeerListen, "`host:port` at which other nodes will reach this one")
	asJSON := fs.Bool("json", false, "print JSON")
	loadDataKeys := dataKeyFlag(fs)
	introduce(fs, restoreUsage)
	files, err := parseMixed(fs, args)
	if err != nil {
		return err
	}
	switch {
	case *dir == "":
		return usageErrorf("--data-dir: must name the directory to be made")
	case *id < 1 || *id > 1<<32-1:
		return usageErrorf("--id %d: must be from 1 to 4294967295", *id)
	case len(files) == 0:
		return usageErrorf("restore: name the FILE of a backup")
	}
	if err := checkAdvertised(*address); err != nil {
		return usageErrorf("--peer-advertise %q: must be a host:port that other nodes can dial: %w", *address, err)
	}
	keys, err := loadDataKeys()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	m := newMeter(std.err)
	restored, err := backup.Restore(ctx, backup.RestoreOptions{
		Dir: *dir, NodeID: paxos.NodeID(*id), Address: *address, DataKeys: keys, Files: files, Refound: replication.RefoundGroup,
		Progress: m.report, Logger: slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	m.end()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if *asJSON {
		return json.NewEncoder(std.out).Encode(map[string]any{
			"data_dir": *dir, "node_id": restored.Identity.NodeID, "cluster_uuid": restored.Identity.ClusterUUID,
			"former_cluster_uuid": restored.Files[0].Header.ClusterUUID, "slot": restored.Slot, "records": restored.Records,
		})
	}
	_, err = fmt.Fprintf(std.out, "Restored slot %v, %d records, of cluster %s.\nThe new cluster %s has one node, %v, at %s.\n%s",
		restored.Slot, restored.Records, restored.Files[0].Header.ClusterUUID, restored.Identity.ClusterUUID, restored.Identity.NodeID, *address,
		growSteps(*dir, *address, keyFlags(keys)))
	return err
}

// growSteps is how a cluster of one node is started and grown, with keys as keyFlags has them.
func growSteps(dir, address, keys string) string {
	return fmt.Sprintf("\nStart it:\n  paxredis server --data-dir %s %s\n"+
		"Then add nodes, each on a machine of its own, with a new data directory and the same key:\n"+
		"  paxredis server --join %s --peer-listen HOST:PORT %s --data-dir DIR\n", dir, keys, address, keys)
}
