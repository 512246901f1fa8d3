package machine

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestTimesOfStat(t *testing.T) {
	stat := "42 (a ) b) S 1 42 42 0 -1 4194304 1 2 3 4 100 20 3 1 20 0 9 0 1 2 3\n"
	if used, err := timesOfStat(stat); err != nil || used.Own+used.Ended != 1240*time.Millisecond {
		t.Errorf("got %v, %v", used, err)
	}
	for _, stat := range []string{"", "42 (a) S 1", "42 (a) S 1 42 42 0 -1 4194304 1 2 3 4 100 x 3 1 20"} {
		if used, err := timesOfStat(stat); err == nil {
			t.Errorf("%q: %v", stat, used)
		}
	}
}

func TestChildrenAreFound(t *testing.T) {
	child := exec.Command("cat")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	children, err := Children(os.Getpid())
	if err != nil || len(children) == 0 {
		t.Errorf("children %v, %v", children, err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}
