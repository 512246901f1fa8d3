package machine

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestFactsAreKnownHere(t *testing.T) {
	facts, err := Facts(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		if f.Value == "" {
			t.Errorf("%s is empty", f.Name)
		}
	}
}

func TestMountOf(t *testing.T) {
	mounts := `1 0 254:0 / / rw,noatime - ext4 /dev/vda rw
2 1 0:5 / /tmp rw - tmpfs tmpfs rw
3 1 0:6 / /data rw shared:1 - xfs /dev/vdb rw
broken
`
	for dir, want := range map[string]string{
		"/home/x":   "ext4 on /dev/vda (rw,noatime)",
		"/tmp":      "tmpfs on tmpfs (rw)",
		"/tmp/x":    "tmpfs on tmpfs (rw)",
		"/tmpx":     "ext4 on /dev/vda (rw,noatime)",
		"/data/a/b": "xfs on /dev/vdb (rw)",
	} {
		if got := mountOf(mounts, dir); got != want {
			t.Errorf("%s: %q, not %q", dir, got, want)
		}
	}
	if got := mountOf("", "/"); got != "unknown" {
		t.Errorf("without mounts: %q", got)
	}
}

func TestFieldsAreRead(t *testing.T) {
	text := "processor\t: 0\nmodel name\t: A CPU @ 2: fast\nmodel name\t: another\n"
	if got := field(text, "model name"); got != "A CPU @ 2: fast" {
		t.Errorf("got %q", got)
	}
	if got := field(text, "model"); got != "unknown" {
		t.Errorf("a missing field: %q", got)
	}
	if got := gigabytes("25165824 kB"); got != "24.0 GiB" {
		t.Errorf("got %q", got)
	}
	if got := gigabytes("unknown"); got != "unknown" {
		t.Errorf("got %q", got)
	}
}

func TestSyncLatencyLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	p50, p99, err := SyncLatency(dir, 3)
	if err != nil || p50 <= 0 || p99 < p50 {
		t.Errorf("p50 %v, p99 %v, %v", p50, p99, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestVersions(t *testing.T) {
	if got := Version(t.Context(), "sh", "-c", "echo one; echo two"); got != "one" {
		t.Errorf("got %q", got)
	}
	if got := Version(t.Context(), "no-such-program"); !strings.HasPrefix(got, "unknown (") {
		t.Errorf("got %q", got)
	}
	if Missing("sh") != "" || Missing("no-such-program") != "no-such-program is not installed" {
		t.Errorf("sh: %q, none: %q", Missing("sh"), Missing("no-such-program"))
	}
}

func TestBusyOf(t *testing.T) {
	if got, err := usesOf("cpu  100 20 3 5000 700 11 13 1 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n"); err != nil || got.busy() != 1480*time.Millisecond {
		t.Errorf("got %v, %v", got, err)
	}
	for _, stat := range []string{"", "cpu 1 2", "cpu0 1 2 3 4 5 6 7 8 9 10", "cpu 1 2 x 4 5 6 7 8 9"} {
		if got, err := usesOf(stat); err == nil {
			t.Errorf("%q: %v", stat, got)
		}
	}
	busy, err := Busy()
	if err != nil || busy <= 0 {
		t.Errorf("here: %v, %v", busy, err)
	}
	own, err := Own()
	if err != nil || own <= 0 {
		t.Errorf("own: %v, %v", own, err)
	}
}
