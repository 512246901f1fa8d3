package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// level is how bad a finding is.
type level string

// The levels.
const (
	levelOK      level = "ok"
	levelWarning level = "warning" // it works, and may not for long or not as well as it could
	levelWrong   level = "wrong"
)

// finding is what one check of `paxredis doctor` has found. Its JSON names are part of the command line's interface.
type finding struct {
	Level level  `json:"level"`
	Check string `json:"check"`
	// Of is what was looked at: a node, the cluster, or this machine.
	Of       string `json:"of"`
	Measured string `json:"measured"`
	// Advice is what to change; empty if nothing.
	Advice string `json:"advice,omitempty"`
}

// findings are those of one run, in the order they were made.
type findings []finding

func (f *findings) add(l level, check, of, measured, advice string) {
	if l == levelOK {
		advice = ""
	}
	*f = append(*f, finding{l, check, of, measured, advice})
}

// graded is the level of a figure that is worse the higher it is.
func graded[T int64 | uint64 | float64](v, warning, wrong T) level {
	switch {
	case v >= wrong:
		return levelWrong
	case v >= warning:
		return levelWarning
	}
	return levelOK
}

func (f findings) count(l level) int {
	n := 0
	for i := range f {
		if f[i].Level == l {
			n++
		}
	}
	return n
}

const doctorUsage = `paxredis doctor measures a cluster and says what to change. It asks the nodes of --addr (name all) for a leader, versions,
lag, links, syncs, memory and clocks, which it compares. On the machine of a node, --data-dir measures the disk too (it
writes a file of 1 MiB there, for two seconds at most, and removes it), --cluster-key-file looks at the key's file, and
--data-key-file at that of data keys, and whether it opens the directory of --data-dir; limits of memory and files are this
machine's, and this shell's. It changes nothing.

It fails if anything is wrong; with --strict, also if there is a warning.

`

// runDoctor fails if anything is wrong.
func runDoctor(args []string, std stdio) error {
	fs := newFlagSet("doctor", "[flags]", std)
	addresses := fs.String("addr", "127.0.0.1:6379", "client `addresses` of the nodes to ask, host:port[,host:port...]; none: this machine alone")
	var secured clientSecurity
	secured.flags(fs)
	dir := fs.String("data-dir", "", "`directory` of a node on this machine whose disk is measured")
	key := fs.String("cluster-key-file", "", "`file` with the cluster key on this machine")
	dataKey := fs.String("data-key-file", "", "`file` with the data key on this machine")
	strict := fs.Bool("strict", false, "fail for a warning too")
	asJSON := fs.Bool("json", false, "print JSON")
	introduce(fs, doctorUsage)
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usageErrorf("doctor takes flags only, not %q", fs.Arg(0))
	}
	security, err := secured.config()
	if err != nil {
		return err
	}
	var found findings
	if *addresses != "" {
		found.ofCluster(examineAll(context.Background(), strings.Split(*addresses, ","), security))
	}
	found.ofMachine(os.DirFS("/"))
	if *dir != "" {
		found.ofDisk(*dir)
	}
	if *key != "" {
		found.ofKeyFile(*key)
	}
	if *dataKey != "" {
		found.ofDataKeyFile(*dataKey, *dir)
	}
	print := found.print
	if *asJSON {
		print = found.printJSON
	}
	if err := print(std.out); err != nil {
		return err
	}
	return found.verdict(*strict)
}

// verdict is the error that the exit code comes of.
func (f findings) verdict(strict bool) error {
	wrong, warnings := f.count(levelWrong), f.count(levelWarning)
	if wrong > 0 {
		return fmt.Errorf("doctor: %d of %d checks found something wrong", wrong, len(f))
	}
	if strict && warnings > 0 {
		return fmt.Errorf("doctor: %d of %d checks gave a warning, which --strict takes for a failure", warnings, len(f))
	}
	return nil
}

func (f findings) printJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(f)
}

// print prints a line for each finding, and below it what to change.
func (f findings) print(w io.Writer) error {
	var errs []error
	line := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format, args...)
		errs = append(errs, err)
	}
	for i := range f {
		line("%-8s %-16s %-14s %s\n", f[i].Level, f[i].Check, f[i].Of, f[i].Measured)
		if f[i].Advice != "" {
			line("         -> %s\n", f[i].Advice)
		}
	}
	line("\n%d ok, %d warnings, %d wrong\n", f.count(levelOK), f.count(levelWarning), f.count(levelWrong))
	return errors.Join(errs...)
}
