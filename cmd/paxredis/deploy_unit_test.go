package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// deployFile is the text of a file of deploy/.
func deployFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const unitPath = "systemd/paxredis.service"

// unitCommands are the commands of the unit, without the program.
func unitCommands(t *testing.T) (all [][]string) {
	t.Helper()
	for line := range strings.Lines(deployFile(t, unitPath)) {
		if name, command, _ := strings.Cut(strings.TrimSpace(line), "="); strings.HasPrefix(name, "Exec") {
			words := strings.Fields(command)
			if filepath.Base(words[0]) != "paxredis" {
				t.Errorf("%s runs %s", name, words[0])
			}
			all = append(all, words[1:])
		}
	}
	return all
}

// The unit's commands are taken, with a file where theirs is; the first one checks what the second one starts.
func TestUnitStartsAServer(t *testing.T) {
	commands := unitCommands(t)
	if len(commands) != 2 || strings.Join(commands[0], " ") != strings.Join(commands[1], " ")+" --check-config" {
		t.Fatalf("its commands are %q", commands)
	}
	file := filepath.Join(t.TempDir(), "paxredis.conf")
	if err := os.WriteFile(file, []byte(sampleFile()), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := started{name: "the unit", args: commands[1]}.config(t, "--config", file)
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/var/lib/paxredis/data" {
		t.Errorf("its data is in %s, and systemd makes /var/lib/paxredis", c.DataDir)
	}
}

// systemd takes the unit as it is, and finds little that it may do. Left out where there is no systemd-analyze.
func TestUnitIsHardened(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze here")
	}
	program := filepath.Join(t.TempDir(), "paxredis")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	// The program and its page need not be installed where the test runs.
	text := strings.ReplaceAll(deployFile(t, unitPath), "/usr/local/bin/paxredis", program)
	unit := filepath.Join(t.TempDir(), "paxredis.service")
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil || strings.Contains(string(out), unit) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	// The threshold is in tenths: below 2 systemd calls a unit "OK".
	out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=20", "--json=short", unit).Output()
	if err != nil || !json.Valid(out) {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

// The image checks its node with a command that there is, as a user that is not root, and keeps data where the volume is.
func TestDockerfile(t *testing.T) {
	text := strings.ReplaceAll(deployFile(t, "Dockerfile"), "\\\n", "")
	said := make(map[string]string)
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		said[word] = rest // of several the last, which is that of the image
	}
	if said["FROM"] != "scratch" || said["USER"] != "65532:65532" || said["VOLUME"] != dockerEnvironment(t)["PAXREDIS_DATA_DIR"] {
		t.Errorf("FROM %s, USER %s, VOLUME %s", said["FROM"], said["USER"], said["VOLUME"])
	}
	_, check, _ := strings.Cut(said["HEALTHCHECK"], "CMD ")
	var words []string
	if err := json.Unmarshal([]byte(check), &words); err != nil || words[0] != "/paxredis" {
		t.Fatalf("HEALTHCHECK %s: %v", check, err)
	}
	n := startTestNode(t, t.TempDir())
	for i := range words {
		words[i] = strings.Replace(words[i], "127.0.0.1:6379", n.address, 1)
	}
	if code := run(words[1:], quiet); code != exitOK {
		t.Errorf("%q of a node that serves: exit code %d", words, code)
	}
	words[len(words)-1] = freeAddress(t)
	if code := run(words[1:], quiet); code != exitFailed {
		t.Errorf("%q of none: exit code %d", words, code)
	}
}
