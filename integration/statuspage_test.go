package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a headless Chromium with one empty tab, and what went wrong in it so far.
func browser(t *testing.T) context.Context {
	t.Helper()
	program := needsTool(t, "chromium")
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()))
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		flags = append(flags, chromedp.Flag(flag, true))
	}
	process, end := chromedp.NewExecAllocator(context.Background(), flags...)
	tab, closeTab := chromedp.NewContext(process)
	t.Cleanup(func() {
		if err := chromedp.Cancel(tab); err != nil { // waits until the process is over
			t.Logf("the end of Chromium: %v", err)
		}
		closeTab()
		end()
	})
	if err := chromedp.Do(tab); err != nil {
		t.Skipf("chromium does not start here: %v", err)
	}
	return tab
}

// watchTab fails the test for each error of the page's script or policy, and for each request that leaves base.
func watchTab(t *testing.T, tab context.Context, base string) {
	t.Helper()
	err := chromedp.Listen(tab, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page's script failed: %v", e.ExceptionDetails)
		case *network.EventRequestWillBeSent:
			if url := e.Request.URL; !strings.HasPrefix(url, base+"/") && !strings.HasPrefix(url, "data:") {
				t.Errorf("the page asks elsewhere: %s", url)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// awaitPage waits until an expression is true in the page.
func awaitPage(t *testing.T, tab context.Context, what, expression string) {
	t.Helper()
	bounded, cancel := context.WithTimeout(tab, limit)
	defer cancel()
	if _, err := chromedp.Run(bounded, chromedp.Poll[bool](expression, chromedp.WithPollingMutation(), chromedp.WithPollingTimeout(limit))); err != nil {
		text, _ := chromedp.Run(tab, chromedp.Evaluate[string](`document.body.innerText`))
		t.Fatalf("%s: %v; the page shows:\n%s", what, err, text)
	}
}

// shownAs is true in a page that shows a node in this state, on the drawing and in the table.
func shownAs(n *node, state string) string {
	return fmt.Sprintf(`["#drawing g", "tbody tr"].every((s) => document.querySelector(s + "[data-node='%d'][data-state='%s']"))`, n.id, state)
}

// headlineSays is true in a page whose headline has a text and a level: good, warn or bad.
func headlineSays(level, text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return fmt.Sprintf(`(() => { const h = document.getElementById("headline"); return h.dataset.level === %q && h.textContent.includes(%s); })()`, level, quoted)
}

// The page of a follower shows who leads, that another node does once the leader is killed, that there is no majority any more, and at last that
// the node itself is gone, while it asks nobody but that node.
func TestTheStatusPageShowsAKillOfTheLeader(t *testing.T) {
	tab := browser(t)
	c := newCluster(t, 3, "--http-listen", "127.0.0.1:0")
	c.start()
	c.awaitServing()
	leader := c.leader()
	viewer, third := c.others(leader)[0], c.others(leader)[1]
	base := viewer.http()
	watchTab(t, tab, base)
	if err := chromedp.Do(tab, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(base+"/")); err != nil {
		t.Fatal(err)
	}
	awaitPage(t, tab, "all to be well", headlineSays("good", fmt.Sprintf("Node %d leads", leader.id)))
	awaitPage(t, tab, "the leader", shownAs(leader, "leader"))
	awaitPage(t, tab, "the followers", shownAs(viewer, "follower")+" && "+shownAs(third, "follower"))
	awaitPage(t, tab, "three links with their round trips", `document.querySelectorAll("#drawing line").length === 3 && document.querySelectorAll("#drawing .trip").length === 3`)
	awaitPage(t, tab, "a curve of commands", `document.querySelector(".charts path").getAttribute("d").includes("L")`)

	leader.kill()
	awaitPage(t, tab, "the dead leader", shownAs(leader, "down"))
	awaitPage(t, tab, "another leader", shownAs(viewer, "leader")+" || "+shownAs(third, "leader"))
	awaitPage(t, tab, "a headline about both", headlineSays("warn", fmt.Sprintf("node %d is down", leader.id)))
	awaitPage(t, tab, "the election among the events", `document.querySelector("#events [data-kind=election]") !== null`)

	third.kill()
	awaitPage(t, tab, "the majority to be missed", headlineSays("bad", "majority"))
	viewer.kill()
	awaitPage(t, tab, "the node itself to be missed", headlineSays("bad", "does not answer")+` && document.body.dataset.stale === "yes"`)
	viewer.start()
	awaitPage(t, tab, "the outdated figures to be kept", `document.querySelectorAll("tbody tr").length === 3`)
}

// On a narrow screen, and in the dark, the page has all there is without scrolling sideways; all that can be worked is reached by the keyboard.
func TestTheStatusPageOnAPhone(t *testing.T) {
	tab := browser(t)
	n := newNode(t, 1, mustBuild(t, binary), "--http-listen", "127.0.0.1:0")
	n.start()
	n.awaitServing()
	watchTab(t, tab, n.http())
	if err := chromedp.Do(tab, chromedp.EmulateViewport(360, 700), prefers("dark"), chromedp.Navigate(n.http()+"/")); err != nil {
		t.Fatal(err)
	}
	awaitPage(t, tab, "a node alone", headlineSays("good", "Node 1 leads"))
	awaitPage(t, tab, "no more than its width", `document.documentElement.scrollWidth <= 360`)
	awaitPage(t, tab, "a dark ground", `getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((c) => c < 64)`)
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`)); err != nil {
		t.Fatal(err)
	}
	var reached []string
	for range 5 {
		if err := chromedp.Do(tab, chromedp.KeyEvent("\t")); err != nil {
			t.Fatal(err)
		}
		at, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.activeElement.id || document.activeElement.className || document.activeElement.getAttribute("href")`))
		if err != nil {
			t.Fatal(err)
		}
		reached = append(reached, at)
	}
	if got := strings.Join(reached, " "); got != "skip members kinds events cluster" {
		t.Errorf("the tabulator key leads to %s", got)
	}
	if file := os.Getenv("PAXREDIS_TEST_SCREENSHOT"); file != "" { // for whoever works on the page
		png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, png, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
