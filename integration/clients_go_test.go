package integration

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/go-redis/cache/v9"
	"github.com/go-redis/redis_rate/v10"
	"github.com/go-redsync/redsync/v4"
	redsyncpool "github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// applicationClient is a cluster client as the Go applications have it: it knows of all nodes, and soon hears of a new leader.
func applicationClient(s *surroundings) *redis.ClusterClient {
	return redis.NewClusterClient(&redis.ClusterOptions{Addrs: s.nodes, ClusterStateReloadInterval: time.Second, DialTimeout: time.Second})
}

// runAsynq enqueues tasks under ids of their own, so that one is not added again, and completes each.
func runAsynq(ctx context.Context, s *surroundings) (result string, err error) {
	to := asynq.RedisClientOpt{Addr: s.followers[0]}
	var mutex sync.Mutex
	handled := map[string]bool{}
	server := asynq.NewServer(to, asynq.Config{
		Concurrency: 4, LogLevel: asynq.FatalLevel, TaskCheckInterval: 100 * time.Millisecond, DelayedTaskCheckInterval: time.Second,
	})
	err = server.Start(asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
		mutex.Lock()
		defer mutex.Unlock()
		handled[string(task.Payload())] = true
		return nil
	}))
	if err != nil {
		return "", err
	}
	defer server.Shutdown()
	client := asynq.NewClient(asynq.RedisClientOpt{Addr: s.followers[1]})
	defer func() { err = errors.Join(err, client.Close()) }()

	count, err := s.aroundTheKill(ctx, 50, func(n int) error {
		return untilDone(func() error {
			_, err := client.EnqueueContext(ctx, asynq.NewTask("number", []byte(strconv.Itoa(n))),
				asynq.TaskID(fmt.Sprintf("task-%d", n)), asynq.Retention(time.Hour), asynq.Timeout(10*time.Second))
			if errors.Is(err, asynq.ErrTaskIDConflict) {
				return nil // an earlier try has added it
			}
			return err
		})
	})
	if err != nil {
		return "", err
	}
	inspector := asynq.NewInspector(to)
	defer func() { err = errors.Join(err, inspector.Close()) }()
	err = awaitErr(applicationPatience, func() error {
		info, err := inspector.GetQueueInfo("default")
		if err == nil && info.Completed != count {
			err = fmt.Errorf("%d tasks were added; %+v", count, *info)
		}
		return err
	})
	mutex.Lock()
	defer mutex.Unlock()
	if err == nil && len(handled) != count {
		err = fmt.Errorf("%d tasks were added, %d handled", count, len(handled))
	}
	return fmt.Sprintf("%d tasks", count), err
}

// lockLifetime is longer than a take-over, so that who holds a lock is done before it is gone.
const lockLifetime = 15 * time.Second

// runRedsync has three contenders add to a number by reading and writing it: nothing but the lock keeps them from losing what another added.
func runRedsync(ctx context.Context, s *surroundings) (result string, err error) {
	client := applicationClient(s)
	defer func() { err = errors.Join(err, client.Close()) }()
	locks := redsync.New(redsyncpool.NewPool(client))
	add := func() error {
		mutex := locks.NewMutex("redsync:lock", redsync.WithExpiry(lockLifetime), redsync.WithTries(1000), redsync.WithRetryDelay(20*time.Millisecond))
		if err := mutex.LockContext(ctx); err != nil {
			return err
		}
		var value int
		err := untilDone(func() (err error) {
			if value, err = client.Get(ctx, "redsync:number").Int(); errors.Is(err, redis.Nil) {
				err = nil
			}
			return err
		})
		if err == nil {
			err = untilDone(func() error { return client.Set(ctx, "redsync:number", value+1, 0).Err() })
		}
		if err == nil && time.Now().After(mutex.Until()) {
			err = errors.New("the lock was gone before its holder")
		}
		// A lock that is not there any more was released by a call of which nobody knew, or ends by itself.
		_, _ = mutex.UnlockContext(ctx)
		return err
	}
	const contenders = 3
	rounds, err := s.aroundTheKill(ctx, 10, func(int) error {
		errs := make([]error, contenders)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = add() })
		}
		all.Wait()
		return errors.Join(errs...)
	})
	if err != nil {
		return "", err
	}
	value := 0
	err = untilDone(func() (err error) {
		value, err = client.Get(ctx, "redsync:number").Int()
		return err
	})
	if err == nil && value != contenders*rounds {
		err = fmt.Errorf("%d locks were held, and the number is %d", contenders*rounds, value)
	}
	return fmt.Sprintf("%d locks", value), err
}

// runRedisRate lets two of three calls of each user through. A user of whom nobody knows whether a call was counted is not looked at.
func runRedisRate(ctx context.Context, s *surroundings) (result string, err error) {
	// A client that tries again by itself would have one call counted twice.
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: s.nodes, ClusterStateReloadInterval: time.Second, DialTimeout: time.Second, MaxRedirects: -1})
	defer func() { err = errors.Join(err, client.Close()) }()
	limiter := redis_rate.NewLimiter(client)
	known := 0
	count, err := s.aroundTheKill(ctx, 50, func(n int) error {
		allowed := 0
		for range 3 {
			result, err := limiter.Allow(ctx, fmt.Sprintf("user-%d", n), redis_rate.PerHour(2))
			if outcomeOf(err) == failed {
				return err
			}
			if err != nil {
				return nil
			}
			allowed += result.Allowed
		}
		if known++; allowed != 2 {
			return fmt.Errorf("%d of 3 calls were let through, not 2", allowed)
		}
		return nil
	})
	if err == nil && known < 50 {
		err = fmt.Errorf("of %d users only %d are known", count, known)
	}
	return fmt.Sprintf("%d of %d users", known, count), err
}

// runCache has values made once, and found by another cache on another node.
func runCache(ctx context.Context, s *surroundings) (result string, err error) {
	type value struct {
		N     int
		Names []string
	}
	client := applicationClient(s)
	defer func() { err = errors.Join(err, client.Close()) }()
	follower := redis.NewClient(&redis.Options{Addr: s.followers[0]})
	defer func() { err = errors.Join(err, follower.Close()) }()
	writer, reader := cache.New(&cache.Options{Redis: client}), cache.New(&cache.Options{Redis: follower})
	count, err := s.aroundTheKill(ctx, 100, func(n int) error {
		key, want := fmt.Sprintf("cache:%d", n), value{n, []string{"a", strconv.Itoa(n)}}
		err := untilDone(func() error { return writer.Set(&cache.Item{Ctx: ctx, Key: key, Value: want, TTL: time.Hour}) })
		if err != nil {
			return err
		}
		var got value
		err = untilDone(func() error {
			return reader.Once(&cache.Item{Ctx: ctx, Key: key, Value: &got, Do: func(item *cache.Item) (any, error) {
				// Once comes here for an error, too, and does not tell it.
				held, err := follower.Get(ctx, item.Key).Bytes()
				if errors.Is(err, redis.Nil) {
					return value{N: -1}, nil
				} else if err != nil {
					return nil, err
				}
				var v value
				return v, reader.Unmarshal(held, &v)
			}})
		})
		if err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
			err = fmt.Errorf("found %+v, not %+v", got, want)
		}
		return err
	})
	return fmt.Sprintf("%d values", count), err
}
