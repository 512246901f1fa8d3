package scenario

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// samplesASecond is how often perf looks at each processor. It is not a multiple of what anything else does regularly.
const samplesASecond = "499"

// recording is a perf that looks at processes.
type recording struct {
	file string
	cmd  *exec.Cmd
	out  bytes.Buffer
}

// record begins to look at processes, the kernel on their behalf included.
func record(dir string, pids ...int) (*recording, error) {
	r := &recording{file: filepath.Join(dir, "perf.data")}
	list := make([]string, len(pids))
	for i, pid := range pids {
		list[i] = strconv.Itoa(pid)
	}
	r.cmd = exec.Command("perf", "record", "-q", "-e", "cpu-clock", "-F", samplesASecond, "-g", "-p", strings.Join(list, ","), "-o", r.file)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.out
	return r, r.cmd.Start()
}

// stop ends it and returns what it saw.
func (r *recording) stop(ctx context.Context) (*profile, error) {
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return nil, errors.Join(fmt.Errorf("perf record: %w\n%s", err, r.out.Bytes()), r.cmd.Wait())
	}
	var exit *exec.ExitError
	if err := r.cmd.Wait(); err != nil && !errors.As(err, &exit) { // it ends by the signal that it was sent
		return nil, fmt.Errorf("perf record: %w\n%s", err, r.out.Bytes())
	}
	script := exec.CommandContext(ctx, "perf", "script", "-i", r.file, "-F", "pid,ip,sym")
	var complaints bytes.Buffer
	script.Stderr = &complaints
	out, err := script.Output()
	if err != nil {
		return nil, fmt.Errorf("perf script: %w\n%s%s", err, complaints.Bytes(), r.out.Bytes())
	}
	return readProfile(bytes.NewReader(out))
}
