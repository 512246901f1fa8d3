package resp

import "testing"

// TestModules: who asks is told that there are none, and nobody loads one.
func TestModules(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.check("MODULE LIST", "*0")
	w.check("MULTI", "+OK")
	w.check("MODULE LIST", "+QUEUED")
	w.check("EXEC", "*1 *0")
	for _, call := range []string{"MODULE LOAD x.so", "MODULE LOADEX x.so CONFIG a b", "MODULE UNLOAD x"} {
		w.check(call, "-"+errNoModules)
	}
	w.check("MODULE LOAD", "-ERR wrong number of arguments for 'module|load' command")
}
