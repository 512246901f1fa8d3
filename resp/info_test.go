package resp

import (
	"strings"
	"testing"
	"time"
)

var testMembers = []MemberInfo{
	{ID: 1, UUID: "u", Address: "a:1", Role: "voter", Synced: 99, State: "leader"},
	{ID: 7, Address: "b:2", Role: "learner", State: "unknown", Replaces: 1},
}

// testInfo has values that tell the fields apart.
func testInfo() *InfoSource {
	return &InfoSource{
		Server: ServerInfo{RedisVersion: "7.2.4", Version: "v1", Mode: "standalone", OS: "Linux", ArchBits: 64, ProcessID: 17, RunID: strings.Repeat("a", 40),
			Listeners: []ListenerInfo{{0, "tcp", "127.0.0.1", 6379}, {1, "unix", "/run/p.sock", 0}}, Port: 6379, Now: time.UnixMicro(1234567), Uptime: 25 * time.Hour, Executable: "/bin/paxredis", EventLoops: 2},
		Clients:     ClientsInfo{Connected: 3, MaxClients: 10_000, Blocked: 1, MaxInput: 11, MaxOutput: 12},
		Memory:      MemoryInfo{Used: 990_360, RSS: 1 << 30, Peak: 990_360 * 2, System: 8 << 30},
		Stats:       StatsInfo{Connections: 4, Commands: 5, Hits: 6, Misses: 7, Expired: 8, ExpiredFields: 10, Tombstones: 9, InputRate: 1.5, Errors: 2},
		Replication: ReplicationInfo{ReplicationID: strings.Repeat("b", 40), Offset: 77},
		CPU:         CPUInfo{System: 1500 * time.Millisecond, User: time.Second},
		Commands: []CommandInfo{
			{Name: "config|get", Calls: 3, Time: 10 * time.Microsecond, Rejected: 1, Failed: 2},
			{Name: "set", Rejected: 4},
		},
		Errors:   []ErrorInfo{{"ERR", 2}, {"WRONGTYPE", 1}},
		Keyspace: []KeyspaceInfo{{DB: 0, Keys: 10, Expires: 2, AvgTTL: 1500}, {DB: 1}, {DB: 15, Keys: 1}},
		Paxos: PaxosInfo{NodeID: 2, Role: "follower", LeaderID: 3, Ballot: "7.3", ChosenSlot: 100, AppliedSlot: 99, SnapshotSlot: 50,
			FirstSlot: 40, Lease: true, Members: testMembers, ConfigurationSlot: 33, SyncP50: 400 * time.Microsecond, SyncP99: 2 * time.Millisecond, BatchMean: 3.14159},
	}
}

// sectionsOf lists the titles of an INFO text, and checks its form on the way.
func sectionsOf(t *testing.T, text string) []string {
	t.Helper()
	var titles []string
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" {
			continue
		}
		line, ok := strings.CutSuffix(line, "\r")
		if !ok {
			t.Errorf("line %q does not end with CRLF", line)
		}
		if title, ok := strings.CutPrefix(line, "# "); ok {
			titles = append(titles, title)
		} else if line != "" && !strings.Contains(line, ":") {
			t.Errorf("line %q is no field", line)
		}
	}
	return titles
}

func TestInfoSections(t *testing.T) {
	const standard = "Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace Paxos"
	const all = "Server Clients Memory Persistence Stats Replication CPU Commandstats Errorstats Latencystats Cluster Keyspace Paxos"
	for _, test := range []struct{ asked, want string }{
		{"", standard},
		{"default", standard},
		{"all", all},
		{"everything", strings.Replace(all, "CPU", "CPU Modules", 1)},
		{"server", "Server"},
		{"REPLICATION", "Replication"},
		{"paxos Server", "Server Paxos"},
		{"cpu nosuch", "CPU"},
		{"default commandstats", strings.Replace(standard, "Modules", "Modules Commandstats", 1)},
		{"nosuch", ""},
	} {
		if got := strings.Join(sectionsOf(t, infoText(strings.Fields(test.asked), testInfo())), " "); got != test.want {
			t.Errorf("INFO %s: %s, want %s", test.asked, got, test.want)
		}
	}
	if got := infoText([]string{"nosuch"}, testInfo()); got != "" {
		t.Errorf("an unknown section: %q", got)
	}
}

func TestInfoFields(t *testing.T) {
	for section, want := range map[string]string{
		"cluster":  "# Cluster\r\ncluster_enabled:0\r\n",
		"keyspace": "# Keyspace\r\ndb0:keys=10,expires=2,avg_ttl=1500\r\ndb15:keys=1,expires=0,avg_ttl=0\r\n",
		"commandstats": "# Commandstats\r\ncmdstat_config|get:calls=3,usec=10,usec_per_call=3.33,rejected_calls=1,failed_calls=2\r\n" +
			"cmdstat_set:calls=0,usec=0,usec_per_call=0.00,rejected_calls=4,failed_calls=0\r\n",
		"errorstats": "# Errorstats\r\nerrorstat_ERR:count=2\r\nerrorstat_WRONGTYPE:count=1\r\n",
		"cpu": "# CPU\r\nused_cpu_sys:1.500000\r\nused_cpu_user:1.000000\r\n" +
			"used_cpu_sys_children:0.000000\r\nused_cpu_user_children:0.000000\r\n",
		"paxos": "# Paxos\r\npaxos_node_id:2\r\npaxos_role:follower\r\npaxos_leader_id:3\r\npaxos_ballot:7.3\r\npaxos_chosen_slot:100\r\n" +
			"paxos_applied_slot:99\r\npaxos_snapshot_slot:50\r\npaxos_first_slot:40\r\npaxos_lease:valid\r\npaxos_members:2\r\npaxos_configuration_slot:33\r\n" +
			"paxos_sync_p50_usec:400\r\npaxos_sync_p99_usec:2000\r\npaxos_batch_mean:3.14\r\n" +
			"paxos_member_0:id=1,role=voter,address=a:1,synced=99,state=leader\r\n" +
			"paxos_member_1:id=7,role=learner,address=b:2,synced=0,state=unknown\r\n",
	} {
		if got := infoText([]string{section}, testInfo()); got != want {
			t.Errorf("INFO %s\n got %q\nwant %q", section, got, want)
		}
	}
	text := infoText(nil, testInfo())
	for _, line := range []string{"redis_version:7.2.4", "paxredis_version:v1", "redis_mode:standalone", "uptime_in_seconds:90000", "uptime_in_days:1",
		"tcp_port:6379", "listener0:name=tcp,bind=127.0.0.1,port=6379", "listener1:name=unix,bind=/run/p.sock", "server_time_usec:1234567", "used_memory:990360", "used_memory_human:967.15K", "used_memory_rss_human:1.00G",
		"used_memory_peak_perc:50.00%", "maxmemory:0", "loading:0", "aof_enabled:1", "keyspace_hits:6", "keyspace_misses:7",
		"expired_keys:8", "expired_subkeys:10", "tombstones:9", "instantaneous_input_kbps:1.50", "role:master", "connected_slaves:0", "master_repl_offset:77",
		"connected_clients:3", "maxclients:10000", "blocked_clients:1"} {
		if !strings.Contains(text, line+"\r\n") {
			t.Errorf("%q is missing", line)
		}
	}
}

func TestInfoWhileLoading(t *testing.T) {
	src := testInfo()
	src.Persistence = PersistenceInfo{Loading: true, LoadedDone: 25, LoadedTotal: 100, LoadingSince: time.Unix(1000, 0), LoadingFor: 10 * time.Second}
	got := infoText([]string{"persistence"}, src)
	for _, line := range []string{"loading:1", "loading_start_time:1000", "loading_eta_seconds:30", "loading_loaded_items:25", "loading_total_items:100", "loading_loaded_perc:25.00"} {
		if !strings.Contains(got, line+"\r\n") {
			t.Errorf("%q is missing in %q", line, got)
		}
	}
}

// Nothing that a value holds can add a line.
func TestInfoValuesStayOnTheirLine(t *testing.T) {
	src := testInfo()
	src.Server.Executable = "a\r\nrole:slave\nb"
	if got := infoText([]string{"server"}, src); strings.Contains(got, "\nrole") {
		t.Errorf("%q", got)
	}
}

func TestInfoWithoutValues(t *testing.T) {
	text := infoText([]string{"everything"}, &InfoSource{})
	if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Errorf("%q", text)
	}
	if !strings.Contains(text, "paxos_lease:none\r\n") {
		t.Errorf("%q", text)
	}
}

// A field that Redis has, too, is in the same section there. paxredis adds few.
func TestInfoFieldsAreRedis(t *testing.T) {
	own := map[string]bool{"paxredis_version": true, "event_loops": true, "listener0": true, "listener1": true, "tombstones": true,
		"total_blocking_keys": true, "total_blocking_keys_on_nokey": true, "used_memory_stacks": true, "used_memory_files": true, "used_memory_files_human": true, "expired_subkeys": true,
		"client_query_buffer_limit_disconnections": true, "client_output_buffer_limit_disconnections": true,
		"acl_access_denied_auth": true, "acl_access_denied_cmd": true, "acl_access_denied_key": true, "acl_access_denied_channel": true} // some are new in 7.2 and 7.4
	redis := fieldSections(decoded(t, startRedisServer(t, "--appendonly", "yes").do(words("INFO everything"))).(string))
	for field, section := range fieldSections(infoText([]string{"everything"}, testInfo())) {
		if strings.HasPrefix(field, "paxos_") || own[field] || strings.HasPrefix(field, "cmdstat_") || strings.HasPrefix(field, "errorstat_") || strings.HasPrefix(field, "db") {
			continue
		}
		if redis[field] != section {
			t.Errorf("%s is in section %q, Redis has it in %q", field, section, redis[field])
		}
	}
}

func fieldSections(text string) map[string]string {
	sections := make(map[string]string)
	section := ""
	for line := range strings.SplitSeq(text, "\r\n") {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			section = title
		} else if name, _, ok := strings.Cut(line, ":"); ok {
			sections[name] = section
		}
	}
	return sections
}

// What scripts and libraries take is what their texts do, and goes with them; sockets are read and written as often as something came and went.
func TestInfoTellsOfScriptsAndSockets(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.send(request("EVAL", "return '"+strings.Repeat("x", 1000)+"'", "0"))
	w.reply()
	w.send(request("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f',function()return 1 end)--"+strings.Repeat("x", 3000)))
	w.want("$1 l")
	m := s.Info().Memory
	if m.ScriptBytes < 1000 || m.ScriptBytes > 2000 || m.LibraryBytes < 3000 || m.LibraryBytes > 4000 {
		t.Errorf("scripts take %d bytes, and libraries %d", m.ScriptBytes, m.LibraryBytes)
	}
	w.check("SCRIPT FLUSH", "+OK")
	w.check("FUNCTION FLUSH", "+OK")
	if m := s.Info().Memory; m.ScriptBytes != 0 || m.LibraryBytes != 0 {
		t.Errorf("scripts take %d bytes, and libraries %d, and all are gone", m.ScriptBytes, m.LibraryBytes)
	}
	before := s.Info().Stats
	for range 10 {
		w.check("PING", "+PONG")
	}
	if after := s.Info().Stats; after.Reads-before.Reads != 10 || after.Writes-before.Writes != 10 {
		t.Errorf("%d reads and %d writes for 10 commands", after.Reads-before.Reads, after.Writes-before.Writes)
	}
	w.check("CONFIG RESETSTAT", "+OK")
	if got := s.Info().Stats; got.Reads > 1 || got.Writes > 1 {
		t.Errorf("%d reads and %d writes right after a reset", got.Reads, got.Writes)
	}
}
