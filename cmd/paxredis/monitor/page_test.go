package monitor

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// A browser runs and applies what is in the page, as it is, and nothing else; it asks the node alone.
func TestThePageAndItsPolicy(t *testing.T) {
	base := serve(t, newFakeNode().attach())
	answer, err := http.Get(base + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%s, %v, %v", answer.Status, answer.Header, err)
	}
	policy := answer.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy %q does not have %s", policy, part)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is lax: %s", policy)
	}
	for _, tag := range []string{"script", "style"} {
		if n := strings.Count(string(body), "<"+tag); n != 1 {
			t.Errorf("%d elements %s: the policy names the first one's content alone", n, tag)
		}
		if inner := between(string(body), "<"+tag+">", "</"+tag+">"); len(inner) < 1000 || !strings.Contains(policy, tag+"-src "+hashOf(inner)) {
			t.Errorf("the policy does not name the %s", tag)
		}
	}
	// The namespaces are names, and nothing is loaded from them.
	rest := strings.NewReplacer("http://www.w3.org/2000/svg", "").Replace(string(body))
	if found := regexp.MustCompile(`https?:|//[a-z]+\.|@import|url\(`).FindString(rest); found != "" {
		t.Errorf("the page has %q: it must ask for nothing from elsewhere", found)
	}
	// What nodes tell is only ever set as text.
	if found := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacent|document\.write|eval\(| style="| on[a-z]+="`).FindString(string(body)); found != "" {
		t.Errorf("the page has %q", found)
	}
}
