package moving

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
)

// commandRoom is what a transaction takes besides its largest argument, at most.
const commandRoom = 4 << 10

// begin checks that a cluster can take a snapshot, and leaves the marker of a new import.
func begin(ctx context.Context, guard *session, s *snapshot, o *Options) (marker string, err error) {
	replies, err := guard.ask(ctx, []any{"GET", Marker}, []any{"CONFIG", "GET", "proto-max-bulk-len"})
	if err != nil {
		return "", err
	}
	before, _ := replies[0].Text() // no marker is no text
	if before != "" && o.Existing == Refuse {
		return "", fmt.Errorf("%w: an import into it has not ended (%s says %q). If none is running, begin anew with --replace, or go on following a source with --resume", ErrNotEmpty, Marker, before)
	}
	setting, err := replies[1].StringSlice()
	if err != nil || len(setting) != 2 {
		return "", fmt.Errorf("the cluster's proto-max-bulk-len is %v, %w", setting, err)
	}
	most, err := strconv.Atoi(setting[1])
	if err != nil {
		return "", fmt.Errorf("the cluster's proto-max-bulk-len: %w", err)
	}
	if s.largest+commandRoom > most {
		return "", fmt.Errorf("the key %s takes %d bytes, and the cluster takes commands of %d: start its nodes with a larger --max-command-bytes, up to 512MiB", s.biggest, s.largest, most)
	}
	if o.Existing == Refuse {
		if err := refuseKeys(ctx, guard); err != nil {
			return "", err
		}
	}
	marker = rand.Text() + " loading"
	_, err = guard.commit(ctx, before, marker, nil)
	return marker, err
}

// refuseKeys refuses a cluster that holds something.
func refuseKeys(ctx context.Context, asking *session) error {
	commands := [][]any{{"FUNCTION", "LIST"}}
	for db := range Databases {
		commands = append(commands, []any{"SELECT", db}, []any{"DBSIZE"})
	}
	replies, err := asking.ask(ctx, append(commands, []any{"SELECT", 0})...)
	if err != nil {
		return err
	}
	var has []string
	if libraries, err := replies[0].Slice(); err == nil && len(libraries) > 0 {
		has = append(has, fmt.Sprintf("%d libraries of functions", len(libraries)))
	}
	for db := range Databases {
		if n, err := replies[2+2*db].Int64(); err != nil {
			return err
		} else if n > 0 {
			has = append(has, fmt.Sprintf("%d keys in database %d", n, db))
		}
	}
	if len(has) > 0 {
		return fmt.Errorf("%w: it has %s. Give --replace or --skip-existing, or empty it with FLUSHALL and FUNCTION FLUSH", ErrNotEmpty, strings.Join(has, ", "))
	}
	return nil
}
