package resp

import (
	"log/slog"
	"strings"
	"testing"
)

func TestLogLevelChangesWhileTheServerRuns(t *testing.T) {
	level := new(slog.LevelVar)
	s := NewSettings(SettingsSource{})
	s.bind(logLevelParameter, logLevel{level})
	setting := s.byName[logLevelParameter].setting
	for _, test := range []struct {
		name  string
		least slog.Level
	}{{"warning", slog.LevelWarn}, {"DEBUG", slog.LevelDebug}, {"verbose", slog.LevelInfo - 2}, {"nothing", slog.LevelError + 4}, {"notice", slog.LevelInfo}} {
		apply, why := setting.parse(test.name)
		if why != "" {
			t.Fatalf("%s: %s", test.name, why)
		}
		apply()
		if level.Level() != test.least || setting.get() != strings.ToLower(test.name) {
			t.Errorf("%s: level %v, told as %s", test.name, level.Level(), setting.get())
		}
	}
	if _, why := setting.parse("chatty"); !strings.Contains(why, "debug, verbose, notice, warning, nothing") {
		t.Errorf("chatty: %q", why)
	}
	level.Set(slog.LevelError) // --log-level error
	if got := setting.get(); got != "warning" {
		t.Errorf("error is told as %s", got)
	}
}
