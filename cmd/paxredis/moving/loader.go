package moving

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

// loader writes the items of a snapshot by several connections. What waits for one is bounded: a batch for each, and one that is made.
type loader struct {
	cluster *Cluster
	marker  string
	options *Options
	shift   int64
	keys    atomic.Int64

	// Of the goroutine that calls load, which the others' batches come back to:
	report Report
	due    due
}

func newLoader(c *Cluster, marker string, o *Options, shift int64) *loader {
	return &loader{cluster: c, marker: marker, options: o, shift: shift, due: due{}, report: Report{Written: Counts{}, Kept: Counts{}}}
}

// batch is a transaction of a load.
type batch struct {
	commands [][]any
	items    []rdb.Item // of the commands; that of a SELECT is empty
	bytes    int
	db       int
	replies  []any
}

// add adds a command for an item.
func (b *batch) add(item rdb.Item, args ...any) {
	b.commands = append(b.commands, args)
	b.items = append(b.items, item)
	b.bytes += len(item.Key) + len(item.Payload) + len(item.Text)
}

// load writes all items.
func (l *loader) load(ctx context.Context, s *snapshot) error {
	l.report.Source, l.report.Modules = s.counts, s.modules
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo, done := make(chan *batch), make(chan *batch)
	var workers sync.WaitGroup
	for i := range l.options.Connections {
		workers.Go(func() {
			if err := l.work(ctx, i, todo, done); err != nil {
				cancel(err)
			}
		})
	}
	var counting sync.WaitGroup
	counting.Go(func() {
		for b := range done {
			if err := l.count(b); err != nil {
				cancel(err)
			}
		}
	})
	err := l.read(ctx, s, todo)
	close(todo)
	workers.Wait()
	close(done)
	counting.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// work commits batches.
func (l *loader) work(ctx context.Context, number int, todo <-chan *batch, done chan<- *batch) error {
	s := &session{cluster: l.cluster, at: number % len(l.cluster.Addresses)}
	defer s.close()
	for b := range todo {
		replies, err := s.commit(ctx, l.marker, l.marker, b.commands)
		if err != nil {
			return err
		}
		b.replies = replies
		done <- b
	}
	return nil
}

// read makes batches of the file.
func (l *loader) read(ctx context.Context, s *snapshot, todo chan<- *batch) error {
	b := &batch{}
	send := func() error {
		if len(b.commands) == 0 {
			return nil
		}
		if b.db != 0 {
			b.add(rdb.Item{}, "SELECT", 0)
		}
		select {
		case todo <- b:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		b = &batch{}
		return nil
	}
	_, err := s.read(ctx, func(done, total int64) {
		l.options.show(Progress{Phase: "loading", Done: done, Total: total, Keys: l.keys.Load()})
	}, func(item rdb.Item) error {
		if b.bytes > 0 && b.bytes+len(item.Payload) > batchBytes || len(b.commands) >= batchCommands {
			if err := send(); err != nil {
				return err
			}
		}
		return l.put(b, item)
	})
	if err != nil {
		return err
	}
	return send()
}

// put adds what writes an item. What has ended is passed over, unless the source is followed: it says itself when a key has ended.
func (l *loader) put(b *batch, item rdb.Item) error {
	switch item.Kind {
	case rdb.ItemFunctions:
		if l.options.Existing == Keep {
			b.add(item, "FUNCTION", "LOAD", item.Text)
		} else {
			b.add(item, "FUNCTION", "LOAD", "REPLACE", item.Text)
		}
	case rdb.ItemKey:
		if l.shift == 0 && item.ExpireAt != 0 && item.ExpireAt <= time.Now().UnixMilli() {
			l.report.Expired++
			return nil
		}
		if b.db != item.DB {
			b.add(rdb.Item{}, "SELECT", item.DB)
			b.db = item.DB
		}
		b.add(item, l.restore(item)...)
	}
	return nil
}

// restore is the command for a key.
func (l *loader) restore(item rdb.Item) []any {
	args := []any{"RESTORE", item.Key, int64(0), item.Payload}
	if item.ExpireAt != 0 {
		args[2] = later(item.ExpireAt, l.shift)
		args = append(args, "ABSTTL")
	}
	if l.options.Existing != Keep {
		args = append(args, "REPLACE")
	}
	switch {
	case item.IdleSeconds >= 0:
		args = append(args, "IDLETIME", item.IdleSeconds)
	case item.Frequency >= 0:
		args = append(args, "FREQ", item.Frequency)
	}
	return args
}

// count counts what became of a batch's items.
func (l *loader) count(b *batch) error {
	now := time.Now().UnixMilli()
	for i, item := range b.items {
		if item.Key == nil && item.Text == nil {
			continue
		}
		if refused, ok := b.replies[i].(redis.Error); ok {
			text := refused.Error()
			there := strings.HasPrefix(text, "BUSYKEY") || item.Kind == rdb.ItemFunctions && strings.Contains(text, "already exists")
			switch {
			case there && l.options.Existing == Keep && item.Kind == rdb.ItemKey:
				l.report.Kept[Place{item.DB, item.Type}]++
			case there && l.options.Existing == Keep:
			case item.Kind == rdb.ItemFunctions:
				return fmt.Errorf("a library of functions, at byte %d of the file: the cluster refused it: %s", item.Offset, text)
			default:
				return fmt.Errorf("key %.100q of database %d (%s, at byte %d of the file): the cluster refused it: %s", item.Key, item.DB, item.Type, item.Offset, text)
			}
			continue
		}
		if item.Kind == rdb.ItemFunctions {
			l.report.Libraries++
			continue
		}
		place := Place{item.DB, item.Type}
		l.report.Written[place]++
		l.keys.Add(1)
		if item.ExpireAt != 0 && l.shift == 0 {
			l.due.note(place, item.ExpireAt, now)
		}
	}
	return nil
}
