package resp

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication"
)

var errGroup = errors.New("replication: no leader within the commit timeout")

func TestBackgroundSave(t *testing.T) {
	s, node := startServer(t, Config{})
	w, other := dial(t, s), dial(t, s)
	w.send(lines("SET a 1;BGSAVE;GET a"))
	w.want("+OK")
	node.until(func() bool { return len(node.saves) == 1 })
	other.check("GET a", "$1 1") // others are served meanwhile
	if node.save(7, nil) {
		t.Error("BGSAVE waits for the disk")
	}
	w.want("+Background saving started", "$1 1")

	w.send(line("BGSAVE"))
	node.save(0, errGroup)
	w.want("-ERR no leader within the commit timeout")

	node.set(func() { node.saving.Running = 9 })
	for _, command := range []string{"BGSAVE", "SAVE", "bgsave"} {
		w.check(command, "-ERR Background save already in progress")
	}
	w.check("BGSAVE NOW", "-ERR syntax error")
	w.check("BGSAVE SCHEDULE x", "-ERR syntax error")
}

// One scheduled checkpoint waits for the one at hand; asking again adds none.
func TestScheduledSave(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	node.set(func() { node.saving.Running = 9 })
	for range 3 {
		w.check("BGSAVE schedule", "+Background saving scheduled")
	}
	if !node.save(10, nil) {
		t.Error("a scheduled checkpoint does not wait for the one at hand")
	}
	waitFor(t, s, func() bool { return !s.saveScheduled.Load() })
	w.check("BGSAVE SCHEDULE", "+Background saving scheduled")
	node.save(0, errGroup) // nobody is there to be told
	waitFor(t, s, func() bool { return !s.saveScheduled.Load() })
	node.until(func() bool { return len(node.saves) == 0 })
}

func TestSave(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	w.send(lines("SAVE;PING"))
	if !node.save(7, nil) {
		t.Error("SAVE does not wait for the disk")
	}
	w.want("+OK", "+PONG")
	w.send(line("SAVE"))
	node.save(0, errGroup)
	w.want("-ERR no leader within the commit timeout")
	w.check("SAVE now", "-ERR wrong number of arguments for 'save' command")
}

// Inside a transaction nothing waits: BGSAVE is scheduled, SAVE and PAXOS are refused.
func TestSaveInATransaction(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	w.send(lines("MULTI;SET a 1;BGSAVE;BGSAVE x;LASTSAVE;EXEC"))
	w.want("+OK", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED",
		fmt.Sprintf("*4 +OK +Background saving scheduled -ERR syntax error :%d", s.start.Unix()))
	node.save(3, nil)
	waitFor(t, s, func() bool { return !s.saveScheduled.Load() })
	node.set(func() { node.saving.Running = 9 })
	w.send(lines("MULTI;BGSAVE;EXEC"))
	w.want("+OK", "+QUEUED", "*1 -ERR Background save already in progress")
	for _, command := range []string{"SAVE", "PAXOS MEMBER LIST", "PAXOS LEADER TRANSFER", "PAXOS CHECKPOINT NEW"} {
		w.check("MULTI", "+OK")
		w.check(command, "-"+errNotInMulti)
		w.check("EXEC", "-"+errExecAbort)
	}
}

func TestLastSave(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	w.check("LASTSAVE", fmt.Sprintf(":%d", s.start.Unix())) // as Redis, without one
	node.set(func() { node.saving.At = time.Unix(1234, 5) })
	w.check("LASTSAVE", ":1234")
}

func TestInfoTellsOfCheckpoints(t *testing.T) {
	var seconds atomic.Int64
	s, node := startServer(t, Config{Now: func() time.Time { return time.Unix(5000+seconds.Load(), 0) }})
	w := dial(t, s)
	has := func(lines ...string) {
		t.Helper()
		got := w.do("INFO everything")
		for _, line := range lines {
			if !strings.Contains(got, " "+line+" ") {
				t.Errorf("INFO has no %q", line)
			}
		}
	}
	has("rdb_bgsave_in_progress:0", fmt.Sprintf("rdb_last_save_time:%d", s.start.Unix()), "rdb_last_bgsave_time_sec:-1",
		"rdb_current_bgsave_time_sec:-1", "paxos_snapshot_slot:0", "aof_enabled:1")
	node.set(func() {
		node.status.Applied, node.status.FirstKept = 120, 60
		node.saving = replication.CheckpointStatus{Slot: 100, Records: 42, Took: 3 * time.Second, At: time.Unix(1234, 0), Running: 110,
			Fetching: 130, Fetched: 17, JournalBytes: 4096, Skipped: 2, Compared: 90}
	})
	has("rdb_current_bgsave_time_sec:0")
	seconds.Store(5)
	has("rdb_changes_since_last_save:20", "rdb_bgsave_in_progress:1", "rdb_last_save_time:1234", "rdb_last_bgsave_status:ok",
		"rdb_last_bgsave_time_sec:3", "rdb_current_bgsave_time_sec:5", "paxos_snapshot_slot:100", "paxos_first_slot:60",
		"paxos_checkpoint_running_slot:110", "paxos_checkpoint_records:42", "paxos_journal_bytes:4096", "paxos_fetching_slot:130",
		"paxos_fetched_bytes:17", "loading:0", "paxos_checkpoints_skipped:2", "paxos_checkpoint_not_taken:", "paxos_compared_slot:90",
		"paxos_differing_nodes:")
	node.set(func() {
		node.saving.NotTaken, node.saving.Differing = "the disk is full", []replication.NodeID{2, 3}
	})
	has("rdb_last_bgsave_status:err", "paxos_checkpoint_not_taken:the disk is full", "paxos_differing_nodes:2 3")
	node.set(func() { node.loading, node.saving.Running = true, 111 })
	has("loading:1", "loading_start_time:5005", "loading_loaded_perc:50.00", "loading_eta_seconds:0", "rdb_current_bgsave_time_sec:0")
	seconds.Store(15)
	has("loading_start_time:5005", "loading_eta_seconds:10", "rdb_current_bgsave_time_sec:10")
	node.set(func() { node.loading = false })
	has("loading:0")
	seconds.Store(20)
	node.set(func() { node.loading = true }) // another load
	has("loading_start_time:5020")
}
