package resp

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// staleDial bounds how long it may take to find out whether somebody listens on a Unix socket that exists.
const staleDial = time.Second

// listenUnix listens on a Unix socket. A socket that a process has left behind, and on which nobody listens, is removed first; whatever else
// has that path is an error. mode is the socket's; 0: what the process's umask leaves. The socket is removed when the listener is closed.
func listenUnix(path string, mode fs.FileMode) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if mode != 0 {
		if err := os.Chmod(path, mode); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// removeStale removes a Unix socket that nobody listens on. Redis removes whatever has the path: two servers that were given the same one would
// take it from each other, and a wrong path costs a file.
func removeStale(path string) error {
	switch found, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case found.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s exists and is no socket", path)
	}
	conn, err := net.DialTimeout("unix", path, staleDial)
	switch {
	case err == nil:
		return errors.Join(fmt.Errorf("another process listens on %s", path), conn.Close())
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return fmt.Errorf("whether another process listens on %s is not known: %w", path, err)
}
