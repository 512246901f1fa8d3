package store

import (
	"bytes"
	"math/rand/v2"
	"path"
	"strings"
)

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
