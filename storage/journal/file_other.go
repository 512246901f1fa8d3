//go:build !linux

package journal

// Sync asks the disk itself to write what it holds, which on macOS os.File does and fsync(2) does not.
func (f *osFile) Sync() error { return f.File.Sync() }

// Allocate leaves it to the zeros that are written next to allocate the space.
func (f *osFile) Allocate(int64) error { return nil }

func (f *osFile) WriteVector(buffers [][]byte, offset int64) error {
	for _, b := range buffers {
		n, err := f.WriteAt(b, offset)
		if err != nil {
			return err
		}
		offset += int64(n)
	}
	return nil
}

// WriteCached implements File.
func (f *osFile) WriteCached(b []byte, offset int64, _ bool) error {
	_, err := f.WriteAt(b, offset)
	return err
}
