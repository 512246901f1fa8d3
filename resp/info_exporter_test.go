package resp

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// exported are the fields that redis_exporter makes metrics of, by their sections: those of Redis up to 7.2. Each is a number, or one of the words ok and err.
var exported = map[string]string{
	"Server": "uptime_in_seconds process_id lru_clock io_threads_active",
	"Clients": "connected_clients blocked_clients tracking_clients cluster_connections maxclients clients_in_timeout_table total_blocking_keys total_blocking_keys_on_nokey " +
		"client_recent_max_output_buffer client_recent_max_input_buffer",
	"Memory": "allocator_active allocator_allocated allocator_resident allocator_frag_ratio allocator_frag_bytes allocator_rss_ratio allocator_rss_bytes used_memory used_memory_rss " +
		"used_memory_peak used_memory_overhead used_memory_startup used_memory_dataset used_memory_scripts_eval used_memory_functions used_memory_scripts number_of_cached_scripts number_of_functions number_of_libraries maxmemory mem_fragmentation_ratio " +
		"mem_fragmentation_bytes mem_clients_slaves mem_clients_normal mem_not_counted_for_evict mem_total_replication_buffers lazyfree_pending_objects active_defrag_running " +
		"total_system_memory",
	"Persistence": "loading async_loading current_cow_peak current_cow_size current_cow_size_age current_fork_perc aof_rewrites aof_rewrites_consecutive_failures rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time rdb_last_bgsave_status rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec " +
		"rdb_last_cow_size aof_enabled aof_rewrite_in_progress aof_rewrite_scheduled aof_last_rewrite_time_sec aof_current_rewrite_time_sec aof_last_cow_size aof_current_size aof_base_size " +
		"aof_pending_rewrite aof_buffer_length aof_pending_bio_fsync aof_delayed_fsync aof_last_bgrewrite_status aof_last_write_status module_fork_in_progress module_fork_last_cow_size",
	"Stats": "total_connections_received total_commands_processed rejected_connections total_net_input_bytes total_net_output_bytes total_net_repl_input_bytes total_net_repl_output_bytes " +
		"expired_subkeys expired_keys expired_stale_perc expired_time_cap_reached_count evicted_keys evicted_clients client_query_buffer_limit_disconnections client_output_buffer_limit_disconnections total_eviction_exceeded_time current_eviction_exceeded_time keyspace_hits " +
		"keyspace_misses pubsub_channels pubsub_patterns pubsubshard_channels latest_fork_usec migrate_cached_sockets slave_expires_tracked_keys active_defrag_hits active_defrag_misses " +
		"active_defrag_key_hits active_defrag_key_misses tracking_total_keys tracking_total_items tracking_total_prefixes unexpected_error_replies total_error_replies " +
		"dump_payload_sanitizations total_reads_processed total_writes_processed io_threaded_reads_processed io_threaded_writes_processed acl_access_denied_auth acl_access_denied_cmd acl_access_denied_key acl_access_denied_channel " +
		"sync_full sync_partial_ok sync_partial_err instantaneous_ops_per_sec instantaneous_input_kbps instantaneous_output_kbps",
	"Replication": "connected_slaves repl_backlog_size repl_backlog_active repl_backlog_first_byte_offset repl_backlog_histlen master_repl_offset second_repl_offset",
	"CPU":         "used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children",
	"Cluster":     "cluster_enabled",
}

// Those lines that it takes apart, in its way.
var exportedLines = map[string]*regexp.Regexp{
	"Commandstats": regexp.MustCompile(`^cmdstat_[a-z|-]+:calls=\d+,usec=\d+,usec_per_call=[\d.]+,rejected_calls=\d+,failed_calls=\d+$`),
	"Errorstats":   regexp.MustCompile(`^errorstat_[A-Z]+:count=\d+$`),
	"Latencystats": regexp.MustCompile(`^latency_percentiles_usec_[a-z|-]+:p50=[\d.]+,p99=[\d.]+,p99.9=[\d.]+$`),
	"Keyspace":     regexp.MustCompile(`^db\d+:keys=\d+,expires=\d+,avg_ttl=\d+$`),
}

// notHere are fields that only a replica of Redis has, or by which the exporter would take a node for one. No node is.
var notHere = regexp.MustCompile(`^(slave\d|slave_|master_(\d+_)?(host|port|link_status|last_io_seconds_ago|sync_in_progress))`)

// What redis_exporter reads of INFO ALL is there, in its section, and can be parsed.
func TestInfoAsRedisExporterReadsIt(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	for _, command := range []string{"SET a 1", "SET b 2 EX 1000", "GET a", "GET nothing", "LPUSH a x", "EVAL return(1) 0", "CONFIG GET maxmemory", "CLIENT SETNAME x"} {
		w.do(command)
	}
	sections := make(map[string]map[string]string)
	section := ""
	for text := range strings.SplitSeq(infoText([]string{"ALL"}, s.Info()), "\r\n") {
		if title, ok := strings.CutPrefix(text, "# "); ok {
			section = title
			sections[section] = make(map[string]string)
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			continue
		}
		if _, twice := sections[section][name]; twice {
			t.Errorf("%s has %s twice", section, name)
		}
		sections[section][name] = value
		if form := exportedLines[section]; form != nil && !form.MatchString(text) {
			t.Errorf("%s has the line %q", section, text)
		}
		if section == "Replication" && notHere.MatchString(name) {
			t.Errorf("a node has %s", text)
		}
	}
	for section, names := range exported {
		for name := range strings.FieldsSeq(names) {
			value, there := sections[section][name]
			if strings.HasSuffix(name, "_status") && (value == "ok" || value == "err") {
				continue
			}
			if _, err := strconv.ParseFloat(value, 64); err != nil {
				t.Errorf("%s has %s:%s (%v)", section, name, value, there)
			}
		}
	}
	for section, least := range map[string][]string{
		"Commandstats": {"cmdstat_set", "cmdstat_config|get"}, "Errorstats": {"errorstat_WRONGTYPE"}, "Latencystats": {"latency_percentiles_usec_set"}, "Keyspace": {"db0"}} {
		for _, name := range least {
			if sections[section][name] == "" {
				t.Errorf("%s has no %s, but %v", section, name, slices.Sorted(maps.Keys(sections[section])))
			}
		}
	}
	// The labels of redis_instance_info.
	for section, names := range map[string]string{"Server": "redis_version redis_build_id redis_mode os tcp_port run_id", "Memory": "maxmemory_policy", "Replication": "role master_replid"} {
		for name := range strings.FieldsSeq(names) {
			if sections[section][name] == "" {
				t.Errorf("%s has no %s", section, name)
			}
		}
	}
	for name, want := range map[string]string{"number_of_cached_scripts": "1", "number_of_functions": "0"} {
		if got := sections["Memory"][name]; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if got := sections["Keyspace"]["db0"]; !strings.HasPrefix(got, "keys=2,expires=1,avg_ttl=") {
		t.Errorf("db0:%s", got)
	}
}
