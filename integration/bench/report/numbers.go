package report

import (
	"math"
	"strconv"
	"strings"
)

// number writes a value with three digits, and all of those before the point, with commas between thousands.
func number(v float64) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "-"
	}
	decimals := 0
	switch size := math.Abs(v); {
	case size < 9.995:
		decimals = 2
	case size < 99.95:
		decimals = 1
	}
	if size := math.Abs(v); size > 0 && size < 0.0995 {
		decimals = 3
	}
	return grouped(strconv.FormatFloat(v, 'f', decimals, 64))
}

// grouped puts commas between the thousands of a number.
func grouped(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, rest, found := strings.Cut(text, ".")
	var parts []string
	for len(whole) > 3 {
		parts = append([]string{whole[len(whole)-3:]}, parts...)
		whole = whole[:len(whole)-3]
	}
	text = sign + strings.Join(append([]string{whole}, parts...), ",")
	if found {
		text += "." + rest
	}
	return text
}

// roundTo rounds to a fraction of one.
func roundTo(v, fraction float64) float64 { return math.Round(v*fraction) / fraction }
