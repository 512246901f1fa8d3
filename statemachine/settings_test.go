package statemachine

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// setSettings applies a change of settings and returns the reply.
func setSettings(h *harness, changes ...Setting) string {
	w := &respWriter{}
	h.slot++
	h.m.Apply(h.slot, Stamp{TimeMS: 1}, AppendSettings(nil, changes), 1, oneReply{w})
	return strings.TrimSpace(string(w.buf))
}

// oneReply takes all replies into one writer.
type oneReply struct{ w *respWriter }

func (r oneReply) Next(int, *View) Reply { return r.w }
func (r oneReply) Finish(uint64, *View)  {}

// Settings are part of the state: a checkpoint has them, neither FLUSHALL nor the flushes of scripts take them away, and whoever listens is told.
func TestSettingsAreState(t *testing.T) {
	h, l := newListening(t, 0, false)
	empty := h.m.Digest()
	if got := setSettings(h, Setting{Name: "maxmemory", Value: []byte("10mb")}, Setting{Name: "b", Value: []byte("")}); got != "+OK" || l.take() != "settings" {
		t.Fatalf("got %s", got)
	}
	if got := setSettings(h, Setting{Name: "maxmemory", Value: []byte("20mb")}); got != "+OK" || l.take() != "settings" {
		t.Fatalf("got %s", got)
	}
	script(t, h, `
		FLUSHALL => OK
		SCRIPT FLUSH => OK
		FUNCTION FLUSH => OK`)
	want := map[string]string{"maxmemory": "20mb", "b": ""}
	if got := h.m.Settings(); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if h.m.Digest() == empty {
		t.Error("the digest does not see settings")
	}
	saved := checkpointOf(t, h.m)
	other, heard := newListening(t, 0, false)
	if err := saved.restoreInto(other.m); err != nil {
		t.Fatal(err)
	}
	if got := other.m.Settings(); !maps.Equal(got, want) || heard.take() != "replaced settings replaced" {
		t.Errorf("restored: %v", got)
	}
	if other.m.Digest() != h.m.Digest() {
		t.Error("the restored state differs")
	}
	if got := setSettings(h, Setting{Name: "maxmemory", Reset: true}, Setting{Name: "unset", Reset: true}, Setting{Name: "b", Reset: true}); got != "+OK" || len(h.m.Settings()) != 0 {
		t.Errorf("got %s, %v", got, h.m.Settings())
	}
}

// What is beyond the bounds changes nothing.
func TestSettingsAreBounded(t *testing.T) {
	h := newHarness(t)
	for i := range maxSettings {
		if got := setSettings(h, Setting{Name: fmt.Sprint(i), Value: make([]byte, maxSettingBytes)}); got != "+OK" {
			t.Fatal(got)
		}
	}
	for _, s := range []Setting{{Name: "one more"}, {Name: "1", Value: make([]byte, maxSettingBytes+1)}, {Name: strings.Repeat("x", maxSettingName+1), Reset: true}, {}} {
		if got := setSettings(h, Setting{Name: "0", Value: []byte("other")}, s); got != "-"+errSettingBounds || h.m.Settings()["0"] == "other" {
			t.Errorf("%.20q: got %s", s.Name, got)
		}
	}
	// They do not take the room of scripts.
	if h.m.ks.loaded.bytes != 0 {
		t.Errorf("%d bytes are counted as loaded", h.m.ks.loaded.bytes)
	}
}

// A release that does not know a kind of what is loaded says that it is too old.
func TestAnUnknownKindOfWhatIsLoadedIsOfALaterRelease(t *testing.T) {
	h := recordHead{kind: kindSetting + 1, version: 1}
	if err := h.checkSpace(&restoredSpace{}, nil); !errors.Is(err, ErrNewerFormat) {
		t.Errorf("got %v", err)
	}
}
