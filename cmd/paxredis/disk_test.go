package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

func TestDiskWatch(t *testing.T) {
	var free uint64
	var failure error
	var leads bool
	var did []string
	d := &diskWatch{
		least: 800, free: func() (uint64, error) { return free, failure },
		refuse: func(text string) {
			if text == "" {
				did = append(did, "accept")
			} else if strings.HasPrefix(text, "MISCONF ") {
				did = append(did, "refuse")
			}
		},
		retreat: retreat{
			leads:    func() bool { return leads },
			handOver: func(context.Context) error { did = append(did, "hand over"); return errors.New("to nobody") },
			log:      slog.New(slog.DiscardHandler),
		},
		note: func(string) {},
	}
	for i, step := range []struct {
		free    uint64
		failure error
		leads   bool
		want    []string
	}{
		{800, nil, true, nil},
		{0, errors.New("unknown"), true, nil},
		{799, nil, false, []string{"refuse"}},
		{700, nil, false, nil},
		{700, nil, true, []string{"hand over"}},
		{700, nil, true, nil}, // when every disk is full it does not go round
		{800, nil, true, nil}, // not to and fro
		{899, nil, true, nil},
		{900, nil, true, []string{"accept"}},
		{100, nil, true, []string{"refuse", "hand over"}},
	} {
		did = nil
		free, failure, leads = step.free, step.failure, step.leads
		if d.look(context.Background()); !slices.Equal(did, step.want) {
			t.Errorf("step %d: %v, want %v", i, did, step.want)
		}
	}
}
