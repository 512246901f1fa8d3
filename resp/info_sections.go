package resp

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// infoSection is one section of INFO.
type infoSection struct {
	name      string
	byDefault bool
	write     func(w *infoWriter, src *InfoSource)
}

// infoSections are all sections, in Redis's order; those that Redis does not have come last.
var infoSections = []infoSection{
	{"Server", true, serverSection},
	{"Clients", true, clientsSection},
	{"Memory", true, memorySection},
	{"Persistence", true, persistenceSection},
	{"Stats", true, statsSection},
	{"Replication", true, replicationSection},
	{"CPU", true, cpuSection},
	{"Modules", true, func(*infoWriter, *InfoSource) {}}, // there are none
	{"Commandstats", false, commandSection},
	{"Errorstats", true, errorSection},
	{"Latencystats", false, latencySection},
	{"Cluster", true, func(w *infoWriter, src *InfoSource) { w.flag("cluster_enabled", src.Server.Mode == modeCluster) }},
	{"Keyspace", true, keyspaceSection},
	{"Paxos", true, paxosSection},
}

// serverSection has no hz and configured_hz: nothing here is done so many times a second.
func serverSection(w *infoWriter, src *InfoSource) {
	s := &src.Server
	w.str("redis_version", s.RedisVersion)
	w.str("paxredis_version", s.Version)
	w.str("redis_git_sha1", "00000000")
	w.str("redis_git_dirty", "0")
	w.str("redis_build_id", "0")
	w.str("redis_mode", s.Mode)
	w.str("os", s.OS)
	w.int("arch_bits", int64(s.ArchBits))
	w.str("monotonic_clock", "POSIX clock_gettime")
	w.str("multiplexing_api", "epoll")
	w.int("process_id", int64(s.ProcessID))
	w.str("process_supervised", "no")
	w.str("run_id", s.RunID)
	w.int("tcp_port", int64(s.Port))
	w.int("server_time_usec", s.Now.UnixMicro())
	w.int("uptime_in_seconds", int64(s.Uptime/time.Second))
	w.int("uptime_in_days", int64(s.Uptime/(24*time.Hour)))
	w.int("lru_clock", s.Now.Unix()&statemachine.LRUClockMask)
	w.str("executable", s.Executable)
	w.str("config_file", s.ConfigFile)
	w.int("event_loops", int64(s.EventLoops))
	w.zeros("io_threads_active")
	for _, l := range s.Listeners {
		w.str("listener"+strconv.Itoa(l.Index), l.String())
	}
}

func clientsSection(w *infoWriter, src *InfoSource) {
	c := &src.Clients
	w.int("connected_clients", int64(c.Connected))
	w.zeros("cluster_connections")
	w.int("maxclients", int64(c.MaxClients))
	w.int("client_recent_max_input_buffer", c.MaxInput)
	w.int("client_recent_max_output_buffer", c.MaxOutput)
	w.int("blocked_clients", int64(c.Blocked))
	w.int("tracking_clients", int64(src.Listeners.Trackers))
	w.zeros("clients_in_timeout_table", "total_blocking_keys", "total_blocking_keys_on_nokey")
}

func memorySection(w *infoWriter, src *InfoSource) {
	m := &src.Memory
	w.bytes("used_memory", m.Used)
	w.bytes("used_memory_rss", m.RSS)
	w.bytes("used_memory_files", m.Files)
	w.bytes("used_memory_peak", m.Peak)
	w.str("used_memory_peak_perc", strconv.FormatFloat(100*ratio(m.Used, m.Peak), 'f', 2, 64)+"%")
	w.num("used_memory_overhead", m.Used-m.Dataset)
	w.num("used_memory_startup", m.Start)
	w.num("used_memory_dataset", m.Dataset)
	w.str("used_memory_dataset_perc", strconv.FormatFloat(100*ratio(m.Dataset, m.Used), 'f', 2, 64)+"%")
	w.num("used_memory_stacks", m.Stacks)
	w.num("used_memory_scripts_eval", m.ScriptBytes)
	w.int("number_of_cached_scripts", int64(m.Scripts))
	w.int("number_of_functions", int64(m.Functions))
	w.int("number_of_libraries", int64(m.Libraries))
	w.num("used_memory_functions", m.LibraryBytes)
	w.bytes("used_memory_scripts", m.ScriptBytes+m.LibraryBytes)
	w.num("allocator_allocated", m.Dataset)
	w.num("allocator_active", m.Mapped)
	w.num("allocator_resident", m.Mapped)
	w.bytes("total_system_memory", m.System)
	w.bytes("maxmemory", m.Most)
	w.str("maxmemory_policy", m.Policy)
	w.fixed("allocator_frag_ratio", ratio(m.Mapped, m.Dataset), 2)
	w.int("allocator_frag_bytes", int64(m.Mapped)-int64(m.Dataset))
	w.fixed("allocator_rss_ratio", ratio(m.Mapped, m.Mapped), 2)
	w.zeros("allocator_rss_bytes")
	w.fixed("rss_overhead_ratio", ratio(m.RSS, m.Mapped), 2)
	w.int("rss_overhead_bytes", int64(m.RSS)-int64(m.Mapped))
	w.fixed("mem_fragmentation_ratio", ratio(m.RSS, m.Used), 2)
	w.int("mem_fragmentation_bytes", int64(m.RSS)-int64(m.Used))
	w.zeros("mem_not_counted_for_evict", "mem_replication_backlog", "mem_total_replication_buffers", "mem_clients_slaves",
		"mem_cluster_links", "mem_aof_buffer")
	w.num("mem_clients_normal", m.Clients)
	w.str("mem_allocator", "go")
	w.zeros("active_defrag_running")
	w.int("lazyfree_pending_objects", int64(m.Left))
	w.num("lazyfreed_objects", m.Freed)
	if m.Limit > 0 {
		w.num("memory_limit", m.Limit)
	}
	if p := m.Pressure; p != nil {
		w.num("memory_watermark", p.Watermark)
		w.num("memory_watermark_used", p.Used)
		w.num("memory_watermark_limit", p.Limit)
		w.flag("memory_watermark_reached", p.Refusal != "")
	}
}

// persistenceSection tells of checkpoints as Redis tells of RDB files, and of the log as it tells of an append-only file that
// is synced always.
func persistenceSection(w *infoWriter, src *InfoSource) {
	p := &src.Persistence
	w.flag("loading", p.Loading)
	if p.Loading {
		loadingFields(w, p)
	}
	w.zeros("async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age")
	w.fixed("current_fork_perc", 0, 2)
	w.num("rdb_changes_since_last_save", p.ChangesSinceSave)
	w.flag("rdb_bgsave_in_progress", p.RunningSlot > 0)
	w.int("rdb_last_save_time", p.LastSave)
	status := "ok"
	if p.NotTaken != "" {
		status = "err"
	}
	w.str("rdb_last_bgsave_status", status)
	w.seconds("rdb_last_bgsave_time_sec", p.LastSaveTook, p.LastSaveTook > 0)
	w.seconds("rdb_current_bgsave_time_sec", p.RunningFor, p.RunningSlot > 0)
	w.zeros("rdb_last_cow_size")
	w.flag("aof_enabled", true)
	w.zeros("aof_rewrite_in_progress", "aof_rewrite_scheduled")
	w.str("aof_last_rewrite_time_sec", "-1")
	w.str("aof_current_rewrite_time_sec", "-1")
	w.str("aof_last_bgrewrite_status", "ok")
	w.zeros("aof_rewrites", "aof_rewrites_consecutive_failures")
	writes := "ok"
	if p.WritesRefused {
		writes = "err"
	}
	w.str("aof_last_write_status", writes)
	w.zeros("aof_last_cow_size")
	w.num("aof_current_size", p.JournalBytes)
	w.zeros("aof_base_size", "aof_pending_rewrite", "aof_buffer_length", "aof_pending_bio_fsync", "aof_delayed_fsync")
	w.zeros("module_fork_in_progress", "module_fork_last_cow_size")
	w.flag("paxos_data_encrypted", p.Encrypted)
	w.num("paxos_snapshot_slot", p.SnapshotSlot)
	w.num("paxos_first_slot", p.FirstSlot)
	w.num("paxos_checkpoint_running_slot", p.RunningSlot)
	w.num("paxos_checkpoint_records", p.Records)
	w.num("paxos_checkpoints_skipped", p.Skipped)
	w.str("paxos_checkpoint_not_taken", p.NotTaken)
	w.num("paxos_compared_slot", p.Compared)
	w.str("paxos_differing_nodes", strings.Trim(fmt.Sprint(p.Differing), "[]"))
	w.num("paxos_journal_bytes", p.JournalBytes)
	w.num("paxos_fetching_slot", p.FetchingSlot)
	w.num("paxos_fetched_bytes", p.FetchedBytes)
}

// loadingFields are those that are there only while the node loads. The time left is told from how long it took so far.
func loadingFields(w *infoWriter, p *PersistenceInfo) {
	share := min(ratio(p.LoadedDone, p.LoadedTotal), 1)
	if !p.LoadingSince.IsZero() {
		w.int("loading_start_time", p.LoadingSince.Unix())
	}
	w.num("loading_loaded_items", p.LoadedDone)
	w.num("loading_total_items", p.LoadedTotal)
	w.fixed("loading_loaded_perc", 100*share, 2)
	if share > 0 {
		w.int("loading_eta_seconds", int64(p.LoadingFor.Seconds()*(1-share)/share))
	}
}

func statsSection(w *infoWriter, src *InfoSource) {
	s := &src.Stats
	w.num("total_connections_received", s.Connections)
	w.num("total_commands_processed", s.Commands)
	w.num("instantaneous_ops_per_sec", s.OpsPerSecond)
	w.num("total_net_input_bytes", s.InputBytes)
	w.num("total_net_output_bytes", s.OutputBytes)
	w.zeros("total_net_repl_input_bytes", "total_net_repl_output_bytes")
	w.fixed("instantaneous_input_kbps", s.InputRate, 2)
	w.fixed("instantaneous_output_kbps", s.OutputRate, 2)
	w.fixed("instantaneous_input_repl_kbps", 0, 2)
	w.fixed("instantaneous_output_repl_kbps", 0, 2)
	w.num("rejected_connections", s.Rejected)
	if t := s.TLS; t != nil {
		w.num("tls_handshakes", t.Done)
		w.num("tls_handshakes_failed", t.Failed)
		w.num("tls_handshakes_displaced", t.Displaced)
	}
	w.zeros("sync_full", "sync_partial_ok", "sync_partial_err")
	w.num("expired_subkeys", s.ExpiredFields)
	w.num("expired_keys", s.Expired)
	w.fixed("expired_stale_perc", 0, 2)
	w.zeros("expired_time_cap_reached_count")
	w.num("evicted_keys", s.Evicted)
	w.num("evicted_clients", s.Dropped[overMemory])
	w.zeros("total_eviction_exceeded_time", "current_eviction_exceeded_time")
	w.num("keyspace_hits", s.Hits)
	w.num("keyspace_misses", s.Misses)
	w.int("pubsub_channels", int64(src.Listeners.Channels))
	w.int("pubsub_patterns", int64(src.Listeners.Patterns))
	w.int("pubsubshard_channels", int64(src.Listeners.Shards))
	w.zeros("latest_fork_usec", "total_forks", "migrate_cached_sockets", "slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses",
		"active_defrag_key_hits", "active_defrag_key_misses", "total_active_defrag_time", "current_active_defrag_time")
	w.int("tracking_total_keys", int64(src.Listeners.Keys))
	w.int("tracking_total_items", int64(src.Listeners.Items))
	w.int("tracking_total_prefixes", int64(src.Listeners.Prefixes))
	w.zeros("unexpected_error_replies")
	w.num("total_error_replies", s.Errors)
	w.zeros("dump_payload_sanitizations")
	w.num("total_reads_processed", s.Reads)
	w.num("total_writes_processed", s.Writes)
	w.zeros("io_threaded_reads_processed", "io_threaded_writes_processed")
	w.num("client_query_buffer_limit_disconnections", s.Dropped[overQuery])
	w.num("client_output_buffer_limit_disconnections", s.Dropped[overOutput])
	w.num("acl_access_denied_auth", s.Denied[deniedAuth])
	w.num("acl_access_denied_cmd", s.Denied[deniedCommand])
	w.num("acl_access_denied_key", s.Denied[deniedKey])
	w.num("acl_access_denied_channel", s.Denied[deniedChannel])
	w.num("tombstones", s.Tombstones)
}

func replicationSection(w *infoWriter, src *InfoSource) {
	r := &src.Replication
	w.str("role", "master")
	w.zeros("connected_slaves")
	w.str("master_failover_state", "no-failover")
	w.str("master_replid", r.ReplicationID)
	w.str("master_replid2", "0000000000000000000000000000000000000000")
	w.num("master_repl_offset", r.Offset)
	w.str("second_repl_offset", "-1")
	w.zeros("repl_backlog_active", "repl_backlog_size", "repl_backlog_first_byte_offset", "repl_backlog_histlen")
}

func cpuSection(w *infoWriter, src *InfoSource) {
	w.fixed("used_cpu_sys", src.CPU.System.Seconds(), 6)
	w.fixed("used_cpu_user", src.CPU.User.Seconds(), 6)
	w.fixed("used_cpu_sys_children", 0, 6)
	w.fixed("used_cpu_user_children", 0, 6)
}

func commandSection(w *infoWriter, src *InfoSource) {
	for i := range src.Commands {
		c := &src.Commands[i]
		perCall := 0.0
		if c.Calls > 0 {
			perCall = float64(c.Time) / float64(time.Microsecond) / float64(c.Calls)
		}
		w.str("cmdstat_"+c.Name, fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			c.Calls, c.Time.Microseconds(), perCall, c.Rejected, c.Failed))
	}
}

func latencySection(w *infoWriter, src *InfoSource) {
	for i := range src.Latencies {
		c := &src.Latencies[i]
		told := make([]string, len(src.Percentiles))
		for j, percent := range src.Percentiles {
			told[j] = fmt.Sprintf("p%s=%.3f", strconv.FormatFloat(percent, 'f', -1, 64), float64(c.percentile(percent))/1000)
		}
		w.str("latency_percentiles_usec_"+c.Name, strings.Join(told, ","))
	}
}

func errorSection(w *infoWriter, src *InfoSource) {
	for _, e := range src.Errors {
		w.str("errorstat_"+e.Code, fmt.Sprintf("count=%d", e.Count))
	}
}

func keyspaceSection(w *infoWriter, src *InfoSource) {
	for _, k := range src.Keyspace {
		if k.Keys > 0 {
			w.str(fmt.Sprintf("db%d", k.DB), fmt.Sprintf("keys=%d,expires=%d,avg_ttl=%d", k.Keys, k.Expires, k.AvgTTL))
		}
	}
}

// paxosField is one line of the section Paxos. A number is a decimal one without a fraction.
type paxosField struct {
	name, value string
	number      bool
}

// fields returns the lines of the section Paxos.
func (p *PaxosInfo) fields() []paxosField {
	lease := "none"
	if p.Lease {
		lease = "valid"
	}
	number := func(name string, n uint64) paxosField { return paxosField{name, strconv.FormatUint(n, 10), true} }
	fields := []paxosField{
		number("paxos_node_id", p.NodeID),
		{name: "paxos_role", value: p.Role},
		number("paxos_leader_id", p.LeaderID),
		{name: "paxos_ballot", value: p.Ballot},
		number("paxos_chosen_slot", p.ChosenSlot),
		number("paxos_applied_slot", p.AppliedSlot),
		number("paxos_snapshot_slot", p.SnapshotSlot),
		number("paxos_first_slot", p.FirstSlot),
		{name: "paxos_lease", value: lease},
		number("paxos_members", uint64(len(p.Members))),
		number("paxos_configuration_slot", p.ConfigurationSlot),
		number("paxos_sync_p50_usec", uint64(p.SyncP50.Microseconds())),
		number("paxos_sync_p99_usec", uint64(p.SyncP99.Microseconds())),
		{name: "paxos_batch_mean", value: strconv.FormatFloat(p.BatchMean, 'f', 2, 64)},
	}
	for i := range p.Members {
		fields = append(fields, paxosField{name: "paxos_member_" + strconv.Itoa(i), value: p.Members[i].summary()})
	}
	return fields
}

func paxosSection(w *infoWriter, src *InfoSource) {
	for _, f := range src.Paxos.fields() {
		w.str(f.name, f.value)
	}
}
