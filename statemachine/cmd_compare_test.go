package statemachine

import (
	"strings"
	"testing"
)

func TestComparingCommands(t *testing.T) {
	scripts(t, []scriptTest{
		// The digests are those of the documentation and of Redis's own tests.
		{"DIGEST", `
			DIGEST k => nil
			SET k Hello\_world => OK
			DIGEST k => "b6acb9d84a38ff74"
			SET k v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzkjytls2kwlj7626sd => OK
			DIGEST k => "00006c38adf31777"
			SET k IDEQ IFDEQ 00006c38ADF31777 => OK
			GET k => "IDEQ"`},
		{"SET IFEQ and IFNE", `
			SET k a IFEQ b => nil
			EXISTS k => :0
			SET k a IFNE b => OK
			SET k b IFNE a => nil
			SET k b IFEQ a GET => "a"
			SET k c IFEQ a GET => "b"
			GET k => "b"
			SET k c IFEQ b IFEQ x => nil
			SET k c IFEQ b EX 10 => OK
			TTL k => :10
			SET k d IFEQ c KEEPTTL WITHVER => *2 OK :4
			TTL k => :10
			SET k e IFEQ x WITHVER => *2 nil :4
			SET k "" => OK
			SET k f IFEQ "" => OK`},
		{"SET IFDEQ and IFDNE", `
			SET k a IFDEQ 0000000000000000 => nil
			SET k a IFDEQ nodigest => nil
			SET k a IFDNE nodigest => OK
			DIGEST k => "e6c632b61e964e1f"
			SET k b IFDNE e6c632b61e964e1f => nil
			SET k b IFDEQ e6c632b61e964e1f => OK
			SET k c IFDEQ e6c632b61e964e1 => -ERR must be exactly 16 hexadecimal characters
			SET k c IFDNE e6c632b61e964e1fa => -ERR must be exactly 16 hexadecimal characters
			SET k c IFDNE +6c632b61e964e1f => -ERR must be exactly 16 hexadecimal characters
			SET k c IFDEQ g6c632b61e964e1f => -ERR must be exactly 16 hexadecimal characters
			GET k => "b"`},
		{"what SET does not take together", `
			SET k a IFEQ b NX => -ERR syntax error
			SET k a XX IFEQ b => -ERR syntax error
			SET k a IFEQ b IFNE b => -ERR syntax error
			SET k a IFEQ b VER 5 => -ERR syntax error
			SET k a IFVER 0 IFNE b => -ERR syntax error
			SET k a IFEQ => -ERR syntax error
			EXISTS k => :0`},
		{"DELEX", `
			DELEX k => :0
			DELEX k IFNE a => :0
			SET k a => OK
			DELEX k IFEQ b => :0
			DELEX k IFNE a => :0
			DELEX k IFDNE e6c632b61e964e1f => :0
			DELEX k IFDEQ e6c632b61e964e1f => :1
			SET k a => OK
			DELEX k ifeq a => :1
			SET k a VER 50 => OK
			DELEX k IFNE b => :1
			OBJECT VERSION k => :50
			SET k a => OK
			DELEX k => :1
			DELEX k IFEQ => -ERR wrong number of arguments for 'delex' command
			DELEX k IFEQ a b => -ERR wrong number of arguments for 'delex' command
			DELEX k EQ a => -ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE`},
		{"DELIFEQ", `
			DELIFEQ k a => :0
			SET k a => OK
			DELIFEQ k b => :0
			DELIFEQ k a => :1
			EXISTS k => :0`},
		{"MSETEX", `
			MSETEX 2 a 1 b 2 EX 10 => :1
			MGET a b => *2 "1" "2"
			TTL b => :10
			MSETEX 2 a 3 c 4 NX => :0
			MSETEX 2 a 3 c 4 XX => :0
			EXISTS c => :0
			MSETEX 2 a 3 b 4 XX KEEPTTL => :1
			TTL a => :10
			MSETEX 1 a 5 => :1
			TTL a => :-1
			MSETEX 2 a 6 a 7 => :1
			OBJECT VERSION a => :5
			MSETEX 0 a 1 => -ERR invalid numkeys value
			MSETEX x a 1 => -ERR invalid numkeys value
			MSETEX 2147483648 a 1 => -ERR invalid numkeys value
			MSETEX 2147483647 a 1 => -ERR wrong number of key-value pairs
			MSETEX 2 a 1 b => -ERR wrong number of key-value pairs
			MSETEX 1 a 1 NX XX => -ERR syntax error
			MSETEX 1 a 1 GET => -ERR syntax error
			MSETEX 1 a 1 WITHVER => -ERR syntax error
			MSETEX 1 a 1 EX 0 => -ERR invalid expire time in 'msetex' command
			SET z 1 VER 9223372036854775806 => OK
			MSETEX 2 z 2 z 3 => -ERR version would overflow
			GET z => "1"`},
	})
}

// TestComparisonsWithOtherTypes: only a DELEX without a comparison takes a value of another kind.
func TestComparisonsWithOtherTypes(t *testing.T) {
	for line, want := range map[string]string{"SET k v IFEQ v": errWrongType, "SET k v IFDNE v": errWrongType, "DIGEST k": errWrongType, "DELIFEQ k v": errWrongType,
		"DELEX k IFEQ v": errComparisonType, "DELEX k IFDNE v": errComparisonType} {
		h := newHarness(t)
		h.expect("SET k v", "OK")
		h.m.ks.entry(&h.m.ks.databases[0], []byte("k")).object.kind = Kind(200)
		before := h.m.Digest()
		h.expect(line, "-"+want)
		if h.m.Digest() != before {
			t.Errorf("%s changed something", line)
		}
		if !strings.HasPrefix(line, "DIGEST") {
			h.expect("DELEX k", ":1")
		}
	}
}
