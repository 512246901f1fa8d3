package main

import (
	"bytes"
	"testing"
)

func TestStatusTable(t *testing.T) {
	var out bytes.Buffer
	err := printTable(&out, []nodeStatus{
		{ID: 1, Address: "a:1", Role: "leader", Leader: 1, Ballot: "3.1", Chosen: 9, Applied: 9, Lease: "valid", SyncP50Micros: 200, SyncP99Micros: 900},
		{ID: 2, Address: "b:1", Role: "follower", Ballot: "3.1", Chosen: 8, Applied: 7, Lag: 2, Lease: "none"},
		{Address: "c:1", Role: "unreachable", Error: "connection refused"},
	})
	want := `ID  ADDRESS  ROLE      LEADER  BALLOT  CHOSEN  APPLIED  LAG  LEASE  SYNC P50  SYNC P99
1   a:1      leader    1       3.1     9       9        0    valid  200us     900us
2   b:1      follower  none    3.1     8       7        2    none   0us       0us
?   c:1      unreachable: connection refused
`
	if err != nil || out.String() != want {
		t.Errorf("%v\ngot:\n%s\nwant:\n%s", err, out.String(), want)
	}
}

func TestPaxosInfoNumbers(t *testing.T) {
	info := paxosInfo{"a": "12", "b": "x"}
	if info.number("a") != 12 || info.number("b") != 0 || info.number("none") != 0 {
		t.Error(info.number("a"), info.number("b"), info.number("none"))
	}
}
