package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// discardedSuffix is what the directory of a generation is called besides its number once it was given up. It stays until another
// checkpoint is published: it may be all that is left, and what made it useless may be the program and not the disk.
const discardedSuffix = ".discarded"

// setAside gives up the directory of a generation that nobody uses. The one given up before goes.
func (c *Checkpoints) setAside(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := c.removeDiscarded()
	if err == nil {
		err = os.Rename(dir, dir+discardedSuffix)
	}
	if err != nil {
		return fmt.Errorf("storage: cannot set a checkpoint aside that was given up: %w", err)
	}
	return syncDirectory(c.dir)
}

// removeDiscarded removes what was set aside.
func (c *Checkpoints) removeDiscarded() error {
	dirs, err := filepath.Glob(filepath.Join(c.dir, "*"+discardedSuffix))
	for _, dir := range dirs {
		err = errors.Join(err, removeDirectory(dir))
	}
	return err
}

// leave removes what is left of generations that no publication names. If the newest checkpoint was given up, and a crash came before it was
// set aside, it is the one of the highest number.
func (c *Checkpoints) leave(numbers []uint64, givenUp bool) error {
	slices.Sort(numbers)
	for i, number := range numbers {
		dir := c.generationDirectory(number)
		end := removeDirectory
		if givenUp && i == len(numbers)-1 {
			end = c.setAside
		}
		if err := end(dir); err != nil {
			return err
		}
	}
	return nil
}
