package report

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/paxredis/paxredis/integration/bench/scenario"
	"github.com/paxredis/paxredis/integration/bench/statistics"
)

// verdict says whether a goal is met.
func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}

// goalForm is a scenario's goal: of which quantile (the median unless it says so), in which direction, how much, and whether that is a
// multiple of redis-server's.
var goalForm = regexp.MustCompile(`^\s*(?:(median|max|min|p\d{1,2})\s+)?(<=|>=|<|>)\s*([0-9.]+)\s*(x redis\b)?`)

// judge says whether a figure meets its goal. A goal in another form is left to the reader.
func judge(f scenario.Figure) string {
	form := goalForm.FindStringSubmatch(f.Goal)
	if form == nil || len(f.Values) == 0 {
		return ""
	}
	bound, err := strconv.ParseFloat(form[3], 64)
	if err != nil {
		return ""
	}
	value := ofQuantile(f.Values, form[1])
	if form[4] != "" {
		if len(f.Reference) == 0 {
			return ""
		}
		bound *= ofQuantile(f.Reference, form[1])
	}
	switch form[2] {
	case "<=":
		return verdict(value <= bound)
	case "<":
		return verdict(value < bound)
	case ">=":
		return verdict(value >= bound)
	}
	return verdict(value > bound)
}

// ofQuantile is the median, min, max or a percentile such as p99 of values.
func ofQuantile(values []float64, name string) float64 {
	sorted := slices.Sorted(slices.Values(values))
	switch name {
	case "", "median":
		return statistics.Quantile(sorted, 0.5)
	case "min":
		return sorted[0]
	case "max":
		return sorted[len(sorted)-1]
	}
	percent, err := strconv.Atoi(name[1:])
	if err != nil { // the form of a goal has digits there
		panic(fmt.Sprintf("report: quantile %q", name))
	}
	return statistics.Quantile(sorted, float64(percent)/100)
}
