package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
)

// measurements has a line for each sample.
func (r *Report) measurements() []byte {
	rows := [][]string{{"part", "workload", "system", "round", "requests", "ops_per_second", "p50_ms", "p99_ms", "max_ms",
		"server_cpu_s", "server_cpu_after_s", "server_cpu_us_per_request", "other_programs_cpus"}}
	for _, s := range r.Samples {
		rows = append(rows, []string{s.Part, s.Workload, s.System, strconv.Itoa(s.Round), strconv.Itoa(s.Requests), plain(s.PerSecond),
			plain(s.P50), plain(s.P99), plain(s.Max), plain(s.CPU.Seconds()), plain(s.CPUAfter.Seconds()), plain(s.CPUOfOne()), plain(s.Others)})
	}
	return csvOf(rows)
}

// scenarios has a line for each value.
func (r *Report) scenarios() []byte {
	rows := [][]string{{"scenario", "figure", "unit", "system", "run", "value"}}
	for _, s := range r.Scenarios {
		for _, f := range s.Figures {
			for i, v := range f.Values {
				rows = append(rows, []string{s.Name, f.Name, f.Unit, "paxredis", strconv.Itoa(i + 1), plain(v)})
			}
			for i, v := range f.Reference {
				rows = append(rows, []string{s.Name, f.Name, f.Unit, "redis-server", strconv.Itoa(i + 1), plain(v)})
			}
		}
	}
	return csvOf(rows)
}

// plain writes a number with as many digits as it has, up to the sixth after the point.
func plain(v float64) string { return strconv.FormatFloat(roundTo(v, 1e6), 'f', -1, 64) }

// csvOf writes to memory, where nothing can fail but a program's mistake.
func csvOf(rows [][]string) []byte {
	var out bytes.Buffer
	if err := csv.NewWriter(&out).WriteAll(rows); err != nil {
		panic(fmt.Sprintf("report: CSV: %v", err))
	}
	return out.Bytes()
}
