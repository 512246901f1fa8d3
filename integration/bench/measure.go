package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// workload is one command of redis-benchmark and its pipeline depth.
type workload struct {
	command  string
	pipeline int
}

// workloads in this order: GET finds the keys that SET wrote.
var workloads = []workload{{"SET", 1}, {"GET", 1}, {"SET", 16}, {"GET", 16}}

func (w workload) String() string {
	if w.pipeline == 1 {
		return w.command
	}
	return fmt.Sprintf("%s P=%d", w.command, w.pipeline)
}

// measurement is what redis-benchmark says of one run.
type measurement struct {
	perSecond, p50, p99 float64 // requests; milliseconds
}

func measure(s *server, w workload, o options) (measurement, error) {
	requests := o.requests
	if w.pipeline > 1 {
		requests *= 4
	}
	args := []string{"-p", strconv.Itoa(s.port), "-t", strings.ToLower(w.command), "-P", strconv.Itoa(w.pipeline), "-c", strconv.Itoa(o.clients),
		"-d", strconv.Itoa(o.size), "-r", strconv.Itoa(o.keys), "-n", strconv.Itoa(requests), "--csv"}
	out, err := exec.Command("redis-benchmark", args...).CombinedOutput()
	if err != nil {
		return measurement{}, fmt.Errorf("redis-benchmark %s on %s: %w\n%s", w, s.name, err, out)
	}
	m, err := parseCSV(string(out))
	if err != nil {
		return m, fmt.Errorf("redis-benchmark %s on %s: %w\n%s", w, s.name, err, out)
	}
	return m, nil
}

// parseCSV reads the one line of figures below the header, with columns
// test, rps, avg_latency_ms, min_latency_ms, p50_latency_ms, p95_latency_ms, p99_latency_ms, max_latency_ms.
func parseCSV(text string) (measurement, error) {
	at := strings.Index(text, `"test"`)
	if at < 0 {
		return measurement{}, fmt.Errorf("no CSV header in its output")
	}
	rows, err := csv.NewReader(strings.NewReader(text[at:])).ReadAll()
	if err != nil {
		return measurement{}, err
	}
	if len(rows) != 2 || len(rows[1]) < 7 {
		return measurement{}, fmt.Errorf("its output is not one line of at least 7 figures")
	}
	var m measurement
	for column, field := range map[int]*float64{1: &m.perSecond, 4: &m.p50, 6: &m.p99} {
		if *field, err = strconv.ParseFloat(rows[1][column], 64); err != nil {
			return m, err
		}
	}
	return m, nil
}

// results holds all measurements by system and workload.
type results map[string]map[workload][]measurement

func newResults() results { return results{} }

func (r results) add(s *server, w workload, m measurement) {
	if r[s.name] == nil {
		r[s.name] = map[workload][]measurement{}
	}
	r[s.name][w] = append(r[s.name][w], m)
}

// print writes the medians of both systems and their ratio.
func (r results) print(out io.Writer, subject, reference *server) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "workload\t%s op/s\tp50 ms\tp99 ms\t%s op/s\tp50 ms\tp99 ms\tratio\t\n", subject.name, reference.name)
	for _, w := range workloads {
		a, b := medians(r[subject.name][w]), medians(r[reference.name][w])
		fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%.2f\t%.0f\t%.2f\t%.2f\t%.2f\t\n", w, a.perSecond, a.p50, a.p99, b.perSecond, b.p50, b.p99, a.perSecond/b.perSecond)
	}
	return table.Flush()
}

// medians takes the median of each figure.
func medians(all []measurement) measurement {
	median := func(of func(measurement) float64) float64 {
		values := make([]float64, len(all))
		for i, m := range all {
			values[i] = of(m)
		}
		slices.Sort(values)
		middle := len(values) / 2
		if len(values)%2 == 1 {
			return values[middle]
		}
		return (values[middle-1] + values[middle]) / 2
	}
	return measurement{
		perSecond: median(func(m measurement) float64 { return m.perSecond }),
		p50:       median(func(m measurement) float64 { return m.p50 }),
		p99:       median(func(m measurement) float64 { return m.p99 }),
	}
}
