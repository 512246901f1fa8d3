package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/resp"
)

var updateDocs = flag.Bool("update", false, "write deploy/paxredis.conf and docs/configuration.md anew")

const (
	samplePath   = "../../deploy/paxredis.conf"
	documentPath = "../../docs/configuration.md"
)

// sampleWidth is where lines of the sample file are broken.
const sampleWidth = 100

// sampleFile has every setting that a file can have, commented out, with its default or an example.
func sampleFile() string {
	var b strings.Builder
	b.WriteString("# A sample of the file that `paxredis server --config FILE` reads: every setting there is, with its default, or an\n" +
		"# example where there is none. Remove the # in front of a name to set it. A flag (--maxclients 100) and the environment\n" +
		"# (PAXREDIS_MAXCLIENTS=100) win over the file. `paxredis server --config FILE --check-config` says what is wrong with it.\n" +
		"#\n# This file is made from the table of settings (go test ./cmd/paxredis -run TestOptionDocuments -update).\n")
	defaults := defaultConfig()
	var last group
	for _, o := range options() {
		if o.place != anywhere {
			continue
		}
		if o.group != last {
			last = o.group
			fmt.Fprintf(&b, "\n\n## %s\n", last)
		}
		_, help := o.usage()
		b.WriteString("\n")
		for _, line := range folded(help, sampleWidth-2) {
			b.WriteString("# " + line + "\n")
		}
		if o.shared {
			b.WriteString("# Equal on all nodes.\n")
		}
		fmt.Fprintf(&b, "#%s %s\n", o.name, o.sampleValue(&defaults))
	}
	return b.String()
}

// sampleValue is what a line of the sample file sets.
func (o *option) sampleValue(defaults *Config) string {
	switch value := o.field.value(defaults).String(); {
	case o.sample != "":
		return o.sample
	case value == "":
		return `""`
	case o.isToggle():
		return "yes"
	default:
		return value
	}
}

// folded breaks a text between words.
func folded(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// document is docs/configuration.md.
func document() string {
	var b strings.Builder
	b.WriteString(documentHead)
	defaults := defaultConfig()
	var last group
	for _, o := range options() {
		if o.group != last {
			last = o.group
			fmt.Fprintf(&b, "\n## %s\n\n| setting | default | what it is for | values | equal on all nodes | CONFIG SET |\n|---|---|---|---|---|---|\n", last)
		}
		word, help := o.usage()
		name, values := "`"+strings.TrimSpace(o.name+" "+word)+"`", strings.TrimPrefix(o.field.rule, "must be ")
		if strings.HasPrefix(values, "one of ") || strings.HasPrefix(values, "must name") {
			values = "" // the help has them
		}
		if o.place == commandLineOnly {
			values = "only on the command line"
		}
		if o.place == notInFile {
			values = "not in a file"
		}
		shown := o.shownDefault(&defaults)
		if shown != "" {
			shown = "`" + shown + "`"
		}
		equal := ""
		if o.shared {
			equal = "yes"
		}
		cells := []string{name, shown, help, values, equal, o.parameter}
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

const documentHead = "# Configuration\n\nThis page is made from the table of settings (`go test ./cmd/paxredis -run TestOptionDocuments -update`), and a test compares them.\n\n" +
	"Every setting of `paxredis server` has one name. It is a flag (`--maxclients 100`), a variable of the environment (`PAXREDIS_MAXCLIENTS=100`: capital letters, `_` for `-`) " +
	"and a line of the file of `--config` (`maxclients 100`). A flag wins over the environment, and the environment over the file. " +
	"[deploy/paxredis.conf](../deploy/paxredis.conf) is a file with all of them.\n\n" +
	"- A line of a file has a name, a blank and the value. What follows a `#` at the beginning or behind a blank is a comment. A switch needs no value (`cluster-mode`), " +
	"and takes `yes` and `no`. An empty value is `\"\"`. A name that comes twice is refused.\n" +
	"- Sizes are bytes, or have a unit as in redis.conf (`k` is 1000, `kb` 1024, `m`, `mb`, `g`, `gb`) or `KiB`, `MiB`, `GiB`. Times have a unit: `500ms`, `10s`, `1h30m`; where one " +
	"is named after a parameter of Redis that counts seconds or the like, it is a number of those.\n" +
	"- The cluster key itself can be in `PAXREDIS_CLUSTER_KEY`. It has no flag, since a command line can be read by every user of a machine.\n" +
	"- Other variables that begin with `PAXREDIS_` are no mistake, since where containers run, addresses of services come by such names; the log and `--check-config` name them.\n\n" +
	"`paxredis server --check-config`, with flags, environment and file as they will be, says that all is well and which settings are given where (exit code 0), or everything that is wrong, " +
	"with the line of the file (exit code 2). It starts nothing and touches no data:\n\n" +
	"```\n$ cat node.conf\nmaxclients many\nmaxmemory_policy allkeys-lru\nlease 2s\n$ paxredis server --config node.conf --check-config\n" +
	checkedExample + "```\n\n" +
	"The last column names the parameter by which `CONFIG SET` changes a setting while the node runs. Where it is equal on all nodes, too, `CONFIG SET` sets it on all of them, through " +
	"the log: from then on that value counts, not the flag's, also after restarts. `PAXOS CONFIG LIST` shows both, and `PAXOS CONFIG RESET parameter` goes back to what each node was started with. " +
	"Other changes hold until the node is started again.\n"

// checkedExample is what the example in the document prints; TestCheckConfigAsDocumented runs it.
const checkedExample = "paxredis: --maxclients many: not a whole number, or too large (node.conf:1)\n" +
	"node.conf:2: there is no setting \"maxmemory_policy\"; it is called maxmemory-policy\n" +
	"--heartbeat, --lease, --election-timeout-min, --election-timeout-max: election timeout minimum 600ms must be above the lease 2s, or a canvass can only be refused (node.conf:3)\n"

// TestOptionDocuments: the sample file and the document say what the table says.
func TestOptionDocuments(t *testing.T) {
	for path, want := range map[string]string{samplePath: sampleFile(), documentPath: document()} {
		if *updateDocs {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		written, err := os.ReadFile(path)
		if err != nil || string(written) != want {
			t.Errorf("%s is not what the table of settings says (%v): go test ./cmd/paxredis -run TestOptionDocuments -update", path, err)
		}
	}
}

// The sample file is taken as it is, and also with every line of it in force; the values are the defaults, but for the examples.
func TestSampleFileIsTaken(t *testing.T) {
	dir := t.TempDir()
	plain, full := filepath.Join(dir, "plain.conf"), filepath.Join(dir, "full.conf")
	var lines []string
	for _, o := range options() {
		for line := range strings.Lines(sampleFile()) {
			// --join and --insecure-peers contradict the key and the first voters.
			if strings.HasPrefix(line, "#"+o.name+" ") && !slices.Contains([]string{"join", "insecure-peers", "peer-advertise"}, o.name) {
				lines = append(lines, strings.TrimPrefix(line, "#"))
				break
			}
		}
	}
	for path, text := range map[string]string{plain: sampleFile(), full: strings.Join(lines, "")} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := loadConfig([]string{"--config", plain}, quiet)
	if err != nil || len(c.given) != 1 {
		t.Errorf("with everything commented out: %v, given are %v", err, c.given)
	}
	if c, err = loadConfig([]string{"--config", full}, quiet); err != nil {
		t.Fatal(err)
	}
	defaults := defaultConfig()
	for _, o := range options() {
		if o.place != anywhere || o.sample != "" || o.isToggle() {
			continue
		}
		if got, want := o.field.value(&c).String(), o.field.value(&defaults).String(); got != want {
			t.Errorf("%s: the sample sets %q, the default is %q", o.name, got, want)
		}
	}
}

// TestEveryOptionIsWhole: it has a help with a word for its value, its default reads back, and no name is there twice.
func TestEveryOptionIsWhole(t *testing.T) {
	seen := make(map[string]bool)
	defaults := defaultConfig()
	for _, o := range options() {
		if seen[o.name] {
			t.Errorf("--%s is there twice", o.name)
		}
		seen[o.name] = true
		word, help := o.usage()
		if help == "" || !o.isToggle() && (word == "" || !strings.Contains(o.help, "`")) {
			t.Errorf("--%s has no help, or no word for its value in it: %q", o.name, o.help)
		}
		if err := o.check(&defaults); err != nil {
			t.Errorf("the default is refused: %v", err)
		}
		again := defaultConfig()
		if value := o.field.value(&defaults).String(); value != "" {
			if err := o.field.value(&again).Set(value); err != nil || o.field.value(&again).String() != value {
				t.Errorf("--%s: its default %q reads back as %q, %v", o.name, value, o.field.value(&again).String(), err)
			}
		}
	}
}

// Every parameter that CONFIG SET can change can be given at the start, and what the table says can be changed can.
func TestOptionsAndParametersOfConfigSetAgree(t *testing.T) {
	var named []string
	for _, o := range options() {
		if o.parameter != "" && !slices.Contains(named, o.parameter) {
			named = append(named, o.parameter)
		}
	}
	slices.Sort(named)
	if changeable := resp.ChangeableParameters(); !slices.Equal(named, changeable) {
		t.Errorf("options name %v, and CONFIG SET changes %v", named, changeable)
	}
	var equal []string
	for _, o := range options() {
		if o.parameter != "" && o.shared {
			equal = append(equal, o.parameter)
		}
	}
	slices.Sort(equal)
	if shared := resp.SharedParameters(); !slices.Equal(equal, shared) {
		t.Errorf("options say that %v are equal on all nodes, and CONFIG SET sets %v on all", equal, shared)
	}
}

// A file's mistakes come with their lines, all at once, also of what is overruled by a flag.
func TestMistakesInAFileAreNamedWithTheirLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf")
	text := "\n# a comment\nno-such-name 1\nmaxclients 0\n--lease 1s\ncheckpoint-interval\nconfig other\nread-mode fast # why not\n" +
		"timeout 5\ntimeout 6\ncheck-config\nmaxmemory many\n" + strings.Repeat("x", maxFileLine+1) + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := loadConfig([]string{"--config", file, "--maxmemory", "1gb"}, quiet)
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{
		file + `:3: there is no setting "no-such-name"`,
		"--maxclients 0: must be at least 1 (" + file + ":4)",
		file + `:5: there is no setting "--lease"; it is called lease`,
		file + `:6: checkpoint-interval has no value; an empty one is ""`,
		file + ":7: config cannot be given in a file",
		"--read-mode fast: must be quorum, lease or stale (" + file + ":8)",
		file + ":10: timeout is given twice, in line 9 as well",
		file + ":11: check-config cannot be given in a file",
		"--maxmemory many: not a number of bytes such as 1048576, 1mb or 1MiB (" + file + ":12)",
		file + ":13: bufio.Scanner: token too long",
	} {
		if !strings.Contains(err.Error()+"\n", want+"\n") {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
}

// What is wrong on the command line, in the environment and in the file is told together, with where it is from.
func TestMistakesOfAllSourcesAreToldTogether(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf")
	if err := os.WriteFile(file, []byte("event-loops -1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PAXREDIS_MAXCLIENTS", "some")
	t.Setenv("PAXREDIS_DATA_DIR", "")
	_, err := loadConfig([]string{"--no-such", "--id", "0", "stray", "--peer-listen", "x", "--config", file}, quiet)
	want := "flag provided but not defined: -no-such\n--id 0: must be from 1 to 4294967295\nserver takes flags only, not \"stray\"\n" +
		"--maxclients some: not a whole number, or too large (PAXREDIS_MAXCLIENTS)\n--peer-listen \"x\": must be host:port\n--event-loops -1: must be from 0 to 256 (" + file + ":1)"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestCheckConfig(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("node.conf", []byte("maxclients 5\ntimeout 60 # a minute\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PAXREDIS_READ_MODE", "lease")
	t.Setenv("PAXREDIS_SERVICE_PORT", "1234")
	var out, errOut bytes.Buffer
	args := []string{"server", "--config", "node.conf", "--check-config", "--data-dir", "none"}
	if code := run(args, stdio{out: &out, err: &errOut}); code != exitOK || errOut.Len() > 0 {
		t.Errorf("exit code %d, %s", code, &errOut)
	}
	want := "data-dir none (command line)\nconfig node.conf (command line)\nread-mode lease (PAXREDIS_READ_MODE)\nmaxclients 5 (node.conf:1)\ntimeout 60 (node.conf:2)\n" +
		"note: there is no setting for PAXREDIS_SERVICE_PORT in the environment\nAll is well: 5 settings are given, and the others have their defaults.\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
	// A file that is named is looked at.
	errOut.Reset()
	if code := run(append(args, "--cluster-key-file", "no.key"), stdio{out: &out, err: &errOut}); code != exitUsage || !strings.Contains(errOut.String(), `--cluster-key-file "no.key": `) {
		t.Errorf("exit code %d, %s", code, &errOut)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}

// The example in docs/configuration.md.
func TestCheckConfigAsDocumented(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("node.conf", []byte("maxclients many\nmaxmemory_policy allkeys-lru\nlease 2s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	if code := run([]string{"server", "--config", "node.conf", "--check-config"}, stdio{out: &out, err: &errOut}); code != exitUsage || out.Len() > 0 || errOut.String() != checkedExample {
		t.Errorf("exit code %d, %s%s", code, &out, &errOut)
	}
}
