package moving

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

const (
	// pauseFor is for how long the source's writers wait at most without news from here, and pauseAgain how often they are told to wait on.
	pauseFor   = time.Minute
	pauseAgain = 20 * time.Second
	// endsSoon: keys that end within this time are not counted, since they might between the counts of both sides; endsLater in the second attempt.
	endsSoon  = 5 * time.Minute
	endsLater = time.Hour
	// neverSoMany is a number of replicas that the source will not have.
	neverSoMany = math.MaxInt32
)

// untilCutOver waits until it is time for the cut-over.
func (f *follower) untilCutOver(ctx context.Context) error {
	begin := f.follow.Begin
	if f.follow.CutOver {
		asking := f.source.asking()
		defer asking.close()
		offset, err := f.sourceOffset(ctx, asking)
		if err != nil {
			return err
		}
		return f.await(ctx, offset)
	}
	f.options.Logger.Info("following the source; the cut-over waits for the signal")
	select {
	case <-begin:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
}

// await waits until the stream is applied up to an offset.
func (f *follower) await(ctx context.Context, offset int64) error {
	for {
		applied, _, moved := f.progress()
		if applied >= offset {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("interrupted: %w", context.Cause(ctx))
		}
	}
}

// sourceOffset is how far the source's stream goes.
func (f *follower) sourceOffset(ctx context.Context, asking *session) (int64, error) {
	replies, err := asking.ask(ctx, []any{"INFO", "replication"})
	if err != nil {
		return 0, err
	}
	text, err := replies[0].Text()
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "master_repl_offset:"); ok {
			return strconv.ParseInt(value, 10, 64)
		}
	}
	return 0, errors.New("the source's INFO has no master_repl_offset")
}

// cutOver keeps the source from taking writes, applies what is left, compares, and gives the keys their deadlines. If it fails the source goes on.
func (f *follower) cutOver(ctx context.Context) (err error) {
	asking := f.source.asking()
	defer asking.close()
	if f.follow.Fence {
		release, holdErr := f.hold(ctx)
		if holdErr != nil {
			return holdErr
		}
		defer func() { err = errors.Join(err, release(err)) }()
	}
	offset, err := f.sourceOffset(ctx, asking)
	if err != nil {
		return err
	}
	if err := f.await(ctx, offset); err != nil {
		return err
	}
	if err := f.compare(ctx, asking); err != nil {
		return err
	}
	if f.follow.Fence {
		if f.fence, err = setFence(ctx, asking); err != nil {
			return err
		}
	}
	if err := f.unchangedSince(ctx, asking, offset); err != nil {
		return err
	}
	f.spool.end(errDone)
	<-f.appliedAll
	return f.finish(ctx)
}

// unchangedSince makes sure that the source has written nothing since an offset.
func (f *follower) unchangedSince(ctx context.Context, asking *session, before int64) error {
	offset, err := f.sourceOffset(ctx, asking)
	if err != nil {
		return err
	}
	if err := f.await(ctx, offset); err != nil {
		return err
	}
	if _, data, _ := f.progress(); data > before {
		return errors.New("the source has taken writes during the cut-over: somebody wrote to it, or lifted its CLIENT PAUSE")
	}
	return nil
}

// hold has the source's writers wait. release ends that.
func (f *follower) hold(ctx context.Context) (release func(failed error) error, err error) {
	client := f.source.client()
	wait := func(ctx context.Context) error {
		return client.Do(ctx, "CLIENT", "PAUSE", pauseFor.Milliseconds(), "WRITE").Err()
	}
	if err := wait(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("CLIENT PAUSE %d WRITE on the source: %w; stop who writes to it, and give --no-fence", pauseFor.Milliseconds(), err), client.Close())
	}
	f.options.Logger.Info("the source's writers wait")
	holding, cancel := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		ticker := time.NewTicker(pauseAgain)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				if err := wait(holding); err != nil && holding.Err() == nil {
					f.options.Logger.Warn("the source's writers could not be told to wait on", "error", err)
				}
			case <-holding.Done():
				return
			}
		}
	})
	return func(failed error) error {
		cancel()
		renewing.Wait()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pauseFor)
		defer cancel()
		var unfenced error
		if failed != nil && f.fence != nil { // the source goes on as if nothing had been
			asking := f.source.asking()
			unfenced = f.fence.set(ctx, asking, f.fence.before)
			asking.close()
		}
		return errors.Join(unfenced, client.Do(ctx, "CLIENT", "UNPAUSE").Err(), client.Close())
	}, nil
}

// fence is a setting of the source that has it refuse writes (NOREPLICAS), and what it was before.
type fence struct{ name, before string }

// setFence has the source refuse writes until it has more replicas than it ever will.
func setFence(ctx context.Context, asking *session) (*fence, error) {
	for _, name := range []string{"min-replicas-to-write", "min-slaves-to-write"} { // before Redis 5 it had the other name
		replies, err := asking.ask(ctx, []any{"CONFIG", "GET", name})
		if err != nil {
			return nil, fmt.Errorf("CONFIG GET %s on the source: %w", name, err)
		}
		setting, err := replies[0].StringSlice()
		if err != nil {
			return nil, fmt.Errorf("CONFIG GET %s on the source: %w", name, err)
		}
		if len(setting) != 2 {
			continue
		}
		f := &fence{name, setting[1]}
		return f, f.set(ctx, asking, strconv.Itoa(neverSoMany))
	}
	return nil, errors.New("the source has no setting min-replicas-to-write: stop who writes to it, and give --no-fence")
}

// set gives the setting a value.
func (f *fence) set(ctx context.Context, asking *session, value string) error {
	if _, err := asking.ask(ctx, []any{"CONFIG", "SET", f.name, value}); err != nil {
		return fmt.Errorf("CONFIG SET %s %s on the source: %w", f.name, value, err)
	}
	return nil
}

// compare compares the numbers of keys, and if asked for all keys.
func (f *follower) compare(ctx context.Context, asking *session) error {
	cluster := &session{cluster: f.cluster}
	defer cluster.close()
	if f.options.Existing == Refuse {
		if err := f.compareCounts(ctx, asking, cluster); err != nil {
			return err
		}
	}
	if !f.options.Verify {
		return nil
	}
	v := &verifier{cluster: cluster, shift: putOff}
	err := walk(ctx, asking, Databases, func(db int, keys []string) error {
		f.options.show(Progress{Phase: "verifying", Keys: int64(v.compared)})
		return verifyKeys(ctx, v, asking, db, keys)
	})
	if err == nil {
		err = v.end(ctx)
	}
	f.report.Verified = v.compared
	return err
}

// compareCounts compares numbers. SCAN may return keys twice, so they are counted with care if they differ.
func (f *follower) compareCounts(ctx context.Context, asking, cluster *session) error {
	for _, careful := range []bool{false, true} {
		f.options.show(Progress{Phase: "comparing"})
		soon := endsSoon
		if careful {
			soon = endsLater
		}
		replies, err := asking.ask(ctx, []any{"TIME"})
		if err != nil {
			return err
		}
		now, err := replies[0].StringSlice()
		if err != nil || len(now) != 2 {
			return fmt.Errorf("the source's TIME replied %v, %w", now, err)
		}
		seconds, err := strconv.ParseInt(now[0], 10, 64)
		if err != nil {
			return err
		}
		after := seconds*1000 + soon.Milliseconds()
		theirs := census{databases: Databases, after: after, once: careful}
		if f.report.Source, err = theirs.count(ctx, asking); isUnknownCommand(err) {
			f.options.Logger.Warn("the source does not know PEXPIRETIME, which Redis has since 7.0: keys are not counted; --verify neither works")
			return nil
		}
		if err != nil {
			return err
		}
		ours := theirs
		ours.shift = putOff
		if f.report.Found, err = ours.count(ctx, cluster); err != nil {
			return err
		}
		if err = equal(f.report.Source, f.report.Found); err == nil || careful {
			return err
		}
	}
	return nil
}

// verifyKeys reads keys of the source and has them compared.
func verifyKeys(ctx context.Context, v *verifier, asking *session, db int, keys []string) error {
	const portion = 100 // values of so many keys are held at once
	for len(keys) > 0 {
		some := keys[:min(portion, len(keys))]
		keys = keys[len(some):]
		commands := [][]any{{"SELECT", db}}
		for _, key := range some {
			commands = append(commands, []any{"DUMP", key}, []any{"PEXPIRETIME", key}, []any{"TYPE", key})
		}
		replies, err := asking.ask(ctx, append(commands, []any{"SELECT", 0})...)
		if err != nil {
			return err
		}
		for i, key := range some {
			payload, _ := replies[1+3*i].Text()
			at, err := replies[2+3*i].Int64()
			if err != nil {
				return err
			}
			kind, _ := replies[3+3*i].Text()
			if payload == "" {
				continue // it has ended since
			}
			item := rdb.Item{Kind: rdb.ItemKey, DB: db, Key: []byte(key), ExpireAt: max(at, 0), Type: kind, Payload: []byte(payload)}
			if err := v.add(ctx, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish gives all keys the deadlines that they should have, and removes the marker.
func (f *follower) finish(ctx context.Context) error {
	s := &session{cluster: f.cluster}
	defer s.close()
	asking := &session{cluster: f.cluster}
	defer asking.close()
	replies, err := asking.ask(ctx, []any{"GET", Marker})
	if err != nil {
		return err
	}
	before, _ := replies[0].Text()
	at, err := parsePosition(before)
	if err != nil {
		return err
	}
	marker := at.run + " finishing"
	if _, err := s.commit(ctx, before, marker, nil); err != nil {
		return err
	}
	err = walk(ctx, asking, Databases, func(db int, keys []string) error {
		f.options.show(Progress{Phase: "putting deadlines back"})
		return putBackKeys(ctx, s, asking, marker, db, keys)
	})
	if err != nil {
		return err
	}
	_, err = s.commit(ctx, marker, "", nil)
	return err
}

// putBackKeys gives keys their deadlines. It may be done again.
func putBackKeys(ctx context.Context, s, asking *session, marker string, db int, keys []string) error {
	commands := [][]any{{"SELECT", db}}
	for _, key := range keys {
		commands = append(commands, []any{"PEXPIRETIME", key})
	}
	replies, err := asking.ask(ctx, append(commands, []any{"SELECT", 0})...)
	if err != nil {
		return err
	}
	changes := [][]any{{"SELECT", db}}
	for i, key := range keys {
		at, err := replies[1+i].Int64()
		if err != nil {
			return err
		}
		if was := putBack(at, putOff); at > 0 && was != at {
			changes = append(changes, []any{"PEXPIREAT", key, was})
		}
	}
	if len(changes) == 1 {
		return nil
	}
	_, err = s.commit(ctx, marker, marker, append(changes, []any{"SELECT", 0}))
	return err
}
