package journal

import (
	"errors"
)

// spare is the next segment, being made or ready.
type spare struct {
	number uint64
	done   chan struct{} // closed when it is ready or has failed
	err    error         // valid once done
}

// ready returns a spare that is there already.
func ready(number uint64) *spare {
	s := &spare{number: number, done: make(chan struct{})}
	close(s.done)
	return s
}

// prepareSpare makes the next segment in the background, long before it is needed: of the file in reserve if there is one.
func (j *Journal) prepareSpare(number uint64) {
	s := &spare{number: number, done: make(chan struct{})}
	j.spare = s
	recycled := j.takeReserve(j.pathOf(number))
	prepare := func() {
		defer close(s.done)
		s.err = j.makeSpare(number, recycled)
		if s.err != nil && !errors.Is(s.err, errStopped) {
			j.o.Logger.Warn("the next journal segment cannot be prepared; it is tried once more when it is needed", "error", s.err)
		}
	}
	if j.o.Stepped {
		prepare()
		return
	}
	go prepare()
}

// place writes and syncs a frame at the end of the segment in use, or in the next one, and returns its offset.
func (j *Journal) place(h *frameHeader, header, description []byte, payloads [][]byte) (offset int64, err error) {
	size := h.bytes()
	padding := size - frameHeaderBytes - int64(h.describedBytes) - int64(h.payloadBytes)
	switch {
	case j.tail.file != nil && j.tail.end+size <= j.tail.size:
		offset = j.tail.end
		return offset, j.writeSynced(j.tail.file, j.pathOf(j.tail.segment), j.vector(nil, header, description, payloads, padding), offset)
	case blockBytes+size <= j.o.SegmentBytes:
		err = j.enterSpare(func(lead []byte) [][]byte { return j.vector(lead, header, description, payloads, padding) })
	default:
		err = j.enterOversized(blockBytes+size, func(lead []byte) [][]byte { return j.vector(lead, header, description, payloads, padding) })
	}
	return blockBytes, err
}

func (j *Journal) writeSynced(file File, path string, vector [][]byte, offset int64) error {
	if err := file.WriteSynced(vector, offset); err != nil {
		return failed("write and sync", path, vectorBytes(vector), err)
	}
	return nil
}

func vectorBytes(vector [][]byte) (n int64) {
	for _, b := range vector {
		n += int64(len(b))
	}
	return n
}

// lead is the header block of the segment that comes next.
func (j *Journal) lead(number uint64, size int64) []byte {
	h := segmentHeader{
		cluster: j.o.Cluster, node: j.o.Node, number: number, size: size,
		first: j.tail.sequence + 1, previous: j.tail.chain,
	}
	block := make([]byte, blockBytes)
	h.encode(block)
	return block
}

// enterSpare goes on in the prepared segment, whose header is written together with its first frame.
func (j *Journal) enterSpare(frame func(lead []byte) [][]byte) error {
	number, path := j.spare.number, j.pathOf(j.spare.number)
	<-j.spare.done
	if j.spare.err != nil { // it failed a while ago: there may be room again
		if err := j.makeSpare(number, j.takeReserve(path)); err != nil {
			return err
		}
	}
	file, err := j.o.Files.Open(path)
	if err != nil {
		return failed("open", path, 0, err)
	}
	if err := j.writeSynced(file, path, frame(j.lead(number, j.o.SegmentBytes)), 0); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := j.enter(file, number, j.o.SegmentBytes); err != nil {
		return err
	}
	j.prepareSpare(number + 1)
	return nil
}

// enterOversized puts a frame that is larger than a segment into one of its own. That is complete and synced before it gets its name, so it needs no zero-filling
// and is never torn. The spare, whose number it takes, becomes the one behind it.
func (j *Journal) enterOversized(size int64, frame func(lead []byte) [][]byte) error {
	<-j.spare.done
	number, path := j.spare.number, j.pathOf(j.spare.number)
	aside := j.pathOf(number+1) + temporarySuffix
	if j.spare.err == nil {
		if err := j.o.Files.Rename(path, aside); err != nil {
			return failed("rename", path, 0, err)
		}
	}
	file, err := j.createWhole(path, size, frame(j.lead(number, size)))
	if err != nil {
		return err
	}
	if err := j.enter(file, number, size); err != nil {
		return err
	}
	if j.spare.err != nil {
		j.prepareSpare(number + 1)
		return nil
	}
	j.spare = ready(number + 1)
	return install(j.o.Files, aside, j.pathOf(number+1))
}

// createWhole makes a file with its whole content. Its path appears only once all is synced.
func (j *Journal) createWhole(path string, size int64, content [][]byte) (File, error) {
	temporary := path + temporarySuffix
	file, err := j.o.Files.Create(temporary)
	if err != nil {
		return nil, failed("create", temporary, size, err)
	}
	if err = file.Allocate(size); err != nil {
		err = failed("prepare", temporary, size, err)
	} else if err = j.writeSynced(file, temporary, content, 0); err == nil {
		err = install(j.o.Files, temporary, path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// enter makes a segment the one in use.
func (j *Journal) enter(file File, number uint64, size int64) error {
	former := j.tail.file
	j.tail.file, j.tail.segment, j.tail.size = file, number, size
	j.mu.Lock()
	j.bytes += size
	j.kept = append(j.kept, segment{number: number, size: size, start: position{j.tail.sequence, j.tail.chain, j.appended}})
	j.mu.Unlock()
	if former == nil {
		return nil
	}
	if err := former.Close(); err != nil {
		return failed("close", j.pathOf(number-1), 0, err)
	}
	return nil
}
