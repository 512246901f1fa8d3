package resp

import (
	"fmt"
	"strings"
	"time"
)

// The size of LATENCY GRAPH, in characters; labels stand below, a character a row.
const (
	graphColumns = 80
	graphRows    = 4
)

// graphLevels are the heights that one row can show, lowest first; what is higher fills it.
const (
	graphLevels = "_o#"
	graphFull   = '|'
)

// graph draws an event's spikes as columns, oldest first, each with its age below it, in Redis's form.
func (s *latencySeries) graph(event string, now time.Time) string {
	low, high := s.bounds()
	var text strings.Builder
	fmt.Fprintf(&text, "%s - high %d ms, low %d ms (all time high %d ms)\n%s\n", event, high, low, s.longest, strings.Repeat("-", graphColumns))
	for from := 0; from < len(s.samples); from += graphColumns {
		if from > 0 {
			text.WriteByte('\n')
		}
		part := s.samples[from:min(from+graphColumns, len(s.samples))]
		drawColumns(&text, part, low, high)
		drawAges(&text, part, now)
	}
	return text.String()
}

func (s *latencySeries) bounds() (low, high int64) {
	for i, sample := range s.samples {
		if i == 0 {
			low, high = sample.millis, sample.millis
		}
		low, high = min(low, sample.millis), max(high, sample.millis)
	}
	return low, high
}

func drawColumns(text *strings.Builder, samples []latencySample, low, high int64) {
	const steps = graphRows * int64(len(graphLevels))
	for row := graphRows - 1; row >= 0; row-- {
		for _, sample := range samples {
			height := min((sample.millis-low)*steps/max(1, high-low), steps-1) - int64(row*len(graphLevels))
			switch {
			case height < 0:
				text.WriteByte(' ')
			case height < int64(len(graphLevels)):
				text.WriteByte(graphLevels[height])
			default:
				text.WriteByte(graphFull)
			}
		}
		text.WriteByte('\n')
	}
}

func drawAges(text *strings.Builder, samples []latencySample, now time.Time) {
	labels := make([]string, len(samples))
	longest := 0
	for i, sample := range samples {
		labels[i] = ageLabel(now.Unix() - sample.second)
		longest = max(longest, len(labels[i]))
	}
	text.WriteString(strings.Repeat(" ", len(samples)) + "\n")
	for row := range longest {
		for _, label := range labels {
			if row < len(label) {
				text.WriteByte(label[row])
			} else {
				text.WriteByte(' ')
			}
		}
		text.WriteByte('\n')
	}
}

// ageLabel tells an age in its largest unit.
func ageLabel(seconds int64) string {
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds", max(0, seconds))
	case seconds < 3600:
		return fmt.Sprintf("%dm", seconds/60)
	case seconds < 86400:
		return fmt.Sprintf("%dh", seconds/3600)
	}
	return fmt.Sprintf("%dd", seconds/86400)
}
