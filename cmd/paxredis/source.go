package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// partBytes is how much is asked for at once, before it is compressed.
	partBytes = 1 << 20
	// partTimeout is how long a node may take for a part.
	partTimeout = 30 * time.Second
	// sourceRounds is how often all nodes are tried for the next part, with a pause of sourcePause between two rounds: a
	// node may just be taking the checkpoint, or be restarting.
	sourceRounds = 5
	sourcePause  = time.Second
)

// source reads one checkpoint from whichever of several nodes gives it. All of them have the same one for a slot, and their parts
// begin at the same cursors, so that another one can go on where one has failed. It belongs to one goroutine.
type source struct {
	cluster *cluster
	since   uint64

	slot   uint64
	head   []byte
	cursor []byte

	at     int // in the cluster's addresses
	client *redis.Client
	conn   *redis.Conn // the node keeps the checkpoint for it; nil: none
	forget func() bool
}

// begin has a checkpoint taken and returns its head. It is read from the node that took it, to begin with.
func (s *source) begin(ctx context.Context) (head []byte, err error) {
	reply, by, err := s.cluster.ask(ctx, "PAXOS", "CHECKPOINT", "NEW")
	if err != nil {
		return nil, fmt.Errorf("a checkpoint could not be taken: %w", err)
	}
	slot, ok := reply.(int64)
	if !ok || slot < 1 {
		return nil, fmt.Errorf("%s answered with %v instead of the slot of a checkpoint", by, reply)
	}
	s.slot, s.at = uint64(slot), slices.Index(s.cluster.addresses, by)
	err = s.try(ctx, func() error { return s.connect(ctx) })
	return s.head, err
}

// part returns the next part, and the cursor of the one behind it.
func (s *source) part(ctx context.Context) (data, next []byte, err error) {
	err = s.try(ctx, func() error {
		if err := s.connect(ctx); err != nil {
			return err
		}
		request := []any{"PAXOS", "CHECKPOINT", "READ", s.slot, s.cursor, partBytes}
		if s.since != 0 {
			request = append(request, "SINCE", s.since)
		}
		reply, err := s.conn.Do(ctx, request...).Slice()
		if err == nil {
			data, next, err = twoStrings(reply)
		}
		return err
	})
	s.cursor = next
	return data, next, err
}

// try does something with one node after another until it is done.
func (s *source) try(ctx context.Context, do func() error) error {
	var failures []error
	for round := range sourceRounds {
		if round > 0 {
			if err := wait(ctx, sourcePause); err != nil {
				return err
			}
		}
		failures = failures[:0]
		for range s.cluster.addresses {
			err := do()
			if err == nil {
				return nil
			}
			if ctx.Err() != nil {
				return fmt.Errorf("interrupted: %w", ctx.Err())
			}
			failures = append(failures, fmt.Errorf("%s: %w", s.cluster.addresses[s.at], err))
			s.close()
			s.at = (s.at + 1) % len(s.cluster.addresses)
		}
	}
	err := fmt.Errorf("the checkpoint of slot %d cannot be read: %w", s.slot, errors.Join(failures...))
	if s.since != 0 {
		err = fmt.Errorf("%w\nIf no node knows any more what changed since slot %d, make a full backup, without --since", err, s.since)
	}
	return err
}

// connect makes a connection for which the node keeps the checkpoint, unless there is one.
func (s *source) connect(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	security, err := s.cluster.security.config()
	if err != nil {
		return err
	}
	s.client = newClientWithin(s.cluster.addresses[s.at], partTimeout, security)
	s.conn = s.client.Conn()
	client := s.client
	s.forget = context.AfterFunc(ctx, func() { _ = client.Close() }) // ends a read that is under way
	reply, err := s.conn.Do(ctx, "PAXOS", "CHECKPOINT", "HEAD", s.slot).Slice()
	if err != nil {
		return err
	}
	if len(reply) != 2 {
		return fmt.Errorf("the node answered with %d values instead of a slot and a head", len(reply))
	}
	head, ok := reply[1].(string)
	if !ok || s.head != nil && !bytes.Equal([]byte(head), s.head) {
		return errors.New("the node has another state at that slot than the one before: do not trust either; compare the nodes with DEBUG DIGEST")
	}
	s.head = []byte(head)
	return nil
}

// close lets the node forget the checkpoint.
func (s *source) close() {
	if s.client == nil {
		return
	}
	s.forget()
	_ = s.conn.Close() // the node sees the connection end; there is nothing else to be said or done
	_ = s.client.Close()
	s.client, s.conn = nil, nil
}

func twoStrings(reply []any) (first, second []byte, err error) {
	if len(reply) == 2 {
		a, okA := reply[0].(string)
		b, okB := reply[1].(string)
		if okA && okB {
			return []byte(a), []byte(b), nil
		}
	}
	return nil, nil, fmt.Errorf("the node answered with %d values instead of a part and a cursor", len(reply))
}

// wait returns after a time, or with the context's error.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("interrupted: %w", ctx.Err())
	}
}
