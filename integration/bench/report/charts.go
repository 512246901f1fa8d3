package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/paxredis/paxredis/integration/bench/chart"
	"github.com/paxredis/paxredis/integration/bench/scenario"
)

// Names of the files with a part's plots.
func ratioChart(part string) string      { return part + "-ratio.svg" }
func throughputChart(part string) string { return part + "-throughput.svg" }

// scenarioChart names the n-th plot of a scenario, counted from 0.
func scenarioChart(name string, n int) string {
	if n == 0 {
		return "scenario-" + name + ".svg"
	}
	return "scenario-" + name + "-" + strconv.Itoa(n+1) + ".svg"
}

// charts draws all plots, by the names of their files.
func (r *Report) charts() map[string]chart.Chart {
	all := map[string]chart.Chart{}
	for _, p := range r.Parts {
		if len(r.Samples.workloads(p.Name)) == 0 {
			continue
		}
		all[throughputChart(p.Name)] = r.throughputOf(p)
		if c := r.ratiosOf(p); len(c.Series) > 0 {
			all[ratioChart(p.Name)] = c
		}
	}
	for _, s := range r.Scenarios {
		for i, c := range scenarioCharts(s) {
			all[scenarioChart(s.Name, i)] = c
		}
	}
	return all
}

// ratiosOf draws the ratios of all systems to the reference, with their goals.
func (r *Report) ratiosOf(p Part) chart.Chart {
	c := chart.Chart{Title: p.Title + ": operations a second as a multiple of " + r.Reference + "'s", Unit: "ratio", Groups: r.Samples.workloads(p.Name), Line: 1}
	for _, system := range r.compared(p.Name) {
		s := chart.Series{Name: system, Colour: r.colour(p.Name, system)}
		for _, w := range c.Groups {
			cell := Cell{p.Name, w, system}
			s.Values = append(s.Values, valueOf(SpreadOf(r.Samples.Ratios(cell, r.Reference)), r.Goals[cell]))
		}
		c.Series = append(c.Series, s)
	}
	return c
}

// compared lists the systems of a part that have ratios to the reference.
func (r *Report) compared(part string) []string {
	systems := r.Samples.systems(part)
	if !slices.Contains(systems, r.Reference) {
		return nil
	}
	return slices.DeleteFunc(systems, func(s string) bool { return s == r.Reference })
}

// colour is that of a system in all plots of a part: 0 for the reference, and from 1 on for the others.
func (r *Report) colour(part, system string) int {
	others := slices.DeleteFunc(r.Samples.systems(part), func(s string) bool { return s == r.Reference })
	return slices.Index(others, system) + 1
}

func (r *Report) throughputOf(p Part) chart.Chart {
	c := chart.Chart{Title: p.Title + ": operations a second", Unit: "op/s", Groups: r.Samples.workloads(p.Name), Log: true}
	for _, system := range r.Samples.systems(p.Name) {
		s := chart.Series{Name: system, Colour: r.colour(p.Name, system)}
		for _, w := range c.Groups {
			s.Values = append(s.Values, valueOf(r.Samples.Spread(Cell{p.Name, w, system}, perSecond), 0))
		}
		c.Series = append(c.Series, s)
	}
	return c
}

func valueOf(s Spread, goal float64) chart.Value {
	return chart.Value{Middle: s.Median, Low: s.Low, High: s.High, Goal: goal}
}

// scenarioCharts draws a scenario's figures, those of one unit in one plot.
func scenarioCharts(s Scenario) []chart.Chart {
	var charts []chart.Chart
	for _, f := range s.Figures {
		title := fmt.Sprintf("%s, %s", strings.TrimSuffix(s.Title, "."), f.Unit)
		at := slices.IndexFunc(charts, func(c chart.Chart) bool { return c.Unit == f.Unit })
		if at < 0 {
			at = len(charts)
			charts = append(charts, chart.Chart{Title: title, Unit: f.Unit, Series: []chart.Series{{Name: "paxredis", Colour: 1}, {Name: "redis-server"}}})
		}
		addFigure(&charts[at], f)
	}
	for i := range charts {
		if !slices.ContainsFunc(charts[i].Series[1].Values, func(v chart.Value) bool { return v.Middle > 0 }) {
			charts[i].Series = charts[i].Series[:1] // redis-server has none of them
		}
	}
	return charts
}

func addFigure(c *chart.Chart, f scenario.Figure) {
	c.Groups = append(c.Groups, f.Name)
	c.Series[0].Values = append(c.Series[0].Values, valueOf(SpreadOf(f.Values), 0))
	c.Series[1].Values = append(c.Series[1].Values, valueOf(SpreadOf(f.Reference), 0))
}
