package paxos_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos/paxostest"
)

var rewriteFlag = flag.Bool("rewrite", false, "write what the nodes do now into the transcripts")

// TestScenarios runs the transcripts of testdata: a change of the protocol is reviewed as a change of text.
func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := paxostest.RunScript(string(want))
			if err != nil {
				t.Fatal(err)
			}
			if got == string(want) {
				return
			}
			if !*rewriteFlag {
				t.Fatalf("the transcript differs; -rewrite and look at the change. Now:\n%s", got)
			}
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}
