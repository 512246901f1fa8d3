package resp

import (
	"bytes"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// unameText is the system's name as Redis tells it, "Linux 6.1.0 x86_64"; empty if it is not known.
func unameText() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	text := func(b []byte) string {
		if i := bytes.IndexByte(b, 0); i >= 0 {
			b = b[:i]
		}
		return string(b)
	}
	return text(u.Sysname[:]) + " " + text(u.Release[:]) + " " + text(u.Machine[:])
}

// cpuInfo is the time that the process has used; zero if the system does not say.
func cpuInfo() CPUInfo {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return CPUInfo{}
	}
	return CPUInfo{System: time.Duration(usage.Stime.Nano()), User: time.Duration(usage.Utime.Nano())}
}

// processMemory is what the process and the machine have; figures the system does not give are 0.
func processMemory() MemoryInfo {
	const total, free, released, stacks = 0, 1, 2, 3
	samples := []metrics.Sample{total: {Name: "/memory/classes/total:bytes"}, free: {Name: "/memory/classes/heap/free:bytes"},
		released: {Name: "/memory/classes/heap/released:bytes"}, stacks: {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	value := func(i int) uint64 {
		if samples[i].Value.Kind() != metrics.KindUint64 {
			return 0
		}
		return samples[i].Value.Uint64()
	}
	m := MemoryInfo{Used: value(total) - value(free) - value(released), Stacks: value(stacks), System: systemBytes()}
	m.RSS, m.Files = resident()
	return m
}

// resident is what the process has in memory, in bytes: own, which no file stands behind, and pages of files, which the kernel takes back when it
// needs them. By Linux's /proc; 0 elsewhere.
func resident() (own, files uint64) {
	status := kibFields("/proc/self/status")
	return status["RssAnon"] + status["RssShmem"], status["RssFile"]
}

// systemBytes is the machine's memory, by Linux's /proc; 0 elsewhere.
func systemBytes() uint64 { return kibFields("/proc/meminfo")["MemTotal"] }

// kibFields reads the lines of a file of /proc that tell an amount in kB, and returns them in bytes; none if there is no such file.
func kibFields(path string) map[string]uint64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	fields := make(map[string]uint64)
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		if number, isKiB := strings.CutSuffix(strings.TrimSpace(rest), " kB"); isKiB {
			if kib, err := strconv.ParseUint(number, 10, 64); err == nil {
				fields[name] = kib << 10
			}
		}
	}
	return fields
}
