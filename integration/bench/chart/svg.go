package chart

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// style has the colours of all parts: those of the series differ in brightness too, and are told apart by people who see few colours.
const style = `
text { font: 12px sans-serif; fill: #333333; }
.title { font-size: 15px; font-weight: bold; }
.small { font-size: 9px; }
.paper { fill: #ffffff; }
.grid { stroke: #dddddd; }
.axis, .line, .whisker { stroke: #333333; }
.line { stroke-dasharray: 5 3; }
.goal { stroke: #c2185b; stroke-width: 2.5; }
.series0 { fill: #9a9a9a; }
.series1 { fill: #4a7fb5; }
.series2 { fill: #e0a03c; }
.series3 { fill: #5f9e6e; }
.series4 { fill: #8567a8; }
@media (prefers-color-scheme: dark) {
  text { fill: #d8d8d8; }
  .paper { fill: #16191d; }
  .grid { stroke: #33383e; }
  .axis, .line, .whisker { stroke: #d8d8d8; }
}
`

// colours is how many series have one of their own.
const colours = 5

// picture is an SVG in the making.
type picture struct{ bytes.Buffer }

func (p *picture) rect(class string, x, y, w, h float64) {
	fmt.Fprintf(p, "<rect class=%q x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", class, x, y, w, h)
}

func (p *picture) circle(class string, x, y, r float64) {
	fmt.Fprintf(p, "<circle class=%q cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n", class, x, y, r)
}

func (p *picture) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(p, "<line class=%q x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y1, x2, y2)
}

// text writes text with its "start", "middle" or "end" at x.
func (p *picture) text(class, anchor string, x, y float64, text string) {
	fmt.Fprintf(p, "<text class=%q text-anchor=%q x=\"%.1f\" y=\"%.1f\">%s</text>\n", class, anchor, x, y, html.EscapeString(text))
}

// SVG draws the chart.
func (c Chart) SVG() []byte {
	p := &picture{}
	fmt.Fprintf(p, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\" aria-label=\"%s\">\n<style>%s</style>\n",
		width, height, width, height, html.EscapeString(c.Title), style)
	p.rect("paper", 0, 0, width, height)
	p.text("title", "start", left, 24, c.Title)
	a := newAxis(c)
	c.drawLegend(p)
	c.drawAxis(p, a)
	for i := range c.Groups {
		c.drawGroup(p, a, i)
	}
	if c.Line > 0 {
		p.line("line", left, a.at(c.Line), right, a.at(c.Line))
	}
	p.line("axis", left, bottom, right, bottom)
	p.WriteString("</svg>\n")
	return p.Bytes()
}

func (c Chart) drawLegend(p *picture) {
	x := left
	for _, s := range c.Series {
		p.rect(s.class(), x, 36, 12, 12)
		p.text("", "start", x+17, 47, s.Name)
		x += legendWidth + 12 + textWidth*float64(len(s.Name))
	}
	if c.hasGoals() {
		p.line("goal", x, 42, x+14, 42)
		p.text("", "start", x+19, 47, "goal")
	}
}

func (c Chart) hasGoals() bool {
	for _, s := range c.Series {
		for _, v := range s.Values {
			if v.Goal > 0 {
				return true
			}
		}
	}
	return false
}

func (c Chart) drawAxis(p *picture, a axis) {
	p.text("", "start", 8, top-8, c.Unit)
	for _, tick := range a.ticks {
		y := a.at(tick)
		p.line("grid", left, y, right, y)
		p.text("", "end", left-6, y+4, Short(tick))
	}
}

// drawGroup draws the values of all series in a group, and its name.
func (c Chart) drawGroup(p *picture, a axis, group int) {
	room := (right - left) / float64(len(c.Groups))
	bar := math.Min(widestBar, room*(1-gap)/float64(len(c.Series)))
	middle := left + room*(float64(group)+0.5)
	x := middle - bar*float64(len(c.Series))/2
	for _, s := range c.Series {
		if v := s.Values[group]; v.Middle > 0 {
			drawValue(p, a, s.class(), v, x, bar)
		}
		x += bar
	}
	for i, line := range wrap(c.Groups[group], int(room/nameWidth)) {
		p.text("", "middle", middle, bottom+18+lineHeight*float64(i), line)
	}
}

// drawValue draws one value in the column from x on.
func drawValue(p *picture, a axis, class string, v Value, x, w float64) {
	middle, y := x+w/2, a.at(v.Middle)
	if a.log {
		p.circle(class, middle, y, math.Min(5, w/3))
	} else {
		p.rect(class, x+1, y, w-2, bottom-y)
	}
	if v.High > v.Low {
		low, high, half := a.at(v.Low), a.at(v.High), math.Min(whiskerWidth, w)/2
		p.line("whisker", middle, low, middle, high)
		p.line("whisker", middle-half, low, middle+half, low)
		p.line("whisker", middle-half, high, middle+half, high)
	}
	if v.Goal > 0 {
		p.line("goal", x, a.at(v.Goal), x+w, a.at(v.Goal))
	}
	p.text("small", "middle", middle, a.at(math.Max(v.Middle, v.High))-6, Short(v.Middle))
}

func (s Series) class() string { return "series" + strconv.Itoa(s.Colour%colours) }

// Short writes a number with about two digits and k or M for thousands and millions, and one below 10 with two decimals.
func Short(v float64) string {
	switch {
	case v >= 999_500:
		return digits(v/1e6, 1) + "M"
	case v >= 999.5:
		return digits(v/1e3, 1) + "k"
	}
	return digits(v, 2)
}

// digits writes a number below 10 with so many decimals at most.
func digits(v float64, decimals int) string {
	if v >= 9.95 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', decimals, 64), "0"), ".")
}

// wrap breaks a text between words into lines of so many letters, where that is possible.
func wrap(text string, letters int) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		if last := len(lines) - 1; last >= 0 && len(lines[last])+1+len(word) <= letters {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
