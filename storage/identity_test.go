package storage

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/paxredis/paxredis/storage/journal"
)

func refused(t *testing.T, dir, what string) {
	t.Helper()
	s, err := Open(dir, testOptions())
	if err == nil {
		mustClose(t, s)
		t.Fatalf("%s: opened", what)
	}
	var damage *Corrupt
	if !errors.As(err, &damage) || damage.Hint == "" || damage.Where == "" {
		t.Fatalf("%s: not a Corrupt error: %v", what, err)
	}
}

func TestD3_AFlippedByteInTheIdentityIsRefused(t *testing.T) {
	eachWay(t, testD3_AFlippedByteInTheIdentityIsRefused)
}

func testD3_AFlippedByteInTheIdentityIsRefused(t *testing.T) {
	dir := made(t)
	path := filepath.Join(dir, identityName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		mustEdit(t, path, func(c []byte) []byte { c[at] ^= 1; return c })
		refused(t, dir, "flipped byte")
		mustEdit(t, path, func([]byte) []byte { return append([]byte(nil), whole...) })
	}
	for cut := range whole {
		mustEdit(t, path, func(c []byte) []byte { return c[:cut] })
		refused(t, dir, "cut identity")
		mustEdit(t, path, func([]byte) []byte { return append([]byte(nil), whole...) })
	}
	mustClose(t, mustOpen(t, dir, testOptions()))
}

func TestD3_AMissingPartIsRefused(t *testing.T) { eachWay(t, testD3_AMissingPartIsRefused) }

func testD3_AMissingPartIsRefused(t *testing.T) {
	for _, name := range []string{identityName, journalName, "journal/frontier", "journal/00000001.seg"} {
		dir := made(t)
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		refused(t, dir, name+" missing")
	}
	dir := made(t)
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, journalName)), os.Mkdir(filepath.Join(dir, journalName), 0o700)); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, "an empty journal directory")
	dir = made(t)
	if err := errors.Join(os.Remove(filepath.Join(dir, identityName)), os.RemoveAll(filepath.Join(dir, journalName))); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, "only checkpoints")
}

func TestD3_APartOfAnEarlierBootIsRefused(t *testing.T) {
	dir := made(t)
	old := filepath.Join(t.TempDir(), "copy")
	copyDirectory(t, dir, old)
	for range 2 {
		s := mustOpen(t, dir, testOptions())
		mustClose(t, s)
	}
	current := filepath.Join(t.TempDir(), "current")
	copyDirectory(t, dir, current)
	for _, name := range []string{identityName, journalName} {
		part := filepath.Join(dir, name)
		if err := os.RemoveAll(part); err != nil {
			t.Fatal(err)
		}
		if name == journalName {
			copyDirectory(t, filepath.Join(old, name), part)
		} else {
			content, err := os.ReadFile(filepath.Join(old, name))
			if err = errors.Join(err, os.WriteFile(part, content, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, dir, name+" of an earlier boot")
		copyDirectory(t, current, dir)
	}
	mustClose(t, mustOpen(t, dir, testOptions()))
}

func TestD3_AnIdentityFromBeforeTheJournalWasMadeIsRefused(t *testing.T) {
	dir := made(t)
	mustEdit(t, filepath.Join(dir, identityName), func(content []byte) []byte {
		f, err := decodeIdentity(content)
		if err != nil {
			t.Fatal(err)
		}
		f.JournalMade, f.Boot = false, 0
		if content, err = f.encode(); err != nil {
			t.Fatal(err)
		}
		return content
	})
	refused(t, dir, "an identity that knows of no journal")
}

// stopping is a file system on which everything fails from a certain call on, as if the process had died there.
type stopping struct {
	journal.OS
	left *atomic.Int64
}

var errStopped = errors.New("stopped")

func (s stopping) step() error {
	if s.left.Add(-1) < 0 {
		return errStopped
	}
	return nil
}

func (s stopping) Create(name string) (journal.File, error) {
	if err := s.step(); err != nil {
		return nil, err
	}
	return s.OS.Create(name)
}

func (s stopping) Open(name string) (journal.File, error) {
	if err := s.step(); err != nil {
		return nil, err
	}
	return s.OS.Open(name)
}

func (s stopping) Rename(from, to string) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.OS.Rename(from, to)
}

func (s stopping) Remove(name string) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.OS.Remove(name)
}

func (s stopping) SyncDir(dir string) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.OS.SyncDir(dir)
}

func TestOpenThatIsInterruptedAnywhereIsDoneAgain(t *testing.T) {
	eachWay(t, testOpenThatIsInterruptedAnywhereIsDoneAgain)
}

func testOpenThatIsInterruptedAnywhereIsDoneAgain(t *testing.T) {
	for _, start := range []string{"new", "made"} {
		t.Run(start, func(t *testing.T) {
			for steps := 0; ; steps++ {
				dir := filepath.Join(t.TempDir(), "data")
				if start == "made" {
					dir = made(t)
				}
				o := testOptions()
				var left atomic.Int64
				o.files = stopping{left: &left}
				var opened bool
				for range 3 { // the same misfortune again and again
					left.Store(int64(steps))
					s, err := Open(dir, o)
					if opened = err == nil; opened {
						left.Store(1 << 30)
						mustClose(t, s)
						break
					}
				}
				s := mustOpen(t, dir, testOptions())
				mustSave(t, s, 1)
				mustSave(t, s, 2)
				mustClose(t, s)
				if opened {
					return
				}
				if steps > 60 {
					t.Fatal("it never gets through")
				}
			}
		})
	}
}

func FuzzDecodeIdentity(f *testing.F) {
	identity, err := newIdentity(&Options{NodeID: 1})
	if err != nil {
		f.Fatal(err)
	}
	content, err := identity.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte("{}\ncrc32c 00000000\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		decoded, err := decodeIdentity(content)
		if err == nil && (decoded.NodeID == 0 || (decoded.Format == encryptedFormat) != (decoded.DataKey != nil)) {
			t.Errorf("%+v", decoded)
		}
	})
}
