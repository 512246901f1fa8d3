package integration

import (
	"crypto/sha256"
	encoding "encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// TestDataOfALaterReleaseIsRefusedUntouched: a node that is started with an older program than the one that wrote its directory says
// so and leaves everything as it is, so that the later one can go on with it.
func TestDataOfALaterReleaseIsRefusedUntouched(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		renew      func([]byte) ([]byte, error)
	}{
		{"identity", "identity", laterIdentity},
		{"journal", "*.seg", laterSector},
		{"frontier", "frontier", laterSector},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := startSingle(t)
			expect(t, n, "OK", "SET", "k", "v")
			expect(t, n, "OK", "SAVE")
			n.stop()
			path := oneFile(t, n.dir, c.file)
			original := rewrite(t, path, c.renew)
			before := contentsOf(t, n.dir)

			expectRefusedStart(t, n, filepath.Dir(path), "later one")
			if after := contentsOf(t, n.dir); !slices.Equal(before, after) {
				t.Errorf("the refused start has changed the directory:\nbefore %v\nafter  %v", before, after)
			}

			if err := os.WriteFile(path, original, 0o600); err != nil {
				t.Fatal(err)
			}
			n.start()
			n.awaitServing()
			expect(t, n, "v", "GET", "k")
		})
	}
}

// laterBinary writes and reads checkpoints of the next format (statemachine/format_later.go).
var laterBinary = sync.OnceValues(func() (string, error) { return build("paxredis-later", "-tags", "laterformat") })

// TestACheckpointOfALaterReleaseIsNotGivenUp: what an older program cannot read stays for the later one, though a damaged checkpoint
// would be given up, and another one fetched.
func TestACheckpointOfALaterReleaseIsNotGivenUp(t *testing.T) {
	t.Parallel()
	later := mustBuild(t, laterBinary)
	n := newNode(t, 1, later)
	n.start()
	n.awaitServing()
	expect(t, n, "OK", "SET", "k", "v")
	expect(t, n, "OK", "SAVE")
	n.stop()
	tables := func() []string {
		// Badger opens the rest for writing; what the boot counts is not the checkpoint's.
		return slices.DeleteFunc(contentsOf(t, filepath.Join(n.dir, "state")), func(file string) bool { return !strings.Contains(file, ".sst ") })
	}
	before := tables()
	if len(before) == 0 {
		t.Fatal("the checkpoint has no tables")
	}

	n.program = mustBuild(t, binary)
	for range 2 {
		expectRefusedStart(t, n, "format 2, and this paxredis reads 1", "later release")
		if after := tables(); !slices.Equal(before, after) {
			t.Fatalf("the refused start has changed the checkpoint:\nbefore %v\nafter  %v", before, after)
		}
	}
	n.program = later
	n.start()
	n.awaitServing()
	expect(t, n, "v", "GET", "k")
}

// TestABackupOfALaterReleaseIsRefused by all that read one, and restore makes nothing of it.
func TestABackupOfALaterReleaseIsRefused(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1)
	expect(t, c.nodes[0], "OK", "SET", "k", "v")
	file := c.backup(t.TempDir(), "later.backup")
	rewrite(t, file, func(content []byte) ([]byte, error) {
		// The version follows the magic, which ends its line.
		at := slices.Index(content, '\n') + 1
		if at == 0 || len(content) < at+4 {
			return nil, fmt.Errorf("it begins with %q", content[:min(len(content), 40)])
		}
		encoding.BigEndian.PutUint32(content[at:], encoding.BigEndian.Uint32(content[at:])+1)
		return content, nil
	})
	target := filepath.Join(t.TempDir(), "restored")
	for _, args := range [][]string{
		{"backup", "verify", file},
		{"restore", "--data-dir", target, "--peer-advertise", loopback(freePort(t)), file},
		{"backup", "--addr", c.addresses(), "--since", file},
	} {
		stdout, stderr, code := runCommand(t, args...)
		if code != 1 || !strings.Contains(stderr, "later release") || stdout != "" {
			t.Errorf("paxredis %s: exit code %d, %d bytes of output, %q", args[0], code, len(stdout), stderr)
		}
	}
	if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("restore left %s: %v", target, err)
	}
}

var formatField = regexp.MustCompile(`"format": (\d+)`)

// laterIdentity raises the format of an identity, whose last line is the checksum of those before it.
func laterIdentity(content []byte) ([]byte, error) {
	if !formatField.Match(content) {
		return nil, fmt.Errorf("no format in %s", content)
	}
	body := content[:strings.LastIndex(string(content), "crc32c ")]
	body = formatField.ReplaceAll(body, []byte(`"format": 99`))
	return fmt.Appendf(body, "crc32c %08x\n", crc32.Checksum(body, castagnoli)), nil
}

// laterSector raises the version in the first sector of a segment or a frontier: u32 at 8, under the checksum in the last four bytes.
func laterSector(content []byte) ([]byte, error) {
	const sector, version = 512, 8
	if len(content) < sector {
		return nil, fmt.Errorf("only %d bytes", len(content))
	}
	le := encoding.LittleEndian
	sum := content[sector-4 : sector]
	if le.Uint32(sum) != crc32.Checksum(content[:sector-4], castagnoli) {
		return nil, errors.New("its first sector has no checksum")
	}
	le.PutUint32(content[version:], le.Uint32(content[version:])+1)
	le.PutUint32(sum, crc32.Checksum(content[:sector-4], castagnoli))
	return content, nil
}

// oneFile is the first file of that name, or of that pattern, under dir.
func oneFile(t *testing.T, dir, pattern string) string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if ok, _ := filepath.Match(pattern, d.Name()); ok && err == nil {
			found = append(found, path)
		}
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%s in %s: %v, %v", pattern, dir, found, err)
	}
	return found[0]
}

// rewrite changes a file, and returns what was in it.
func rewrite(t *testing.T, path string, change func([]byte) ([]byte, error)) (original []byte) {
	t.Helper()
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := change(slices.Clone(original))
	if err == nil {
		err = os.WriteFile(path, changed, 0o600)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return original
}

// contentsOf tells every file under dir by name, size and hash, but for the lock, which holds the process that had it last.
func contentsOf(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "LOCK" {
			return err
		}
		content, err := os.ReadFile(path)
		files = append(files, fmt.Sprintf("%s %d %x", strings.TrimPrefix(path, dir), len(content), sha256.Sum256(content)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
