package replication

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// While a checkpoint of a peer becomes this node's, the log is cut before anything else knows of it. A peer that asks for what was cut then
// must not end this node.
func TestWhatWasCutIsOfferedAsACheckpointOrAskedForAgain(t *testing.T) {
	cut := fmt.Errorf("slot 283 cannot be read: %w", ErrCut)
	for name, test := range map[string]struct {
		checkpoint paxos.Slot
		err        error
		sent       []string
		failed     bool
	}{
		"read":                                 {0, nil, []string{"send to 2"}, false},
		"cut, and the checkpoint has it":       {284, cut, []string{"send to 2"}, false},
		"cut, and the checkpoint is not there": {0, cut, nil, false},
		"cut, and the checkpoint is an older":  {200, cut, nil, false},
		"lost, and the checkpoint has it":      {284, errors.New("missing"), []string{"send to 2"}, false},
		"lost":                                 {200, errors.New("missing"), nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			j := &journalLog{readErr: test.err, newest: paxos.Checkpoint{Slot: test.checkpoint}}
			failed := false
			c := newCatchUp(j, j, 1000, func(error) { failed = true })
			c.ask(paxos.Serve{To: 2, From: 283, Through: 290})
			if !c.step() || c.step() {
				t.Error("one request is one step")
			}
			if !slices.Equal(j.events, test.sent) || failed != test.failed {
				t.Errorf("%q, failed: %v", j.events, failed)
			}
		})
	}
}
