// Package machine says what a measurement was made on: hardware, kernel, the filesystem of a directory and what a sync costs there, and
// the versions of programs.
package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Fact is a line of a report.
type Fact struct{ Name, Value string }

// Facts describe this machine and the filesystem of a directory.
func Facts(dir string) ([]Fact, error) {
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return nil, err
	}
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return nil, err
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return nil, err
	}
	filesystem, err := filesystemOf(dir)
	if err != nil {
		return nil, err
	}
	return []Fact{
		{"CPU", field(string(cpu), "model name")},
		{"cores", strconv.Itoa(runtime.NumCPU())},
		{"memory", gigabytes(field(string(memory), "MemTotal"))},
		{"kernel", unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:]) + " " + unix.ByteSliceToString(name.Machine[:])},
		{"filesystem", filesystem},
	}, nil
}

// field is the value of the first line "name : value", or "unknown".
func field(text, name string) string {
	for line := range strings.Lines(text) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// gigabytes makes "16384 kB" readable.
func gigabytes(kilobytes string) string {
	n, err := strconv.ParseFloat(strings.TrimSuffix(kilobytes, " kB"), 64)
	if err != nil {
		return kilobytes
	}
	return fmt.Sprintf("%.1f GiB", n/(1<<20))
}

// filesystemOf names the type and the device of the filesystem that holds a directory.
func filesystemOf(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	return mountOf(string(mounts), dir), nil
}

// mountOf finds the mount with the longest path above dir in /proc/self/mountinfo; the last one counts of equal ones.
func mountOf(mounts, dir string) string {
	best, longest := "unknown", -1
	for line := range strings.Lines(mounts) {
		before, after, found := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !found || len(left) < 6 || len(right) < 2 {
			continue
		}
		point := left[4]
		if len(point) >= longest && (point == "/" || dir == point || strings.HasPrefix(dir, point+"/")) {
			best, longest = fmt.Sprintf("%s on %s (%s)", right[0], right[1], left[5]), len(point)
		}
	}
	return best
}

// Version is the first line that a program prints, or why it prints none.
func Version(ctx context.Context, program string, args ...string) string {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return "unknown (" + err.Error() + ")"
	}
	line, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte("\n"))
	return string(line)
}

// Missing says why a program cannot be run, or nothing.
func Missing(program string) string {
	if _, err := exec.LookPath(program); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return program + " is not installed"
		}
		return err.Error()
	}
	return ""
}
