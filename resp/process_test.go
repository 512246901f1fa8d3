package resp

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

func TestAmountsOfProcFilesAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "status")
	if err := os.WriteFile(path, []byte("Name:\tpaxredis\nRssAnon:\t   12 kB\nRssFile:\t0 kB\nThreads:\t7\nBroken:\tx kB\nno line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := kibFields(path), map[string]uint64{"RssAnon": 12 << 10, "RssFile": 0}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := kibFields(path + ".none"); len(got) > 0 {
		t.Errorf("a file that is not there has %v", got)
	}
}
