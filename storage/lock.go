package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const lockName = "LOCK"

// lock keeps a second process out of a data directory. The kernel releases it when the process ends, however it ends.
type lock struct{ file *os.File }

// lockDirectory takes the lock, or says which process holds it.
func lockDirectory(dir string) (*lock, error) {
	path := filepath.Join(dir, lockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("storage: cannot open %s: %w: the data directory must be writable for the user that runs paxredis", path, err)
	}
	if err := flock(file, unix.LOCK_EX); err != nil {
		return nil, errors.Join(lockError(dir, file, err), file.Close())
	}
	l := &lock{file}
	if err := l.sign(); err != nil {
		return nil, errors.Join(fmt.Errorf("storage: cannot write %s: %w", path, err), file.Close())
	}
	return l, nil
}

// lockShared keeps processes out that would change the directory, and changes nothing itself. Where there is no lock file nobody
// ever used the directory, as in a copy of the rest.
func lockShared(dir string) (*lock, error) {
	path := filepath.Join(dir, lockName)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("storage: cannot open %s: %w", path, err)
	}
	if err := flock(file, unix.LOCK_SH); err != nil {
		return nil, errors.Join(lockError(dir, file, err), file.Close())
	}
	return &lock{file}, nil
}

func lockError(dir string, file *os.File, err error) error {
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("storage: the data directory %s is in use by %s: stop that process, or name another --data-dir", dir, holder(file))
	}
	return fmt.Errorf("storage: cannot lock %s: %w: the data directory must be on a file system with flock", file.Name(), err)
}

func flock(file *os.File, how int) error {
	for {
		if err := unix.Flock(int(file.Fd()), how|unix.LOCK_NB); err != unix.EINTR {
			return err
		}
	}
}

// sign writes the pid for the error of the next process.
func (l *lock) sign() error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder names the process that holds the lock, as far as the file tells: the process may just be about to write it.
func holder(file *os.File) string {
	content, err := io.ReadAll(io.LimitReader(file, 32))
	if pid := strings.TrimSpace(string(content)); err == nil && pid != "" {
		return "process " + pid
	}
	return "another process"
}

// release gives the lock up. The file stays: removing it would let two processes lock two files of one name.
func (l *lock) release() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
