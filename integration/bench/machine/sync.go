package machine

import (
	"errors"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Of the file that syncs are measured on, in bytes: what one writes, and how large it is made before, so that no sync has to
// write down a new length.
const (
	syncWrite = 4 << 10
	syncFile  = 16 << 20
)

// SyncLatency measures what a write of 4 kB with its fdatasync takes in a directory.
func SyncLatency(dir string, count int) (p50, p99 time.Duration, err error) {
	f, err := os.CreateTemp(dir, "sync-")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if _, err := f.Write(make([]byte, syncFile)); err != nil {
		return 0, 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, 0, err
	}
	data := make([]byte, syncWrite)
	took := make([]time.Duration, count)
	for i := range took {
		data[0]++
		began := time.Now()
		if _, err := f.WriteAt(data, int64(i%(syncFile/syncWrite))*syncWrite); err != nil {
			return 0, 0, err
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return 0, 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[count/2], took[min(count-1, count*99/100)], nil
}
