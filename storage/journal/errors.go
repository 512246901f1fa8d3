package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Corrupt says that what was synced is not there, or not as it was written (rule D3). The node must not take part: it may
// have forgotten a vote.
type Corrupt struct {
	// What is damaged, and how it shows.
	What string
	// Where is the file, with the offset if there is one.
	Where string
	// Hint is what to do.
	Hint string
}

func (c *Corrupt) Error() string {
	return fmt.Sprintf("storage: %s (%s): this node may have forgotten a vote and will not take part.\n  %s", c.What, c.Where, c.Hint)
}

// ErrClosed is returned by calls after Close.
var ErrClosed = errors.New("storage: the journal is closed")

// ErrCut says that a slot is no longer in the journal: it is covered by a checkpoint.
var ErrCut = paxos.ErrCut

// corrupt returns the Corrupt error of this journal's node.
func (o *Options) corrupt(where, what string, args ...any) error {
	return &Corrupt{What: fmt.Sprintf(what, args...), Where: where, Hint: RejoinHint(o.NodeID.String())}
}

// RejoinHint tells the operator of a node how it comes back after damage.
func RejoinHint(node string) string {
	return "The data is safe on the majority. Re-join with: paxredis member replace " + node
}

// failed describes an I/O error on a file: what was done, to what, and for a full disk what to do.
func failed(op, path string, bytes int64, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("storage: no space to %s %s, %d bytes needed: free space on its file system, then start the node again; nothing acknowledged is lost: %w",
			op, path, bytes, err)
	}
	return fmt.Errorf("storage: cannot %s %s: %w", op, path, err)
}

// newerFormat says that a file was written by a later release.
func newerFormat(path string, err error) error {
	return fmt.Errorf("storage: %s: %w: start the release that wrote it, or a later one", path, err)
}

// foreign says that a file belongs to another node.
func (o *Options) foreign(path string, cluster, node uuid.UUID) error {
	return fmt.Errorf("storage: %s belongs to node %s of cluster %s, this data directory to node %s of cluster %s: put the files back where they belong",
		path, node, cluster, o.Node, o.Cluster)
}

// openError says that a file that must be there cannot be opened; what names its content.
func (o *Options) openError(path, what string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return o.corrupt(path, "%s is missing", what)
	}
	return failed("open", path, 0, err)
}

// readWhole reads a file that must have exactly that size.
func (o *Options) readWhole(file File, path string, size int64) ([]byte, error) {
	got, err := file.Size()
	if err != nil {
		return nil, failed("read", path, 0, err)
	}
	if got != size {
		return nil, o.corrupt(path, "the file is %d bytes long instead of %d", got, size)
	}
	content := make([]byte, size)
	if _, err := file.ReadAt(content, 0); err != nil {
		return nil, o.corrupt(path, "the file cannot be read: %v", err)
	}
	return content, nil
}
