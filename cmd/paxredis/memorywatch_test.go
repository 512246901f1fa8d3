package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/paxredis/paxredis/cmd/paxredis/monitor"
	"github.com/paxredis/paxredis/resp"
)

// From the watermark on writes are refused, and leadership is left once; memory that can be given back is, first; and there is some way back.
func TestMemoryWatch(t *testing.T) {
	var used, garbage uint64
	var failure error
	var leads bool
	var did []string
	refused := false
	m := &memoryWatch{
		most:    watermark{percent: 80},
		measure: func() (uint64, uint64, error) { return used + garbage, 3200, failure },
		collect: func() { did, garbage = append(did, "collect"), 0 },
		tell: func(p resp.MemoryPressure) {
			if now := p.Refusal != ""; now != refused {
				refused = now
				did = append(did, map[bool]string{true: "refuse", false: "accept"}[now])
			}
			if refused && !strings.HasPrefix(p.Refusal, "OOM ") || p.Watermark != 2560 || p.Limit != 3200 {
				t.Errorf("told %+v", p)
			}
		},
		note: func(string) { did = append(did, "note") },
		retreat: retreat{
			leads:    func() bool { return leads },
			handOver: func(context.Context) error { did = append(did, "hand over"); return errors.New("to nobody") },
			log:      slog.New(slog.DiscardHandler),
		},
	}
	for i, step := range []struct {
		used, garbage uint64
		failure       error
		leads         bool
		want          []string
		next          time.Duration
	}{
		{1000, 0, nil, true, nil, memoryInterval},
		{2559, 0, nil, true, nil, tightMemoryInterval},
		{2500, 100, nil, true, []string{"collect"}, tightMemoryInterval},
		{0, 0, errors.New("unknown"), true, nil, memoryInterval},
		{2560, 0, nil, false, []string{"note", "refuse"}, tightMemoryInterval}, // it has collected just before
		{3000, 0, nil, true, []string{"hand over"}, tightMemoryInterval},
		{3000, 0, nil, true, nil, tightMemoryInterval}, // when every node is full it does not go round
		{2460, 0, nil, true, nil, tightMemoryInterval}, // not to and fro
		{2459, 0, nil, true, []string{"note", "accept"}, tightMemoryInterval},
		{2600, 0, nil, true, []string{"note", "refuse", "hand over"}, tightMemoryInterval},
	} {
		did = nil
		used, garbage, failure, leads = step.used, step.garbage, step.failure, step.leads
		if next := m.look(context.Background()); !slices.Equal(did, step.want) || next != step.next {
			t.Errorf("step %d: %v, want %v; next after %v", i, did, step.want, next)
		}
	}
}

// What is in use and what there is, as the files of the kernel tell it.
func TestMemoryLimits(t *testing.T) {
	const gib = 1 << 30
	machine := map[string]string{"proc/meminfo": "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable: 6291456 kB\n"} // 8 GiB, 2 in use
	group := func(more ...string) map[string]string {
		files := map[string]string{"proc/meminfo": machine["proc/meminfo"]}
		for i := 0; i < len(more); i += 2 {
			files[more[i]] = more[i+1]
		}
		return files
	}
	for name, test := range map[string]struct {
		files       map[string]string
		used, limit uint64
		least       uint64 // 0: limit
	}{
		"no groups": {machine, 2 * gib, 8 * gib, 0},
		"no limit":  {group("proc/self/cgroup", "0::/\n", "sys/fs/cgroup/memory.max", "max\n"), 2 * gib, 8 * gib, 0},
		"a container": {group("proc/self/cgroup", "0::/\n", "sys/fs/cgroup/memory.max", "1073741824\n", "sys/fs/cgroup/memory.current", "900000000\n",
			"sys/fs/cgroup/memory.stat", "anon 5\ninactive_file 100000000\nactive_file 50000000\nslab_reclaimable 1000\n"), 749999000, gib, 0},
		"a limit above": {group("proc/self/cgroup", "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max", "max\n", "sys/fs/cgroup/a/memory.max", "2147483648",
			"sys/fs/cgroup/a/memory.current", "1000", "sys/fs/cgroup/a/memory.stat", ""), 1000, 2 * gib, 0},
		"the least room counts": {group("proc/self/cgroup", "0::/a\n", "sys/fs/cgroup/a/memory.max", "2147483648", "sys/fs/cgroup/a/memory.current", "1000",
			"sys/fs/cgroup/a/memory.stat", "", "sys/fs/cgroup/memory.max", "3221225472", "sys/fs/cgroup/memory.current", "3221225000", "sys/fs/cgroup/memory.stat", ""), 3221225000, 3 * gib, 2 * gib},
		"version 1": {group("proc/self/cgroup", "5:cpu:/x\n4:memory:/docker/1\n0::/y\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824",
			"sys/fs/cgroup/memory/memory.usage_in_bytes", "500", "sys/fs/cgroup/memory/memory.stat", "total_inactive_file 100\ntotal_active_file 50\n"), 350, gib, 0},
		"more than the machine": {group("proc/self/cgroup", "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712",
			"sys/fs/cgroup/memory/memory.usage_in_bytes", "500", "sys/fs/cgroup/memory/memory.stat", ""), 2 * gib, 8 * gib, 0},
	} {
		t.Run(name, func(t *testing.T) {
			root := fstest.MapFS{}
			for file, text := range test.files {
				root[file] = &fstest.MapFile{Data: []byte(text)}
			}
			if r, err := memoryUnder(root); err != nil || r.used != test.used || r.limit != test.limit || r.least != cmp.Or(test.least, test.limit) {
				t.Errorf("got %+v, %v, want %d of %d, and %d at least", r, err, test.used, test.limit, test.least)
			}
		})
	}
	if used, limit, err := measureMemory(); err != nil || used == 0 || used > limit {
		t.Errorf("of this machine: %d of %d, %v", used, limit, err)
	}
	if memoryLimit() == 0 {
		t.Error("how much this process may have is not known")
	}
	if _, err := memoryUnder(fstest.MapFS{}); err == nil {
		t.Error("nothing is known, and that is no error")
	}
}

func TestWatermarks(t *testing.T) {
	for text, want := range map[string]string{"90%": "90%", "off": "off", "0": "off", "512mb": "512MiB"} {
		var w watermark
		if err := w.Set(text); err != nil || w.String() != want {
			t.Errorf("%s: %v, %v", text, &w, err)
		}
	}
	for _, test := range []struct {
		watermark   watermark
		limit, want uint64
	}{{watermark{percent: 90}, 1000, 900}, {watermark{bytes: 600}, 1000, 600}, {watermark{bytes: 2000}, 1000, 1000}} {
		if got := test.watermark.of(test.limit); got != test.want {
			t.Errorf("%v of %d: %d, want %d", &test.watermark, test.limit, got, test.want)
		}
	}
}

// A node beyond its watermark refuses what may take more, takes the rest, and says so in /status.
func TestANodeBeyondItsMemoryWatermark(t *testing.T) {
	n := startTestNode(t, t.TempDir(), "--memory-watermark", "1mb") // more than that is in use on any machine
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	for ctx.Err() == nil && !strings.Contains(fmt.Sprint(n.do("INFO", "memory")), "memory_watermark_reached:1\r\n") {
		n.do("WAIT", "1", "10") // until the first look
	}
	err := n.client.Do(ctx, "SET", "a", "1").Err()
	if err == nil || !strings.HasPrefix(err.Error(), "OOM this node's memory is nearly full") {
		t.Errorf("SET: %v", err)
	}
	if err := n.client.Do(ctx, "EVAL", "return redis.call('SET', 'a', '1')", "0").Err(); err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("a script that sets: %v", err)
	}
	isMemory := func(e monitor.Event) bool { return e.Kind == eventMemory }
	if s := n.node.monitor.Status(); !s.Memory.WatermarkReached || s.Memory.Watermark != 1<<20 || s.Disk.WritesRefused || !slices.ContainsFunc(s.Events, isMemory) {
		t.Errorf("/status: %+v, %+v", s.Memory, s.Events)
	}
	n.do("DEL", "a")
	n.do("PING")
	if got := n.do("EXISTS", "a"); got != int64(0) {
		t.Errorf("EXISTS: %v", got)
	}
}
