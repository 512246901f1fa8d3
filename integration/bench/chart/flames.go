package chart

import (
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Flames are stacks of functions that were seen, drawn as a flame graph (Gregg, "The Flame Graph", Communications of the ACM 59(6), 2016): a
// function stands on the one that called it, as wide as it was seen often; from left to right the order of names says nothing.
type Flames struct {
	Title string
	root  flame
}

// flame is a function at a place in the stacks.
type flame struct {
	count int
	above map[string]*flame
}

// Add counts a stack, the outermost function first.
func (f *Flames) Add(stack []string) {
	at := &f.root
	at.count++
	for _, function := range stack {
		if at.above == nil {
			at.above = make(map[string]*flame)
		}
		next := at.above[function]
		if next == nil {
			next = &flame{}
			at.above[function] = next
		}
		next.count++
		at = next
	}
}

// Of the picture, in pixels.
const (
	flameWidth    = 1200.0
	flameRow      = 16.0
	flameTop      = 40.0
	flameMargin   = 8.0
	flameLeast    = 1.0 // what is narrower is left out
	flameLetter   = 6.2
	flameTextSize = 3 * flameLetter // a function that is narrower has no room for its name
)

// SVG draws them. A function's full name and share are told where the pointer is.
func (f *Flames) SVG() []byte {
	p := &picture{}
	unit := (flameWidth - 2*flameMargin) / float64(max(f.root.count, 1))
	high := flameTop + flameRow*float64(f.root.depth(unit)) + flameMargin
	fmt.Fprintf(p, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\" aria-label=\"%s\">\n<style>%s</style>\n",
		flameWidth, high, flameWidth, high, html.EscapeString(f.Title), style+flameStyle)
	p.rect("paper", 0, 0, flameWidth, high)
	p.text("title", "start", flameMargin, 24, f.Title)
	f.draw(p, &f.root, flameMargin, high-flameMargin, unit)
	p.WriteString("</svg>\n")
	return p.Bytes()
}

const flameStyle = `
.flame text { font-size: 10px; fill: #1d1d1d; }
.flame rect { stroke: #ffffff; stroke-width: 0.5; }
.kernel { fill: #b9b9b9; }
.runtime { fill: #e8b968; }
.own { fill: #8fb6de; }
.library { fill: #93c7a0; }
`

// depth is how many rows stand on it that are wide enough to be drawn.
func (f *flame) depth(unit float64) (rows int) {
	for _, next := range f.above {
		if float64(next.count)*unit >= flameLeast {
			rows = max(rows, 1+next.depth(unit))
		}
	}
	return rows
}

// draw draws what stands on a flame, whose upper edge is at y.
func (f *Flames) draw(p *picture, on *flame, x, y, unit float64) {
	for _, name := range slices.Sorted(maps.Keys(on.above)) {
		next := on.above[name]
		w := float64(next.count) * unit
		if w >= flameLeast {
			fmt.Fprintf(p, "<g class=\"flame\"><title>%s, %.2f %%</title>\n", html.EscapeString(name), 100*float64(next.count)/float64(f.root.count))
			p.rect(flameClass(name), x, y-flameRow, w, flameRow)
			if w >= flameTextSize {
				p.text("", "start", x+2, y-4, clipped(shortName(name), int(w/flameLetter)))
			}
			p.WriteString("</g>\n")
			f.draw(p, next, x, y-flameRow, unit)
		}
		x += w
	}
}

// compilers are what compilers add to the names of the kernel's functions.
var compilers = regexp.MustCompile(`\.(part|isra|constprop|cold)(\.\d+)?$`)

// flameClass says whose code a function is. The kernel's functions have no package.
func flameClass(function string) string {
	switch {
	case strings.Contains(function, "/paxredis/") || strings.HasPrefix(function, "main."):
		return "own"
	case strings.HasPrefix(function, "runtime.") || strings.HasPrefix(function, "internal/runtime/"):
		return "runtime"
	case strings.Contains(function, ".") && !compilers.MatchString(function):
		return "library"
	}
	return "kernel"
}

// shortName is a function's name without the path of its package.
func shortName(function string) string { return function[strings.LastIndex(function, "/")+1:] }

func clipped(text string, letters int) string {
	if len(text) <= letters {
		return text
	}
	return text[:max(letters-2, 0)] + ".."
}
