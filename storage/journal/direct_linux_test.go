package journal

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// takesDirect reports whether files of a directory can be written past the page cache.
func takesDirect(t *testing.T, dir string) bool {
	t.Helper()
	fd, err := unix.Open(filepath.Join(dir, "probe"), unix.O_CREAT|unix.O_WRONLY|unix.O_DIRECT, 0o600)
	if err != nil {
		return false
	}
	_, err = unix.Pwrite(fd, aligned(sectorBytes), 0)
	if closed := unix.Close(fd); closed != nil {
		t.Fatal(closed)
	}
	return err == nil
}

// TestWriteSynced: what is written in one piece or many, aligned or not, past the page cache or, where that is too much, through it, is what is
// read, also by who had read what was there before, and also when the file has another name by then.
func TestWriteSynced(t *testing.T) {
	dir := t.TempDir()
	const size = 8 << 20
	name := filepath.Join(dir, "file")
	if err := prepare(OS{}, name, size, nil); err != nil {
		t.Fatal(err)
	}
	opened, err := OS{}.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if err := os.Rename(name, name+"2"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, nil, 0o600); err != nil { // another file by the old name
		t.Fatal(err)
	}
	reader, err := os.Open(name + "2")
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	random := rand.New(rand.NewPCG(1, 2))
	want, got := make([]byte, size), make([]byte, size)
	d := &opened.(*osFile).direct
	for i := range 150 {
		if i == 100 && d.async != nil { // as where the kernel does not write asynchronously
			if err := d.async.close(); err != nil {
				t.Fatal(err)
			}
			d.async, d.waits = nil, true
		}
		sectors := 1 + random.IntN(40)
		if random.IntN(10) == 0 {
			sectors = 1 + random.IntN(2*directMost/sectorBytes)
		}
		data := aligned(sectors * sectorBytes)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		at := random.IntN(size/sectorBytes-sectors) * sectorBytes
		var buffers [][]byte
		if random.IntN(2) == 0 {
			buffers = [][]byte{data}
		} else {
			cut := random.IntN(len(data))
			buffers = [][]byte{data[:cut], bytes.Clone(data[cut:])}
		}
		if err := opened.WriteSynced(buffers, int64(at)); err != nil {
			t.Fatal(err)
		}
		copy(want[at:], data)
		if _, err := reader.ReadAt(got, 0); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes at %d are not what was written", len(data), at)
		}
	}
	if takesDirect(t, dir) && (d.no || d.file == nil) {
		t.Fatal("nothing was written past the page cache, which takes it")
	}
}

// TestWriteSyncedWhereItCannotBeDirect: a write that the kernel refuses as one past the page cache goes through it, and so do all after it.
func TestWriteSyncedWhereItCannotBeDirect(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := prepare(OS{}, name, 1<<20, nil); err != nil {
		t.Fatal(err)
	}
	opened, err := OS{}.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	data := bytes.Repeat([]byte("x"), 100) // no device takes a part of a sector
	for at := int64(0); at < 300; at += 100 {
		if err := opened.WriteSynced([][]byte{data}, at); err != nil {
			t.Fatal(err)
		}
	}
	if d := &opened.(*osFile).direct; !d.no || d.file != nil {
		t.Fatal("it was not given up")
	}
	got, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(got[:300], bytes.Repeat([]byte("x"), 300)) {
		t.Fatalf("%v: the file does not hold what was written", err)
	}
}
