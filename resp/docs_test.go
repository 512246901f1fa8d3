package resp

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

// testTable is the table of a whole server.
func testTable(t *testing.T) *statemachine.Table {
	t.Helper()
	table, _, err := buildRows()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// commandReply runs COMMAND with these arguments.
func commandReply(table *statemachine.Table, proto int, text string) []byte {
	w := Writer{Proto: proto}
	runCommand(table, words(text), &w)
	return w.Buf
}

// sharedCommands are commands that Redis 7.0 has with the very same options, flags and tips.
var sharedCommands = strings.Fields(`setnx setex psetex getset getdel getex mget mset msetnx append strlen setrange getrange
	substr incr decr incrby decrby incrbyfloat lcs unlink exists type touch rename renamenx copy move expire pexpire expireat
	pexpireat ttl pttl expiretime pexpiretime persist object|encoding object|freq object|idletime object|refcount watch scan
	randomkey dbsize flushdb flushall swapdb echo multi exec discard unwatch time quit reset select auth readonly
	readwrite sort sort_ro module|list client|id client|setname client|getname config|get config|resetstat command info bgsave save lastsave ping`)

func TestCommandInfoIsRedis(t *testing.T) {
	redis := startRedisServer(t)
	table := testTable(t)
	for _, proto := range []int{2, 3} {
		redis.do(words(fmt.Sprintf("HELLO %d", proto)))
		for _, name := range sharedCommands {
			call := "COMMAND INFO " + name
			got, want := decoded(t, commandReply(table, proto, call)), decoded(t, redis.do(words(call)))
			if !reflect.DeepEqual(withoutOthers(name, got), withoutOthers(name, want)) {
				t.Errorf("RESP%d %s\n got %v\nwant %v", proto, call, got, want)
			}
		}
	}
}

// TestKeysAndCategoriesAreRedis compares what access to keys and to commands is decided by, for every command that both have.
func TestKeysAndCategoriesAreRedis(t *testing.T) {
	redis := startRedisServer(t)
	table := testTable(t)
	redis.do(words("HELLO 3"))
	compared := 0
	for _, name := range decoded(t, redis.do(words("COMMAND LIST"))).([]any) {
		call := fmt.Sprint("COMMAND INFO ", name)
		got, _ := decoded(t, commandReply(table, 3, call)).([]any)[0].([]any)
		if got == nil {
			continue // it is not supported
		}
		want := decoded(t, redis.do(words(call))).([]any)[0].([]any)
		if a, b := sortedWords(got[6]), sortedWords(want[6]); !slices.Equal(a, b) && !slices.Contains(otherCategories, name.(string)) {
			t.Errorf("%s: categories %v, want %v", name, a, b)
		}
		if a, b := got[8], want[8]; !reflect.DeepEqual(a, b) {
			t.Errorf("%s: keys\n got %v\nwant %v", name, a, b)
		}
		if a, b := got[7], want[7]; !reflect.DeepEqual(a, b) && !slices.Contains(otherTips, name.(string)) {
			t.Errorf("%s: tips %v, want %v", name, a, b)
		}
		compared++
	}
	if compared < 200 {
		t.Errorf("only %d commands compared", compared)
	}
}

// otherCategories are the commands whose categories differ from Redis 7.0's: in 7.2 WAIT blocks.
var otherCategories = []string{"wait"}

// otherTips are the commands whose tips are others in 7.2 than in 7.0.
var otherTips = strings.Fields("acl|deluser acl|setuser client|setname config|resetstat config|rewrite latency|reset")

// sortedWords are the elements of an array reply of words.
func sortedWords(array any) []string {
	var sorted []string
	for _, word := range array.([]any) {
		sorted = append(sorted, fmt.Sprint(word))
	}
	slices.Sort(sorted)
	return sorted
}

// withoutOthers takes out of a COMMAND INFO reply what may differ: which subcommands there are, and the tips that 7.2 changed.
func withoutOthers(name string, info any) any {
	command := info.([]any)[0].([]any)
	if slices.Contains(otherTips, name) {
		command[7] = nil
	}
	if len(command[9].([]any)) > 0 {
		command[9] = "has subcommands"
	}
	return info
}

func TestCommandDocsArgumentsAreRedis(t *testing.T) {
	redis := startRedisServer(t)
	table := testTable(t)
	redis.do(words("HELLO 3"))
	for _, name := range sharedCommands {
		if name == "config|get" {
			continue // Redis 7.0 tells a block of one argument; the hint is the same
		}
		call := "COMMAND DOCS " + name
		got := documentedArguments(decoded(t, commandReply(table, 3, call)))
		want := documentedArguments(decoded(t, redis.do(words(call))))
		if !slices.Equal(got, want) {
			t.Errorf("%s\n got %v\nwant %v", call, got, want)
		}
	}
}

// TestCommandDocsOfThePastAreRedis: what a command's past was, and what takes its place, is told of every command as redis-server tells it.
func TestCommandDocsOfThePastAreRedis(t *testing.T) {
	redis := startRedisServer(t)
	table := testTable(t)
	redis.do(words("HELLO 3"))
	compared := 0
	var compare func(got, want map[string]any)
	compare = func(got, want map[string]any) {
		for name, docs := range got {
			ours := docs.(map[string]any)
			theirs, both := want[name].(map[string]any)
			if !both {
				continue
			}
			for _, field := range []string{"doc_flags", "deprecated_since", "replaced_by", "history"} {
				if compared++; !reflect.DeepEqual(ours[field], theirs[field]) {
					t.Errorf("%s, %s\n got %v\nwant %v", name, field, ours[field], theirs[field])
				}
			}
			if subcommands, _ := ours["subcommands"].(map[string]any); theirs["subcommands"] != nil {
				compare(subcommands, theirs["subcommands"].(map[string]any))
			}
		}
	}
	compare(decoded(t, commandReply(table, 3, "COMMAND DOCS")).(map[string]any), decoded(t, redis.do(words("COMMAND DOCS"))).(map[string]any))
	if compared < 4*300 {
		t.Errorf("only %d fields were compared", compared)
	}
}

// documentedArguments lists the arguments of a COMMAND DOCS reply, without their names, which 7.2 changed: type, token, key
// specification, flags, and nested ones in brackets.
func documentedArguments(docs any) []string {
	var shown []string
	for _, d := range docs.(map[string]any) {
		arguments, _ := d.(map[string]any)["arguments"].([]any)
		shown = append(shown, showArguments(arguments)...)
	}
	return shown
}

func showArguments(arguments []any) []string {
	var shown []string
	for _, a := range arguments {
		fields := a.(map[string]any)
		text := fmt.Sprint(fields["type"])
		for _, name := range []string{"token", "key_spec_index", "flags"} {
			if value, ok := fields[name]; ok {
				text += fmt.Sprintf(" %s=%v", name, value)
			}
		}
		if nested, ok := fields["arguments"].([]any); ok {
			text += fmt.Sprint(showArguments(nested))
		}
		shown = append(shown, text)
	}
	return shown
}

func TestCommandGetKeysIsRedis(t *testing.T) {
	redis := startRedisServer(t)
	table := testTable(t)
	for _, call := range []string{
		"get a", "set a b", "set a b GET", "set a b EX 1 get", "mset a 1 b 2 c 3", "msetnx a 1 b 2", "mget a b c", "del a", "unlink a b",
		"copy a b", "rename a b", "object encoding a", "object nosuch a", "lcs a b", "exists a b", "getdel a", "append a b",
		"ping a b", "nosuch a b", "set a", "config get x", "watch a b", "touch a",
		"sort a", "sort a store b", "sort a by store get store limit store store store b store c", "sort a store", "sort_ro a store b",
		"zunionstore d 0 a", "zunionstore d 1 a", "zunionstore d 2 a", "zunionstore d x a", "zinter 0 a", "sintercard 0 a", "lmpop 0 a left", "eval x 0", "eval x 0 a", "fcall f 1 a b",
	} {
		for _, form := range []string{"COMMAND GETKEYS ", "COMMAND GETKEYSANDFLAGS "} {
			got, want := commandReply(table, 2, form+call), redis.do(words(form+call))
			if string(got) != string(want) {
				t.Errorf("%s\n got %q\nwant %q", form+call, got, want)
			}
		}
	}
}

func TestCommandGetKeysOfNumberedKeys(t *testing.T) {
	row := func(name string, flags statemachine.Flags) statemachine.Command {
		return statemachine.Command{Name: name, Arity: -3, Flags: flags, Keys: statemachine.Keys{Numkeys: 2}, Syntax: "x numkeys [key [key ...]]"}
	}
	table, err := statemachine.NewTable([]statemachine.Command{row("NEEDS", 0), row("MAY", statemachine.NoMandatoryKeys)})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ call, want string }{
		{"needs x 2 a b c", "a b"},
		{"needs x 0 a", "-" + errInvalidArgs},
		{"needs x 4 a b c", "-" + errInvalidArgs},
		{"needs x y a", "-" + errInvalidArgs},
		{"needs x -1 a", "-" + errInvalidArgs},
		{"needs x 9223372036854775807 a", "-" + errInvalidArgs},
		{"may x 4 a", ""},
	} {
		got := replied(func(r statemachine.Reply) { runCommand(table, words("COMMAND GETKEYS "+test.call), r) })
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.call, got, test.want)
		}
	}
	info := string(commandReply(table, 2, "COMMAND INFO needs"))
	if !strings.Contains(info, "+movablekeys") || !strings.Contains(info, "keynumidx") {
		t.Errorf("%q", info)
	}
}

func TestCommandGetKeysOfAVersionedDelete(t *testing.T) {
	table := testTable(t)
	for call, want := range map[string]string{
		"del k ver 5":                    "k",
		"del k IFVER 0":                  "k",
		"del k VER 0":                    "k VER 0",
		"del k VER x":                    "k VER x",
		"del k VER 5 l":                  "k VER 5 l",
		"del k VER":                      "k VER",
		"unlink k VER 5":                 "k VER 5",
		"del k VER 9223372036854775808":  "k VER 9223372036854775808",
		"del k VER 9223372036854775807 ": "k",
	} {
		if got := replied(func(r statemachine.Reply) { runCommand(table, words("COMMAND GETKEYS "+call), r) }); got != want {
			t.Errorf("%s: %q, want %q", call, got, want)
		}
	}
}

func TestCommandList(t *testing.T) {
	table := testTable(t)
	redis := startRedisServer(t)
	for _, test := range []struct{ call, has, hasNot string }{
		{"COMMAND LIST", "object|encoding", "nosuch"},
		{"COMMAND LIST FILTERBY PATTERN CONFIG*", "config|get", "get"},
		{"COMMAND LIST filterby aclcat STRING", "append", "del"},
		{"COMMAND LIST FILTERBY ACLCAT dangerous", "flushall", "get"},
	} {
		var names []string
		for _, name := range decoded(t, commandReply(table, 2, test.call)).([]any) {
			names = append(names, name.(string))
		}
		if !slices.Contains(names, test.has) || slices.Contains(names, test.hasNot) {
			t.Errorf("%s: %v", test.call, names)
		}
	}
	for _, call := range []string{"COMMAND LIST FILTERBY MODULE x", "COMMAND LIST FILTERBY ACLCAT nosuch", "COMMAND LIST FILTERBY x y",
		"COMMAND LIST FILTERBY PATTERN", "COMMAND LIST x", "COMMAND LIST FILTERBY PATTERN get", "COMMAND nosuch",
		"COMMAND INFO nosuch", "COMMAND INFO get|x object|nosuch", "COMMAND DOCS nosuch", "COMMAND INFO STRLEN Object|Encoding"} {
		if got, want := commandReply(table, 2, call), redis.do(words(call)); string(got) != string(want) {
			t.Errorf("%s\n got %q\nwant %q", call, got, want)
		}
	}
}

func TestCommandTellsAboutAll(t *testing.T) {
	table := testTable(t)
	want := len(table.All())
	for _, call := range []string{"COMMAND", "COMMAND INFO"} {
		if got := len(decoded(t, commandReply(table, 3, call)).([]any)); got != want {
			t.Errorf("%s: %d commands, want %d", call, got, want)
		}
	}
	if got := len(decoded(t, commandReply(table, 3, "COMMAND DOCS")).(map[string]any)); got != want {
		t.Errorf("COMMAND DOCS: %d commands, want %d", got, want)
	}
	if got := string(commandReply(table, 2, "COMMAND COUNT")); got != fmt.Sprintf(":%d\r\n", want) {
		t.Errorf("COMMAND COUNT: %q, want %d", got, want)
	}
	if got := replied(func(r statemachine.Reply) { runCommand(table, words("COMMAND HELP"), r) }); !strings.Contains(got, "GETKEYSANDFLAGS") {
		t.Error(got)
	}
}
