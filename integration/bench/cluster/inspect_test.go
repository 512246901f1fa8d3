package cluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/paxredis/paxredis/integration/bench/machine"
)

func TestAProcessIsLookedAt(t *testing.T) {
	own := os.Getpid()
	resident, err := Resident(own)
	if err != nil || resident < 1<<20 {
		t.Errorf("this process has %d bytes resident, %v", resident, err)
	}
	files, err := ResidentOfFiles(own)
	if err != nil || files <= 0 || files > resident {
		t.Errorf("of %d bytes, %d are of files, %v", resident, files, err)
	}
	if all, err := ResidentOf([]int{own, os.Getppid()}); err != nil || len(all) != 2 || all[0] < 1<<20 || all[1] == 0 {
		t.Errorf("this process and its parent have %d bytes, %v", all, err)
	}
	const nobody = 1 << 30 // more than there can be
	for name, look := range map[string]func(int) (any, error){
		"Resident": func(pid int) (any, error) { return Resident(pid) },
		"CPU":      func(pid int) (any, error) { return CPU(pid) },
	} {
		if got, err := look(nobody); err == nil {
			t.Errorf("%s of a process that does not exist: %v", name, got)
		}
	}
}

func TestProcessorTimeGrows(t *testing.T) {
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		now, err := CPU(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if now >= before+2*machine.ClockTick {
			return
		}
	}
	t.Errorf("a minute of work took no processor time beyond %v", before)
}

// TestForeignUse: what a child of this process takes is not others'.
func TestForeignUse(t *testing.T) {
	busy := exec.Command("sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := busy.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = busy.Wait() // says that it was killed
	}()
	before, err := LookAtMachine()
	if err != nil {
		t.Fatal(err)
	}
	now := before
	for deadline := time.Now().Add(time.Minute); now.own < before.own+20*machine.ClockTick && time.Now().Before(deadline); {
		if now, err = LookAtMachine(); err != nil {
			t.Fatal(err)
		}
	}
	const processors = 1 << 10
	if now.own < before.own+20*machine.ClockTick || now.all < before.all || now.Foreign(before) > processors {
		t.Errorf("since %+v: %+v, of which others took %v processors", before, now, now.Foreign(before))
	}
}

func TestDiskUse(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b/c"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bytes, err := DiskUse(dir)
	if err != nil || bytes < 2<<20 || bytes > 3<<20 {
		t.Errorf("two files of a MiB take %d bytes, %v", bytes, err)
	}
	if bytes, err := DiskUse(filepath.Join(dir, "none")); err != nil || bytes != 0 {
		t.Errorf("a directory that is gone takes %d bytes, %v", bytes, err)
	}
}
