package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// maxFileLine bounds a line of the file of --config, in bytes.
const maxFileLine = 64 << 10

// settingsReader gathers settings from the command line, the environment and a file, and everything that is wrong with them.
type settingsReader struct {
	config *Config
	// overruled takes what a file says of a setting that is given elsewhere, too: it must be right even so.
	overruled Config
	options   map[string]*option
	// given says of each setting where its value is from.
	given    map[string]string
	problems []error
}

// loadConfig reads flags, environment and file into a validated Config. The error has everything that is wrong.
func loadConfig(args []string, std stdio) (Config, error) {
	c := defaultConfig()
	r := &settingsReader{config: &c, overruled: defaultConfig(), options: make(map[string]*option), given: make(map[string]string)}
	fs := newFlagSet("server", "[flags]", stdio{out: std.out, err: io.Discard})
	for _, o := range options() {
		r.options[o.name] = &o
		fs.Var(settingFlag{r, &o}, o.name, o.help)
	}
	if helpAsked := r.readFlags(fs, args); helpAsked {
		fmt.Fprintf(std.err, "Usage: paxredis server [flags]\n")
		printOptions(std.err)
		return c, flag.ErrHelp
	}
	r.readEnvironment()
	if c.File != "" {
		r.readFile(c.File)
	}
	c.given = r.given
	c.ClusterKey, c.DataKey = os.Getenv(keyVariable), os.Getenv(dataKeyVariable)
	r.problems = append(r.problems, r.located(c.Validate())...)
	if c.CheckConfig {
		r.problems = append(r.problems, r.located(c.checkFiles())...)
	}
	if len(r.problems) > 0 {
		return c, usageError{errors.Join(r.problems...)}
	}
	return c, nil
}

// settingFlag is an option as package flag sees it. What is wrong with its value is noted, and does not end the reading.
type settingFlag struct {
	reader *settingsReader
	option *option
}

// String is the value as text; package flag also asks a zero settingFlag.
func (f settingFlag) String() string {
	if f.reader == nil {
		return ""
	}
	return f.option.field.value(f.reader.config).String()
}

// Set implements flag.Value.
func (f settingFlag) Set(text string) error {
	f.reader.set(f.option, text, "")
	return nil
}

// IsBoolFlag reports whether the flag can stand without a value.
func (f settingFlag) IsBoolFlag() bool { return f.option != nil && f.option.isToggle() }

// isToggle reports whether the option's name alone turns it on.
func (o *option) isToggle() bool {
	_, is := o.field.value(&Config{}).(*toggleValue)
	return is
}

// set takes a value, if none was given that counts for more.
func (r *settingsReader) set(o *option, text, source string) {
	target := r.config
	before, given := r.given[o.name]
	if given && before != source {
		target = &r.overruled
	} else {
		r.given[o.name] = source
	}
	if err := o.field.value(target).Set(text); err != nil {
		r.problems = append(r.problems, fmt.Errorf("--%s %s: %w%s", o.name, text, err, inSource(source)))
	}
}

func inSource(source string) string {
	if source == "" {
		return ""
	}
	return " (" + source + ")"
}

// readFlags reads the command line. What is no flag of ours is noted, and reading goes on with what looks like the next flag.
func (r *settingsReader) readFlags(fs *flag.FlagSet, args []string) (helpAsked bool) {
	fs.Usage = func() {}
	for {
		err := fs.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			return true
		case err != nil:
			r.problems = append(r.problems, err)
		case fs.NArg() > 0:
			r.problems = append(r.problems, fmt.Errorf("server takes flags only, not %q", fs.Arg(0)))
		default:
			return false
		}
		args = fs.Args()
		next := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-") })
		if next < 0 {
			return false
		}
		args = args[next:]
	}
}

// readEnvironment reads the variables of options. An empty one is as good as none.
func (r *settingsReader) readEnvironment() {
	for _, o := range options() {
		if value := os.Getenv(o.variable()); value != "" && o.place != commandLineOnly {
			r.set(r.options[o.name], value, o.variable())
		}
	}
}

// unknownVariables are those in the environment that look like settings and are none. They are no mistake: where containers run,
// addresses of services come by such names.
func unknownVariables() []string {
	known := map[string]bool{keyVariable: true, dataKeyVariable: true}
	for _, o := range options() {
		known[o.variable()] = true
	}
	var unknown []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, variablePrefix) && !known[name] && !strings.HasPrefix(name, variablePrefix+"TEST_") {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// readFile reads lines "name value". Everything from # on is a comment, at the beginning of a line or behind a blank; a switch needs no value.
func (r *settingsReader) readFile(path string) {
	f, err := os.Open(path)
	if err != nil {
		r.problems = append(r.problems, fmt.Errorf("--config: %w", err))
		return
	}
	defer f.Close()
	lines := make(map[string]int) // where a setting is
	in := bufio.NewScanner(f)
	in.Buffer(nil, maxFileLine)
	number := 0
	for in.Scan() {
		number++
		name, value, ok := settingLine(in.Text())
		if !ok {
			continue
		}
		source := fmt.Sprintf("%s:%d", path, number)
		if problem := r.setFromFile(name, value, source, lines[name]); problem != "" {
			r.problems = append(r.problems, fmt.Errorf("%s: %s", source, problem))
			continue
		}
		lines[name] = number
	}
	if err := in.Err(); err != nil {
		r.problems = append(r.problems, fmt.Errorf("%s:%d: %w", path, number+1, err))
	}
}

// settingLine takes a line apart; ok is false if there is nothing in it.
func settingLine(line string) (name, value string, ok bool) {
	if i := strings.Index(" "+strings.ReplaceAll(line, "\t", " "), " #"); i >= 0 {
		line = line[:i]
	}
	line = strings.TrimSpace(line)
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		return line[:i], strings.TrimSpace(line[i:]), true
	}
	return line, "", line != ""
}

// setFromFile takes a line; earlier is the line that has the same name, 0 without one.
func (r *settingsReader) setFromFile(name, value, source string, earlier int) (problem string) {
	o := r.options[name]
	switch {
	case o == nil:
		return fmt.Sprintf("there is no setting %q%s", name, r.similar(name))
	case o.place != anywhere:
		return fmt.Sprintf("%s cannot be given in a file", name)
	case earlier != 0:
		return fmt.Sprintf("%s is given twice, in line %d as well", name, earlier)
	case value == "" && o.isToggle():
		value = "true"
	case value == `""`: // which a line could not say otherwise
		value = ""
	case value == "":
		return fmt.Sprintf("%s has no value; an empty one is \"\"", name)
	}
	r.set(o, value, source)
	return ""
}

// similar proposes the setting that somebody may have meant.
func (r *settingsReader) similar(name string) string {
	plain := func(s string) string {
		return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(strings.TrimPrefix(s, variablePrefix)))
	}
	for _, o := range options() {
		if plain(o.name) == plain(name) {
			return "; it is called " + o.name
		}
	}
	return ""
}

// located adds to each message where the values are from of the settings that it begins with.
func (r *settingsReader) located(err error) []error {
	if err == nil {
		return nil
	}
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for i, err := range all {
		head, _, _ := strings.Cut(err.Error(), ": ")
		var sources []string
		for word := range strings.FieldsSeq(head) {
			if name, ok := strings.CutPrefix(strings.TrimRight(word, ",:"), "--"); ok && r.given[name] != "" {
				sources = append(sources, r.given[name])
			}
		}
		all[i] = fmt.Errorf("%w%s", err, inSource(strings.Join(sources, ", ")))
	}
	return all
}
