package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

var example = Chart{
	Title: "a < b & c", Unit: "op/s", Groups: []string{"SET c=1", "GET c=1"}, Line: 1,
	Series: []Series{{"one", 0, []Value{{Middle: 1, Low: 0.9, High: 1.2, Goal: 0.8}, {Middle: 0.5, Low: 0.5, High: 0.5}}}, {"two", 1, []Value{{}, {Middle: 2}}}},
}

// elements counts the elements of a picture by name and class, and fails if it is not XML.
func elements(t *testing.T, svg []byte) map[string]int {
	t.Helper()
	count := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if start, ok := token.(xml.StartElement); ok {
			name := start.Name.Local
			for _, a := range start.Attr {
				if a.Name.Local == "class" {
					name += "." + a.Value
				}
			}
			count[name]++
		}
	}
}

func TestAChartHasAllItsValues(t *testing.T) {
	count := elements(t, example.SVG())
	want := map[string]int{
		"rect.series0": 3, // two bars and the legend
		"rect.series1": 2,
		"line.whisker": 3, // values without a spread have none
		"line.goal":    2, // one, and the legend
		"line.line":    1,
		"text.small":   3,
		"text.title":   1,
		"rect.paper":   1,
	}
	for name, n := range want {
		if count[name] != n {
			t.Errorf("%d of %s, not %d", count[name], name, n)
		}
	}
	logarithmic := example
	logarithmic.Log = true
	if count := elements(t, logarithmic.SVG()); count["circle.series0"] != 2 || count["circle.series1"] != 1 {
		t.Errorf("points: %v", count)
	}
	elements(t, Chart{Title: "of nothing", Groups: []string{"a"}}.SVG())
	elements(t, Chart{Title: "of no groups", Log: true}.SVG())
}

func TestAxesSpanTheirValues(t *testing.T) {
	for _, high := range []float64{0.03, 0.8, 1, 1.01, 3.7, 9.99, 10, 52_000} {
		a := linearAxis(high)
		if n := len(a.ticks); n < 4 || n > 10 || a.high < high || a.high > 2*high {
			t.Errorf("to %v: ticks %v", high, a.ticks)
		}
		if a.at(0) != bottom || a.at(a.high) != top || a.at(a.high*2) != top {
			t.Errorf("to %v: ends at %v and %v", high, a.at(0), a.at(a.high))
		}
	}
	a := logAxis(1070, 110_000)
	if a.low != 1000 || a.high != 200_000 || len(a.ticks) != 8 || a.at(1000) != bottom || a.at(1) != bottom || a.at(200_000) != top {
		t.Errorf("logarithmic: %+v", a)
	}
	if one := logAxis(5, 5); one.low != 5 || one.high != 10 {
		t.Errorf("of one value: %+v", one)
	}
	if half := logAxis(10, 999).at(100); math.Abs(half-(top+bottom)/2) > 1e-9 {
		t.Errorf("the middle is at %v", half)
	}
}

func TestNumbersAreShort(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.5: "0.5", 0.056: "0.06", 1.024: "1.02", 1.27: "1.27", 12.34: "12", 123.4: "123", 999.7: "1k", 1234: "1.2k",
		33_979: "34k", 498_504: "499k", 999_999: "1M", 2_500_000: "2.5M", 100: "100", 10: "10", 200_000: "200k"} {
		if got := Short(v); got != want {
			t.Errorf("%v: %q, not %q", v, got, want)
		}
	}
}

func TestNamesAreWrapped(t *testing.T) {
	if got := wrap("SET c=50 P=16", 9); !slices.Equal(got, []string{"SET c=50", "P=16"}) {
		t.Errorf("got %q", got)
	}
	if got := wrap("indivisible", 3); !slices.Equal(got, []string{"indivisible"}) {
		t.Errorf("got %q", got)
	}
}
