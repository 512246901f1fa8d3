package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// script returns what `paxredis completion` prints, in a file.
func script(t *testing.T, shell string) string {
	t.Helper()
	var out bytes.Buffer
	if code := run([]string{"completion", shell}, stdio{out: &out, err: os.Stderr}); code != exitOK {
		t.Fatalf("completion %s: exit code %d", shell, code)
	}
	file := filepath.Join(t.TempDir(), "paxredis."+shell)
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// needs skips a test where a program is not installed.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(program + " is not here")
	}
}

// bash offers what begins like the last word: commands, actions behind those that have them, flags, and files behind flags with a value.
func TestBashCompletes(t *testing.T) {
	needs(t, "bash")
	file := script(t, "bash")
	for line, want := range map[string]string{
		"paxredis ser":                       "server",
		"paxredis re":                        "restore recover",
		"paxredis server --peer-":            "--peer-listen --peer-advertise",
		"paxredis server --id 1 --maxm":      "--maxmemory-clients --maxmemory --maxmemory-policy --maxmemory-samples",
		"paxredis server --config ":          "",
		"paxredis server --cluster-mode --d": "--data-dir --data-key-file",
		"paxredis member re":                 "remove replace",
		"paxredis member remove --f":         "--force",
		"paxredis backup v":                  "verify",
		"paxredis status --j":                "--json",
		"paxredis completion ":               "bash zsh fish",
		"paxredis help memb":                 "member",
		"paxredis nothing --":                "",
	} {
		t.Run(line, func(t *testing.T) {
			ask := `source "$1"; read -ra COMP_WORDS <<<"$2"; [[ $2 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _paxredis; echo "${COMPREPLY[*]}"`
			out, err := exec.Command("bash", "--norc", "-c", ask, "bash", file, line).CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != want {
				t.Errorf("offers %q, not %q (%v)", got, want, err)
			}
		})
	}
}

// The others read their scripts, where they are installed.
func TestShellsReadTheirCompletions(t *testing.T) {
	for _, shell := range []string{"zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			file := script(t, shell)
			needs(t, shell)
			if out, err := exec.Command(shell, "-n", file).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	t.Run("fish offers", func(t *testing.T) {
		file := script(t, "fish")
		needs(t, "fish")
		out, err := exec.Command("fish", "--no-config", "-c", "source $argv[1]; complete -C 'paxredis server --peer-'; complete -C 'paxredis member re'", file).CombinedOutput()
		for _, want := range []string{"--peer-listen", "--peer-advertise", "remove", "replace"} {
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%s is not offered (%v):\n%s", want, err, out)
			}
		}
	})
	if code := run([]string{"completion", "csh"}, quiet); code != exitUsage {
		t.Errorf("completion csh: exit code %d", code)
	}
}

// Every command is described, those with flags with all of them, and each flag with a help.
func TestEveryCommandIsDescribed(t *testing.T) {
	for _, c := range describedCommands() {
		if want := slices.Contains([]string{"keygen", "version", "completion", "help"}, c.name); (len(c.flags) == 0) != want {
			t.Errorf("%s: flags %v", c.name, c.flags)
		}
		for _, f := range c.flags {
			if f.help == "" {
				t.Errorf("%s %s has no help", c.name, f.name)
			}
		}
	}
}

func TestShortHelp(t *testing.T) {
	for help, want := range map[string]string{
		"run one node (without flags: a single node)":                "run one node",
		"host:port for the other nodes (default: none); without one": "host:port for the other nodes",
		"for a new directory: the first voters; the same everywhere": "for a new directory: the first voters",
		"print the version": "print the version",
	} {
		if got := short(help); got != want {
			t.Errorf("%q became %q, not %q", help, got, want)
		}
	}
}
