package resp

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

func testSettings() *Settings {
	return NewSettings(SettingsSource{Limits: Limits{}.WithDefaults(), Listen: "127.0.0.1:6379", Dir: "/data", SlowerThan: 10_000, SlowlogLength: 128})
}

// words are the arguments of a command.
func words(text string) statemachine.Args {
	var args statemachine.Args
	for _, word := range strings.Fields(text) {
		args = append(args, []byte(strings.Trim(word, "'")))
	}
	return args
}

// replied is what a function replies in RESP2, in short: the lines without those that only tell lengths.
func replied(f func(reply statemachine.Reply)) string {
	var w Writer
	f(&w)
	var shown []string
	for line := range strings.SplitSeq(strings.TrimSuffix(string(w.Buf), "\r\n"), "\r\n") {
		if !strings.HasPrefix(line, "*") && !strings.HasPrefix(line, "$") {
			shown = append(shown, line)
		}
	}
	return strings.Join(shown, " ")
}

func TestConfigGet(t *testing.T) {
	s := testSettings()
	for _, test := range []struct{ patterns, want string }{
		{"maxclients", "maxclients 10000"},
		{"MaxClients MAXCLIENTS", "maxclients 10000"},
		{"slowlog*", "slowlog-log-slower-than 10000 slowlog-max-len 128"},
		{"save", "save "},
		{"appendonly appendfsync", "appendfsync always appendonly yes"},
		{"maxmemory maxmemory-policy", "maxmemory 0 maxmemory-policy noeviction"},
		{"databases", "databases 16"},
		{"lua-time-limit busy-reply-threshold rdb*", "busy-reply-threshold 0 lua-time-limit 0 rdbchecksum yes rdbcompression no"},
		{"bind port dir", "bind 127.0.0.1 dir /data port 6379"},
		{"proto-max-bulk-len", "proto-max-bulk-len 67108864"},
		{"client-output-buffer-limit", "client-output-buffer-limit normal 268435456 0 0 slave 268435456 0 0 pubsub 33554432 8388608 60"},
		{"notify-keyspace-event?", "notify-keyspace-events "},
		{"no-such-thing", ""},
	} {
		if got := replied(func(r statemachine.Reply) { s.Get(words(test.patterns), r) }); got != test.want {
			t.Errorf("CONFIG GET %s: %q, want %q", test.patterns, got, test.want)
		}
	}
}

// A request of a few bytes a name cannot make a reply without bounds, or keep the loop busy with patterns.
func TestNamesAndPatternsAreBounded(t *testing.T) {
	many := strings.Repeat(" client", maxNames+1)
	table := testTable(t)
	for call, run := range map[string]func(r statemachine.Reply){
		"CONFIG GET":   func(r statemachine.Reply) { testSettings().Get(words(many), r) },
		"COMMAND INFO": func(r statemachine.Reply) { runCommand(table, words("COMMAND INFO"+many), r) },
		"COMMAND DOCS": func(r statemachine.Reply) { runCommand(table, words("COMMAND DOCS"+many), r) },
	} {
		if got := replied(run); got != "-"+errTooManyNames {
			t.Errorf("%s: %.100q", call, got)
		}
	}
	long := strings.Repeat("x", 100_000)
	if got := replied(func(r statemachine.Reply) { testSettings().Set(words(long+" 1"), r) }); len(got) > 300 {
		t.Errorf("an error of %d bytes", len(got))
	}
	if got := replied(func(r statemachine.Reply) { runCommand(table, words("COMMAND "+long), r) }); len(got) > 300 {
		t.Errorf("an error of %d bytes", len(got))
	}
	if matches := nameMatcher(strings.Repeat("*", maxPatternBytes+1)); matches("save") {
		t.Error("a pattern beyond the limit is looked at")
	}
	if nameMatcher(strings.Repeat("*?", 20) + "z*")("client-output-buffer-limit") {
		t.Error("there is no z in the name")
	}
}

func TestConfigGetOfAllTellsEachOnce(t *testing.T) {
	s := testSettings()
	w := Writer{Proto: 3}
	s.Get(words("* *"), &w)
	if want := fmt.Sprintf("%%%d\r\n", len(s.parameters)); !strings.HasPrefix(string(w.Buf), want) {
		t.Errorf("starts with %.10q, want %q", w.Buf, want)
	}
	if len(s.byName) != len(s.parameters) {
		t.Error("a name is there twice")
	}
}

// The errors are Redis's, as redis-server 7.0 says them.
func TestConfigSet(t *testing.T) {
	failed := func(name, why string) string {
		return "-ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why
	}
	for _, test := range []struct{ pairs, want string }{
		{"maxclients 100", "+OK"},
		{"MAXCLIENTS 100", "+OK"},
		{"slowlog-max-len 0 slowlog-log-slower-than -1", "+OK"},
		{"save ''", "+OK"}, // what it is
		{"appendonly YES", "+OK"},
		{"maxclients", "-ERR syntax error"},
		{"maxclients 1 x", "-ERR syntax error"},
		{"nosuch 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"},
		{"maxclients abc", failed("maxclients", "argument couldn't be parsed into an integer")},
		{"maxclients 9.5", failed("maxclients", "argument couldn't be parsed into an integer")},
		{"maxclients 0", failed("maxclients", "argument must be between 1 and 2147483647 inclusive")},
		{"slowlog-log-slower-than -5", failed("slowlog-log-slower-than", "argument must be between -1 and 9223372036854775807 inclusive")},
		{"slowlog-max-len 1kb", failed("slowlog-max-len", "argument couldn't be parsed into an integer")},
		{"slowlog-max-len 2000000", failed("slowlog-max-len", "argument must be between 0 and 1048576 inclusive")},
		{"maxclients 10 maxclients 11", failed("maxclients", "duplicate parameter")},
		{"databases 16", failed("databases", "can't set immutable config")},
		{"appendonly no", failed("appendonly", "can't set immutable config")},
		{"maxmemory-policy allkeys-LRU", "+OK"},
		{"maxmemory-policy lru", failed("maxmemory-policy", "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction")},
		{"maxmemory-samples 65", failed("maxmemory-samples", "argument must be between 1 and 64 inclusive")},
		{"maxmemory lots", failed("maxmemory", "argument must be a memory value")},
		{"maxmemory -1", failed("maxmemory", "argument must be a memory value")},
	} {
		if got := replied(func(r statemachine.Reply) { testSettings().Set(words(test.pairs), r) }); got != test.want {
			t.Errorf("CONFIG SET %s\n got %q\nwant %q", test.pairs, got, test.want)
		}
	}
}

func TestConfigSetIsAllOrNothing(t *testing.T) {
	s := testSettings()
	s.Set(words("maxclients 7 slowlog-max-len x"), statemachine.Discard)
	if s.maxClients() != 10_000 {
		t.Errorf("a CONFIG SET that failed set maxclients to %d", s.maxClients())
	}
	s.Set(words("maxclients 7 slowlog-max-len 8 slowlog-log-slower-than 9"), statemachine.Discard)
	if s.maxClients() != 7 || s.slowlogLength() != 8 || s.slowerThan() != 9 {
		t.Errorf("%d %d %d, want 7 8 9", s.maxClients(), s.slowlogLength(), s.slowerThan())
	}
}

func TestTheSlowestThresholdFitsIntoNanoseconds(t *testing.T) {
	s := testSettings()
	s.Set(words("slowlog-log-slower-than 9223372036854775807"), statemachine.Discard)
	if nanos := s.slowerThan() * 1000; nanos < 0 {
		t.Errorf("%d", nanos)
	}
}

func TestSettingsAreSafeForSeveralGoroutines(t *testing.T) {
	s := testSettings()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				s.Set(words("maxclients 5 slowlog-max-len 6"), statemachine.Discard)
				s.Get(words("*"), statemachine.Discard)
				_ = s.maxClients()
			}
		})
	}
	wg.Wait()
}

// What can be set is in force, and what cannot says so in Redis's words, or in ours where Redis has no such rule.
func TestConfigSetOfEachKind(t *testing.T) {
	failed := func(name, why string) string {
		return "-ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why
	}
	for _, test := range []struct{ name, value, want, reads string }{
		{"timeout", "5", "+OK", "5"},
		{"timeout", "-1", failed("timeout", "argument must be between 0 and 2147483647 inclusive"), "0"},
		{"tcp-keepalive", "0", "+OK", "0"},
		{"latency-monitor-threshold", "100", "+OK", "100"},
		{"latency-tracking", "NO", "+OK", "no"},
		{"latency-tracking", "maybe", failed("latency-tracking", "argument must be 'yes' or 'no'"), "yes"},
		{"latency-tracking-info-percentiles", "0 99.99 100", "+OK", "0 99.99 100"},
		{"latency-tracking-info-percentiles", "", "+OK", ""},
		{"latency-tracking-info-percentiles", "101", failed("latency-tracking-info-percentiles",
			"latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"), "50 99 99.9"},
		{"latency-tracking-info-percentiles", "NaN", failed("latency-tracking-info-percentiles",
			"latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"), "50 99 99.9"},
		{"client-output-buffer-limit", "normal 2mb 0 0", "+OK", "normal 2097152 0 0 slave 2097152 0 0 pubsub 33554432 8388608 60"},
		{"client-output-buffer-limit", "normal 2mb 0 0 replica 2mb 0 0 pubsub 2097152 1mb 5", "+OK", "normal 2097152 0 0 slave 2097152 0 0 pubsub 2097152 1048576 5"},
		{"client-output-buffer-limit", "normal 1 2", failed("client-output-buffer-limit", "Wrong number of arguments in buffer limit configuration."), ""},
		{"client-output-buffer-limit", "foo 1 2 3", failed("client-output-buffer-limit", "Invalid client class specified in buffer limit configuration."), ""},
		{"client-output-buffer-limit", "normal x 0 0", failed("client-output-buffer-limit", "Error in hard, soft or soft_seconds setting in buffer limit configuration."), ""},
		{"client-output-buffer-limit", "normal 99999999999gb 0 0", failed("client-output-buffer-limit", "Error in hard, soft or soft_seconds setting in buffer limit configuration."), ""},
		{"client-output-buffer-limit", "normal 0 0 0", failed("client-output-buffer-limit", "there are no unlimited buffers: the hard limit must be between 1048576 and 1125899906842624"), ""},
		{"client-output-buffer-limit", "normal 2mb 1mb 60", failed("client-output-buffer-limit", "there are no soft limits but for pubsub: give 0 0"), ""},
		{"client-output-buffer-limit", "slave 32mb 0 0", failed("client-output-buffer-limit", "one limit holds for all classes but pubsub: set normal"), ""},
		{"client-query-buffer-limit", "100mb", "+OK", "104857600"},
		{"client-query-buffer-limit", "0", "+OK", "84934672"}, // the default: nothing is unlimited
		{"client-query-buffer-limit", "1mb", failed("client-query-buffer-limit", "argument must be between 83886096 and 1125899906842624 inclusive"), "84934672"},
		{"client-query-buffer-limit", "much", failed("client-query-buffer-limit", "argument must be a memory value"), "84934672"},
		{"maxmemory-clients", "2gb", "+OK", "2147483648"},
		{"maxmemory-clients", "0", "+OK", "1073741824"},
		{"maxmemory-clients", "300mb", failed("maxmemory-clients", "argument must be between 353370128 and 1125899906842624 inclusive"), "1073741824"},
		{"maxmemory-clients", "5%", failed("maxmemory-clients", "argument must be a memory value"), "1073741824"},
		{"hash-max-listpack-entries", "512", "+OK", "512"},
		{"hash-max-listpack-entries", "5", failed("hash-max-listpack-entries", "can't set immutable config"), "512"},
	} {
		s := testSettings()
		if got := replied(func(r statemachine.Reply) { s.Set(statemachine.Args{[]byte(test.name), []byte(test.value)}, r) }); got != test.want {
			t.Errorf("CONFIG SET %s %q\n got %q\nwant %q", test.name, test.value, got, test.want)
		}
		if got := s.byName[test.name].value(); test.reads != "" && got != test.reads {
			t.Errorf("CONFIG SET %s %q: it is %q, want %q", test.name, test.value, got, test.reads)
		}
	}
}

// Parameters that Redis has, too, have its values where a client could tell the difference in what it gets.
func TestEncodingParametersAreRedis(t *testing.T) {
	redis := startRedisServer(t)
	new72 := map[string]bool{"set-max-listpack-entries": true, "set-max-listpack-value": true}
	for _, p := range encodingParameters() {
		want := fmt.Sprintf("*2\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(p.name), p.name, len(p.fixed), p.fixed)
		if got := string(redis.do(words("CONFIG GET " + p.name))); got != want && !new72[p.name] {
			t.Errorf("%s: Redis says %q, want %q", p.name, got, want)
		}
	}
}

// A client that says nothing is closed; one that waits for an answer is not.
func TestTimeoutClosesIdleClients(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	idle, admin, waits := dial(t, s), dial(t, s), dial(t, s)
	idle.check("PING", "+PONG")
	waits.send(line("WAIT 2 0"))
	node.until(func() bool { return len(node.waiters) == 1 })
	admin.check("CONFIG SET timeout 100", "+OK")
	admin.check("PING", "+PONG")
	l := s.allLoops()[0]
	l.do(func() {
		for c := range l.clients {
			c.active = c.active.Add(-100 * time.Second)
		}
		l.closeIdle()
	})
	idle.wantClosed()
	admin.wantClosed()
	node.sync(2)
	waits.want(":2")
	dial(t, s).check("CONFIG SET timeout 0", "+OK")
}

// What a server is started with is what CONFIG GET says, and a value that CONFIG SET would refuse is refused.
func TestParametersHaveFirstValues(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 1, Parameters: map[string]string{"timeout": "77", "lfu-decay-time": "3", "latency-tracking": "NO"}})
	c := dial(t, s)
	c.check("CONFIG GET timeout", "*2 $7 timeout $2 77")
	c.check("CONFIG GET lfu-decay-time", "*2 $14 lfu-decay-time $1 3")
	c.check("CONFIG GET latency-tracking", "*2 $16 latency-tracking $2 no")
	for name, value := range map[string]string{"timeout": "-1", "databases": "3", "no-such": "1"} {
		if _, err := newServer(Config{Parameters: map[string]string{name: value}}, stageNode{}, statemachine.New(statemachine.Config{})); err == nil {
			t.Errorf("%s %s was taken", name, value)
		}
		if _, err := CheckParameter(name, value); err == nil {
			t.Errorf("CheckParameter takes %s %s", name, value)
		}
	}
	if shown, err := CheckParameter("latency-tracking", "YES"); err != nil || shown != "yes" {
		t.Errorf("got %q, %v", shown, err)
	}
	if got := DefaultParameter("slowlog-max-len"); got != "128" {
		t.Errorf("slowlog-max-len is %q without being set", got)
	}
}

// What all clients may take has room for one, with the limits of one as they are now.
func TestMaxmemoryClientsHasRoomForOneClientAsItIsNow(t *testing.T) {
	s := testSettings()
	s.Set(words("client-query-buffer-limit 1gb"), statemachine.Discard)
	if got := replied(func(r statemachine.Reply) { s.Set(words("maxmemory-clients 1gb"), r) }); !strings.Contains(got, "must be between 1342177280 and") {
		t.Errorf("1gb, which is one client's input: %q", got)
	}
	s.Set(words("maxmemory-clients 0"), statemachine.Discard)
	if got := s.clientMemory(); got != 1<<30+256<<20 {
		t.Errorf("the default is %d", got)
	}
}

// What is told to be changeable before there is a server is what can change in one that was told everything.
func TestChangeableParametersAreThoseOfAServer(t *testing.T) {
	s, _ := startServer(t, Config{LogLevel: new(slog.LevelVar)})
	var changeable []string
	for _, p := range s.settings.parameters {
		if p.setting != nil {
			changeable = append(changeable, p.name)
		}
	}
	if told := ChangeableParameters(); !slices.Equal(told, changeable) {
		t.Errorf("told are %v, and %v can change", told, changeable)
	}
}
