package peer

import (
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestLimitsAreCheckedAgainstEachOther(t *testing.T) {
	if err := (Limits{}).WithDefaults().Check(); err != nil {
		t.Fatal(err)
	}
	for want, l := range map[string]Limits{
		"backoff must rise":       {BackoffMin: time.Second},
		"at least twice the ping": {IdleTimeout: 600 * time.Millisecond},
		"bytes before the hello":  {HelloBytes: 1 << 10},
		"message bound":           {MessageBytes: 100},
		"queue bounds":            {QueueMessages: -1},
		"times must be above 0":   {LinkAge: -1},
		"link bounds":             {LinkBytes: -1},
	} {
		if err := l.WithDefaults().Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

func TestConfigurationsThatCannotWorkAreRefused(t *testing.T) {
	for want, change := range map[string]func(cfg *Config){
		"no cluster key": func(cfg *Config) { cfg.Keys = nil },
		"given twice": func(cfg *Config) {
			cfg.Configuration.Voters = append(cfg.Configuration.Voters, cfg.Configuration.Voters[0])
		},
		"id 0":                    func(cfg *Config) { cfg.Configuration.Voters[0].ID = 0 },
		"missing port":            func(cfg *Config) { cfg.Configuration.Voters[0].Address = "host" },
		"this node has no id":     func(cfg *Config) { cfg.Self = 0 },
		"UUID must be known":      func(cfg *Config) { cfg.NodeUUID = "" },
		"cluster UUID must be":    func(cfg *Config) { cfg.ClusterUUID = "" },
		"longer than 64":          func(cfg *Config) { cfg.NodeUUID = strings.Repeat("x", 65) },
		"peer: listen tcp":        func(cfg *Config) { cfg.Listen = "203.0.113.1:1" },
		"at least twice the ping": func(cfg *Config) { cfg.Limits.IdleTimeout = 1 },
	} {
		cfg := testConfig(t, 2, "127.0.0.1:1", "127.0.0.1:2")
		change(&cfg)
		transport, err := Listen(cfg)
		if err == nil {
			transport.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	cfg := testConfig(t, 2, "127.0.0.1:1")
	cfg.Keys = []Key{{}}
	if _, err := Listen(cfg); err == nil {
		t.Error("the zero key was accepted")
	}
}

func TestUnstartedTransportCloses(t *testing.T) {
	n := listen(t, testConfig(t, 1, "127.0.0.1:1", "127.0.0.1:2"))
	n.Send(2, paxos.Learn{})
	n.Send(99, paxos.Learn{})
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}
