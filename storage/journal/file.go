package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is an open file of a journal. Its methods are those of os.File, except as noted.
type File interface {
	io.ReaderAt
	// WriteVector writes the buffers one after another from an offset on, with one system call unless the kernel takes
	// only a part. It returns an error unless all is written.
	WriteVector(buffers [][]byte, offset int64) error
	// WriteSynced is WriteVector and Sync, in one system call where that is possible. Offset and bytes are multiples of sectorBytes.
	WriteSynced(buffers [][]byte, offset int64) error
	// WriteCached is WriteVector for a few bytes. briefly says that the disk was quick just now: then it is done as what takes no time.
	WriteCached(b []byte, offset int64, briefly bool) error
	// Sync puts the data on stable storage, and of the metadata what is needed to read it (fdatasync).
	Sync() error
	// Allocate reserves the bytes from 0 to size, and makes the file at least that long.
	Allocate(size int64) error
	Size() (int64, error)
	Close() error
}

// FileSystem is what a journal needs of a file system; tests put faults in between. Names are paths.
type FileSystem interface {
	// Create makes a new file for reading and writing; an existing one is emptied.
	Create(name string) (File, error)
	// Open opens an existing file for reading and writing.
	Open(name string) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	// List returns the names of a directory's entries, sorted.
	List(dir string) ([]string, error)
	// SyncDir makes the creation, renaming and removal of a directory's entries durable.
	SyncDir(dir string) error
}

// OS is the FileSystem of the operating system.
type OS struct{}

// Create implements FileSystem; the file is private to its owner.
func (OS) Create(name string) (File, error) {
	return wrap(os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600))
}

// Open implements FileSystem.
func (OS) Open(name string) (File, error) { return wrap(os.OpenFile(name, os.O_RDWR, 0)) }

// readOnly is the FileSystem of those who only look: it opens files that they may not write.
type readOnly struct{ OS }

// Open opens an existing file for reading.
func (readOnly) Open(name string) (File, error) { return wrap(os.Open(name)) }

// Rename implements FileSystem.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements FileSystem.
func (OS) Remove(name string) error { return os.Remove(name) }

// List implements FileSystem.
func (OS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// SyncDir implements FileSystem.
func (OS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// WriteFile replaces a file as a whole: after a crash it holds either its former content or all of data.
func WriteFile(fsys FileSystem, name string, data []byte) error {
	temporary := name + temporarySuffix
	f, err := fsys.Create(temporary)
	if err != nil {
		return failed("create", temporary, int64(len(data)), err)
	}
	err = f.WriteVector([][]byte{data}, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return failed("write", temporary, int64(len(data)), err)
	}
	return install(fsys, temporary, name)
}

// install gives a complete and synced file its final name.
func install(fsys FileSystem, temporary, name string) error {
	if err := fsys.Rename(temporary, name); err != nil {
		return failed("rename", temporary, 0, err)
	}
	dir := filepath.Dir(name)
	if err := fsys.SyncDir(dir); err != nil {
		return failed("sync directory", dir, 0, err)
	}
	return nil
}

type osFile struct {
	*os.File
	direct directFile
}

func wrap(f *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return &osFile{File: f}, nil
}

// Close implements File.
func (f *osFile) Close() error { return errors.Join(f.direct.close(), f.File.Close()) }

// WriteSynced implements File.
func (f *osFile) WriteSynced(buffers [][]byte, offset int64) error {
	if done, err := f.direct.write(f.File, buffers, offset); done {
		return err
	}
	return writeAndSync(f, buffers, offset)
}

// writeAndSync is WriteSynced for files that know no shorter way.
func writeAndSync(f File, buffers [][]byte, offset int64) error {
	if err := f.WriteVector(buffers, offset); err != nil {
		return err
	}
	return f.Sync()
}

func (f *osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, &fs.PathError{Op: "open", Path: f.Name(), Err: errors.New("not a regular file")}
	}
	return info.Size(), nil
}
