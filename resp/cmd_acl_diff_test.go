package resp

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

// What Redis 7.0, which may be the one to compare with, says otherwise than 7.2.
var (
	sanitizeWord = regexp.MustCompile(` ?sanitize-payload`)
	whoIsRefused = regexp.MustCompile(`This user has no|User \S+ has no`)
)

// asIn70 brings a reply of either to what both say.
func asIn70(v any) any {
	switch v := v.(type) {
	case string:
		return whoIsRefused.ReplaceAllString(sanitizeWord.ReplaceAllString(v, ""), "User has no")
	case []any:
		var kept []any
		for _, element := range v {
			if e := asIn70(element); e != "" || element == "" {
				kept = append(kept, e)
			}
		}
		return kept
	}
	return v
}

// TestACLAsRedis compares the ACL commands with redis-server.
func TestACLAsRedis(t *testing.T) {
	theirs := startRedisServer(t)
	s, _ := startServer(t, Config{})
	ours := dial(t, s)
	for _, l := range strings.Split(strings.TrimSpace(`
		ACL LIST
		ACL GETUSER default
		ACL SETUSER a
		ACL GETUSER a
		ACL SETUSER a on >p ~x %R~y* %RW~z &ch +@read -get (+get ~q) (~r +set)
		ACL GETUSER a
		ACL LIST
		ACL USERS
		ACL WHOAMI
		ACL SETUSER a nope
		ACL SETUSER a +nope
		ACL SETUSER a -@nope
		ACL SETUSER a +config|nope
		ACL SETUSER a +config|get|x
		ACL SETUSER a -set|x
		ACL SETUSER a +set|
		ACL SETUSER a %~x
		ACL SETUSER a %RX~x
		ACL SETUSER a #abc
		ACL SETUSER a (foo
		ACL SETUSER a (foo)
		ACL SETUSER b allkeys ~x
		ACL SETUSER b allchannels &x
		ACL GETUSER nobody
		ACL DELUSER default a
		ACL DELUSER nobody
		ACL DRYRUN a GET q
		ACL DRYRUN a GET zz
		ACL DRYRUN a GET y1
		ACL DRYRUN a SET r 1
		ACL DRYRUN a SET x 1
		ACL DRYRUN a PUBLISH ch m
		ACL DRYRUN a MGET x y q
		ACL DRYRUN nobody GET x
		ACL DRYRUN a NOPE
		ACL DRYRUN a GET
		ACL DRYRUN default FLUSHALL
		ACL SETUSER c on nopass +@all -@write +set|k ~*
		ACL DRYRUN c GET k
		ACL DRYRUN c DEL k
		ACL DRYRUN c CONFIG GET x
		ACL SETUSER d +@all -config +config|get ~* &a*
		ACL DRYRUN d CONFIG GET x
		ACL DRYRUN d CONFIG SET x y
		ACL DRYRUN d SUBSCRIBE abc
		ACL DRYRUN d PSUBSCRIBE a*
		ACL DRYRUN d PSUBSCRIBE abc
		ACL DRYRUN d SSUBSCRIBE b
		ACL DRYRUN d EVAL x 1 k
		ACL SETUSER e +@all %R~r %W~w
		ACL DRYRUN e COPY r w
		ACL DRYRUN e COPY w r
		ACL DRYRUN e SET w v
		ACL DRYRUN e SET w v GET
		ACL DRYRUN e GETDEL r
		ACL DRYRUN e EXISTS r w
		ACL DRYRUN e EXISTS r w x
		ACL DRYRUN e LMOVE r w LEFT LEFT
		ACL DRYRUN e ZUNIONSTORE w 1 r
		ACL DRYRUN e ZUNIONSTORE r 1 w
		ACL DRYRUN e BITFIELD r GET u8 0
		ACL DRYRUN e BITFIELD r SET u8 0 1
		ACL DRYRUN e XREADGROUP GROUP g c STREAMS r 0
		ACL DRYRUN e SORT r STORE w
		ACL DRYRUN e SORT r STORE r
		ACL SETUSER f +@all ~* resetchannels
		ACL DRYRUN f PUBLISH x y
		ACL SETUSER f reset
		ACL GETUSER f
		ACL CAT
		ACL CAT nope
		ACL CAT a b c
		ACL GENPASS 0
		ACL GENPASS x
		ACL GENPASS 5000
		ACL GENPASS 1 2 3
		ACL LOG x
		ACL LOG RESET
		ACL LOG
		ACL LOAD
		ACL SAVE
		ACL FOO
		ACL
		ACL USERS x
		ACL SETUSER
		AUTH x
		AUTH nobody x
		AUTH a b c
		HELLO 3 AUTH nobody x`), "\n") {
		args := statemachine.Args{}
		for _, word := range strings.Fields(l) {
			args = append(args, []byte(word))
		}
		ours.send(line(l))
		reply, err := ours.readReply()
		if err != nil {
			t.Fatal(err)
		}
		want, got := asIn70(valueOf(t, theirs.do(args))), asIn70(valueOf(t, []byte(reply)))
		if !equalValues(got, want) {
			t.Errorf("%s\n  replied        %q\n  redis-server's %q", strings.TrimSpace(l), got, want)
		}
	}
}

// valueOf is decoded, of a null, too.
func valueOf(t *testing.T, reply []byte) any {
	if strings.HasPrefix(string(reply), "$-1") {
		return nil
	}
	return decoded(t, reply)
}

func equalValues(a, b any) bool {
	x, isList := a.([]any)
	y, isListToo := b.([]any)
	if isList && isListToo {
		return slices.EqualFunc(x, y, equalValues)
	}
	text, isText := a.(string)
	other, isTextToo := b.(string)
	return isText && isTextToo && text == other || a == nil && b == nil
}

// TestCategoriesAsRedis: a command of both is in the same categories here and there.
func TestCategoriesAsRedis(t *testing.T) {
	theirs := startRedisServer(t)
	s, _ := startServer(t, Config{})
	ours := dial(t, s)
	names := func(reply []byte) map[string]bool {
		found := map[string]bool{}
		for _, name := range decoded(t, reply).([]any) {
			found[name.(string)] = true
		}
		return found
	}
	everyoneOf := func(list string) map[string]bool {
		return names([]byte(list))
	}
	all := everyoneOf(ours.raw("COMMAND LIST"))
	theirAll := names(theirs.do(statemachine.Args{[]byte("COMMAND"), []byte("LIST")}))
	for _, category := range statemachine.Categories() {
		ourSet := everyoneOf(ours.raw("ACL CAT " + category))
		theirSet := names(theirs.do(statemachine.Args{[]byte("ACL"), []byte("CAT"), []byte(category)}))
		for name := range all {
			if category == "blocking" && name == "wait" {
				continue // since 7.2
			}
			if theirAll[name] && ourSet[name] != theirSet[name] {
				t.Errorf("%s: in @%s %v, in redis-server's %v", name, category, ourSet[name], theirSet[name])
			}
		}
	}
}
