package resp

import (
	"fmt"
	"log/slog"
)

// gnetLogger hands gnet's messages to the server's log. gnet says at its Info and Debug levels only that it starts and
// stops; what goes wrong on one connection is no error of the server.
type gnetLogger struct{ to *slog.Logger }

func (g gnetLogger) Debugf(format string, args ...any) { g.to.Debug(g.text(format, args)) }
func (g gnetLogger) Infof(format string, args ...any)  { g.to.Debug(g.text(format, args)) }
func (g gnetLogger) Warnf(format string, args ...any)  { g.to.Debug(g.text(format, args)) }
func (g gnetLogger) Errorf(format string, args ...any) { g.to.Warn(g.text(format, args)) }
func (g gnetLogger) Fatalf(format string, args ...any) { g.to.Error(g.text(format, args)) }

func (g gnetLogger) text(format string, args []any) string {
	return "resp: event loops: " + fmt.Sprintf(format, args...)
}
