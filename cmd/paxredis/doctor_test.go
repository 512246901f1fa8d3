package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/storage"
)

// well are three nodes that nothing is wrong with.
func well() []examined {
	members := []member{{ID: 1, Role: "voter", State: "leader"}, {ID: 2, Role: "voter", State: "reachable"}, {ID: 3, Role: "voter", State: "reachable"}}
	nodes := make([]examined, 3)
	for i := range nodes {
		nodes[i] = examined{nodeStatus: nodeStatus{ID: uint64(i + 1), Role: "follower", Leader: 1, Ballot: "2.1", SyncP99Micros: 900, MemberList: members},
			info:   paxosInfo{"paxredis_version": "1.0.0", "used_memory_rss": "1000", "total_system_memory": "9000", "connected_clients": "3", "maxclients": "100"},
			offset: time.Duration(i) * time.Millisecond, bound: time.Millisecond}
	}
	nodes[0].Role = "leader"
	return nodes
}

// watermarkOf has a node tell how much of a limit of 1000 bytes, far below the machine's, is in use, with a watermark of 900.
func watermarkOf(n examined, used, reached string) {
	n.info["memory_watermark"], n.info["memory_watermark_used"], n.info["memory_watermark_limit"], n.info["memory_watermark_reached"] = "900", used, "1000", reached
}

// levelOfCheck is the worst level of a check.
func (f findings) levelOfCheck(check string) level {
	worst := level("none")
	rank := map[level]int{"none": 0, levelOK: 1, levelWarning: 2, levelWrong: 3}
	for i := range f {
		if f[i].Check == check && rank[f[i].Level] > rank[worst] {
			worst = f[i].Level
		}
	}
	return worst
}

// Each check finds what it is there for, and nothing in a cluster that is well.
func TestDoctorFindsWhatIsWrongWithACluster(t *testing.T) {
	var f findings
	f.ofCluster(well())
	if f.count(levelOK) != len(f) || f.verdict(true) != nil {
		t.Fatalf("a cluster that is well: %+v", f)
	}
	for _, test := range []struct {
		name   string
		spoil  func(n []examined)
		check  string
		want   level
		strict bool
	}{
		{"no leader", func(n []examined) { n[0].Leader, n[1].Leader, n[2].Leader = 0, 0, 0 }, "majority", levelWrong, true},
		{"a node that is down", func(n []examined) { n[2] = examined{nodeStatus: nodeStatus{Address: "c:1", Error: "refused"}} }, "reachable", levelWrong, true},
		{"a link that is down", func(n []examined) { n[0].MemberList[2].State = "unreachable" }, "link", levelWrong, true},
		{"an even number of voters", func(n []examined) {
			n[0].MemberList = append(n[0].MemberList, member{ID: 4, Role: "voter", State: "reachable"})
		}, "voters", levelWarning, false},
		{"not all asked", func(n []examined) {
			n[0].MemberList = append(n[0].MemberList, member{ID: 4, Role: "learner", State: "reachable"})
		}, "asked", levelWarning, false},
		{"two versions", func(n []examined) { n[1].info["paxredis_version"] = "1.1.0" }, "versions", levelWarning, false},
		{"all encrypt", func(n []examined) { n[0].DataEncrypted, n[1].DataEncrypted, n[2].DataEncrypted = true, true, true }, "data at rest", levelOK, false},
		{"one does not encrypt", func(n []examined) { n[0].DataEncrypted, n[2].DataEncrypted = true, true }, "data at rest", levelWarning, false},
		{"the one that does not encrypt is down", func(n []examined) {
			n[0].DataEncrypted, n[1].DataEncrypted, n[2].Error = true, true, "refused"
		}, "data at rest", levelOK, true},
		{"a clock that is off", func(n []examined) { n[1].offset = time.Second }, "clocks", levelWarning, false},
		{"a clock that is far off", func(n []examined) { n[1].offset = -time.Minute }, "clocks", levelWrong, true},
		{"a clock that may be right", func(n []examined) { n[1].offset, n[1].bound = time.Second, 2*time.Second }, "clocks", levelOK, false},
		{"a node that is behind", func(n []examined) { n[1].Lag = lagWarning }, "lag", levelWarning, false},
		{"another state", func(n []examined) { n[1].Differing = "2" }, "same state", levelWrong, true},
		{"a slow disk", func(n []examined) { n[1].SyncP99Micros = 30_000 }, "sync", levelWarning, false},
		{"a very slow disk", func(n []examined) { n[1].SyncP99Micros = 300_000 }, "sync", levelWrong, true},
		{"no checkpoint", func(n []examined) { n[1].info["paxos_checkpoint_not_taken"] = "no room" }, "checkpoint", levelWrong, true},
		{"a full disk", func(n []examined) { n[1].info["aof_last_write_status"] = "err" }, "writes", levelWrong, true},
		{"little memory", func(n []examined) { n[1].info["used_memory_rss"] = "8000" }, "memory", levelWarning, false},
		{"memory below a container's watermark", func(n []examined) { watermarkOf(n[1], "500", "0") }, "memory", levelOK, false},
		{"memory near a container's watermark", func(n []examined) { watermarkOf(n[1], "860", "0") }, "memory", levelWarning, false},
		{"a container's watermark reached", func(n []examined) { watermarkOf(n[1], "910", "1") }, "memory", levelWrong, true},
		{"no room again since the watermark was reached", func(n []examined) { watermarkOf(n[1], "890", "1") }, "memory", levelWrong, true},
		{"a watermark that says there is room", func(n []examined) {
			n[1].info["used_memory_rss"] = "8900" // with what the kernel takes back
			watermarkOf(n[1], "500", "0")
		}, "memory", levelOK, false},
		{"a maxmemory with room", func(n []examined) {
			watermarkOf(n[1], "100", "0")
			n[1].info["maxmemory"], n[1].info["memory_limit"] = "500", "1000"
		}, "maxmemory", levelOK, false},
		{"a maxmemory beyond a container's watermark", func(n []examined) {
			watermarkOf(n[1], "100", "0")
			n[1].info["maxmemory"], n[1].info["memory_limit"] = "950", "1000"
		}, "maxmemory", levelWarning, false},
		{"a maxmemory that a container does not have", func(n []examined) {
			watermarkOf(n[1], "100", "0")
			n[1].info["maxmemory"], n[1].info["memory_limit"] = "1001", "1000"
		}, "maxmemory", levelWarning, false},
		{"a maxmemory that a container does not have, and no watermark", func(n []examined) {
			n[1].info["maxmemory"], n[1].info["memory_limit"] = "1001", "1000"
		}, "maxmemory", levelWrong, true},
		{"a maxmemory that the machine does not have", func(n []examined) { n[1].info["maxmemory"] = "9001" }, "maxmemory", levelWrong, true},
		{"many clients", func(n []examined) { n[1].info["connected_clients"] = "100" }, "clients", levelWrong, true},
		{"one that loads", func(n []examined) { n[1].Loading = "3%" }, "loading", levelWarning, false},
	} {
		nodes := well()
		test.spoil(nodes)
		var f findings
		f.ofCluster(nodes)
		if got := f.levelOfCheck(test.check); got != test.want {
			t.Errorf("%s: %s is %s, want %s", test.name, test.check, got, test.want)
		}
		if failed := f.verdict(false) != nil; failed != test.strict {
			t.Errorf("%s: it fails: %v", test.name, failed)
		}
		if test.want != levelOK && f.verdict(true) == nil {
			t.Errorf("%s: it does not fail with --strict", test.name)
		}
		for i := range f {
			if f[i].Measured == "" || (f[i].Advice == "") != (f[i].Level == levelOK) {
				t.Errorf("%s: %+v", test.name, f[i])
			}
		}
	}
}

// What a finding says of memory names the limit that counts: the container's, or the machine's if no watermark tells of one.
func TestDoctorNamesTheLimitOfMemory(t *testing.T) {
	for _, test := range []struct {
		info       paxosInfo
		want       string
		wantAdvice string
	}{
		{paxosInfo{"used_memory_rss": "5", "total_system_memory": "10"}, "5 bytes of the machine's 10 bytes", ""},
		{paxosInfo{"used_memory_rss": "5", "total_system_memory": "10", "memory_watermark": "900", "memory_watermark_used": "850", "memory_watermark_limit": "1048576"}, "850 bytes of the limit of 1.0 MiB (the machine's)", "--maxmemory"},
		{paxosInfo{"total_system_memory": "2097152", "memory_watermark": "900", "memory_watermark_used": "50", "memory_watermark_limit": "1048576"}, "50 bytes of the limit of 1.0 MiB (its container's) are in use, the watermark is 900 bytes", ""},
		{paxosInfo{"memory_watermark": "900", "memory_watermark_used": "950", "memory_watermark_limit": "1048576", "memory_watermark_reached": "1"}, "are refused: 950 bytes of the limit of 1.0 MiB", "remove keys"},
	} {
		var f findings
		f.ofNodeMemory(&examined{info: test.info})
		if len(f) != 1 || !strings.Contains(f[0].Measured, test.want) || !strings.Contains(f[0].Advice, test.wantAdvice) {
			t.Errorf("%v: %+v", test.info, f)
		}
	}
	var none findings
	if none.ofNodeMemory(&examined{}); len(none) != 0 {
		t.Errorf("of nothing: %+v", none)
	}
}

func TestDoctorFindsWhatIsWrongWithAMachine(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text + "\n")} }
	good := fstest.MapFS{"proc/sys/vm/overcommit_memory": file("1"), "sys/kernel/mm/transparent_hugepage/enabled": file("always [madvise] never"),
		"proc/meminfo": file("MemTotal: 8388608 kB\nMemAvailable: 6291456 kB"), "proc/self/cgroup": file("0::/a.slice"), "sys/fs/cgroup/a.slice/memory.max": file("max")}
	bad := fstest.MapFS{"proc/sys/vm/overcommit_memory": file("2"), "sys/kernel/mm/transparent_hugepage/enabled": file("[always] madvise never"),
		// The limit is that of a group above the process's own.
		"proc/meminfo": file("MemTotal: 8388608 kB\nMemAvailable: 6291456 kB"), "proc/self/cgroup": file("0::/a.slice/b.service"), "sys/fs/cgroup/a.slice/b.service/memory.max": file("max"),
		"sys/fs/cgroup/a.slice/memory.max": file("1048576"), "sys/fs/cgroup/a.slice/memory.current": file("1000"), "sys/fs/cgroup/a.slice/memory.stat": file("")}
	var well, ill, unknown findings
	well.ofMachine(good)
	ill.ofMachine(bad)
	unknown.ofMachine(fstest.MapFS{})
	for _, check := range []string{"overcommit", "huge pages", "memory limit"} {
		if a, b, c := well.levelOfCheck(check), ill.levelOfCheck(check), unknown.levelOfCheck(check); a != levelOK || b != levelWarning || c != "none" {
			t.Errorf("%s: %s, %s and %s", check, a, b, c)
		}
	}
	var few, enough findings
	few.ofOpenFiles(1024)
	enough.ofOpenFiles(1 << 20)
	if few.levelOfCheck("open files") != levelWarning || enough.levelOfCheck("open files") != levelOK {
		t.Errorf("%+v %+v", few, enough)
	}
}

func TestDoctorMeasuresADisk(t *testing.T) {
	dir := t.TempDir()
	var f findings
	f.ofDisk(dir)
	if f.levelOfCheck("sync") == "none" || f.levelOfCheck("file system") == "none" || f.levelOfCheck("free disk") == "none" {
		t.Errorf("%+v", f)
	}
	took, err := measureSyncs(dir)
	if err != nil || len(took) == 0 || len(took) > syncTrials || took[0] <= 0 {
		t.Errorf("%v, %v", took, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
	var none findings
	none.ofDisk(filepath.Join(dir, "none"))
	if none.levelOfCheck("data directory") != levelWrong {
		t.Errorf("%+v", none)
	}
}

func TestDoctorLooksAtTheKeyFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, []byte(peer.NewKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	var sound, open findings
	sound.ofKeyFile(name)
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	open.ofKeyFile(name)
	if sound.levelOfCheck("key file") != levelOK || open.levelOfCheck("key file") != levelWrong {
		t.Errorf("%+v %+v", sound, open)
	}
}

// The file of data keys is looked at as that of the cluster key, and besides tried on a data directory.
func TestDoctorTriesDataKeys(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) (string, []storage.DataKey) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := writeKey(path); err != nil {
			t.Fatal(err)
		}
		keys, err := dataKeys(path, "")
		if err != nil {
			t.Fatal(err)
		}
		return path, keys
	}
	right, keys := file("right.key")
	wrong, _ := file("wrong.key")
	data := filepath.Join(dir, "data")
	s, err := storage.Open(data, storage.Options{NodeID: 1, DataKeys: keys})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		file, dir string
		want      level
	}{{right, "", levelOK}, {right, data, levelOK}, {wrong, "", levelOK}, {wrong, data, levelWrong}, {filepath.Join(dir, "none"), data, levelWrong}} {
		var f findings
		f.ofDataKeyFile(test.file, test.dir)
		if got := f.levelOfCheck("data key file"); got != test.want {
			t.Errorf("%s for %q: %+v", test.file, test.dir, f)
		}
	}
}

func TestDoctorPrints(t *testing.T) {
	f := findings{{levelOK, "lag", "node 1", "0 slots behind", ""}, {levelWrong, "link", "node 2", "not <reached>", "start it"}}
	var text, asJSON bytes.Buffer
	if err := f.print(&text); err != nil {
		t.Fatal(err)
	}
	want := "ok       lag              node 1         0 slots behind\nwrong    link             node 2         not <reached>\n         -> start it\n\n1 ok, 0 warnings, 1 wrong\n"
	if text.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", text.String(), want)
	}
	if err := f.printJSON(&asJSON); err != nil || !strings.Contains(asJSON.String(), "<reached>") {
		t.Fatalf("%v %s", err, asJSON.String())
	}
	var back findings
	if err := json.Unmarshal(asJSON.Bytes(), &back); err != nil || len(back) != 2 || back[1] != f[1] {
		t.Errorf("%v %+v", err, back)
	}
	if code := run([]string{"doctor", "--addr", "127.0.0.1:1"}, stdio{&text, &text}); code != exitFailed {
		t.Errorf("no node: exit code %d", code)
	}
	if code := run([]string{"doctor", "x"}, stdio{&text, &text}); code != exitUsage {
		t.Errorf("an operand: exit code %d", code)
	}
}
