package replication

import (
	"errors"

	"github.com/paxredis/paxredis/replication/paxos"
)

// baseState says whether the checkpoints that are there can be the base of the next one, which is a difference to the newest.
type baseState uint8

const (
	baseSound baseState = iota
	// baseDamaged: the machine is made to give all records once more.
	baseDamaged
	// baseReplaced: the next frozen state holds all records, and is written in place of all checkpoints there are.
	baseReplaced
)

// errRecollecting is why no checkpoint is taken at a mark that comes too early.
var errRecollecting = errors.New("the checkpoint before is damaged, and all of the state is being collected to be written anew")

// ReportDamage says that this node's checkpoint of slot cannot be read: err says what was found. The state in memory is sound, so at the
// next mark all of it is written anew. Safe for use by several goroutines.
func (g *Group) ReportDamage(slot paxos.Slot, err error) { g.checkpointer.spoilt(slot, err) }

// spoilt is ReportDamage. What came before a checkpoint that is, or is being, written whole is of no use to the next one.
func (c *checkpointer) spoilt(slot paxos.Slot, err error) {
	c.logDamage(slot, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	moot := slot < c.rewritten || c.task != nil && c.task.whole && slot < c.task.slot
	if c.base == baseSound && !moot {
		c.base = baseDamaged
		signal(c.wake)
	}
}

func (c *checkpointer) logDamage(slot paxos.Slot, err error) {
	c.log.Error("this node's checkpoint is damaged: look for errors of its disk. Its state in memory is sound, and all of it is written anew as the next "+
		"checkpoint (BGSAVE takes one); a node that is started before fetches it from another one", "slot", slot, "error", err)
}

// recollect has the machine collect some more of the state, if a base is damaged and nothing else is at work on it. It reports false if
// there is nothing to do.
func (c *checkpointer) recollect() bool {
	c.mu.Lock()
	if c.base != baseDamaged || c.suspended || c.task != nil || c.freezing {
		c.mu.Unlock()
		return false
	}
	c.recollecting = true
	c.mu.Unlock()
	more := c.machine.Recollect()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recollecting = false
	if !more {
		c.base = baseReplaced
		c.announce()
	}
	if c.idle != nil {
		signal(c.idle)
	}
	return true
}

// begin is what comes before the first record of a checkpoint is written.
func (c *checkpointer) begin(task *checkpointTask) error {
	task.began, task.stage = c.clock.Now().Mono, stageWrite
	if !task.whole {
		return nil
	}
	return c.unlessSpoilt(task, c.storage.RewriteCheckpoint(task.slot))
}

// unlessSpoilt ends a checkpoint that cannot be written because of damage to the one before, or for want of space beside that one, though
// this node is sound. What was frozen is lost for the next one, so that will be whole. Other errors are returned: damage of one that is whole
// among them, since it is its own.
func (c *checkpointer) unlessSpoilt(task *checkpointTask, err error) error {
	damaged := !task.whole && errors.Is(err, ErrDamaged)
	if !damaged && !(task.whole && errors.Is(err, ErrDiskSpace)) {
		return err
	}
	if task.frozen != nil {
		c.thaw(task)
	}
	c.skip(task.slot, err)
	c.mu.Lock()
	before := c.newest.slot
	c.base = baseDamaged
	c.mu.Unlock()
	if damaged {
		c.logDamage(before, err)
	}
	c.finish()
	return nil
}
