package resp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// setting is a parameter that can change while the server runs.
type setting interface {
	// get is what CONFIG GET says.
	get() string
	// parse reads a value, and returns what has it take effect, or why it is not one, in Redis's words. apply is called once all
	// parameters of a CONFIG SET are found good.
	parse(text string) (apply func(), why string)
}

// integer is a number from least to most.
type integer struct {
	value       *atomic.Int64
	least, most int64
	changed     func() // called when it was set; nil: nobody needs to know
}

func (i integer) get() string { return strconv.FormatInt(i.value.Load(), 10) }

func (i integer) parse(text string) (apply func(), why string) {
	n, ok := parseLength([]byte(text))
	if !ok {
		return nil, "argument couldn't be parsed into an integer"
	}
	if n < i.least || n > i.most {
		return nil, fmt.Sprintf("argument must be between %d and %d inclusive", i.least, i.most)
	}
	return func() {
		i.value.Store(n)
		if i.changed != nil {
			i.changed()
		}
	}, ""
}

// memorySize is an amount of memory, as "100mb"; 0 stands for no limit.
type memorySize struct {
	bytes   *atomic.Int64
	changed func() // called when it was set
}

func (m memorySize) get() string { return strconv.FormatInt(m.bytes.Load(), 10) }

func (m memorySize) parse(text string) (apply func(), why string) {
	n, ok := parseMemory(text)
	if !ok {
		return nil, "argument must be a memory value"
	}
	return func() { m.bytes.Store(n); m.changed() }, ""
}

// clientBound is a limit of what clients make the server keep, as "100mb"; 0 stands for its default, as at the start. The limits that others
// depend on say which the least is.
type clientBound struct {
	bytes  *atomic.Int64
	limits func() Limits
	least  func(l Limits) int64
	usual  func(l Limits) int64
}

func (b clientBound) get() string { return strconv.FormatInt(b.bytes.Load(), 10) }

func (b clientBound) parse(text string) (apply func(), why string) {
	n, ok := parseMemory(text)
	if !ok {
		return nil, "argument must be a memory value"
	}
	limits := b.limits()
	if n == 0 {
		n = b.usual(limits)
	}
	if least := b.least(limits); n < least || n > mostBuffer {
		return nil, fmt.Sprintf("argument must be between %d and %d inclusive", least, int64(mostBuffer))
	}
	return func() { b.bytes.Store(n) }, ""
}

// evictionInErrors are the policies in the order of Redis's errors.
var evictionInErrors = []string{"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction"}

// evictionSetting is the name of a policy.
type evictionSetting struct {
	policy  *atomic.Uint32
	changed func() // called when it was set
}

func (e evictionSetting) get() string { return statemachine.EvictionPolicy(e.policy.Load()).String() }

func (e evictionSetting) parse(text string) (apply func(), why string) {
	p, ok := statemachine.ParseEvictionPolicy(text)
	if !ok {
		return nil, "argument(s) must be one of the following: " + strings.Join(evictionInErrors, ", ")
	}
	return func() { e.policy.Store(uint32(p)); e.changed() }, ""
}

// yesOrNo is a switch.
type yesOrNo struct{ on *atomic.Bool }

func (y yesOrNo) get() string { return yesNo(y.on.Load()) }

func (y yesOrNo) parse(text string) (apply func(), why string) {
	on := strings.EqualFold(text, "yes")
	if !on && !strings.EqualFold(text, "no") {
		return nil, "argument must be 'yes' or 'no'"
	}
	return func() { y.on.Store(on) }, ""
}

func yesNo(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

// percentiles is a list of numbers from 0 to 100, separated by blanks.
type percentiles struct {
	list *atomic.Pointer[[]float64]
}

// maxPercentiles bounds the list: INFO has all of them for each command.
const maxPercentiles = 64

func (p percentiles) get() string {
	shown := make([]string, 0, maxPercentiles)
	for _, percentile := range *p.list.Load() {
		shown = append(shown, strconv.FormatFloat(percentile, 'f', -1, 64))
	}
	return strings.Join(shown, " ")
}

func (p percentiles) parse(text string) (apply func(), why string) {
	words := strings.Fields(text)
	if len(words) > maxPercentiles {
		return nil, fmt.Sprintf("there are more than %d percentiles", maxPercentiles)
	}
	list := make([]float64, len(words))
	for i, word := range words {
		n, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, "Invalid latency-tracking-info-percentiles parameters"
		}
		if !(n >= 0 && n <= 100) {
			return nil, "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
		}
		list[i] = n
	}
	return func() { p.list.Store(&list) }, ""
}

// outputBuffers is client-output-buffer-limit: a hard limit, which holds for normal clients and those that there are not, and the limits of
// subscribers, which may have a soft one. There are no unlimited buffers here.
type outputBuffers struct {
	bytes  *atomic.Int64
	pubsub *atomic.Pointer[pubsubLimits]
}

// pubsubLimits bound the messages that a subscriber has not read, in bytes: soft, if not 0, for some time.
type pubsubLimits struct {
	hard, soft int64
	softTime   time.Duration
}

func (o outputBuffers) get() string {
	n, p := o.bytes.Load(), o.pubsub.Load()
	return fmt.Sprintf("normal %d 0 0 slave %d 0 0 pubsub %d %d %d", n, n, p.hard, p.soft, int64(p.softTime/time.Second))
}

func (o outputBuffers) parse(text string) (apply func(), why string) {
	words := strings.Fields(text)
	if len(words) == 0 || len(words)%4 != 0 {
		return nil, "Wrong number of arguments in buffer limit configuration."
	}
	n, pubsub := o.bytes.Load(), *o.pubsub.Load()
	limits := make(map[string]int64)
	for ; len(words) > 0; words = words[4:] {
		class := strings.ToLower(words[0])
		l, why := parseLimits(words[1:4])
		switch {
		case class == "replica":
			class = "slave"
		case class != "normal" && class != "slave" && class != "pubsub":
			return nil, "Invalid client class specified in buffer limit configuration."
		}
		switch {
		case why != "":
			return nil, why
		case class == "pubsub":
			pubsub = l
			continue
		case l.soft != 0 || l.softTime != 0:
			return nil, "there are no soft limits but for pubsub: give 0 0"
		}
		limits[class] = l.hard
	}
	if normal, given := limits["normal"]; given {
		n = normal
	}
	for _, limit := range limits {
		if limit != n {
			return nil, "one limit holds for all classes but pubsub: set normal"
		}
	}
	return func() { o.bytes.Store(n); o.pubsub.Store(&pubsub) }, ""
}

// parseLimits reads a class's hard limit, soft limit and seconds.
func parseLimits(words []string) (l pubsubLimits, why string) {
	hard, hardOK := parseMemory(words[0])
	soft, softOK := parseMemory(words[1])
	seconds, secondsOK := parseLength([]byte(words[2]))
	switch {
	case !hardOK || !softOK || !secondsOK || seconds < 0 || seconds > math.MaxInt32 || soft < 0:
		return l, "Error in hard, soft or soft_seconds setting in buffer limit configuration."
	case hard < leastOutputBuffer || hard > mostBuffer:
		return l, fmt.Sprintf("there are no unlimited buffers: the hard limit must be between %d and %d", leastOutputBuffer, int64(mostBuffer))
	}
	return pubsubLimits{hard, soft, time.Duration(seconds) * time.Second}, ""
}

// memoryUnits are those of Redis's configuration: k is 1000 bytes, kb 1024.
var memoryUnits = []struct {
	suffix string
	bytes  int64
}{{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}, {"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"b", 1}, {"", 1}}

// parseMemory reads an amount of memory, as "100mb".
func parseMemory(text string) (n int64, ok bool) {
	text = strings.ToLower(text)
	for _, unit := range memoryUnits {
		digits, found := strings.CutSuffix(text, unit.suffix)
		if !found {
			continue
		}
		n, ok = parseLength([]byte(digits))
		if !ok || n < 0 || n > mostBuffer/unit.bytes*2 {
			return 0, false
		}
		return n * unit.bytes, true
	}
	return 0, false
}
