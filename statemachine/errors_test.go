package statemachine

import "testing"

// TestErrorsRepeatWhatAClientSentAsRedisDoes: up to a NUL, no more than so much, in one line, and without newlines at the end.
func TestErrorsRepeatWhatAClientSentAsRedisDoes(t *testing.T) {
	h := newHarness(t)
	for _, c := range []struct{ option, want string }{
		{"b\r\n\x00c", "b"},
		{"b\r\nc\n", "b  c"},
		{"\x00", ""},
	} {
		if got, want := h.apply(1, AppendCommand(nil, 0, Args{[]byte("EXPIRE"), []byte("a"), []byte("1"), []byte(c.option)}))[0], "-ERR Unsupported option "+c.want; got != want {
			t.Errorf("%q: %q, want %q", c.option, got, want)
		}
	}
}
