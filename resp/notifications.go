package resp

import (
	"errors"
	"strconv"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// Where keyspace events are published, beside their classes: on __keyspace@db__:key (K), on __keyevent@db__:event (E).
const (
	notifyKeyspace = 1 << 31
	notifyKeyevent = 1 << 30
)

// eventLetters are the letters of notify-keyspace-events, in the order in which Redis tells them.
var eventLetters = []struct {
	letter byte
	bits   uint32
}{
	{'g', uint32(statemachine.EventGeneric)}, {'$', uint32(statemachine.EventString)}, {'l', uint32(statemachine.EventList)},
	{'s', uint32(statemachine.EventSet)}, {'h', uint32(statemachine.EventHash)}, {'z', uint32(statemachine.EventZSet)},
	{'x', uint32(statemachine.EventExpired)}, {'e', uint32(statemachine.EventEvicted)}, {'t', uint32(statemachine.EventStream)},
	{'d', uint32(statemachine.EventModule)}, {'n', uint32(statemachine.EventNew)},
	{'K', notifyKeyspace}, {'E', notifyKeyevent}, {'m', uint32(statemachine.EventKeyMiss)},
}

// errEventClass is Redis's reason to refuse a value of notify-keyspace-events.
const errEventClass = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."

// parseEvents reads notify-keyspace-events.
func parseEvents(text string) (bits uint32, ok bool) {
next:
	for i := range len(text) {
		if text[i] == 'A' {
			bits |= uint32(statemachine.EventAll)
			continue
		}
		for _, l := range eventLetters {
			if l.letter == text[i] {
				bits |= l.bits
				continue next
			}
		}
		return 0, false
	}
	return bits, true
}

// CheckEvents says what is wrong with a value of notify-keyspace-events.
func CheckEvents(text string) error {
	if _, ok := parseEvents(text); !ok {
		return errors.New("must be letters of Ag$lshzxeKEtmdn")
	}
	return nil
}

// formatEvents is what CONFIG GET says of notify-keyspace-events. As in Redis, an A hides the n.
func formatEvents(bits uint32) string {
	var text strings.Builder
	all := bits&uint32(statemachine.EventAll) == uint32(statemachine.EventAll)
	if all {
		text.WriteByte('A')
	}
	for _, l := range eventLetters {
		if bits&l.bits != 0 && (!all || l.bits&uint32(statemachine.EventAll|statemachine.EventNew) == 0) {
			text.WriteByte(l.letter)
		}
	}
	return text.String()
}

// eventSetting is notify-keyspace-events for CONFIG.
type eventSetting struct{ hub *hub }

func (s eventSetting) get() string { return formatEvents(s.hub.notified.Load()) }

// parse returns what sets the value, or why it is none.
func (s eventSetting) parse(text string) (set func(), why string) {
	bits, ok := parseEvents(text)
	if !ok {
		return nil, errEventClass
	}
	return func() { s.hub.setNotified(bits) }, ""
}

// setNotified has the machine tell these events from now on.
func (h *hub) setNotified(bits uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notified.Store(bits)
	h.setInterest()
}

// setInterest tells the machine what clients of this node are interested in.
func (h *hub) setInterest() {
	bits := h.notified.Load()
	classes := statemachine.EventClass(bits &^ (notifyKeyspace | notifyKeyevent))
	if bits&(notifyKeyspace|notifyKeyevent) == 0 {
		classes = 0
	}
	h.server.machine.SetInterest(classes, h.tracking.clients.Load() > 0)
}

// Notify implements statemachine.Events: a keyspace event is a message to this node's own clients.
func (h *hub) Notify(class statemachine.EventClass, event string, db int, key []byte) {
	if h.subscribed.Load() == 0 || h.server.isLoading() {
		return
	}
	bits := h.notified.Load()
	h.mu.Lock()
	defer h.mu.Unlock()
	number := strconv.Itoa(db)
	if bits&notifyKeyspace != 0 {
		h.deliver(toChannel, append([]byte("__keyspace@"+number+"__:"), key...), []byte(event))
	}
	if bits&notifyKeyevent != 0 {
		h.deliver(toChannel, []byte("__keyevent@"+number+"__:"+event), key)
	}
	if class == statemachine.EventKeyMiss {
		h.post() // a read has no end that it is told at
	}
}
