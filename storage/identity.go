package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
)

const (
	identityName = "identity"
	// plainFormat is that of a directory that is not encrypted, and encryptedFormat of one that is: a release that does not know of it refuses the
	// directory.
	plainFormat     = 1
	encryptedFormat = 2
)

// Identity is who a node is. It is made with its data directory and never changes, but for the boot number.
type Identity struct {
	ClusterUUID, NodeUUID string
	NodeID                paxos.NodeID
	// Boot counts the times the data directory was opened, from 1.
	Boot uint64
	// Joined says that the node joined a running cluster, so that it has no part in making up the cluster's first voters.
	Joined bool
	// Address is where the other nodes look for this one, if it has been moved since it began.
	Address string
	// Encrypted says that the data directory is; see Options.DataKeys.
	Encrypted bool
}

// identityFile is the content of the identity file: this as JSON, then a line with the CRC-32C of what is above it. Later formats
// keep both, so that they are told from damage.
type identityFile struct {
	Format      int          `json:"format"`
	ClusterUUID uuid.UUID    `json:"cluster_uuid"`
	NodeUUID    uuid.UUID    `json:"node_uuid"`
	NodeID      paxos.NodeID `json:"node_id"`
	// DataKey is what the directory is encrypted with, nil if it is not.
	DataKey *wrappedKey `json:"data_key,omitempty"`
	Boot    uint64      `json:"boot"`
	// JournalMade says that the journal exists: from then on its absence is a loss.
	JournalMade bool `json:"journal_made"`
	// MachineBoot is the machine's boot id at the newest open: as long as it is the same, no power failure has happened.
	MachineBoot string `json:"machine_boot,omitempty"`
	// Peers are the node UUIDs first met for each id (rule D4).
	Peers map[paxos.NodeID]string `json:"peers,omitempty"`
	// Configuration is the first one, encoded; missing in directories of before it was recorded.
	Configuration []byte `json:"configuration,omitempty"`
	Joined        bool   `json:"joined,omitempty"`
	// Forgotten, if not empty, is why the node must never take part; see Store.Forget.
	Forgotten string `json:"forgotten,omitempty"`
	// Moved is where the node was moved to since; see Store.RememberAddress.
	Moved *movedTo `json:"moved,omitempty"`
	// Recovery says that the node is the survivor of another cluster.
	Recovery *recovery `json:"recovery,omitempty"`
}

// write puts the identity on stable storage, under a name in the data directory.
func (f *identityFile) write(files journal.FileSystem, dir, name string) error {
	content, err := f.encode()
	if err != nil {
		return err
	}
	return journal.WriteFile(files, filepath.Join(dir, name), content)
}

// journalOptions are those of this node's journal as far as the identity knows.
func (f *identityFile) journalOptions(e *encryption) journal.Options {
	boot := machineBoot()
	return journal.Options{
		Cluster: f.ClusterUUID, Node: f.NodeUUID, NodeID: f.NodeID, Boot: f.Boot,
		PowerLost: boot == "" || boot != f.MachineBoot, Sealer: e.sealer(),
	}
}

func (f *identityFile) public() Identity {
	id := Identity{ClusterUUID: f.ClusterUUID.String(), NodeUUID: f.NodeUUID.String(), NodeID: f.NodeID, Boot: f.Boot, Joined: f.Joined, Encrypted: f.DataKey != nil}
	if f.Moved != nil {
		id.Address = f.Moved.Address
	}
	return id
}

// firstConfiguration decodes what begin recorded, which decodeIdentity has checked.
func (f *identityFile) firstConfiguration() (c paxos.Configuration, ok bool) {
	c, err := paxos.DecodeConfiguration(f.Configuration)
	return c, err == nil && len(f.Configuration) > 0
}

// begin records the first configuration, unless there is one, or none to record.
func (f *identityFile) begin(c *paxos.Configuration) error {
	if len(f.Configuration) > 0 || len(c.Voters) == 0 {
		return nil
	}
	err := c.Check()
	if err == nil {
		f.Configuration, err = c.Encode()
	}
	if err != nil {
		return fmt.Errorf("storage: the first configuration cannot be recorded: %w", err)
	}
	return nil
}

// ReadIdentity tells who a data directory belongs to, without opening it. ok is false for one that is new, or does not exist.
func ReadIdentity(dir string) (id Identity, ok bool, err error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return id, false, nil
	}
	f, err := loadIdentity(dir, 0)
	if err != nil || f == nil {
		return id, false, err
	}
	return f.public(), true, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const checksumLine = "crc32c %08x\n"

func (f *identityFile) encode() ([]byte, error) {
	content, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("storage: cannot encode the identity: %w", err)
	}
	content = append(content, '\n')
	return fmt.Appendf(content, checksumLine, crc32.Checksum(content, castagnoli)), nil
}

// decodeIdentity checks and parses an identity file.
func decodeIdentity(content []byte) (*identityFile, error) {
	tail := len(fmt.Sprintf(checksumLine, 0))
	if len(content) < tail {
		return nil, errors.New("the identity is cut short")
	}
	body := content[:len(content)-tail]
	if want := fmt.Appendf(nil, checksumLine, crc32.Checksum(body, castagnoli)); !bytes.Equal(want, content[len(body):]) {
		return nil, errors.New("the identity fails its checksum")
	}
	f := new(identityFile)
	var version struct{ Format int }
	if err := json.Unmarshal(body, &version); err != nil {
		return nil, fmt.Errorf("the identity does not decode: %w", err)
	}
	if version.Format != plainFormat && version.Format != encryptedFormat {
		return nil, &newerError{fmt.Errorf("the data directory has format %d, this binary knows %d and %d: start the release that wrote it, or a later one",
			version.Format, plainFormat, encryptedFormat)}
	}
	if err := json.Unmarshal(body, f); err != nil {
		return nil, fmt.Errorf("the identity does not decode: %w", err)
	}
	if f.NodeID == 0 || f.NodeUUID == uuid.Nil || f.ClusterUUID == uuid.Nil {
		return nil, errors.New("the identity lacks a node id or a UUID")
	}
	if (f.DataKey != nil) != (f.Format == encryptedFormat) {
		return nil, errors.New("the identity has a format that does not fit to whether it holds a data key")
	}
	if len(f.Configuration) > 0 {
		if _, err := paxos.DecodeConfiguration(f.Configuration); errors.Is(err, paxos.ErrNewerFormat) {
			return nil, &newerError{err}
		} else if err != nil {
			return nil, fmt.Errorf("the identity holds a first configuration that is none: %w", err)
		}
	}
	return f, nil
}

// newerError tells an identity that a later release wrote from a damaged one.
type newerError struct{ error }

// loadIdentity reads the identity of a directory, or returns nil for a directory that has never been used.
func loadIdentity(dir string, hintID paxos.NodeID) (*identityFile, error) {
	path := filepath.Join(dir, identityName)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuseUnlessNew(dir, hintID)
	}
	if err != nil {
		return nil, fmt.Errorf("storage: cannot read the identity: %w", err)
	}
	f, err := decodeIdentity(content)
	var newer *newerError
	if errors.As(err, &newer) {
		return nil, fmt.Errorf("storage: %s: %w", path, err)
	}
	if err != nil {
		return nil, &Corrupt{What: err.Error(), Where: path, Hint: rejoinHint(hintID)}
	}
	return f, nil
}

// rejoinHint is for a node whose identity cannot be read, which may not know its id.
func rejoinHint(id paxos.NodeID) string {
	if id == 0 {
		return journal.RejoinHint("ID")
	}
	return journal.RejoinHint(id.String())
}

// refuseUnlessNew finds out whether a directory without an identity has none yet, has lost it, or is somebody else's.
func refuseUnlessNew(dir string, hintID paxos.NodeID) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("storage: cannot list the data directory: %w", err)
	}
	for _, e := range entries {
		switch e.Name() {
		case lockName, "lost+found", identityName + ".tmp":
		case journalName, stateName, newJournalName, formerJournalName, formerIdentityName:
			return &Corrupt{
				What:  "the identity file is missing although " + e.Name() + " is there",
				Where: filepath.Join(dir, identityName), Hint: rejoinHint(hintID),
			}
		default:
			return fmt.Errorf("storage: %s is not a paxredis data directory: it holds %s and has no identity file: name an empty or a new directory", dir, e.Name())
		}
	}
	return nil
}

// check compares the identity with what this process was started as.
func (f *identityFile) check(dir string, o *Options) error {
	if o.NodeID != 0 && f.NodeID != o.NodeID {
		return fmt.Errorf("storage: %s is the data directory of node %v, not of node %v: correct --id or --data-dir", dir, f.NodeID, o.NodeID)
	}
	if o.ClusterUUID != "" && f.ClusterUUID.String() != o.ClusterUUID {
		return fmt.Errorf("storage: %s belongs to cluster %s, not to cluster %s: the cluster UUID comes from the cluster key and the first voters (--peers): correct them, or --data-dir",
			dir, f.ClusterUUID, o.ClusterUUID)
	}
	if o.NodeUUID != "" && f.NodeUUID.String() != o.NodeUUID {
		return fmt.Errorf("storage: %s belongs to a node with UUID %s, not %s: name another --data-dir", dir, f.NodeUUID, o.NodeUUID)
	}
	return nil
}

// newIdentity makes the identity of a new node.
func newIdentity(o *Options) (*identityFile, error) {
	if o.NodeID == 0 {
		return nil, errors.New("storage: node id 0 is not an id: ids start at 1, and a new data directory needs one (--id)")
	}
	node, err := givenOrRandom("node", o.NodeUUID)
	if err != nil {
		return nil, err
	}
	cluster, err := givenOrRandom("cluster", o.ClusterUUID)
	if err != nil {
		return nil, err
	}
	f := &identityFile{Format: plainFormat, ClusterUUID: cluster, NodeUUID: node, NodeID: o.NodeID, Joined: o.Joined}
	return f, f.makeDataKey(o.DataKeys)
}

func givenOrRandom(what, given string) (id uuid.UUID, err error) {
	if given == "" {
		id, err = uuid.NewRandom()
	} else {
		id, err = uuid.Parse(given)
	}
	if err != nil {
		return id, fmt.Errorf("storage: %s UUID %q: %w", what, given, err)
	}
	return id, nil
}

// machineBoot identifies the time since the machine started, or is empty if that cannot be known.
func machineBoot() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "" // then every open counts as one after a power failure
	}
	return string(bytes.TrimSpace(id))
}
