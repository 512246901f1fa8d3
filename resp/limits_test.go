package resp

import (
	"strings"
	"testing"
)

func TestDefaultLimits(t *testing.T) {
	l := Limits{}.WithDefaults()
	if err := l.Check(); err != nil {
		t.Error(err)
	}
	if l.MaxCommandBytes != 64<<20 || l.MaxArgs != 1_048_576 || l.MaxInline != 64<<10 || l.OutputBuffer != 256<<20 || l.MaxClients != 10_000 {
		t.Errorf("%+v", l)
	}
	if l.QueryBuffer <= l.MaxCommandBytes {
		t.Errorf("the query buffer, %d, cannot hold the largest command", l.QueryBuffer)
	}
}

// All clients' memory has room for one that takes as much as it may, by default too.
func TestClientMemoryHasRoomForOneClient(t *testing.T) {
	for _, output := range []int64{1 << 20, 256 << 20, 2 << 30} {
		l := Limits{OutputBuffer: output}.WithDefaults()
		if err := l.Check(); err != nil || l.ClientMemory < 1<<30 || l.ClientMemory < output+l.QueryBuffer {
			t.Errorf("with %d bytes of output it is %d: %v", output, l.ClientMemory, err)
		}
		l.ClientMemory = l.LeastClientMemory()
		if err := l.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestLimitsAtTheirMost(t *testing.T) {
	l := Limits{MaxCommandBytes: 512 << 20, MaxArgs: mostArgs, MaxInline: mostInline}.WithDefaults()
	if err := l.Check(); err != nil {
		t.Error(err)
	}
}

func TestWrongLimitsAreRefused(t *testing.T) {
	for name, change := range map[string]func(l *Limits){
		"MaxCommandBytes is 1023":      func(l *Limits) { l.MaxCommandBytes = 1023 },
		"MaxCommandBytes is 536870913": func(l *Limits) { l.MaxCommandBytes = 512<<20 + 1 },
		"MaxArgs is 15":                func(l *Limits) { l.MaxArgs = 15 },
		"MaxArgs is -1":                func(l *Limits) { l.MaxArgs = -1 },
		"MaxInline is 127":             func(l *Limits) { l.MaxInline = 127 },
		"MaxInline is 1048577":         func(l *Limits) { l.MaxInline = 1<<20 + 1 },
		"OutputBuffer is 1":            func(l *Limits) { l.OutputBuffer = 1 },
		"ClientMemory is 300000000":    func(l *Limits) { l.ClientMemory = 300_000_000 },
		"MaxClients is -1":             func(l *Limits) { l.MaxClients = -1 },
		"QueryBuffer is 67108864":      func(l *Limits) { l.QueryBuffer = 64 << 20 },
		"QueryBuffer is -1":            func(l *Limits) { l.QueryBuffer = -1 },
	} {
		l := Limits{}.WithDefaults()
		change(&l)
		if err := l.Check(); err == nil || !strings.Contains(err.Error(), name+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The largest command in its widest framing fits into the query buffer, with something behind it.
func TestTheLargestRequestFits(t *testing.T) {
	for _, args := range []int{1, 100, 1 << 20} {
		l := Limits{MaxArgs: max(args, leastArgs)}.WithDefaults()
		size := l.MaxCommandBytes + int64(args)*int64(len("$67108864\r\n\r\n")) + int64(len("*1048576\r\n"))
		if size > l.QueryBuffer {
			t.Errorf("%d arguments: %d bytes, the query buffer holds %d", args, size, l.QueryBuffer)
		}
	}
}
