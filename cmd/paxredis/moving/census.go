package moving

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// asker asks a server, which may be the cluster or the source. The database that is selected is the one of the last SELECT in the same call.
type asker interface {
	ask(ctx context.Context, commands ...[]any) ([]*redis.Cmd, error)
}

// scanCount is the COUNT of SCAN.
const scanCount = 1000

// walk hands over the keys of all databases in portions. SCAN may return a key twice, in one database.
func walk(ctx context.Context, from asker, databases int, take func(db int, keys []string) error) error {
	for db := range databases {
		for cursor := "0"; ; {
			replies, err := from.ask(ctx, []any{"SELECT", db}, []any{"SCAN", cursor, "COUNT", scanCount}, []any{"SELECT", 0})
			if err != nil {
				return fmt.Errorf("SCAN of database %d: %w", db, err)
			}
			reply, err := replies[1].Slice()
			if err != nil || len(reply) != 2 {
				return fmt.Errorf("SCAN of database %d replied %v, %w", db, reply, err)
			}
			cursor, _ = reply[0].(string)
			found, _ := reply[1].([]any)
			keys := make([]string, 0, len(found))
			for _, key := range found {
				if text, ok := key.(string); ok && (db != 0 || text != Marker) {
					keys = append(keys, text)
				}
			}
			if err := take(db, keys); err != nil {
				return err
			}
			if cursor == "0" || cursor == "" {
				break
			}
		}
	}
	return nil
}

// census counts keys.
type census struct {
	databases int
	// after leaves out the keys that end before this time in Unix milliseconds, 0: none. Deadlines are put off by shift.
	after, shift int64
	// once counts a key that SCAN returns twice once, which takes some bytes of memory for each key.
	once bool
}

// count counts.
func (c census) count(ctx context.Context, from asker) (Counts, error) {
	counts := Counts{}
	var seen map[uint64]struct{}
	seed := maphash.MakeSeed()
	err := walk(ctx, from, c.databases, func(db int, keys []string) error {
		commands := append(make([][]any, 0, 2*len(keys)+2), []any{"SELECT", db})
		for _, key := range keys {
			commands = append(commands, []any{"TYPE", key})
			if c.after != 0 {
				commands = append(commands, []any{"PEXPIRETIME", key})
			}
		}
		replies, err := from.ask(ctx, append(commands, []any{"SELECT", 0})...)
		if err != nil {
			return err
		}
		if c.once && seen == nil {
			seen = map[uint64]struct{}{}
		}
		each := (len(replies) - 2) / max(1, len(keys))
		for i, key := range keys {
			at := replies[1+each*i : 1+each*(i+1)]
			kind, _ := at[0].Text()
			if kind == "none" || each == 2 && !c.stays(at[1]) {
				continue
			}
			if c.once {
				sum := maphash.String(seed, strconv.Itoa(db)+" "+key)
				if _, twice := seen[sum]; twice {
					continue
				}
				seen[sum] = struct{}{}
			}
			counts[Place{db, kind}]++
		}
		return nil
	})
	return counts, err
}

// stays reports whether a key with such a reply of PEXPIRETIME is counted.
func (c census) stays(reply *redis.Cmd) bool {
	at, err := reply.Int64()
	return err == nil && (at < 0 || putBack(at, c.shift) > c.after)
}

// equal compares two counts.
func equal(source, cluster Counts) error {
	var lines []string
	for _, p := range places(source, cluster) {
		if source[p] != cluster[p] {
			lines = append(lines, fmt.Sprintf("db%d %s: %d in the source, %d in the cluster", p.DB, p.Type, source[p], cluster[p]))
		}
	}
	if len(lines) > 0 {
		return fmt.Errorf("%w:\n  %s", ErrDifferent, strings.Join(lines, "\n  "))
	}
	return nil
}

// isUnknownCommand reports whether a server does not know a command.
func isUnknownCommand(err error) bool {
	var refused redis.Error
	return errors.As(err, &refused) && strings.HasPrefix(refused.Error(), "ERR unknown command")
}
