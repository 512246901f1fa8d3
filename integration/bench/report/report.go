// Package report sums measurements up and writes them as Markdown, CSV and SVG.
package report

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/paxredis/paxredis/integration/bench/machine"
	"github.com/paxredis/paxredis/integration/bench/scenario"
)

// Report is all that a run has found out.
type Report struct {
	Title string
	// About says in a few sentences what was done.
	About string
	Facts []machine.Fact
	// Problems are what went wrong or was left out, and why.
	Problems []string
	Parts    []Part
	Samples  Samples
	// Reference is the system that all others are compared with.
	Reference string
	// Goals are the least ratios to the reference, by cell.
	Goals map[Cell]float64
	// Significance has the report say which differences are beyond chance.
	Significance bool
	Scenarios    []Scenario
}

// Part is a table, with its plots.
type Part struct{ Name, Title, About string }

// Scenario is what one found out.
type Scenario struct {
	Name, Title string
	Figures     []scenario.Figure
	Err         error
}

// Names of the files in a report's directory; plots are named after their part or scenario.
const (
	MarkdownFile     = "report.md"
	MeasurementsFile = "measurements.csv"
	ScenariosFile    = "scenarios.csv"
)

// Write writes all files into a directory, over those of the same names.
func (r *Report) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files := map[string][]byte{MarkdownFile: r.markdown(), MeasurementsFile: r.measurements()}
	if len(r.Scenarios) > 0 {
		files[ScenariosFile] = r.scenarios()
	}
	for name, chart := range r.charts() {
		files[name] = chart.SVG()
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	return nil
}
