package resp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

// show writes arguments in short: name:type, with its token before it, ? for optional, + for multiple, ++ for a token that
// comes again, #n for the n-th key, nested ones in parentheses.
func show(arguments []argument) string {
	shown := make([]string, len(arguments))
	for i := range arguments {
		a := &arguments[i]
		text := a.name
		if a.token != "" {
			text = a.token + "=" + text
		}
		if a.kind != argString && a.kind != argToken {
			text += ":" + a.kind
		}
		if a.key >= 0 {
			text += fmt.Sprintf("#%d", a.key)
		}
		if len(a.arguments) > 0 {
			text += "(" + show(a.arguments) + ")"
		}
		if a.optional {
			text += "?"
		}
		if a.again {
			text += "+"
		}
		if a.multiple {
			text += "+"
		}
		shown[i] = text
	}
	return strings.Join(shown, " ")
}

func TestSyntax(t *testing.T) {
	firstKey := statemachine.Keys{First: 1, Last: 1, Step: 1}
	for _, test := range []struct {
		name, syntax string
		keys         statemachine.Keys
		want         string
	}{
		{"GET", "key", firstKey, "key:key#0"},
		{"SET", "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]", firstKey,
			"key:key#0 value condition:oneof(NX=nx XX=xx)? GET=get? expiration:oneof(EX=seconds:integer PX=milliseconds:integer " +
				"EXAT=unix-time-seconds:unix-time PXAT=unix-time-milliseconds:unix-time KEEPTTL=keepttl)?"},
		{"SET", "key [NX | XX | VER version | IFVER version]", firstKey,
			"key:key#0 condition:oneof(NX=nx XX=xx VER=version:integer IFVER=version:integer)?"},
		{"DEL", "key [key ...]", statemachine.Keys{First: 1, Last: -1, Step: 1}, "key:key#0+"},
		{"MSET", "key value [key value ...]", statemachine.Keys{First: 1, Last: -1, Step: 2}, "key_value:block(key:key#0 value)+"},
		{"COPY", "source destination [DB destination-db] [REPLACE]", statemachine.Keys{First: 1, Last: 2, Step: 1},
			"source:key#0 destination:key#1 DB=destination-db:integer? REPLACE=replace?"},
		{"LCS", "key1 key2 [LEN] [MINMATCHLEN min-match-len]", statemachine.Keys{First: 1, Last: 2, Step: 1},
			"key1:key#0 key2:key#0 LEN=len? MINMATCHLEN=min-match-len:integer?"},
		{"SCAN", "cursor [MATCH pattern] [COUNT count] [TYPE type]", statemachine.Keys{},
			"cursor:integer MATCH=pattern:pattern? COUNT=count:integer? TYPE=type?"},
		{"EVAL", "script numkeys [key [key ...]] [arg [arg ...]]", statemachine.Keys{Numkeys: 2}, "script numkeys:integer key:key#0?+ arg?+"},
		{"SORT", "key [GET pattern [GET pattern ...]]", firstKey, "key:key#0 GET=pattern:pattern#1?++"},
		{"SINTERCARD", "numkeys key [key ...] [LIMIT limit]", statemachine.Keys{Numkeys: 1}, "numkeys:integer key:key#0+ LIMIT=limit?"},
		{"XREAD", "[COUNT count] STREAMS key [key ...] id [id ...]", statemachine.Keys{First: 1, Last: 1, Step: 1},
			"COUNT=count:integer? STREAMS=key_id:block(key:key#0+ id+)"},
		{"HELLO", "[protover [AUTH username password] [SETNAME clientname]]", statemachine.Keys{},
			"protover_username_password_clientname:block(protover:integer AUTH=username_password:block(username password)? SETNAME=clientname?)?"},
		{"LIST", "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]", statemachine.Keys{},
			"FILTERBY=module-name_category_pattern:oneof(MODULE=module-name ACLCAT=category PATTERN=pattern:pattern)?"},
		{"LIST", "[TYPE <NORMAL | PUBSUB>] [ID client-id [client-id ...]]", statemachine.Keys{},
			"TYPE=normal_pubsub:oneof(NORMAL=normal PUBSUB=pubsub)? ID=client-id:integer?+"},
		{"KILL", "<ip:port | <[ID client-id] | [SKIPME <YES | NO>] ...>>", statemachine.Keys{},
			"ip:port_client-id_yes_no:oneof(ip:port client-id_yes_no:oneof(ID=client-id:integer? SKIPME=yes_no:oneof(YES=yes NO=no)?)+)"},
		{"FLUSHALL", "[ASYNC | SYNC]", statemachine.Keys{}, "async_sync:oneof(ASYNC=async SYNC=sync)?"},
		{"SET-ACTIVE-EXPIRE", "<0 | 1>", statemachine.Keys{}, "0_1:oneof(0=0 1=1)"},
		{"INFO", "[section [section ...]]", statemachine.Keys{}, "section?+"},
		{"DIGEST-VALUE", "[key ...]", statemachine.Keys{First: 2, Last: -1, Step: 1}, "key:key#0?+"},
		{"INCRBYFLOAT", "key increment", firstKey, "key:key#0 increment:double"},
		{"GEOSEARCH", "[COUNT count [ANY]]", statemachine.Keys{}, "COUNT=count_any:block(count:integer ANY=any?)?"},
		{"PING", "", statemachine.Keys{}, ""},
		{"BAD", "[a [b", statemachine.Keys{}, "a_b:block(a b?)?"},
		{"BAD", "a ] b", statemachine.Keys{}, "a"},
		{"BAD", "a | B", statemachine.Keys{}, "a_b:oneof(a B=b)"},
	} {
		c := statemachine.Command{Name: test.name, Syntax: test.syntax, Keys: test.keys}
		if got := show(argumentsOf(&c)); got != test.want {
			t.Errorf("%s %s\n got %s\nwant %s", test.name, test.syntax, got, test.want)
		}
	}
}

// Every synopsis of the table can be read: no bracket or bar is left in a name.
func TestEverySyntaxOfTheTableIsUnderstood(t *testing.T) {
	var check func(name string, arguments []argument)
	check = func(name string, arguments []argument) {
		for i := range arguments {
			a := &arguments[i]
			if a.name == "" || strings.ContainsAny(a.name, "[]<>|.") {
				t.Errorf("%s: argument %q", name, a.name)
			}
			check(name, a.arguments)
		}
	}
	for _, c := range everyCommand(testTable(t)) {
		arguments := argumentsOf(c.Command)
		check(c.name, arguments)
		if c.Syntax != "" && len(arguments) == 0 {
			t.Errorf("%s: no arguments in %q", c.name, c.Syntax)
		}
	}
}
