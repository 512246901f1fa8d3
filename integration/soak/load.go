package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// load is writes by pipelines, spread over all nodes that run.
type load struct {
	nodes             []*node
	keys, value       int
	clients, pipeline int
	// inOrder writes key after key instead of keys by chance.
	inOrder bool
	prefix  string
}

// run has count writes acknowledged.
func (l *load) run(ctx context.Context, count int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next atomic.Int64
	errs := make([]error, l.clients)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			if errs[i] = l.client(ctx, i, count, &next); errs[i] != nil {
				cancel()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// client is one of the connections.
func (l *load) client(ctx context.Context, i, count int, next *atomic.Int64) error {
	n := l.nodes[i%len(l.nodes)]
	random := rand.New(rand.NewPCG(uint64(i), rand.Uint64()))
	value := make([]byte, l.value)
	for {
		first := int(next.Add(int64(l.pipeline))) - l.pipeline
		if first >= count {
			return nil
		}
		_, err := n.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for at := first; at < min(first+l.pipeline, count); at++ {
				key := at % l.keys
				if !l.inOrder {
					key = random.IntN(l.keys)
				}
				fillNoise(value, random)
				p.Set(ctx, l.prefix+strconv.Itoa(key), string(value), 0)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("node %d: a write: %w", n.id, err)
		}
	}
}

// letters are what values are made of: 64, so that 6 random bits make one.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// fillNoise makes a value that hardly compresses.
func fillNoise(value []byte, random *rand.Rand) {
	for i := 0; i < len(value); i += 10 {
		for bits, j := random.Uint64(), i; j < min(i+10, len(value)); j++ {
			value[j] = letters[bits&63]
			bits >>= 6
		}
	}
}
