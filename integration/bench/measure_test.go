package main

import "testing"

func TestParseCSV(t *testing.T) {
	header := `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"` + "\n"
	m, err := parseCSV("WARNING: could not fetch server CONFIG\n" + header + `"SET","1234.50","0.5","0.1","0.400","0.7","0.900","1.0"` + "\n")
	if err != nil || m != (measurement{1234.5, 0.4, 0.9}) {
		t.Errorf("got %v, %v", m, err)
	}
	for _, text := range []string{"", header, header + `"SET"` + "\n", header + `"SET","x","0","0","0","0","0","0"` + "\n"} {
		if m, err := parseCSV(text); err == nil {
			t.Errorf("%q: got %v and no error", text, m)
		}
	}
}

func TestMedians(t *testing.T) {
	odd := medians([]measurement{{3, 1, 9}, {1, 3, 7}, {2, 2, 8}})
	if odd != (measurement{2, 2, 8}) {
		t.Errorf("of three: %v", odd)
	}
	even := medians([]measurement{{1, 1, 1}, {2, 4, 8}})
	if even != (measurement{1.5, 2.5, 4.5}) {
		t.Errorf("of two: %v", even)
	}
}
