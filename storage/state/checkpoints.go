package state

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/secret"
	"github.com/paxredis/paxredis/storage/journal"
)

// Ledger remembers durably which checkpoint is the newest: the journal.
type Ledger interface {
	// Published returns the newest published checkpoint, or one with slot 0 if it was discarded; ok is false if there never was one.
	Published() (p journal.Published, ok bool)
	// Publish makes p the newest, and returns once that is on stable storage.
	Publish(p journal.Published) error
}

// Options are those of Open.
type Options struct {
	// Logger, if not nil, gets what an operator should know.
	Logger *slog.Logger
	// Rest, if not nil, is called between bites of long work, with how long the last one took, and returns when it is time for the
	// next. It may be called by several goroutines, but is not by what is read to load a state.
	Rest func(worked time.Duration)
	// Key, if it is not the zero Key, has all that is written encrypted with keys derived from it. What is there must have been written with the same.
	Key secret.Key

	// apart says that the tables are another directory's: none may be removed, and so none compacted.
	apart bool
}

// Checkpoints are those of one node. All methods may be called from any goroutine; Write, Publish, Discard and FinishReceive wait for
// each other. See replication.CheckpointStorage for what the methods mean to their caller.
type Checkpoints struct {
	dir    string
	ledger Ledger
	o      Options
	codec  codec

	// writing is held by what adds to the newest generation or replaces it. It is taken before mu.
	writing sync.Mutex
	attempt *attempt // under way, or nil
	broken  error    // of an attempt: what was written is not known

	// receiving is held by what belongs to the reception. It is taken before writing and mu.
	receiving sync.Mutex
	reception *reception

	mu     sync.Mutex
	closed bool
	next   uint64   // number of the next generation
	images []*image // readable checkpoints, ascending
	loads  map[*load]struct{}
	open   map[*generation]struct{}
	calls  sync.WaitGroup // that read; Close waits for them
	// newest is what the ledger says, even if it is damaged: then damage says how.
	newest *paxos.Checkpoint
	damage *Damaged
}

// image is a published checkpoint that can be read.
type image struct {
	checkpoint paxos.Checkpoint
	g          *generation
	attempt    uint64
	holds      int
}

func (i *image) view() view {
	return view{attempt: i.attempt, spaces: nonNil(i.checkpoint.Spaces)}
}

// nonNil: no spaces are not all spaces.
func nonNil(spaces []uint64) []uint64 {
	if spaces == nil {
		return []uint64{}
	}
	return spaces
}

// Open opens the checkpoints in a directory, which is made if need be, and removes what a crash left there. A damaged checkpoint is no
// error: reading it is.
func Open(dir string, ledger Ledger, o Options) (*Checkpoints, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Checkpoints{dir: dir, ledger: ledger, o: o, loads: make(map[*load]struct{}), open: make(map[*generation]struct{})}
	if err := makeDirectory(dir); err != nil {
		return nil, err
	}
	published, _ := ledger.Published()
	if err := c.findReception(published.Generation); err != nil {
		return nil, err
	}
	if err := c.removeLeftovers(published); err != nil {
		return nil, err
	}
	if published.Slot == 0 {
		return c, nil
	}
	if err := c.openPublished(published); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// removeLeftovers removes all generations but the published one and that of a reception.
func (c *Checkpoints) removeLeftovers(published journal.Published) error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return fmt.Errorf("storage: cannot list the checkpoints: %w", err)
	}
	c.next = published.Generation + 1
	var unknown []uint64
	for _, e := range entries {
		number, err := strconv.ParseUint(e.Name(), 10, 64)
		if err != nil || !e.IsDir() {
			continue
		}
		c.next = max(c.next, number+1)
		if number != published.Generation && (c.reception == nil || number != c.reception.number) {
			unknown = append(unknown, number)
		}
	}
	return c.leave(unknown, published.Slot == 0 && len(published.Head) > 0)
}

func (c *Checkpoints) generationDirectory(number uint64) string { return generationIn(c.dir, number) }

// generationIn is the directory of a generation below that of all.
func generationIn(dir string, number uint64) string {
	return filepath.Join(dir, strconv.FormatUint(number, 10))
}

// openPublished opens the newest checkpoint, or keeps why that is not possible.
func (c *Checkpoints) openPublished(p journal.Published) error {
	checkpoint, err := paxos.DecodeCheckpoint(p.Head)
	if err != nil {
		return fmt.Errorf("storage: what the journal says about the newest checkpoint cannot be read: %w", err)
	}
	c.newest = &checkpoint
	if err := c.roomToOpen(p.Generation); err != nil {
		return err
	}
	g, attempt, err := c.openNewest(checkpoint.Slot, p.Generation)
	if err != nil {
		if isOfTheSystem(err) {
			return err
		}
		c.damage = &Damaged{checkpoint.Slot, c.generationDirectory(p.Generation), err}
		c.o.Logger.Error("the newest checkpoint is damaged", "error", c.damage)
		return nil
	}
	g.pins = 1
	c.images = []*image{{checkpoint: checkpoint, g: g, attempt: attempt}}
	g.db.SetDiscardTs(attempt)
	return nil
}

// openNewest opens the generation of the newest published checkpoint, and finds the attempt that wrote it.
func (c *Checkpoints) openNewest(slot paxos.Slot, number uint64) (*generation, uint64, error) {
	g, err := c.openGeneration(number)
	if err != nil {
		return nil, 0, err
	}
	attempt, err := g.attemptOf(slot)
	if err != nil {
		return nil, 0, errors.Join(err, c.closeGeneration(g))
	}
	return g, attempt, nil
}

// Checkpoint returns the newest published checkpoint; ok is false without one.
func (c *Checkpoints) Checkpoint() (checkpoint paxos.Checkpoint, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.newest == nil {
		return checkpoint, false
	}
	return *c.newest, true
}

// newestImage returns what the next checkpoint is a difference to, nil without one.
func (c *Checkpoints) newestImage() (*image, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, ErrClosed
	case c.damage != nil:
		return nil, c.damage
	case len(c.images) == 0:
		return nil, nil
	}
	return c.images[len(c.images)-1], nil
}

// stopped is asked now and then by what takes long.
func (c *Checkpoints) stopped() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	return nil
}

// create makes a new generation.
func (c *Checkpoints) create(s shape) (*generation, error) {
	c.mu.Lock()
	number := c.next
	c.next++
	c.mu.Unlock()
	g, err := makeGeneration(c.generationDirectory(number), number, s, &c.o)
	return c.opened(g, err)
}

func (c *Checkpoints) openGeneration(number uint64) (*generation, error) {
	g, err := openGeneration(c.generationDirectory(number), number, &c.o)
	return c.opened(g, err)
}

func (c *Checkpoints) opened(g *generation, err error) (*generation, error) {
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.open[g] = struct{}{}
	c.mu.Unlock()
	return g, nil
}

func (c *Checkpoints) closeGeneration(g *generation) error {
	c.mu.Lock()
	delete(c.open, g)
	c.mu.Unlock()
	return g.close()
}

// remove closes a generation and removes its directory, or sets it aside if it was given up.
func (c *Checkpoints) remove(g *generation) error {
	c.mu.Lock()
	end := removeDirectory
	if g.givenUp {
		end = c.setAside
	}
	c.mu.Unlock()
	return errors.Join(c.closeGeneration(g), end(g.dir))
}

// install makes an image the newest one, after the ledger knows it. Alone, it replaces all others. What was given up before it is of no use
// any more.
func (c *Checkpoints) install(i *image, alone bool) error {
	if err := c.removeDiscarded(); err != nil {
		return err
	}
	c.mu.Lock()
	i.g.pins++
	c.images = append(c.images, i)
	c.newest, c.damage = &i.checkpoint, nil
	keep := 2
	if alone {
		keep = 1
	}
	return errors.Join(c.retireLocked(keep), i.g.forgetPages())
}

// retireLocked lets go of all images but the newest keep and those that are held. It unlocks mu.
func (c *Checkpoints) retireLocked(keep int) error {
	var unused []*generation
	newer := c.images[:0:0]
	for n, i := range c.images {
		if i.holds > 0 || n >= len(c.images)-keep {
			newer = append(newer, i)
		} else if c.unpinLocked(i.g) {
			unused = append(unused, i.g)
		}
	}
	c.images = newer
	for _, i := range slices.Backward(c.images) {
		i.g.db.SetDiscardTs(i.attempt) // the oldest of each generation comes last
	}
	c.mu.Unlock()
	return c.removeAll(unused)
}

// unpinLocked reports whether nobody needs a generation any more: the caller removes it then.
func (c *Checkpoints) unpinLocked(g *generation) bool {
	g.pins--
	return g.pins == 0 && !c.closed
}

func (c *Checkpoints) removeAll(unused []*generation) (err error) {
	for _, g := range unused {
		err = errors.Join(err, c.remove(g))
	}
	return err
}

// Close ends the use of the checkpoints. It waits for calls that are being served, which end soon, and ends all loads.
func (c *Checkpoints) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return ErrClosed
	}
	c.closed = true
	loads := slices.Collect(maps.Keys(c.loads))
	c.mu.Unlock()

	c.receiving.Lock()
	defer c.receiving.Unlock()
	c.writing.Lock()
	defer c.writing.Unlock()
	for _, l := range loads {
		l.end(ErrClosed)
	}
	c.calls.Wait()
	err := c.pauseReception()
	for g := range c.open {
		err = errors.Join(err, g.close())
	}
	return err
}
