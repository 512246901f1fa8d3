// Package statetest does to checkpoints what tests need done to them.
package statetest

import "os"

// Damage is what a bad disk does to a file: it changes bytes in each thousand of its first half, from an offset on.
type Damage struct {
	From   int64
	Change func(b []byte)
}

var (
	// Flipped has bits inverted, among them those of the first block, which says what is in the table.
	Flipped = Damage{100, func(b []byte) { b[0] ^= 0xff }}
	// Overwritten has what belongs elsewhere.
	Overwritten = Damage{500, func(b []byte) { copy(b, "damage") }}
)

// File damages one file in place: it may be in use, or just be written to.
func (d Damage) File(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	for at := d.From; at < info.Size()/2; at += 1000 {
		b := make([]byte, len("damage"))
		if _, err := f.ReadAt(b, at); err != nil {
			return err
		}
		d.Change(b)
		if _, err := f.WriteAt(b, at); err != nil {
			return err
		}
	}
	return nil
}
