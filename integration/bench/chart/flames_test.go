package chart

import (
	"encoding/xml"
	"strings"
	"testing"
)

// TestFlamesAreAsWideAsTheyWereSeen: shares are of all stacks, a function stands on its caller, and what was hardly seen is left out.
func TestFlamesAreAsWideAsTheyWereSeen(t *testing.T) {
	f := Flames{Title: "one <flame>"}
	for range 3 {
		f.Add([]string{"leader", "runtime.goexit", "github.com/paxredis/paxredis/replication.(*loop).turn"})
	}
	f.Add([]string{"leader", "do_syscall_64"})
	svg := string(f.SVG())
	if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<title>leader, 100.00 %</title>", "<title>runtime.goexit, 75.00 %</title>", "<title>do_syscall_64, 25.00 %</title>",
		`<rect class="own" x="304.0" y="40.0" width="888.0"`, `<rect class="kernel" x="8.0" y="56.0" width="296.0"`, `<rect class="runtime" x="304.0" y="56.0"`,
		">replication.(*loop).turn</text>", "one &lt;flame&gt;",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("%q is missing in\n%s", want, svg)
		}
	}
	f.Add([]string{"seldom"})
	for range 5_000 {
		f.Add([]string{"often"})
	}
	if strings.Contains(string(f.SVG()), "seldom") {
		t.Error("what is narrower than a line is drawn")
	}
	if svg := string((&Flames{}).SVG()); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Error(svg)
	}
}

func TestWhoseCodeAFunctionIs(t *testing.T) {
	for function, want := range map[string]string{
		"main.main": "own", "github.com/paxredis/paxredis/resp.(*Writer).Bulk": "own", "runtime.schedule": "runtime",
		"internal/runtime/syscall/linux.Syscall6": "runtime", "crypto/tls.(*Conn).Write": "library", "do_softirq.part.0": "kernel",
		"finish_task_switch.isra.0": "kernel", "tcp_ack": "kernel", "[unknown]": "kernel",
	} {
		if got := flameClass(function); got != want {
			t.Errorf("%s: %s, want %s", function, got, want)
		}
	}
}
