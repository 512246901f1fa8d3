package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// shells are those that completions are written for.
var shells = []struct {
	name  string
	write func(w io.Writer, all []commandHelp)
}{{"bash", writeBash}, {"zsh", writeZsh}, {"fish", writeFish}}

// completionArgs are the names of shells.
const completionArgs = "bash|zsh|fish"

func runCompletion(args []string, std stdio) error {
	names, err := parseMixed(newFlagSet("completion", completionArgs, std), args)
	if err != nil {
		return err
	}
	if len(names) == 1 {
		for _, shell := range shells {
			if shell.name == names[0] {
				var script bytes.Buffer
				shell.write(&script, describedCommands())
				_, err := script.WriteTo(std.out)
				return err
			}
		}
	}
	return usageErrorf("completion takes the name of a shell: bash, zsh or fish")
}

// commandHelp is what the help says of a command.
type commandHelp struct {
	command
	actions []string // what may follow the name
	flags   []flagHelp
}

// flagHelp is what the help says of a flag; a switch has no word for a value.
type flagHelp struct{ name, word, help string }

// describedCommands reads the help of every command, so that completions and manual name what there is and nothing else.
func describedCommands() []commandHelp {
	var all []commandHelp
	for _, c := range commands() {
		described := commandHelp{command: c, actions: actionsOf(c.args)}
		switch {
		case c.name == "help":
			for _, other := range commands() {
				described.actions = append(described.actions, other.name)
			}
		case c.name == "server":
			for _, o := range options() {
				word, help := o.usage()
				described.flags = append(described.flags, flagHelp{"--" + o.name, word, help})
			}
		case takesFlags(c.args):
			for _, line := range append([]string{""}, described.actions...) {
				described.addFlags(strings.Fields(c.name + " " + line))
			}
		}
		all = append(all, described)
	}
	return all
}

// actionWords are "list|add" or "[verify]" at the beginning of what a command takes.
var actionWords = regexp.MustCompile(`^(?:([a-z]+(?:\|[a-z]+)+)|\[([a-z]+)\] \[flags\])`)

func actionsOf(args string) []string {
	found := actionWords.FindStringSubmatch(args)
	if found == nil {
		return nil
	}
	return strings.Split(found[1]+found[2], "|")
}

// takesFlags reports whether a command has a help with flags: those that take only operands of other kinds have none.
func takesFlags(args string) bool { return args != "" && args != completionArgs }

// flagLine is the line of package flag's help that names a flag.
var flagLine = regexp.MustCompile(`^  -{1,2}([a-z][a-z0-9-]*) ?(\S*)$`)

// addFlags adds the flags that the help of a command shows, unless they are there.
func (c *commandHelp) addFlags(line []string) {
	var help bytes.Buffer
	// The help ends as flag.ErrHelp, or, for a command that only has actions, as a usage text without flags: neither is a failure.
	_ = c.run(append(line[1:], "-h"), stdio{out: &help, err: &help})
	known := func(name string) bool {
		for _, f := range c.flags {
			if f.name == name {
				return true
			}
		}
		return false
	}
	lines := strings.Split(help.String(), "\n")
	for i, text := range lines {
		found := flagLine.FindStringSubmatch(text)
		if found == nil || known("--"+found[1]) {
			continue
		}
		said := ""
		if i+1 < len(lines) {
			said = strings.TrimSpace(lines[i+1])
		}
		c.flags = append(c.flags, flagHelp{"--" + found[1], found[2], said})
	}
}

// names are those of the flags; only those with a value, if valued says so.
func (c *commandHelp) names(valued bool) []string {
	var all []string
	for _, f := range c.flags {
		if !valued || f.word != "" {
			all = append(all, f.name)
		}
	}
	return all
}

// clauseEnds are where a help may be cut; the colon of host:port is none of them.
var clauseEnds = []string{"; ", " ("}

// short is a help for a line of a terminal: its first clause.
func short(help string) string {
	for _, end := range clauseEnds {
		help, _, _ = strings.Cut(help, end)
	}
	return help
}

func writeBash(w io.Writer, all []commandHelp) {
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	fmt.Fprintf(w, `# Completion of paxredis for bash: source <(paxredis completion bash)
_paxredis() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words='' valued='' actions=''
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W '%s' -- "$current")
		return
	fi
	case ${COMP_WORDS[1]} in
`, strings.Join(names, " "))
	for _, c := range all {
		fmt.Fprintf(w, "	%s) actions='%s' words='%s' valued='%s' ;;\n", c.name, strings.Join(c.actions, " "), strings.Join(c.names(false), " "), strings.Join(c.names(true), " "))
	}
	fmt.Fprint(w, `	esac
	# What follows a flag that takes a value is left to bash, which offers files.
	[[ " $valued " == *" $previous "* ]] && return
	((COMP_CWORD == 2)) && words="$actions $words"
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o bashdefault -o default -F _paxredis paxredis
`)
}

// zshDescribed is "name:help" for zsh's _describe.
func zshDescribed(name, help string) string {
	return "'" + name + ":" + strings.NewReplacer("'", `'\''`, ":", `\:`).Replace(help) + "'"
}

func writeZsh(w io.Writer, all []commandHelp) {
	fmt.Fprint(w, "#compdef paxredis\n# Completion of paxredis for zsh: source <(paxredis completion zsh), or a file _paxredis in $fpath.\n_paxredis() {\n"+
		"	local -a commands actions flags\n	commands=(\n")
	for _, c := range all {
		fmt.Fprintf(w, "		%s\n", zshDescribed(c.name, c.summary))
	}
	fmt.Fprint(w, "	)\n	if ((CURRENT == 2)); then\n		_describe command commands\n		return\n	fi\n	case $words[2] in\n")
	for _, c := range all {
		fmt.Fprintf(w, "	%s)\n		actions=(%s)\n		flags=(\n", c.name, strings.Join(c.actions, " "))
		for _, f := range c.flags {
			fmt.Fprintf(w, "			%s\n", zshDescribed(f.name, short(f.help)))
		}
		fmt.Fprint(w, "		)\n		;;\n")
	}
	fmt.Fprint(w, `	esac
	if ((CURRENT == 3 && $#actions)) && [[ $words[CURRENT] != -* ]]; then
		_describe action actions
	elif [[ $words[CURRENT] == -* ]]; then
		_describe flag flags
	else
		_files
	fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
	_paxredis "$@"
else
	compdef _paxredis paxredis
fi
`)
}

func writeFish(w io.Writer, all []commandHelp) {
	quoted := func(text string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'" }
	fmt.Fprint(w, "# Completion of paxredis for fish: paxredis completion fish | source\n")
	for _, c := range all {
		fmt.Fprintf(w, "complete -c paxredis -f -n __fish_use_subcommand -a %s -d %s\n", c.name, quoted(c.summary))
	}
	for _, c := range all {
		seen := quoted("__fish_seen_subcommand_from " + c.name)
		if len(c.actions) > 0 {
			fmt.Fprintf(w, "complete -c paxredis -f -n %s -a %s\n", quoted("__fish_seen_subcommand_from "+c.name+"; and test (count (commandline -opc)) -eq 2"), quoted(strings.Join(c.actions, " ")))
		}
		for _, f := range c.flags {
			value := ""
			if f.word != "" {
				value = " -r"
			}
			fmt.Fprintf(w, "complete -c paxredis -n %s -l %s%s -d %s\n", seen, strings.TrimPrefix(f.name, "--"), value, quoted(short(f.help)))
		}
	}
}
