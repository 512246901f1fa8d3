package moving

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestTimesAreMadeAbsoluteAndPutOff: whatever says when a key ends says it in one way to the cluster, and all else is as it came.
func TestTimesAreMadeAbsoluteAndPutOff(t *testing.T) {
	const now = 1_700_000_000_000
	off := func(ms int64) string { return fmt.Sprint(ms + putOff) }
	for line, want := range map[string]string{
		"PING":                               "",
		"PUBLISH c m":                        "",
		"REPLCONF GETACK *":                  "",
		"INCR k":                             "INCR k",
		"EXPIRE k 10 NX":                     "PEXPIREAT k " + off(now+10_000) + " NX",
		"pexpire k 10":                       "PEXPIREAT k " + off(now+10),
		"EXPIREAT k 1700000001":              "PEXPIREAT k " + off(now+1000),
		"PEXPIREAT k 1700000000007 GT":       "PEXPIREAT k " + off(now+7) + " GT",
		"PEXPIREAT k nonsense":               "PEXPIREAT k nonsense",
		"PEXPIREAT k -5":                     "PEXPIREAT k " + off(1),
		"EXPIRE k 9223372036854775":          "EXPIRE k 9223372036854775",
		"SETEX k 5 EX":                       "SET k EX PXAT " + off(now+5000),
		"PSETEX k 5 v":                       "SET k v PXAT " + off(now+5),
		"SET EX PX":                          "SET EX PX",
		"SET k v":                            "SET k v",
		"SET k EX KEEPTTL":                   "SET k EX KEEPTTL",
		"SET k v NX ex 7 GET":                "SET k v NX PXAT " + off(now+7000) + " GET",
		"SET k v PXAT 1700000000001":         "SET k v PXAT " + off(now+1),
		"GETEX k PERSIST":                    "GETEX k PERSIST",
		"GETEX k PX 3":                       "GETEX k PXAT " + off(now+3),
		"MSETEX 2 EX 1 PX 2 EX 3":            "MSETEX 2 EX 1 PX 2 PXAT " + off(now+3000),
		"RESTORE k 0 p":                      "RESTORE k 0 p",
		"RESTORE k 9 p REPLACE":              "RESTORE k " + off(now+9) + " p REPLACE ABSTTL",
		"RESTORE k 1700000000009 p absttl":   "RESTORE k " + off(now+9) + " p absttl",
		"RESTORE-ASKING k 0 p":               "RESTORE k 0 p",
		fmt.Sprint("PEXPIREAT k ", putOff):   fmt.Sprint("PEXPIREAT k ", 2*putOff),
		fmt.Sprint("PEXPIREAT k ", 5*putOff): fmt.Sprint("PEXPIREAT k ", 5*putOff),
		"PEXPIREAT k 9223372036854775807":    "PEXPIREAT k 9223372036854775807",
		"HPEXPIREAT k 1 FIELDS 1 f":          "HPEXPIREAT k 1 FIELDS 1 f",
		"SET k v EX 92233720368547758070":    "SET k v EX 92233720368547758070",
	} {
		var args [][]byte
		for word := range strings.FieldsSeq(line) {
			args = append(args, []byte(word))
		}
		var got []string
		for _, arg := range translate(args, now) {
			if b, ok := arg.([]byte); ok {
				arg = string(b)
			}
			got = append(got, fmt.Sprint(arg))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s became %q, not %q", line, text, want)
		}
	}
}

func TestDeadlinesComeBack(t *testing.T) {
	for _, at := range []int64{1, 1_700_000_000_000, putOff - 1} {
		if got := putBack(later(at, putOff), putOff); got != at {
			t.Errorf("%d came back as %d", at, got)
		}
		if got := putBack(at, putOff); got != at {
			t.Errorf("%d, put back twice, is %d", at, got)
		}
	}
	if got := putBack(-1, putOff); got != -1 {
		t.Errorf("no deadline became %d", got)
	}
}

// FuzzTranslate: no command of a source makes it fail, and none loses an argument that is not a time.
func FuzzTranslate(f *testing.F) {
	for _, line := range []string{"SET k v EX 7", "RESTORE k 9 p", "MSETEX 2 a b c d EX 3", "EXPIRE k 10 NX", "SETEX k 5 v", "GETEX k PX 3"} {
		f.Add([]byte(strings.ReplaceAll(line, " ", "\n")))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		args := bytes.Split(text, []byte("\n"))
		command := translate(args, 1_700_000_000_000)
		if command != nil && (len(command) < len(args) || len(command) > len(args)+1) {
			t.Fatalf("%q became %q", args, command)
		}
	})
}
