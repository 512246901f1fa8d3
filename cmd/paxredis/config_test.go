package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var quiet = stdio{out: io.Discard, err: io.Discard}

func TestDefaultsAreAValidSingleNode(t *testing.T) {
	c, err := loadConfig(nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:6379" || c.DataDir != "./data" || c.ID != 0 || c.hasKey() || c.MinFreeDisk != 512<<20 {
		t.Errorf("got %+v", c)
	}
}

func TestFlagsWinOverEnvironmentOverFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf")
	if err := os.WriteFile(file, []byte("# comment\ncommit-timeout 1s\nmaxclients 11\nlease 300ms\ninsecure-peers\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PAXREDIS_COMMIT_TIMEOUT", "2s")
	t.Setenv("PAXREDIS_MAXCLIENTS", "22")
	c, err := loadConfig([]string{"--config", file, "--commit-timeout", "3s"}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if c.CommitTimeout != 3*time.Second || c.MaxClients != 22 || c.Limits.Lease != 300*time.Millisecond || !c.InsecurePeers {
		t.Errorf("got commit timeout %v, maxclients %d, lease %v, insecure %v", c.CommitTimeout, c.MaxClients, c.Limits.Lease, c.InsecurePeers)
	}
}

func TestConfigFileMistakesAreNamed(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"no-such-name 1\n":  "no-such-name",
		"maxclients many\n": "maxclients",
	} {
		file := filepath.Join(dir, "conf")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadConfig([]string{"--config", file}, quiet); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", text, err)
		}
	}
	if _, err := loadConfig([]string{"--config", filepath.Join(dir, "missing")}, quiet); err == nil {
		t.Error("a missing file was taken")
	}
}

// TestEveryRefusalNamesTheFlag: each rule of Validate, with what the message must hold.
func TestEveryRefusalNamesTheFlag(t *testing.T) {
	for _, test := range []struct {
		args string
		want string
	}{
		{"--id 0", "--id 0:"},
		{"--id 4294967296", "--id 4294967296:"},
		{"--no-such-flag", "no-such-flag"},
		{"--maxclients many", "--maxclients many: not a whole number"},
		{"--commit-timeout 10", "--commit-timeout 10: not a time"},
		{"--cluster-mode=maybe", "--cluster-mode maybe: must be yes or no"},
		{"--maxmemory-policy lru", `--maxmemory-policy "lru": must be one of noeviction, `},
		{"--maxmemory-samples 65", "--maxmemory-samples 65: must be from 1 to 64"},
		{"--timeout -1", "--timeout -1: argument must be between 0 and 2147483647 inclusive"},
		{"--tcp-keepalive x", "--tcp-keepalive x: "},
		{"--lfu-log-factor -1", "--lfu-log-factor -1: "},
		{"--lfu-decay-time -1", "--lfu-decay-time -1: "},
		{"--slowlog-log-slower-than -2", "--slowlog-log-slower-than -2: "},
		{"--slowlog-max-len 2000000", "--slowlog-max-len 2000000: argument must be between 0 and 1048576 inclusive"},
		{"--latency-monitor-threshold -1", "--latency-monitor-threshold -1: "},
		{"--latency-tracking perhaps", "--latency-tracking perhaps: argument must be 'yes' or 'no'"},
		{"--latency-tracking-info-percentiles 101", "--latency-tracking-info-percentiles 101: "},
		{"--listen nowhere", "--listen nowhere:"},
		{"--listen off", "--listen off: clients need --tls-listen or --unixsocket"},
		{"--listen off --unixsocket /x --cluster-mode", "--cluster-mode:"},
		{"--tls-listen nowhere", `--tls-listen "nowhere":`},
		{"--tls-listen a:1 --tls-cert-file c --tls-auth-clients no", "needs --tls-cert-file and --tls-key-file"},
		{"--tls-listen a:1 --tls-cert-file c --tls-key-file k", "--tls-auth-clients yes: needs --tls-ca-file"},
		{"--tls-cert-file c", "need --tls-listen"},
		{"--tls-auth-clients maybe", "must be yes, optional or no"},
		{"--tls-auth-clients-user SAN", "must be CN or off"},
		{"--unixsocketperm 888", "--unixsocketperm 888: must be from 0 to 777"},
		{"--unixsocketperm 770", "--unixsocketperm 770: needs --unixsocket"},
		{"--tls-auth-clients-user CN", "--tls-auth-clients-user CN: needs --tls-listen"},
		{"--listen 127.0.0.1:1 --tls-listen 127.0.0.1:1", "--listen 127.0.0.1:1, --tls-listen 127.0.0.1:1: both listen at the same address"},
		{"--tls-listen :6379", "--listen 127.0.0.1:6379, --tls-listen :6379:"},
		{"--listen [::]:1 --http-listen a:1", "--http-listen a:1, --listen [::]:1:"},
		{"--listen a:1 --peer-listen 0.0.0.0:1", "--peer-listen 0.0.0.0:1, --listen a:1:"},
		{"--peer-listen A:1 --http-listen a:1", "--peer-listen A:1, --http-listen a:1:"},
		{"--peer-listen [::1]:1 --tls-listen [0::1]:1", "--peer-listen [::1]:1, --tls-listen [0::1]:1:"},
		{"--http-listen 127.0.0.1:1 --tls-listen :1", "--http-listen 127.0.0.1:1, --tls-listen :1:"},
		{"--client-query-buffer-limit 1mb", "--client-query-buffer-limit 1MiB: must be at least 83886096 bytes"},
		{"--memory-watermark 100%", "--memory-watermark 100%: must be from 1% to 99%"},
		{"--memory-watermark much", "--memory-watermark much: must be a part as 90%"},
		{"--advertise nowhere", `--advertise "nowhere":`},
		{"--advertise a:0", `--advertise "a:0":`},
		{"--advertise a:redis", `--advertise "a:redis":`},
		{"--cluster-mode --listen 127.0.0.1:0", "--cluster-mode:"},
		{"--peer-listen nowhere", `--peer-listen "nowhere":`},
		{"--data-dir=", "--data-dir:"},
		{"--commit-timeout 1ms", "--commit-timeout 1ms:"},
		{"--tombstone-retention -1s", "--tombstone-retention -1s:"},
		{"--max-command-bytes 1gb", "--max-command-bytes 1GiB:"},
		{"--maxclients 0", "--maxclients 0:"},
		{"--client-output-limit 1kb", "--client-output-limit 1KiB:"},
		{"--maxmemory-clients 300mb", "--maxmemory-clients 300MiB: must be at least 353370128 bytes"},
		{"--client-pubsub-limit 1kb", "--client-pubsub-limit 1KiB:"},
		{"--client-pubsub-soft-limit 1kb", "--client-pubsub-soft-limit 1KiB:"},
		{"--client-pubsub-soft-limit 33mb", "--client-pubsub-soft-limit 33MiB, --client-pubsub-limit 32MiB: the soft limit must not be above"},
		{"--client-pubsub-soft-limit 8mb --client-pubsub-limit 4mb", "--client-pubsub-soft-limit 8MiB, --client-pubsub-limit 4MiB:"},
		{"--client-pubsub-soft-time 1ms", "--client-pubsub-soft-time 1ms:"},
		{"--tracking-table-max-keys 0", "--tracking-table-max-keys 0:"},
		{"--notify-keyspace-events Kq", "--notify-keyspace-events \"Kq\": must be letters"},
		{"--journal-segment-bytes 1kb", "--journal-segment-bytes 1KiB:"},
		{"--event-loops -1", "--event-loops -1:"},
		{"--lease 60ms", "--lease"},
		{"--election-timeout-min 100ms", "--election-timeout-min"},
		{"--heartbeat 1us", "--heartbeat"},
		{"--peers 1=a:1,2=b:1", "need a cluster key"},
		{"--id 1 --peers 2=a:1", "must include this node, --id 1"},
		{"--peers 1=a:1 --peer-advertise b:1", "is none of --peers"},
		{"--peers 1=a:1,2=b:1 --insecure-peers --id 1 --peer-advertise b:1", "is node 2 of --peers, and --id says 1"},
		{"--peers 1=a:1 --join b:1 --insecure-peers", "either among the first voters"},
		{"--join b:1", "needs the cluster's key"},
		{"--join b", "not host:port"},
		{"--peer-advertise 0.0.0.0:1", `--peer-advertise "0.0.0.0:1":`},
		{"--peer-advertise [::]:1", "no address to dial"},
		{"--peer-advertise a:0", "port"},
		{"--checkpoint-journal-bytes 1kb", "--checkpoint-journal-bytes 1KiB:"},
		{"--checkpoint-interval 1ms", "--checkpoint-interval 1ms:"},
		{"--catch-up-bytes-per-second 1kb", "--catch-up-bytes-per-second 1KiB:"},
		{"--catch-up-journal-bytes 1kb", "--catch-up-journal-bytes 1KiB:"},
		{"--min-free-disk many", "min-free-disk"},
		{"--peers 1=a:1,1=b:1", "id 1 is given twice"},
		{"--peers 1=a:1,2=a:1", "address a:1 is given twice"},
		{"--peers a:1", "id=host:port"},
		{"--peers x=a:1", "not a number"},
		{"--peers 1=a", "not host:port"},
		{"--peers 1=:1", "has no host"},
		{"--peers 1=a:0", "port"},
		{"--insecure-peers --cluster-key-file k", "--insecure-peers:"},
		{"--read-mode fast", "quorum, lease or stale"},
		{"--log-format xml", "text or json"},
		{"--log-level loud", "log-level"},
		{"--otlp-sample 0.001", "--otlp-sample 0.001: needs --otlp-endpoint"},
		{"--otlp-slower-than 1s", "--otlp-slower-than 1s: needs --otlp-endpoint"},
		{"stray", "stray"},
	} {
		_, err := loadConfig(strings.Fields(test.args), quiet)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.args, err, test.want)
		}
		if code := run(append([]string{"server"}, strings.Fields(test.args)...), quiet); code != exitUsage {
			t.Errorf("%s: exit code %d", test.args, code)
		}
	}
}

// What only looks as if it contradicted itself is taken.
func TestWhatDoesNotContradictIsTaken(t *testing.T) {
	for _, args := range []string{
		"--listen 127.0.0.1:0 --http-listen 127.0.0.1:0 --peer-listen :0",
		"--listen 127.0.0.1:1 --http-listen 127.0.0.2:1 --peer-listen [::1]:1",
		"--listen :1 --http-listen :2 --peer-listen :3",
		"--listen off --unixsocket /x --http-listen 127.0.0.1:6379",
		"--client-pubsub-limit 4mb", // below the default of the soft limit
		"--client-pubsub-limit 4mb --client-pubsub-soft-limit 4mb",
		"--otlp-endpoint http://a:1 --otlp-sample 0 --otlp-slower-than 0",
	} {
		if _, err := loadConfig(strings.Fields(args), quiet); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestTheSoftLimitsDefaultIsNotAboveTheHardLimit(t *testing.T) {
	c, err := loadConfig([]string{"--client-pubsub-limit", "4mb"}, quiet)
	if limits := clientLimits(&c); err != nil || limits.PubsubSoftBuffer != 4<<20 {
		t.Errorf("the soft limit is %d, %v", limits.PubsubSoftBuffer, err)
	}
}

// A contradiction between a file and the environment is told with both places.
func TestAContradictionNamesBothSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf")
	if err := os.WriteFile(file, []byte("listen 127.0.0.1:7000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PAXREDIS_HTTP_LISTEN", ":7000")
	_, err := loadConfig([]string{"--config", file}, quiet)
	if err == nil || !strings.HasSuffix(err.Error(), "(PAXREDIS_HTTP_LISTEN, "+file+":1)") {
		t.Errorf("got %v", err)
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, err := loadConfig([]string{"--id", "4294967296", "--maxclients", "0"}, quiet)
	if err == nil || !strings.Contains(err.Error(), "--id") || !strings.Contains(err.Error(), "--maxclients") {
		t.Errorf("got %v", err)
	}
}

func TestKeyIsGivenOnce(t *testing.T) {
	t.Setenv(keyVariable, "abc")
	if _, err := loadConfig([]string{"--cluster-key-file", "k"}, quiet); err == nil || !strings.Contains(err.Error(), keyVariable) {
		t.Errorf("got %v", err)
	}
}

func TestPeersAreKeptInOrderOfTheirIDs(t *testing.T) {
	c := Config{ID: 2}
	if err := c.Peers.Set("3=c:3, 1=a:1,2=b:2"); err != nil {
		t.Fatal(err)
	}
	if got := c.Peers.String(); got != "1=a:1,2=b:2,3=c:3" {
		t.Errorf("got %s", got)
	}
}

func TestByteSizes(t *testing.T) {
	for text, want := range map[string]byteSize{
		"0": 0, "1": 1, "10b": 10, "1k": 1000, "1kb": 1024, "1KiB": 1024, "2m": 2e6, "2mb": 2 << 20, "2MiB": 2 << 20, "1G": 1e9, "1gb": 1 << 30, " 3 MB ": 3 << 20,
	} {
		var b byteSize
		if err := b.Set(text); err != nil || b != want {
			t.Errorf("%q: got %d, %v, want %d", text, b, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "1tb", "1.5mb", "9999999999gb"} {
		var b byteSize
		if err := b.Set(text); err == nil {
			t.Errorf("%q was taken as %d", text, b)
		}
	}
}

// Where clients find a node is what it is told, or where it listens; a node that listens everywhere is at the host where its peers
// find it.
func TestClientAddress(t *testing.T) {
	for args, want := range map[string]string{
		"":                                      "127.0.0.1:6379",
		"--listen 10.0.0.7:6380":                "10.0.0.7:6380",
		"--listen 0.0.0.0:6380":                 ":6380",
		"--listen [::]:6380":                    ":6380",
		"--listen :6380":                        ":6380",
		"--listen 127.0.0.1:0":                  "",
		"--listen [::]:6380 --advertise db1:70": "db1:70",
		"--listen db1:6380 --advertise :70":     ":70",
	} {
		c, err := loadConfig(strings.Fields(args), quiet)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.clientAddress(); got != want {
			t.Errorf("%q: clients are told %q, want %q", args, got, want)
		}
	}
}
