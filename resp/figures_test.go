package resp

import (
	"net"
	"testing"
	"time"
)

// What Prometheus is told of a command's latency has each call in its power of two, whatever its bucket here.
func TestLatenciesByPowersOfTwo(t *testing.T) {
	var h latencyHistogram
	for _, nanos := range []int64{0, 1, 1023, 1024, 1025, 2047, 2048, longestLatency, 5 * longestLatency} {
		h.add(nanos)
	}
	var l latencies
	l.include(&h)
	counts := l.powers()
	for power, want := range map[int]uint64{0: 1, 1: 1, 10: 1, 11: 3, 12: 1, 30: 2} {
		if got := counts.Counts[power]; got != want {
			t.Errorf("below 2^%d: %d, want %d", power, got, want)
		}
	}
	if counts.Total() != 9 {
		t.Errorf("%d of 9 are counted", counts.Total())
	}
}

func TestTheSlowLogKeepsStages(t *testing.T) {
	log := slowLog{settings: NewSettings(SettingsSource{SlowlogLength: 8})}
	log.keep(&Client{remote: &net.TCPAddr{}}, []string{"SET", "k"}, 7000, time.Unix(9, 0), slowStages{queue: time.Microsecond, replicate: time.Millisecond, sync: 900 * time.Microsecond, apply: 8 * time.Microsecond, reply: 2 * time.Microsecond})
	entries, ok := log.asked([][]byte{[]byte("-1")})
	if !ok || len(entries) != 1 || entries[0].stages.replicate != time.Millisecond {
		t.Fatalf("%+v, %v", entries, ok)
	}
	var w Writer
	w.Proto = 3
	entries[0].write(&w)
	want := "%11\r\n$2\r\nid\r\n:0\r\n$4\r\ntime\r\n:9\r\n$12\r\nexecute_usec\r\n:7\r\n$10\r\nqueue_usec\r\n:1\r\n$14\r\nreplicate_usec\r\n:1000\r\n$9\r\nsync_usec\r\n:900\r\n$10\r\napply_usec\r\n:8\r\n$10\r\nreply_usec\r\n:2\r\n" +
		"$7\r\ncommand\r\n*2\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\nclient\r\n"
	if got := string(w.Buf); len(got) < len(want) || got[:len(want)] != want {
		t.Errorf("%q", got)
	}
	for _, bad := range []string{"x", "-2", "3000000000"} {
		if _, ok := log.asked([][]byte{[]byte(bad)}); ok {
			t.Errorf("%s was taken for a count", bad)
		}
	}
}
