package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/paxredis/paxredis/integration/bench/scenario"
)

// page is Markdown in the making.
type page struct{ bytes.Buffer }

func (p *page) paragraph(text string) {
	if text != "" {
		fmt.Fprintf(p, "%s\n\n", text)
	}
}

// table writes a table whose first columns are text, and whose others are aligned to the right.
func (p *page) table(textColumns int, head []string, rows [][]string) {
	p.row(head)
	p.row(append(repeat("---", textColumns), repeat("---:", len(head)-textColumns)...))
	for _, r := range rows {
		p.row(r)
	}
	p.WriteString("\n")
}

func (p *page) row(cells []string) {
	escaped := make([]string, len(cells))
	for i, c := range cells {
		escaped[i] = strings.ReplaceAll(strings.ReplaceAll(c, "|", `\|`), "\n", " ")
	}
	fmt.Fprintf(p, "| %s |\n", strings.Join(escaped, " | "))
}

func repeat(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

// markdown is the whole report.
func (r *Report) markdown() []byte {
	p := &page{}
	fmt.Fprintf(p, "# %s\n\n", r.Title)
	p.paragraph(r.About)
	var facts [][]string
	for _, f := range r.Facts {
		facts = append(facts, []string{f.Name, f.Value})
	}
	if len(facts) > 0 {
		p.table(2, []string{"machine and versions", ""}, facts)
	}
	if len(r.Problems) > 0 {
		p.paragraph("**What is missing, and why:**")
		for _, text := range r.Problems {
			fmt.Fprintf(p, "- %s\n", strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  "))
		}
		p.WriteString("\n")
	}
	for _, part := range r.Parts {
		r.part(p, part)
	}
	for _, s := range r.Scenarios {
		p.scenario(s)
	}
	return p.Bytes()
}

// part writes the ratios, the figures they are made of, and the plots of both.
func (r *Report) part(p *page, part Part) {
	workloads := r.Samples.workloads(part.Name)
	if len(workloads) == 0 {
		return
	}
	fmt.Fprintf(p, "## %s\n\n", part.Title)
	p.paragraph(part.About)
	if compared := r.compared(part.Name); len(compared) > 0 {
		var rows [][]string
		for _, w := range workloads {
			row := []string{w}
			for _, system := range compared {
				row = append(row, r.ratio(Cell{part.Name, w, system}))
			}
			rows = append(rows, row)
		}
		p.paragraph("Operations a second, divided by " + r.Reference + "'s of the same round: median and least to most of the rounds." + r.legend())
		p.table(1, append([]string{"ratio"}, compared...), rows)
		fmt.Fprintf(p, "![ratios](%s)\n\n", ratioChart(part.Name))
	}
	r.figures(p, part.Name, workloads)
	fmt.Fprintf(p, "![operations a second](%s)\n\n", throughputChart(part.Name))
}

// figures writes what was measured of all systems.
func (r *Report) figures(p *page, part string, workloads []string) {
	var rows [][]string
	for _, w := range workloads {
		for _, system := range r.Samples.systems(part) {
			c := Cell{part, w, system}
			rate := r.Samples.Spread(c, perSecond)
			if rate.N == 0 {
				continue
			}
			median := func(of func(Sample) float64) string { return number(r.Samples.Spread(c, of).Median) }
			rows = append(rows, []string{w, system, rate.String(), median(func(s Sample) float64 { return s.P50 }),
				median(func(s Sample) float64 { return s.P99 }), median(func(s Sample) float64 { return s.Max }), median(Sample.CPUOfOne), fmt.Sprint(rate.N)})
		}
	}
	p.paragraph("Medians of the rounds. CPU is what all processes of the system used, in microseconds for a request.")
	p.table(2, []string{"workload", "system", "op/s", "p50 ms", "p99 ms", "most ms", "CPU µs", "rounds"}, rows)
}

// ratio is a cell of the table of ratios, with its goal.
func (r *Report) ratio(c Cell) string {
	ratios := r.Samples.Ratios(c, r.Reference)
	s := SpreadOf(ratios)
	text := s.String()
	if goal, has := r.Goals[c]; has && s.N > 0 {
		text += fmt.Sprintf("; goal %s: **%s**", number(goal), verdict(s.Median >= goal))
	}
	if r.Significance && s.N > 0 {
		text += "; " + significance(ratios)
	}
	return text
}

// chance is how improbable ratios must be for a difference to be told.
const chance = 0.01

// significance says whether ratios differ from 1 by more than chance explains.
func significance(ratios []float64) string {
	s, p := SpreadOf(ratios), SignedRank(ratios)
	switch {
	case p <= chance && s.Median < 1:
		return fmt.Sprintf("**slower** (p = %.3f)", p)
	case p <= chance:
		return fmt.Sprintf("**faster** (p = %.3f)", p)
	case s.High < 1 && s.N > 1:
		return "slower in every round, too few to be sure"
	case s.Low > 1 && s.N > 1:
		return "faster in every round, too few to be sure"
	}
	return fmt.Sprintf("within the noise (p = %.2f)", p)
}

func (r *Report) legend() string {
	if !r.Significance {
		return ""
	}
	return fmt.Sprintf(" Faster or slower is what chance explains in one of %.0f cases at most (Wilcoxon's signed-rank test over the rounds).", 1/chance)
}

// scenario writes a scenario's figures.
func (p *page) scenario(s Scenario) {
	fmt.Fprintf(p, "## %s\n\n", s.Title)
	if s.Err != nil {
		p.paragraph("It ended with an error: " + s.Err.Error())
	}
	if len(s.Figures) == 0 {
		return
	}
	var rows [][]string
	for _, f := range s.Figures {
		own, reference := SpreadOf(f.Values), SpreadOf(f.Reference)
		ratio := "-"
		if own.N > 0 && reference.Median > 0 {
			ratio = number(own.Median / reference.Median)
		}
		rows = append(rows, []string{f.Name, f.Unit, own.String(), p99(f.Values), reference.String(), ratio, goalOf(f), f.Note})
	}
	p.table(2, []string{"figure", "unit", "paxredis", "p99", "redis-server", "ratio", "goal", "note"}, rows)
	for i := range scenarioCharts(s) {
		fmt.Fprintf(p, "![%s](%s)\n\n", s.Name, scenarioChart(s.Name, i))
	}
}

// fewForP99 is how many values have no p99 that says more than the largest of them.
const fewForP99 = 20

func p99(values []float64) string {
	if len(values) < fewForP99 {
		return "-"
	}
	return number(ofQuantile(values, "p99"))
}

func goalOf(f scenario.Figure) string {
	if f.Goal == "" {
		return "-"
	}
	if v := judge(f); v != "" {
		return f.Goal + ": **" + v + "**"
	}
	return f.Goal
}

// Differences has a line for each ratio to the reference.
func (r *Report) Differences() []string {
	var lines []string
	for _, p := range r.Parts {
		for _, system := range r.compared(p.Name) {
			for _, w := range r.Samples.workloads(p.Name) {
				lines = append(lines, fmt.Sprintf("%s, %s: %s", p.Name, w, strings.ReplaceAll(r.ratio(Cell{p.Name, w, system}), "**", "")))
			}
		}
	}
	return lines
}
