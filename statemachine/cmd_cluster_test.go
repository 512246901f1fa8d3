package statemachine

import (
	"fmt"
	"testing"
)

func TestHashSlots(t *testing.T) {
	for key, want := range map[string]int{
		"": 0, "123456789": 0x31c3, "foo": 12182, "{user1000}.following": 3443, "{user1000}.followers": 3443, "user1000": 3443,
		"foo{}{bar}": HashSlot([]byte("foo{}{bar}")), "foo{{bar}}zap": HashSlot([]byte("{bar")), "foo{bar}{zap}": HashSlot([]byte("bar")), "{": HashSlot([]byte("{")),
	} {
		if got := HashSlot([]byte(key)); got != want {
			t.Errorf("%q is in slot %d, want %d", key, got, want)
		}
	}
	if HashSlot([]byte("foo{}{bar}")) == HashSlot([]byte("bar")) {
		t.Error("empty braces hold no tag")
	}
}

func TestClusterCommandsAboutKeys(t *testing.T) {
	scripts(t, []scriptTest{{"slots", `
		CLUSTER KEYSLOT foo => :12182
		CLUSTER COUNTKEYSINSLOT 12182 => :0
		MSET foo 1 {foo}2 1 {foo}3 1 other 1 => OK
		CLUSTER COUNTKEYSINSLOT 12182 => :3
		PEXPIRE {foo}3 5 => :1
		tick 10
		CLUSTER COUNTKEYSINSLOT 12182 => :2
		DEL {foo}2 => :1
		CLUSTER GETKEYSINSLOT 12182 10 => *1 "foo"
		CLUSTER GETKEYSINSLOT 12182 0 => *0
		CLUSTER GETKEYSINSLOT 12182 9223372036854775807 => *1 "foo"
		CLUSTER GETKEYSINSLOT 16384 1 => -ERR Invalid slot or number of keys
		CLUSTER GETKEYSINSLOT 1 -1 => -ERR Invalid slot or number of keys
		CLUSTER COUNTKEYSINSLOT 16384 => -ERR Invalid slot
		CLUSTER COUNTKEYSINSLOT x => -ERR value is not an integer or out of range`}})
	h := newHarness(t)
	for i := range 50 {
		h.do(fmt.Sprintf("SET {tag}%d 1", i))
	}
	slot := HashSlot([]byte("tag"))
	if got := h.do(fmt.Sprintf("CLUSTER GETKEYSINSLOT %d 7", slot)); got[:2] != "*7" {
		t.Errorf("%s", got)
	}
}
