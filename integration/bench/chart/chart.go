// Package chart draws grouped values with their spread as SVG, readable on light and on dark pages.
package chart

import "math"

// Chart is groups of values side by side, one of each series in a group.
type Chart struct {
	Title  string
	Unit   string // of the axis
	Groups []string
	Series []Series
	// Log draws points over a logarithmic axis, for values of different magnitude; otherwise bars begin at 0.
	Log bool
	// Line is where a line marks what the values are compared with, or 0 for none.
	Line float64
}

// Series is values of the same thing, one for each group.
type Series struct {
	Name   string
	Colour int // a number from 0 on, which stands for the same colour in all charts
	Values []Value
}

// Value is drawn with a whisker from Low to High, and a mark at Goal unless that is 0. One that is not above 0 is left out.
type Value struct{ Middle, Low, High, Goal float64 }

// Of the picture, in pixels.
const (
	width        = 920.0
	height       = 380.0
	left         = 64.0 // of the area with the values
	right        = width - 16
	top          = 70.0
	bottom       = height - 56
	gap          = 0.22 // of a group's width that stays empty
	widestBar    = 48.0
	textWidth    = 6.8 // of a letter, about
	nameWidth    = 8.6 // of a letter of a group's name, with some room around the name
	lineHeight   = 14.0
	legendWidth  = 22.0
	whiskerWidth = 6.0
)

// axis maps values to heights.
type axis struct {
	low, high float64
	log       bool
	ticks     []float64
}

// newAxis spans all values of a chart.
func newAxis(c Chart) axis {
	low, high := math.Inf(1), c.Line
	for _, s := range c.Series {
		for _, v := range s.Values {
			if v.Middle > 0 {
				low, high = math.Min(low, math.Min(v.Middle, v.Low)), math.Max(high, math.Max(v.Middle, math.Max(v.High, v.Goal)))
			}
		}
	}
	if high <= 0 {
		low, high = 1, 1
	}
	if c.Log {
		return logAxis(low, high)
	}
	return linearAxis(high)
}

// linearAxis goes from 0 to the first tick that is not below high.
func linearAxis(high float64) axis {
	step := math.Pow(10, math.Floor(math.Log10(high)))
	for _, finer := range []float64{0.1, 0.2, 0.25, 0.5, 1, 2} {
		if high/(step*finer) <= 8 {
			step *= finer
			break
		}
	}
	a := axis{ticks: []float64{0}}
	for a.high < high {
		a.high = step * float64(len(a.ticks))
		a.ticks = append(a.ticks, a.high)
	}
	return a
}

// logAxis has ticks at 1, 2 and 5 of each decade, from the last one below all values to the first one above them.
func logAxis(low, high float64) axis {
	if low <= 0 {
		low = high / 1000
	}
	a := axis{log: true}
	for decade := math.Pow(10, math.Floor(math.Log10(low))); a.high <= high; decade *= 10 {
		for _, n := range []float64{1, 2, 5} {
			tick := n * decade
			if tick <= low {
				a.ticks = a.ticks[:0] // a later one will do
			}
			if a.high <= high {
				a.ticks = append(a.ticks, tick)
				a.high = tick
			}
		}
	}
	a.low = a.ticks[0]
	return a
}

// at is the height of a value in the picture; values beyond the axis stay at its ends.
func (a axis) at(value float64) float64 {
	part := value / a.high
	if a.log {
		part = math.Log(math.Max(value, a.low)/a.low) / math.Log(a.high/a.low)
	}
	return bottom - (bottom-top)*math.Max(0, math.Min(1, part))
}
