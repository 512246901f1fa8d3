package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// prefers has the browser say which colours its user prefers: light or dark.
func prefers(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
}

// rises is true in a page where a curve of the chart with this title has come from below to at least a quarter of the chart's height.
func rises(title string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".charts figure")].filter((f) => f.querySelector("h2").textContent === %q).some((f) =>
		[...f.querySelectorAll("path")].some((p) => {
			const heights = [...p.getAttribute("d").matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((m) => Number(m[1]));
			return heights.length > 1 && heights[0] - Math.min(...heights) > f.querySelector("svg").viewBox.baseVal.height / 4;
		}))`, title)
}

// tells is true in a page that has an event of this kind, about which it says this.
func tells(kind, text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#events li")].some((e) => e.querySelector("[data-kind=%s]") && e.textContent.includes(%q))`, kind, text)
}

// leastContrast is what WCAG 2.2 (1.4.3) asks for between small text and its ground.
const leastContrast = 4.5

// poorContrast is the texts of the page that are hard to read, each with its contrast, and how many texts were looked at.
var poorContrast = fmt.Sprintf(`(() => {
	const numbers = (c) => (c.match(/[\d.]+/g) || []).map(Number);
	const light = (c) => {
		const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = (e) => {
		for (; e; e = e.parentElement) {
			const c = numbers(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] > 0) return c;
		}
		return [255, 255, 255];
	};
	const poor = [];
	let count = 0;
	for (const e of document.querySelectorAll("body *")) {
		const hasText = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
		if (!hasText || !e.getClientRects().length || e.closest("script, style, noscript, option, .skip")) continue;
		const drawn = e instanceof SVGElement, seat = drawn && e.matches(".id, .state") && e.parentNode.querySelector("circle");
		const over = numbers(getComputedStyle(e)[drawn ? "fill" : "color"]);
		const under = seat ? numbers(getComputedStyle(seat).fill) : ground(drawn ? e.ownerSVGElement : e);
		const [darker, lighter] = [light(over.slice(0, 3)), light(under.slice(0, 3))].sort((a, b) => a - b);
		const contrast = (lighter + 0.05) / (darker + 0.05);
		count++;
		if (contrast < %v) poor.push(e.textContent.trim() + ": " + contrast.toFixed(2));
	}
	return JSON.stringify({ count, poor });
})()`, leastContrast)

// Under load the charts of commands and of syncs rise, and the events tell of a slow disk and of a node that joins. All of it, and a node that is down, can be read
// in light and in dark colours.
func TestTheStatusPageShowsLoadASlowDiskAndAJoin(t *testing.T) {
	tab := browser(t)
	c := startFaulty(t, 3, "--http-listen", "127.0.0.1:0")
	slow := c.follower()
	viewer := c.leader()
	watchTab(t, tab, viewer.http())
	if err := chromedp.Do(tab, chromedp.EmulateViewport(1280, 900), prefers("light"), chromedp.Navigate(viewer.http()+"/")); err != nil {
		t.Fatal(err)
	}
	awaitPage(t, tab, "all to be well", headlineSays("good", "all members are well"))
	l := newLoad(t)
	l.on(c.nodes...)
	awaitPage(t, tab, "the commands to rise", rises("Commands per second"))

	c.tell(slow, "disk", "200ms")
	awaitPage(t, tab, "an event of the slow disk", tells("slow-sync", fmt.Sprintf("node %d", slow.id)))
	awaitPage(t, tab, "its syncs to rise", rises("Journal sync, p99"))
	c.heal()

	joined := c.joiner(4, "")
	c.equip(joined)
	joined.start()
	c.awaitVoter(joined)
	awaitPage(t, tab, "an event of the join", tells("member", "node 4"))
	awaitPage(t, tab, "the node that joined", shownAs(joined, "follower"))
	l.stop(c.nodes...)

	joined.kill()
	awaitPage(t, tab, "that it is down", shownAs(joined, "down"))
	for scheme, ground := range map[string]string{"light": "> 192", "dark": "< 64"} {
		if err := chromedp.Do(tab, prefers(scheme)); err != nil {
			t.Fatal(err)
		}
		awaitPage(t, tab, scheme+" ground", fmt.Sprintf(`getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((c) => c %s)`, ground))
		var found struct {
			Count int
			Poor  []string
		}
		text, err := chromedp.Run(tab, chromedp.Evaluate[string](poorContrast))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(text), &found); err != nil || found.Count < 80 || len(found.Poor) > 0 {
			t.Errorf("%s: of %d texts these have less than %v: %q (%v)", scheme, found.Count, leastContrast, found.Poor, err)
		}
	}
}
