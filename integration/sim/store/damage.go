package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Rot has the newest checkpoint not be readable any more. It reports false if there is none, or it is damaged already.
func (s *Store) Rot() bool {
	if s.newest == nil || s.newest.rotten {
		return false
	}
	s.newest.rotten, s.machine.rotten = true, true
	return true
}

// Rotten reports whether Rot has spoiled a checkpoint here, and no other one has taken its place yet.
func (m *Machine) Rotten() bool { return m.rotten }

var errRotten = fmt.Errorf("it has rotted: %w", paxos.ErrDamagedCheckpoint)

// Damage alters a bit of what the journal's files hold, or takes something away from the end of the newest one, as no crash does but a bad
// disk may. It reports false if there is nothing to damage. No process may be using the machine.
func (m *Machine) Damage(rng *rand.Rand) bool {
	names, err := m.Disk.List(dir)
	if err != nil || len(names) == 0 {
		return false
	}
	newest, contents := "", map[string][]byte{}
	for _, name := range names {
		content := m.Disk.Content(path.Join(dir, name))
		contents[name] = content[:len(bytes.TrimRight(content, "\x00"))]
		if strings.HasSuffix(name, ".seg") && len(contents[name]) > 0 {
			newest = name
		}
	}
	name := names[rng.IntN(len(names))]
	if rng.IntN(2) == 0 && newest != "" {
		name = newest
	}
	content := contents[name]
	if len(content) == 0 {
		return false
	}
	if name == newest && rng.IntN(2) == 0 {
		clear(content[max(0, len(content)-1-rng.IntN(2048)):])
		return true
	}
	content[rng.IntN(len(content))] ^= 1 << rng.IntN(8)
	return true
}
