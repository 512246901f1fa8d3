package state

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
)

// ErrClosed is returned by calls after Close.
var ErrClosed = journal.ErrClosed

// errDamaged says that what is stored contradicts itself. Its callers know which checkpoint it is about.
var errDamaged = errors.New("damaged")

// Damaged says that a checkpoint on this node's disk is not what was written. The log is not affected: the state is to be
// discarded and fetched from a peer. It matches paxos.ErrDamagedCheckpoint.
type Damaged struct {
	// Slot is the checkpoint's.
	Slot paxos.Slot
	// Where is the directory it is in.
	Where string
	// Err is what is wrong.
	Err error
}

func (d *Damaged) Error() string {
	return fmt.Sprintf("storage: the checkpoint of slot %v in %s is damaged: %v", d.Slot, d.Where, d.Err)
}

// Unwrap gives what is wrong.
func (d *Damaged) Unwrap() error { return d.Err }

// Is makes a Damaged match paxos.ErrDamagedCheckpoint.
func (d *Damaged) Is(target error) bool { return target == paxos.ErrDamagedCheckpoint }

// systemErrors are no sign of damage: what is on the disk may be as it should be.
var systemErrors = []syscall.Errno{
	syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOSPC, syscall.EDQUOT, syscall.EAGAIN,
}

// isOfTheSystem recognises them by their texts too: Badger's errors do not wrap their causes.
func isOfTheSystem(err error) bool {
	return slices.ContainsFunc(systemErrors, func(e syscall.Errno) bool {
		return errors.Is(err, e) || strings.Contains(err.Error(), e.Error())
	})
}

// damagedBy is an error, told as that of the damaged checkpoint of slot if it is one.
func (g *generation) damagedBy(slot paxos.Slot, err error) error {
	if errors.Is(err, errDamaged) {
		return &Damaged{slot, g.dir, err}
	}
	return err
}

// inconsistency is what is wrong. It matches errDamaged.
type inconsistency string

func (i inconsistency) Error() string { return string(i) }

func (i inconsistency) Is(target error) bool { return target == errDamaged }

func inconsistent(format string, args ...any) error {
	return inconsistency(fmt.Sprintf(format, args...))
}

// reading is deferred by whatever reads through Badger: what a bad disk has done to a table makes it panic.
func reading(err *error) {
	if cause := recover(); cause != nil {
		*err = inconsistent("Badger cannot read it: %v", cause)
	}
}

// received says that what a peer sent cannot be used.
func received(format string, args ...any) error {
	return fmt.Errorf("storage: %s: %w", fmt.Sprintf(format, args...), paxos.ErrDamagedCheckpoint)
}
