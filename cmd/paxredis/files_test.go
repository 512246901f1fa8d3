package main

import (
	"log/slog"
	"testing"
)

func TestClientsAreLoweredToTheOpenFiles(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for _, test := range []struct {
		maxClients int
		files      uint64
		want       int
	}{
		{10_000, 1 << 20, 10_000},
		{10_000, 10_128, 10_000},
		{10_000, 10_127, 9_999},
		{10_000, 1024, 896},
		{10_000, 64, 1},
	} {
		if got := lowered(test.maxClients, test.files, log); got != test.want {
			t.Errorf("%d clients with %d files: got %d, want %d", test.maxClients, test.files, got, test.want)
		}
	}
}
