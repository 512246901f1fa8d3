// Command paxredis is a Redis-protocol server that never loses an acknowledged write. The subcommands are in the table
// below, each in a file of its name; this package holds flags, wiring and nothing else.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
)

// command is one subcommand.
type command struct {
	name    string
	args    string
	summary string
	run     func(args []string, std stdio) error
}

// stdio is where a subcommand writes: what it was asked for to out, everything else to err.
type stdio struct {
	out, err io.Writer
}

// Exit codes, as scripts see them.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	// exitUncertain: there was no answer in time, so that what was asked for may or may not be done.
	exitUncertain = 3
)

// usageError is a mistake in how the program was called.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usageErrorf(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// commands is a function, not a variable, since help prints the table it is part of.
func commands() []command {
	return []command{
		{"server", "[flags]", "run one node (without flags: a single node on 127.0.0.1:6379, data in ./data)", runServer},
		{"dev", "[flags] [-- server flags]", "run a local cluster of real nodes; Ctrl-C stops all", runDev},
		{"keygen", "[FILE]", "make a new key, for the cluster or for data (mode 0600); without FILE print it", runKeygen},
		{"status", "[flags]", "show nodes, members, leader, slots, lag and checkpoints", runStatus},
		{"doctor", "[flags]", "measure nodes and this machine, and say what to change", runDoctor},
		{"member", "list|add|remove|replace|move", "show or change the members of a running cluster", runMember},
		{"leader", "get|transfer [ID]", "show the leader, or hand leadership over", runLeader},
		{"backup", "[verify] [flags] [> FILE]", "read a backup of a running cluster; verify one", runBackup},
		{"restore", "[flags] FILE [FILE...]", "make a new cluster of one node from a backup", runRestore},
		{"import", "FILE | --from URL [flags]", "move data in: an RDB file, or a live Redis until a cut-over", runImport},
		{"export", "[flags] FILE", "move data out: write an RDB file that Redis loads", runExport},
		{"recover", "[flags]", "make a new cluster of one node from a survivor, if the majority is lost for good", runRecover},
		{"log", "[flags] DIR", "print what a stopped node's data directory holds", runLog},
		{"completion", completionArgs, "print a shell's completions of commands and flags", runCompletion},
		{"version", "", "print the version", runVersion},
		{"help", "[COMMAND]", "this text, or a command's flags", runHelp},
	}
}

// init keeps main on the process's first thread: the kernel ties a child's parent-death signal to the thread that
// started it (see stopWithParent), and this one lives as long as the process.
func init() { runtime.LockOSThread() }

func main() {
	os.Exit(run(os.Args[1:], stdio{out: os.Stdout, err: os.Stderr}))
}

// run executes the subcommand in args and returns the exit code.
func run(args []string, std stdio) int {
	err := dispatch(args, std)
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(std.err, "paxredis: %v\n", err)
		return exitUsage
	case errors.Is(err, errUncertain):
		fmt.Fprintf(std.err, "paxredis: %v\n", err)
		return exitUncertain
	default:
		fmt.Fprintf(std.err, "paxredis: %v\n", err)
		return exitFailed
	}
}

func dispatch(args []string, std stdio) error {
	if len(args) == 0 {
		printUsage(std.err)
		return usageErrorf("no command given")
	}
	name := args[0]
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "-v", "-version", "--version":
		name = "version"
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(args[1:], std)
		}
	}
	return usageErrorf("unknown command %q; see: paxredis help", name)
}

func runHelp(args []string, std stdio) error {
	if len(args) == 0 {
		printUsage(std.out)
		return nil
	}
	if args[0] == "help" {
		printUsage(std.out)
		return nil
	}
	// The flag packages print to err when asked for help; here the text is what was asked for.
	return dispatch([]string{args[0], "-h"}, stdio{out: std.out, err: std.out})
}

func printUsage(w io.Writer) {
	fmt.Fprint(w, "paxredis is a Redis-protocol server that never loses an acknowledged write.\n\nUsage:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  paxredis %-36s %s\n", c.name+" "+c.args, c.summary)
	}
	fmt.Fprintf(w, "\nExit codes: %d done; %d failed or refused; %d called in a wrong way; %d no answer in time: it may or may not be done.\n",
		exitOK, exitFailed, exitUsage, exitUncertain)
}

// newFlagSet returns the flag set of a subcommand, with a usage text that says how it is called.
func newFlagSet(name, synopsis string, std stdio) *flag.FlagSet {
	fs := flag.NewFlagSet("paxredis "+name, flag.ContinueOnError)
	fs.SetOutput(std.err)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "Usage: paxredis %s %s\n\nFlags:\n", name, synopsis)
		fs.PrintDefaults()
	}
	return fs
}

// introduce puts a text in front of what a flag set says of its usage.
func introduce(fs *flag.FlagSet, text string) {
	usage := fs.Usage
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), text)
		usage()
	}
}

// parseMixed is parseFlags for a command with operands, which may come before, between and behind the flags. Those behind "--"
// are operands, whatever they look like.
func parseMixed(fs *flag.FlagSet, args []string) (operands []string, err error) {
	for {
		if err := parseFlags(fs, args); err != nil {
			return nil, err
		}
		rest := fs.Args()
		if len(rest) == 0 {
			return operands, nil
		}
		if parsed := len(args) - len(rest); parsed > 0 && args[parsed-1] == "--" {
			return append(operands, rest...), nil
		}
		operands, args = append(operands, rest[0]), rest[1:]
	}
}

// parseFlags parses args; what is wrong with them is a usage error, and a call for help remains flag.ErrHelp.
func parseFlags(fs *flag.FlagSet, args []string) error {
	usage := fs.Usage
	fs.Usage = func() {} // not the whole text for a mistyped flag
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		usage()
		return err
	}
	if err != nil {
		return usageError{err}
	}
	return nil
}
