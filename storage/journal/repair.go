package journal

import "errors"

// recover reads the journal, refuses damage, and repairs what a crash may have left: a torn last frame, frames whose
// sync is not known to have happened, files that were being made.
func (j *Journal) recover() error {
	r := &replay{dir: j.dir, o: &j.o, front: j.frontier.latest(), index: newIndex(j.frontier.latest().firstSlot), chunk: make([]byte, fillBytes)}
	if err := r.run(); err != nil {
		return err
	}
	if err := j.repair(r); err != nil {
		return err
	}
	j.index, j.promised, j.hint = r.index, r.promised, r.chosen
	j.kept, j.published, j.publishedIn, j.appended = r.kept, r.published, r.publishedIn, r.appended
	j.tail = r.tail
	if j.tail.segment > 0 {
		file, err := j.o.Files.Open(j.pathOf(j.tail.segment))
		if err != nil {
			return failed("open", j.pathOf(j.tail.segment), 0, err)
		}
		j.tail.file = file
	}
	return j.settleTwice(func(m *mark) {
		m.boot = j.o.Boot
		m.segment, m.end, m.sequence, m.chain = j.tail.segment, j.tail.end, j.tail.sequence, j.tail.chain
		m.promised, m.lastSlot, m.chosen, m.firstSlot = j.promised, j.index.last, j.hint, j.index.first
	})
}

func (j *Journal) repair(r *replay) error {
	for _, name := range r.leftover {
		if err := j.o.Files.Remove(name); err != nil {
			return failed("remove", name, 0, err)
		}
	}
	if err := j.dropTorn(r.damage); err != nil {
		return err
	}
	for _, e := range r.unsynced {
		if err := j.rewrite(e, r.chunk); err != nil {
			return err
		}
	}
	if err := j.adoptUnused(r.unused); err != nil {
		return err
	}
	if err := j.o.Files.SyncDir(j.dir); err != nil {
		return failed("sync directory", j.dir, 0, err)
	}
	j.bytes = r.bytes
	return nil
}

// dropTorn takes the traces of a torn frame away.
func (j *Journal) dropTorn(d *damage) error {
	if d == nil {
		return nil
	}
	path := j.pathOf(d.segment)
	j.o.Logger.Warn("the last frame was torn by a crash before it was acknowledged, and is dropped", "file", path, "offset", d.offset, "found", d.what)
	if d.offset == 0 { // it was the segment's first
		if err := j.o.Files.Remove(path); err != nil {
			return failed("remove", path, 0, err)
		}
		return nil
	}
	return j.edit(path, d.size-d.offset, func(file File) error {
		return errors.Join(file.Allocate(d.size), zero(file, d.offset, d.size, nil))
	})
}

// rewrite writes frames once more and syncs them. They are whole in the page cache, but nobody knows whether a sync of them
// happened or failed, and a failed one is not repeated by a mere fsync.
func (j *Journal) rewrite(e extent, chunk []byte) error {
	return j.edit(j.pathOf(e.segment), e.to-e.from, func(file File) error {
		for at := e.from; at < e.to; {
			part := chunk[:min(int64(len(chunk)), e.to-at)]
			if _, err := file.ReadAt(part, at); err != nil {
				return err
			}
			if err := file.WriteVector([][]byte{part}, at); err != nil {
				return err
			}
			at += int64(len(part))
		}
		return file.Sync()
	})
}

// edit changes a segment that is not in use.
func (j *Journal) edit(path string, bytes int64, change func(File) error) error {
	file, err := j.o.Files.Open(path)
	if err != nil {
		return failed("open", path, 0, err)
	}
	if err := errors.Join(change(file), file.Close()); err != nil {
		return failed("repair", path, bytes, err)
	}
	return nil
}

// adoptUnused takes a prepared segment over, unless it has another size than segments have now.
func (j *Journal) adoptUnused(number uint64) error {
	if number == 0 {
		return nil
	}
	path := j.pathOf(number)
	size := int64(-1)
	err := j.edit(path, 0, func(file File) (err error) {
		size, err = file.Size()
		return err
	})
	if err != nil {
		return err
	}
	if size == j.o.SegmentBytes {
		j.spare = ready(number)
		return nil
	}
	if err := j.o.Files.Remove(path); err != nil {
		return failed("remove", path, 0, err)
	}
	return nil
}
