package monitor

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// pageHTML is the status page: all of it is in this one file, and all it asks for is /cluster of the node it came from.
//
//go:embed page.html
var pageHTML string

// pagePolicy has a browser run and apply what is in the page and nothing else, and ask this node alone.
var pagePolicy = strings.Join([]string{
	"default-src 'none'",
	"script-src " + hashOf(between(pageHTML, "<script>", "</script>")),
	"style-src " + hashOf(between(pageHTML, "<style>", "</style>")),
	"img-src data:", // the icon
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
}, "; ")

// between is what is in text between the first of two marks and the next of the other.
func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	inner, _, _ := strings.Cut(rest, to)
	return inner
}

// hashOf names an inline script or style as a Content-Security-Policy does.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// page serves the status page.
func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(pageHTML)))
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	_, _ = w.Write([]byte(pageHTML)) // who has gone needs no page
}
