package moving

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

// verifier compares keys with those of the cluster, some at a time.
type verifier struct {
	cluster asker
	shift   int64
	// after leaves out keys that end before this time, 0: those that have ended by now.
	after    int64
	items    []rdb.Item
	bytes    int
	compared int
}

// add compares a key, now or later.
func (v *verifier) add(ctx context.Context, item rdb.Item) error {
	if item.Kind != rdb.ItemKey {
		return nil
	}
	v.items = append(v.items, item)
	v.bytes += len(item.Payload)
	if v.bytes < batchBytes && len(v.items) < batchCommands {
		return nil
	}
	return v.end(ctx)
}

// end compares what is left.
func (v *verifier) end(ctx context.Context) error {
	if len(v.items) == 0 {
		return nil
	}
	commands := make([][]any, 0, 3*len(v.items)+1)
	for _, item := range v.items {
		commands = append(commands, []any{"SELECT", item.DB}, []any{"DUMP", item.Key}, []any{"PEXPIRETIME", item.Key})
	}
	replies, err := v.cluster.ask(ctx, append(commands, []any{"SELECT", 0})...)
	if err != nil {
		return err
	}
	now := max(v.after, time.Now().UnixMilli())
	for i, item := range v.items {
		if item.ExpireAt != 0 && item.ExpireAt <= now {
			continue
		}
		payload, _ := replies[3*i+1].Text() // a missing key has none
		at, err := replies[3*i+2].Int64()
		if err != nil {
			return err
		}
		want := cmp.Or(later(item.ExpireAt, v.shift), -1)
		if item.ExpireAt == 0 {
			want = -1
		}
		if err := sameKey(item, []byte(payload), at, want); err != nil {
			return err
		}
		v.compared++
	}
	v.items, v.bytes = v.items[:0], 0
	return nil
}

// sameKey compares a key of the source with what the cluster has.
func sameKey(item rdb.Item, payload []byte, at, want int64) error {
	name := fmt.Sprintf("key %.100q of database %d (%s)", item.Key, item.DB, item.Type)
	if len(payload) == 0 {
		return fmt.Errorf("%w: %s is missing", ErrDifferent, name)
	}
	if at != want {
		return fmt.Errorf("%w: %s ends at %d, not %d", ErrDifferent, name, at, want)
	}
	theirs, err := rdb.Load(item.Payload, maxItemBytes)
	if err != nil {
		return fmt.Errorf("%s: the source's value cannot be read: %w", name, err)
	}
	ours, err := rdb.Load(payload, maxItemBytes)
	if err != nil {
		return fmt.Errorf("%s: the cluster's value cannot be read: %w", name, err)
	}
	if !reflect.DeepEqual(canonical(theirs), canonical(ours)) {
		return fmt.Errorf("%w: %s has another value", ErrDifferent, name)
	}
	return nil
}

// canonical sorts what has no order, and leaves out what only tells when consumers were last seen, which reading changes.
func canonical(v rdb.Value) rdb.Value {
	if stream, ok := v.(*rdb.Stream); ok {
		for i := range stream.Groups {
			canonicalGroup(&stream.Groups[i])
		}
		slices.SortFunc(stream.Groups, func(a, b rdb.StreamGroup) int { return bytes.Compare(a.Name, b.Name) })
	}
	return rdb.Sorted(v)
}

// canonicalGroup orders consumers by their names.
func canonicalGroup(g *rdb.StreamGroup) {
	names := make([][]byte, len(g.Consumers))
	for i := range g.Consumers {
		names[i] = g.Consumers[i].Name
		g.Consumers[i].SeenAt, g.Consumers[i].ActiveAt = 0, 0
	}
	slices.SortFunc(g.Consumers, func(a, b rdb.StreamConsumer) int { return bytes.Compare(a.Name, b.Name) })
	for i, p := range g.Pending {
		g.Pending[i].Consumer, _ = slices.BinarySearchFunc(g.Consumers, names[p.Consumer], func(c rdb.StreamConsumer, name []byte) int { return bytes.Compare(c.Name, name) })
	}
}
