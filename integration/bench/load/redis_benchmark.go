package load

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Benchmark is a run of redis-benchmark.
type Benchmark struct {
	Job
	Command string // SET, GET or INCR
	Value   int    // bytes
	Keys    int    // by chance, from "key:000000000000" on
}

// killAfter is how long redis-benchmark may take to end once it is told to.
const killAfter = 5 * time.Second

// RedisBenchmark runs redis-benchmark on a server. It ends at the first reply that is an error, and so does this.
func RedisBenchmark(ctx context.Context, address string, b Benchmark) (Figures, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return Figures{}, err
	}
	cmd := exec.CommandContext(ctx, "redis-benchmark", "-h", host, "-p", port, "-t", strings.ToLower(b.Command),
		"-P", strconv.Itoa(b.Pipeline), "-c", strconv.Itoa(b.Clients), "-d", strconv.Itoa(b.Value), "-r", strconv.Itoa(b.Keys),
		"-n", strconv.Itoa(b.Requests), "--csv")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C at the terminal is for the suite, which then cancels
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = killAfter
	out, err := cmd.CombinedOutput()
	if err != nil {
		return Figures{}, fmt.Errorf("redis-benchmark %s: %w\n%s", b.Command, errors.Join(err, context.Cause(ctx)), out)
	}
	f, err := parseCSV(string(out))
	if err != nil {
		return f, fmt.Errorf("redis-benchmark %s: %w\n%s", b.Command, err, out)
	}
	f.Requests = b.Requests
	return f, nil
}

// parseCSV reads the one line of figures below the header, with columns
// test, rps, avg_latency_ms, min_latency_ms, p50_latency_ms, p95_latency_ms, p99_latency_ms, max_latency_ms.
func parseCSV(text string) (Figures, error) {
	at := strings.Index(text, `"test"`)
	if at < 0 {
		return Figures{}, errors.New("no CSV header in its output")
	}
	rows, err := csv.NewReader(strings.NewReader(text[at:])).ReadAll()
	if err != nil {
		return Figures{}, err
	}
	if len(rows) != 2 || len(rows[1]) < 8 {
		return Figures{}, errors.New("its output is not one line of at least 8 figures")
	}
	var f Figures
	for column, field := range map[int]*float64{1: &f.PerSecond, 4: &f.P50, 6: &f.P99, 7: &f.Max} {
		if *field, err = strconv.ParseFloat(rows[1][column], 64); err != nil {
			return f, err
		}
	}
	return f, nil
}
