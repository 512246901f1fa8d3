package integration

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestLoadingIsToldWhileTheStateIsRestored: a node takes clients at once, tells them how far it is, and answers LOADING until it has
// its state; never anything else.
func TestLoadingIsToldWhileTheStateIsRestored(t *testing.T) {
	t.Parallel()
	const keys = 150_000
	n := startSingle(t)
	fill(t, n, keys, keys, 8)
	takeCheckpoint(t, n)
	// A machine with nothing else to do may be through before the first question; then it is asked again.
	for range 20 {
		n.kill()
		n.start()
		if asked := askWhileLoading(t, n); asked > 0 {
			t.Logf("told %d times that the node loads", asked)
			n.awaitServing()
			expect(t, n, fmt.Sprint(keys), "DBSIZE")
			return
		}
	}
	t.Error("the node never told that it loads")
}

// askWhileLoading asks a node until it does not load any more, and returns how often it said that it does.
func askWhileLoading(t *testing.T, n *node) (asked int) {
	t.Helper()
	await(t, "the node to have loaded", func() error {
		// One pipeline, so that what is read lies between two looks at whether it loads.
		p := n.rdb().Pipeline()
		before, read, after := p.Info(t.Context(), "persistence"), p.Get(t.Context(), "fill:1"), p.Info(t.Context(), "persistence")
		_, err := p.Exec(t.Context())
		var reply redis.Error
		if err != nil && !errors.As(err, &reply) {
			return err // it does not listen yet
		}
		loads := func(info *redis.StringCmd) bool { return strings.Contains(info.Val(), "loading:1\r\n") }
		switch {
		case !loads(before):
			return nil
		case loads(after) && (read.Err() == nil || !strings.HasPrefix(read.Err().Error(), "LOADING ")):
			t.Errorf("a read while the node loads: %q, %v", read.Val(), read.Err())
		}
		asked++
		for _, field := range []string{"loading_start_time:", "loading_total_items:", "loading_loaded_items:", "loading_loaded_perc:"} {
			if !strings.Contains(before.Val(), field) {
				t.Errorf("INFO has no %s while the node loads:\n%s", field, before.Val())
			}
		}
		return errNotYet
	})
	return asked
}
