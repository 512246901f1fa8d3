package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const manualPath = "../../docs/paxredis.1"

// roff is text as man(7) takes it: nothing in it is a request, and hyphens are those of a command line.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// manual is docs/paxredis.1.
func manual() string {
	var b strings.Builder
	b.WriteString(`.\" Made from the commands and the table of settings: go test ./cmd/paxredis -run TestManual -update` + "\n" +
		".TH PAXREDIS 1\n.SH NAME\npaxredis \\- a Redis\\-protocol server that never loses an acknowledged write\n.SH SYNOPSIS\n")
	all := describedCommands()
	for i, c := range all {
		if i > 0 {
			b.WriteString(".br\n")
		}
		fmt.Fprintf(&b, ".B paxredis %s\n", roff(c.name))
		if c.args != "" {
			b.WriteString(roff(c.args) + "\n")
		}
	}
	b.WriteString(".SH DESCRIPTION\nEvery write is chosen by Multi\\-Paxos and synced on a majority of the nodes before its reply. Reads are linearizable unless\n" +
		"they are asked to be less. Any node serves any client.\n.SH COMMANDS\n")
	for _, c := range all {
		fmt.Fprintf(&b, ".SS %s\n%s.\n", roff(c.name), roff(strings.ToUpper(c.summary[:1])+c.summary[1:]))
		if c.name == "server" {
			b.WriteString("Its flags are under SETTINGS.\n")
			continue
		}
		for _, f := range c.flags {
			manualFlag(&b, f)
		}
	}
	b.WriteString(".SH SETTINGS\nEach is a flag of\n.BR \"paxredis server\" ,\na variable of the environment (PAXREDIS_READ_MODE) and a line of the file of\n" +
		".B \\-\\-config\n(read\\-mode lease). A flag wins over the environment, and the environment over the file.\n")
	defaults := defaultConfig()
	var last group
	for _, o := range options() {
		if o.group != last {
			last = o.group
			fmt.Fprintf(&b, ".SS %s\n", roff(string(last)))
		}
		word, help := o.usage()
		if shown := o.shownDefault(&defaults); shown != "" {
			help += " (default " + shown + ")"
		}
		if o.shared {
			help += "; equal on all nodes"
		}
		manualFlag(&b, flagHelp{"--" + o.name, word, help})
	}
	fmt.Fprintf(&b, ".SH EXIT STATUS\n.TP\n%d\nDone.\n.TP\n%d\nFailed or refused.\n.TP\n%d\nCalled in a wrong way.\n.TP\n%d\nNo answer in time: it may or may not be done.\n",
		exitOK, exitFailed, exitUsage, exitUncertain)
	fmt.Fprintf(&b, ".SH ENVIRONMENT\n.TP\n.B %s\nThe cluster key itself, in place of a file.\n.TP\n.B %s\nThe data key itself, in place of a file.\n", keyVariable, dataKeyVariable)
	return b.String()
}

func manualFlag(b *strings.Builder, f flagHelp) {
	fmt.Fprintf(b, ".TP\n\\fB%s\\fR \\fI%s\\fR\n%s\n", roff(f.name), roff(f.word), roff(f.help))
}

// The page says what commands and settings are, and groff has nothing to say against it.
func TestManual(t *testing.T) {
	want := manual()
	if *updateDocs {
		if err := os.WriteFile(manualPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if written, err := os.ReadFile(manualPath); err != nil || string(written) != want {
		t.Errorf("%s is not what commands and settings are (%v): go test ./cmd/paxredis -run TestManual -update", manualPath, err)
	}
	needs(t, "groff")
	out, err := exec.Command("groff", "-man", "-Tutf8", "-ww", "-z", manualPath).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}
