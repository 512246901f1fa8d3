package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is the release this source tree leads to; release builds set it with -ldflags "-X main.version=...".
var version = "0.1.0-dev"

func runVersion(args []string, std stdio) error {
	if len(args) > 0 {
		return usageErrorf("version takes no arguments")
	}
	fmt.Fprintf(std.out, "paxredis %s (%s, %s %s/%s)\n", version, revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// revision is the commit the binary was built from, marked when the tree had changes.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown revision"
	}
	id, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			id = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if id == "" {
		return "unknown revision"
	}
	return id + dirty
}
