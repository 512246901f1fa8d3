package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/paxredis/paxredis/storage/backup"
)

// verified is a file of `paxredis backup verify --json`.
type verified struct {
	File    string    `json:"file"`
	Cluster string    `json:"cluster_uuid"`
	Slot    uint64    `json:"slot"`
	Since   uint64    `json:"since,omitempty"`
	Created time.Time `json:"created"`
	Program string    `json:"program"`
	Records uint64    `json:"records"`
	Deleted uint64    `json:"deleted"`
	Bytes   int64     `json:"bytes"`
}

const verifyUsage = `paxredis backup verify reads backups and checks everything in them: structure, checksums, every record, and count
and sum of the records against what the cluster said of them. A full backup and those that follow it, given in
their order, are put together in a temporary directory, which takes the space of the data, to check the whole.

`

// runVerify checks files. It succeeds only if a restore of the same files would.
func runVerify(args []string, std stdio) error {
	fs := newFlagSet("backup verify", "[flags] FILE [FILE...]", std)
	asJSON := fs.Bool("json", false, "print JSON")
	temp := fs.String("temp-dir", "", "`directory` in which a chain is put together (default: the system's for temporary files)")
	introduce(fs, verifyUsage)
	files, err := parseMixed(fs, args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usageErrorf("backup verify: name a FILE")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	m := newMeter(std.err)
	reports, err := backup.Verify(ctx, backup.VerifyOptions{Files: files, TempDir: *temp, Progress: m.report})
	m.end()
	if err != nil {
		return fmt.Errorf("backup verify: %w", err)
	}
	if *asJSON {
		return printVerifiedJSON(std.out, reports)
	}
	return printVerified(std.out, reports, time.Now())
}

func printVerifiedJSON(w io.Writer, reports []backup.Report) error {
	list := make([]verified, len(reports))
	for i, r := range reports {
		list[i] = verified{
			File: r.File, Cluster: r.Header.ClusterUUID, Slot: uint64(r.Header.Slot()), Since: uint64(r.Header.Since), Created: r.Header.Created,
			Program: r.Header.Program, Records: r.Totals.Records, Deleted: r.Totals.Deleted, Bytes: r.Bytes,
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(list)
}

func printVerified(w io.Writer, reports []backup.Report, now time.Time) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FILE\tKIND\tSLOT\tRECORDS\tDELETIONS\tSIZE\tCREATED\tAGE\tCLUSTER")
	for _, r := range reports {
		h := r.Header
		kind := "full"
		if !h.IsFull() {
			kind = fmt.Sprintf("since slot %v", h.Since)
		}
		fmt.Fprintf(table, "%s\t%s\t%v\t%d\t%d\t%s\t%s\t%v\t%s\n", r.File, kind, h.Slot(), r.Totals.Records, r.Totals.Deleted, sizeText(uint64(r.Bytes)),
			h.Created.Format(time.RFC3339), now.Sub(h.Created).Round(time.Second), h.ClusterUUID)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	last := reports[len(reports)-1].Header
	verdict := fmt.Sprintf("Good: the state of slot %v, %d records.", last.Slot(), last.Checkpoint.Count)
	if len(reports) == 1 && !last.IsFull() {
		verdict = fmt.Sprintf("Good by itself. Whether it leads to the state of slot %v can be told only together with the backups before it: name them all.", last.Slot())
	}
	_, err := fmt.Fprintln(w, verdict)
	return err
}
