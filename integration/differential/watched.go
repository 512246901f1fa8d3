package differential

import (
	"regexp"
	"slices"
	"strings"
)

// runner is what runs calls again: a Server.
type runner interface {
	Run(calls []Call) ([]Reply, error)
}

// rerun resets a server and runs calls on it.
func rerun(s runner, calls []Call) ([]Reply, error) {
	replies, err := s.Run(slices.Concat(resetCalls, calls))
	if err != nil {
		return nil, err
	}
	return replies[len(resetCalls):], nil
}

// watchedKey is a key of a WATCH that an EXEC depends on.
type watchedKey struct {
	call int // its WATCH
	db   string
	key  string
	// there says whether the key was there at the WATCH or is at the EXEC.
	there bool
}

// runsWithoutAbsent reports whether an EXEC, the last of the calls, that aborted on a server did so because of nothing but watched keys that
// were missing at WATCH and are missing again: without these among the watched, it runs. It asks the server itself, by running the calls
// again.
func runsWithoutAbsent(s runner, calls []Call) bool {
	watched, ok := watchedKeys(s, calls)
	if !ok || !slices.ContainsFunc(watched, func(w watchedKey) bool { return !w.there }) {
		return false
	}
	var less []Call
	for i, call := range calls {
		if slices.ContainsFunc(watched, func(w watchedKey) bool { return w.call == i }) {
			args := call.Args[:1:1]
			for _, w := range watched {
				if w.call == i && w.there {
					args = append(args, w.key)
				}
			}
			if len(args) == 1 {
				continue
			}
			call.Args = args
		}
		less = append(less, call)
	}
	return !aborts(s, less)
}

// aborts reports whether the EXEC at the end of calls replies that a watched key has changed.
func aborts(s runner, calls []Call) bool {
	replies, err := rerun(s, calls)
	return err != nil || replies[len(replies)-1].Null
}

// effectiveWatches are the indexes of the WATCHes that the EXEC at the end depends on.
func effectiveWatches(calls []Call) []int {
	client, open := calls[len(calls)-1].Client, false
	var found []int
	for i, call := range calls[:len(calls)-1] {
		name := strings.ToUpper(call.Args[0])
		switch {
		case call.Client != client, len(call.Args) > 1 && name != "WATCH": // with arguments the others are errors
		case opens(name):
			open = true
		case name == "RESET", closes(name) && open, name == "UNWATCH" && !open: // without MULTI, EXEC and DISCARD are errors
			found, open = nil, false
		case name == "WATCH" && !open && len(call.Args) > 1:
			found = append(found, i)
		}
	}
	return found
}

var databaseOfClient = regexp.MustCompile(` db=(\d+) `)

// watchedKeys runs calls again, and asks before each WATCH, and where the EXEC was, which of its keys are there.
func watchedKeys(s runner, calls []Call) (watched []watchedKey, ok bool) {
	watches, last := effectiveWatches(calls), len(calls)-1
	client := calls[last].Client
	var asking []Call
	asked := make(map[int]int) // where in asking a WATCH is asked about
	for i, call := range calls[:last] {
		if slices.Contains(watches, i) {
			asked[i] = len(asking)
			asking = append(asking, Call{client, []string{"CLIENT", "INFO"}})
			for _, key := range call.Args[1:] {
				asking = append(asking, Call{client, []string{"EXISTS", key}})
			}
		}
		asking = append(asking, call)
	}
	replies, err := rerun(s, asking)
	if err != nil {
		return nil, false
	}
	end := []Call{{client, []string{"DISCARD"}}}
	for _, i := range watches {
		db := databaseOfClient.FindStringSubmatch(replies[asked[i]].Text)
		if db == nil {
			return nil, false
		}
		for n, key := range calls[i].Args[1:] {
			watched = append(watched, watchedKey{i, db[1], key, replies[asked[i]+1+n].Text == "1"})
			end = append(end, Call{client, []string{"SELECT", db[1]}}, Call{client, []string{"EXISTS", key}})
		}
	}
	replies, err = s.Run(end) // goes on behind what was run
	if err != nil {
		return nil, false
	}
	for n := range watched {
		w := &watched[n]
		w.there = w.there || replies[2+2*n].Text == "1"
		// What is watched already stays as it was.
		if first := slices.IndexFunc(watched, func(o watchedKey) bool { return o.db == w.db && o.key == w.key }); first < n {
			w.there = watched[first].there
		}
	}
	return watched, true
}

// sizesByChance is how often a sequence is run again for its size: commands that choose by chance leave now this, now that.
const sizesByChance = 5

// sizeWithoutDead is whether a server that counts keys whose time is over says another size, ours, once it has met them: SCAN meets all.
func sizeWithoutDead(s runner, d *Difference) bool {
	var asking []Call
	for _, call := range d.Calls {
		if strings.EqualFold(call.Args[0], "DBSIZE") {
			asking = append(asking, Call{call.Client, []string{"SCAN", "0", "COUNT", "1000000"}})
		}
		asking = append(asking, call)
	}
	for range sizesByChance {
		replies, err := rerun(s, asking)
		if err != nil {
			return false
		}
		if d.oursIsIn(replies[len(replies)-1]) {
			return true
		}
	}
	return false
}
