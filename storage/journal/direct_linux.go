package journal

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// directFile writes to a file past the page cache, each time in one request that is done when all is on stable storage: that takes half
// the CPU time, and two thirds of the time, of a write to the page cache and an fdatasync. The zero directFile is ready. Where it cannot be done
// it leaves the writing to others, for good.
//
// Both ways of writing may be mixed, since whoever writes to the page cache syncs it before the next write, and the kernel drops from there what is
// written past it.
type directFile struct {
	file   *os.File
	no     bool
	async  *asynchronous // nil until it is needed
	waits  bool          // the kernel does not write asynchronously
	buffer []byte        // aligned: for what is not in one piece
}

// write writes and syncs the buffers; done says that it did, or failed to in a way that counts.
func (d *directFile) write(f *os.File, buffers [][]byte, offset int64) (done bool, err error) {
	size := vectorBytes(buffers)
	if d.no || size > directMost || !d.open(f) {
		return false, nil
	}
	piece := buffers[0]
	if len(buffers) > 1 || !isAligned(piece) {
		piece = d.gather(buffers, int(size))
	}
	n, err := d.writePiece(piece, offset)
	if n == 0 && err != nil && isRefusal(err) { // sectors larger than ours, or a file system that cannot: nothing was written
		return false, d.giveUp()
	}
	return true, err
}

// open opens the file once more. A path could be another file's by now.
func (d *directFile) open(f *os.File) bool {
	if d.file != nil {
		return true
	}
	if conn, err := f.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { // without a descriptor nothing is opened
			if again, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(int(fd)), os.O_WRONLY|unix.O_DIRECT|unix.O_DSYNC, 0); err == nil {
				d.file = again
			}
		})
	}
	d.no = d.file == nil
	return !d.no
}

// writePiece has the kernel write while no thread waits, or where it does not do that waits for it. n is 0 if nothing was written for sure.
func (d *directFile) writePiece(piece []byte, offset int64) (n int, err error) {
	if d.async == nil && !d.waits {
		d.async, err = newAsynchronous()
		d.waits = err != nil // too many of them on this machine, or they are not allowed
	}
	if !d.waits {
		if n, err = d.async.write(d.file, piece, offset); n > 0 || err == nil || !isRefusal(err) {
			return n, err
		}
		d.waits = true
	}
	return d.file.WriteAt(piece, offset)
}

// isRefusal reports whether the kernel, a file system or a device says that it cannot do what it was asked, and not that it failed.
func isRefusal(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM)
}

// gather copies the buffers to aligned memory.
func (d *directFile) gather(buffers [][]byte, size int) []byte {
	if len(d.buffer) < size {
		d.buffer = aligned(max(size, directMost/4))
	}
	piece := d.buffer[:0]
	for _, b := range buffers {
		piece = append(piece, b...)
	}
	return piece
}

func (d *directFile) giveUp() error {
	d.no = true
	return d.close()
}

func (d *directFile) close() error {
	var err error
	if d.async != nil {
		err = d.async.close()
	}
	if d.file != nil {
		err = errors.Join(err, d.file.Close())
	}
	d.file, d.buffer, d.async = nil, nil, nil
	return err
}
