package storage

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/secret"
	"github.com/paxredis/paxredis/storage/journal"
	"github.com/paxredis/paxredis/storage/state"
)

// What a recovery leaves beside the journal and the identity.
const (
	newJournalName     = "journal.new"
	formerJournalName  = "journal.before-recovery"
	formerIdentityName = "identity.before-recovery"
)

// recoverBatchBytes is about how much payload is copied from one journal to the other in one frame.
const recoverBatchBytes = 4 << 20

// RecoverOptions say how a data directory is recovered.
type RecoverOptions struct {
	// Address is the one voter's peer address. Empty: that of the newest configuration in which it is found.
	Address string
	// Configuration returns the newest configuration that the log had brought when a checkpoint was taken, with Slot 0 if it
	// had brought none. It is needed if there is a checkpoint: what a checkpoint holds of the group is opaque here.
	Configuration func(c paxos.Checkpoint) (paxos.Configuration, error)
	// DespiteDamage takes over what can be read up to the first damage.
	DespiteDamage bool
	// DataKeys are as in Options.
	DataKeys []DataKey
	// SegmentBytes is the size of a journal segment, 0 for 64 MiB.
	SegmentBytes int64
	Logger       *slog.Logger
	// Now is the time for the report; nil: the system's clock.
	Now func() time.Time

	files journal.FileSystem // nil: the operating system's
	// stateless: the checkpoint of a test is in the journal alone.
	stateless bool
}

// RecoverReport says what a recovery took over, and what it did not.
type RecoverReport struct {
	At     time.Time    `json:"at"`
	NodeID paxos.NodeID `json:"node_id"`
	// The new UUIDs, and those before.
	ClusterUUID       string `json:"cluster_uuid"`
	NodeUUID          string `json:"node_uuid"`
	FormerClusterUUID string `json:"former_cluster_uuid"`
	FormerNodeUUID    string `json:"former_node_uuid"`
	// Checkpoint is the slot of the checkpoint with which the state begins, 0 without one.
	Checkpoint paxos.Slot `json:"checkpoint"`
	// KnownChosen is the highest slot that was known to be chosen, Last the highest that was taken over. What lies between was
	// accepted here, and counts as chosen from now on, although it may never have been, or been something else on the nodes that
	// are lost.
	KnownChosen paxos.Slot `json:"known_chosen"`
	Last        paxos.Slot `json:"last"`
	// LeftBehind counts the accepted slots above a gap after Last.
	LeftBehind int `json:"left_behind"`
	// Configuration is the slot of the new configuration, right behind Last.
	Configuration paxos.Slot `json:"configuration"`
	// Damage says what was damaged, and so ended what was taken over; empty if nothing was.
	Damage string `json:"damage,omitempty"`
	// FormerJournal is where the journal is kept as it was. With FormerIdentity it can be deleted once the new cluster is trusted.
	FormerJournal  string `json:"former_journal"`
	FormerIdentity string `json:"former_identity"`
}

// recovery is what the identity file says of one.
type recovery struct {
	// Pending says that the new journal may not be in its place yet.
	Pending bool          `json:"pending,omitempty"`
	Report  RecoverReport `json:"report"`
}

// journalDir is where the journal is.
func (f *identityFile) journalDir(dir string) string {
	fresh := filepath.Join(dir, newJournalName)
	if f.Recovery != nil && f.Recovery.Pending && exists(fresh) {
		return fresh
	}
	return filepath.Join(dir, journalName)
}

// Recover makes a cluster of one node from the survivor of a cluster whose majority is gone for good: a new cluster UUID and node UUID,
// the same node id, the published checkpoint, every accepted record above it as far as there is no gap, as if chosen, and behind
// them a configuration with this node as the only voter. What only the lost nodes knew is lost.
//
// The order of its steps makes a crash leave either the directory as it was or the recovered one:
//
//  1. journal.new is written and synced; the present identity is copied to identity.before-recovery;
//  2. the identity is replaced by the new one, which says that the recovery is pending. From here on it counts, and whoever opens
//     the directory next, Recover included, goes on with step 3;
//  3. journal becomes journal.before-recovery, and journal.new becomes journal;
//  4. the identity is replaced by one that does not say pending.
//
// A Recover that finishes an interrupted one returns the report of that.
func Recover(dir string, o RecoverOptions) (report RecoverReport, err error) {
	if o.files == nil {
		o.files = journal.OS{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if _, err := os.Stat(dir); err != nil {
		return report, fmt.Errorf("storage: cannot use the data directory: %w", err)
	}
	l, err := lockDirectory(dir)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	r := &recoverer{dir: dir, o: &o}
	if err := r.run(); err != nil {
		return report, err
	}
	return r.report, nil
}

// recoverer is one run of Recover.
type recoverer struct {
	dir    string
	o      *RecoverOptions
	former *identityFile
	from   *journal.Salvaged
	// The directory keeps its key, wrapped for the new identity.
	key        secret.Key
	encryption encryption
	// published is the newest publication, nil if there never was one.
	published *journal.Published
	// configuration is the one that ends the log, ballot that of its entry.
	configuration paxos.Configuration
	ballot        paxos.Ballot
	report        RecoverReport
}

func (r *recoverer) run() (err error) {
	if r.former, err = loadIdentity(r.dir, 0); err != nil {
		return err
	}
	if r.former == nil || !r.former.JournalMade {
		return fmt.Errorf("storage: %s holds no data of a node: there is nothing to recover", r.dir)
	}
	if f := r.former; f.Recovery != nil && f.Recovery.Pending {
		r.report = f.Recovery.Report
		return finishRecovery(r.dir, r.o.files, f)
	}
	if before := filepath.Join(r.dir, formerJournalName); exists(before) {
		return fmt.Errorf("storage: %s is there, of a recovery before: move it away, or delete it, before the next", before)
	}
	if r.key, _, err = r.former.directoryKey(r.dir, r.o.DataKeys); err != nil {
		return err
	}
	if r.encryption, err = newEncryption(r.key); err != nil {
		return err
	}
	former := r.former.journalOptions(&r.encryption)
	former.Logger = r.o.Logger
	if r.from, err = journal.Salvage(filepath.Join(r.dir, journalName), former, r.o.DespiteDamage); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.from.Close()) }()
	if p := r.from.Published; p != nil {
		opened, err := r.encryption.openHead(*p)
		if err != nil {
			return fmt.Errorf("storage: %w: nothing was changed: recover another survivor, or restore a backup", err)
		}
		r.published = &opened
	}
	return r.recover()
}

func (r *recoverer) recover() error {
	fresh, err := r.plan()
	if err != nil {
		return err
	}
	if err := r.checkState(); err != nil {
		return err
	}
	if err := r.writeJournal(fresh); err != nil {
		return err
	}
	if err := r.former.write(r.o.files, r.dir, formerIdentityName); err != nil {
		return err
	}
	if err := fresh.write(r.o.files, r.dir, identityName); err != nil {
		return err
	}
	return finishRecovery(r.dir, r.o.files, fresh)
}

// checkState reads the checkpoint that is to be taken over, before anything is changed: another survivor may have a good one. It is of no
// use that something of it may be read, since a node that cannot restore its state has nobody to fetch it from.
func (r *recoverer) checkState() error {
	p := r.published
	if p == nil || p.IsNone() || r.o.stateless {
		return nil
	}
	if _, err := state.Inspect(filepath.Join(r.dir, stateName), *p, r.encryption.state, nil); err != nil {
		return fmt.Errorf("%w: nothing was changed: recover another survivor, or restore a backup", err)
	}
	return nil
}

// plan decides what is taken over, and makes the new identity.
func (r *recoverer) plan() (*identityFile, error) {
	s, f := r.from, r.former
	last := s.Last()
	if last == 0 {
		return nil, fmt.Errorf("storage: the journal of %s has no checkpoint that counts, and does not begin with slot 1: the state is not here: recover another survivor, or restore a backup", r.dir)
	}
	cluster, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("storage: cannot make a cluster UUID: %w", err)
	}
	node, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("storage: cannot make a node UUID: %w", err)
	}
	r.report = RecoverReport{
		At: r.o.Now(), NodeID: f.NodeID, ClusterUUID: cluster.String(), NodeUUID: node.String(),
		FormerClusterUUID: f.ClusterUUID.String(), FormerNodeUUID: f.NodeUUID.String(),
		Checkpoint: s.Base(), KnownChosen: min(last, max(s.Base(), s.Chosen)), Last: last, LeftBehind: s.Above(last), Configuration: last + 1,
		Damage: s.Damage, FormerJournal: filepath.Join(r.dir, formerJournalName), FormerIdentity: filepath.Join(r.dir, formerIdentityName),
	}
	if err := r.configure(); err != nil {
		return nil, err
	}
	fresh := &identityFile{
		Format: plainFormat, ClusterUUID: cluster, NodeUUID: node, NodeID: f.NodeID, Boot: f.Boot, MachineBoot: f.MachineBoot, JournalMade: true,
		Recovery: &recovery{Pending: true, Report: r.report},
	}
	if !r.key.IsZero() {
		if err := fresh.wrap(r.key, r.o.DataKeys[0]); err != nil {
			return nil, err
		}
	}
	first := r.configuration // in no entry: it governs until the log says otherwise
	first.Slot, first.Base = 0, 0
	return fresh, fresh.begin(&first)
}

// configure makes the configuration that ends the log. It changes the one that is active there, or it would be void.
func (r *recoverer) configure() error {
	active, err := r.activeConfiguration()
	if err != nil {
		return err
	}
	first, _ := r.former.firstConfiguration()
	self := paxos.Member{ID: r.former.NodeID, UUID: r.report.NodeUUID, Address: r.o.Address}
	for _, c := range []paxos.Configuration{active, first} {
		if m, ok := c.Member(self.ID); ok && self.Address == "" {
			self.Address = m.Address
		}
	}
	highest := max(active.Highest(), first.Highest(), self.ID)
	for id := range r.former.Peers {
		highest = max(highest, id)
	}
	r.configuration = paxos.Configuration{Slot: r.report.Configuration, Base: active.Slot, Voters: []paxos.Member{self}, HighestID: highest}
	r.ballot = paxos.Ballot{Round: r.from.Promised.Round + 1, Node: self.ID}
	return nil
}

// activeConfiguration finds the configuration that governs behind the last slot that is taken over, as the log alone says: its Slot
// is 0 if the log holds none.
func (r *recoverer) activeConfiguration() (active paxos.Configuration, err error) {
	if p := r.published; p != nil && !p.IsNone() {
		if active, err = r.checkpointConfiguration(p); err != nil {
			return active, err
		}
	}
	for slot := r.from.Base() + 1; slot <= r.report.Last; slot++ {
		if r.from.Kind(slot) != paxos.EntryConfiguration {
			continue
		}
		record, err := r.from.Record(slot)
		if err != nil {
			return active, err
		}
		next, err := paxos.DecodeConfiguration(record.Entry.Payload)
		if err != nil {
			return active, fmt.Errorf("storage: the configuration in slot %v: %w", slot, err)
		}
		if next.Base == active.Slot { // else it is void
			active = next
			active.Slot = slot
		}
	}
	return active, nil
}

func (r *recoverer) checkpointConfiguration(p *journal.Published) (c paxos.Configuration, err error) {
	checkpoint, err := paxos.DecodeCheckpoint(p.Head)
	if err == nil && r.o.Configuration == nil {
		err = errors.New("nobody reads what it holds of the group")
	}
	if err == nil {
		c, err = r.o.Configuration(checkpoint)
	}
	if err != nil {
		return c, fmt.Errorf("storage: the configuration in the checkpoint of slot %v: %w", p.Slot, err)
	}
	return c, nil
}

// writeJournal writes the new journal beside the present one.
func (r *recoverer) writeJournal(fresh *identityFile) (err error) {
	dir := filepath.Join(r.dir, newJournalName)
	if err := removeDirectory(r.o.files, dir); err != nil {
		return err
	}
	if err := makeDirectory(dir); err != nil {
		return err
	}
	o := fresh.journalOptions(&r.encryption)
	o.SegmentBytes, o.Files, o.Logger = r.o.SegmentBytes, r.o.files, r.o.Logger
	if err := journal.Create(dir, o); err != nil {
		return err
	}
	to, err := journal.Open(dir, o)
	if err != nil {
		return err
	}
	if err := errors.Join(r.fill(to), to.Close()); err != nil {
		return err
	}
	return r.o.files.SyncDir(r.dir)
}

// fill copies what is taken over, and adds the configuration.
func (r *recoverer) fill(to *journal.Journal) error {
	if err := to.BeginBoot(r.former.Boot); err != nil {
		return err
	}
	if p := r.from.Published; p != nil && !p.IsNone() {
		if err := to.Publish(*p); err != nil {
			return err
		}
	}
	if err := r.copyRecords(to); err != nil {
		return err
	}
	payload, err := r.configuration.Encode()
	if err != nil {
		return fmt.Errorf("storage: cannot encode the new configuration: %w", err)
	}
	last := paxos.Record{
		Slot: r.report.Configuration, Ballot: r.ballot, Entry: paxos.Entry{Kind: paxos.EntryConfiguration, Payload: payload},
	}
	return to.Append([]paxos.Write{{Promised: r.ballot, Records: []paxos.Record{last}, Chosen: last.Slot}})
}

func (r *recoverer) copyRecords(to *journal.Journal) error {
	var batch []paxos.Record
	bytes := 0
	for slot := r.from.Base() + 1; slot <= r.report.Last; slot++ {
		record, err := r.from.Record(slot)
		if err != nil {
			return err
		}
		batch, bytes = append(batch, record), bytes+len(record.Entry.Payload)
		if bytes < recoverBatchBytes && slot < r.report.Last {
			continue
		}
		if err := to.Append([]paxos.Write{{Records: batch}}); err != nil {
			return err
		}
		batch, bytes = batch[:0], 0
	}
	return nil
}

// finishRecovery puts the new journal of a pending recovery in its place.
func finishRecovery(dir string, files journal.FileSystem, f *identityFile) error {
	fresh := filepath.Join(dir, newJournalName)
	if f.Recovery == nil || !f.Recovery.Pending {
		// One that was interrupted before it counted leaves half a journal.
		return removeDirectory(files, fresh)
	}
	present := filepath.Join(dir, journalName)
	names, err := files.List(dir)
	if err != nil {
		return fmt.Errorf("storage: cannot list the data directory: %w", err)
	}
	steps := [][2]string{{present, filepath.Join(dir, formerJournalName)}, {fresh, present}}
	if !slices.Contains(names, newJournalName) {
		steps = nil // both are done
	} else if !slices.Contains(names, journalName) {
		steps = steps[1:]
	}
	for _, step := range steps {
		if err := files.Rename(step[0], step[1]); err != nil {
			return fmt.Errorf("storage: cannot finish the recovery: %w", err)
		}
		if err := files.SyncDir(dir); err != nil {
			return fmt.Errorf("storage: cannot sync directory %s: %w", dir, err)
		}
	}
	done := *f.Recovery
	done.Pending = false
	f.Recovery = &done
	return f.write(files, dir, identityName)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// removeDirectory removes a directory of files, if it is there.
func removeDirectory(files journal.FileSystem, dir string) error {
	if !exists(dir) {
		return nil
	}
	names, err := files.List(dir)
	for _, name := range names {
		err = errors.Join(err, files.Remove(filepath.Join(dir, name)))
	}
	if err = errors.Join(err, files.Remove(dir)); err != nil {
		return fmt.Errorf("storage: cannot remove what an interrupted recovery left: %w", err)
	}
	return nil
}
