package statemachine

import "sync/atomic"

// EventClass is a set of classes of keyspace events (https://redis.io/docs/latest/develop/use/keyspace-notifications/).
type EventClass uint32

// The classes, with their letters in notify-keyspace-events.
const (
	EventGeneric EventClass = 1 << iota // g: DEL, EXPIRE, RENAME and other commands of any type
	EventString                         // $
	EventList                           // l
	EventSet                            // s
	EventHash                           // h
	EventZSet                           // z
	EventStream                         // t
	EventExpired                        // x: the log removed a key at its deadline
	EventEvicted                        // e
	EventModule                         // d
	EventKeyMiss                        // m: a command looked for a key that is not there
	EventNew                            // n: a key was added

	// interestInChanges is a bit of its own beside the classes: somebody wants Events.Change and Events.Flush.
	interestInChanges
)

// EventAll is what the letter A stands for: every class but misses and new keys.
const EventAll = EventGeneric | EventString | EventList | EventSet | EventHash | EventZSet | EventStream | EventExpired | EventEvicted | EventModule

// Events is told what happens as commands are applied, in the order of the log: what this node's own clients listen for. It
// decides nothing: whatever it does, the state is the same on every node. Machine.SetInterest says what of it is called at all.
//
// All but Notify and Scripted are called on the goroutine of Apply, under the write lock, so none may call back into the Machine or wait. Notify is
// called there too, and, for misses alone, on any goroutine that reads. No argument may be kept.
type Events interface {
	// Publish is a message of PUBLISH, or, sharded, of SPUBLISH. It returns to how many clients of this node it goes.
	Publish(channel, message []byte, sharded bool) (receivers int)
	// Notify is a keyspace event of a key of a database.
	Notify(class EventClass, event string, db int, key []byte)
	// Change is a key, of whichever database, that has another value or deadline than before, is new, or gone.
	Change(key []byte)
	// Read is a command that has just read the keyspace as part of a transaction or script of the log, on its origin alone: of the
	// client whose command Replies.Next announced last.
	Read(cmd *Command, args Args)
	// Scripted is a command that a script has just run in a database, on the node that the script's client is connected to alone. It is called only after
	// ShowScripts, from Apply or from any goroutine that reads, as Notify is. A read that is run again, since it met a due key, tells again.
	Scripted(db int, args Args)
	// Flush says that a whole database has been emptied or exchanged, or all of them have.
	Flush()
	// Expiring says that keys or fields whose time is over are about to be removed, Expired that this is done: how long it took is for the
	// listener to find out, since the machine knows no clock.
	Expiring()
	Expired()
	// Applied ends what one call of Apply had to tell. It is called behind Replies.Finish.
	Applied()
	// SettingsChanged says that Machine.Settings are others. It is called before the reply to the change is written, and before Replaced.
	SettingsChanged()
	// Replaced says that another state took the place of the one before, as by a checkpoint of a peer: what happened in between is
	// not told. It is called by Restore and Reset.
	Replaced()
}

// ears is who listens to a machine. The keyspace asks it before it tells anything, which costs a load of the interest.
type ears struct {
	interest atomic.Uint32
	events   Events // nil: nobody listens
	// origin: the section that is applied has replies.
	origin bool
	// scripts: somebody wants Events.Scripted.
	scripts atomic.Bool
}

func (e *ears) want(class EventClass) bool { return EventClass(e.interest.Load())&class != 0 }

// Listen has events told what happens from now on. It is called once at most, from any goroutine.
func (m *Machine) Listen(events Events) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ears.events = events
}

// SetInterest says which classes of keyspace events are told, and whether changes are. Nothing is to begin with. It may be called
// from any goroutine once Listen has returned, and holds for all that happens after it returns.
func (m *Machine) SetInterest(classes EventClass, changes bool) {
	if classes &^= interestInChanges; changes {
		classes |= interestInChanges
	}
	m.ears.interest.Store(uint32(classes))
}

// ShowScripts says whether Events.Scripted is called, for the scripts that begin from now on. It is not to begin with. It may be called from any goroutine
// once Listen has returned.
func (m *Machine) ShowScripts(on bool) { m.ears.scripts.Store(on) }

// notify tells this node's clients of a keyspace event of a key in the selected database, as Redis's notifyKeyspaceEvent. Handlers call it
// right behind the change, once for each event that Redis documents for the command: tx.notify(EventHash, "hset", args[1]). It costs
// next to nothing unless somebody asked for the class. "new" comes from keyspace.create by itself, and "expired" from the removal.
func (tx *Tx) notify(class EventClass, event string, key []byte) {
	tx.ks.notify(tx.database(), class, event, key)
}

// missed tells of a key that a command looked for in vain. A read that met a due key is run again, and tells then.
func (tx *Tx) missed(key []byte) {
	if !tx.due {
		tx.notify(EventKeyMiss, "keymiss", key)
	}
}

// look tells of a miss for a command that finds its key for writing, where Redis's finds it for reading before it reads its arguments.
func (tx *Tx) look(key []byte) {
	if tx.peek(key) == nil {
		tx.missed(key)
	}
}

// notify is Tx.notify for a key of any database.
func (ks *keyspace) notify(db *database, class EventClass, event string, key []byte) {
	if ks.ears.want(class) {
		ks.ears.events.Notify(class, event, ks.numberOf(db), key)
	}
}

// numberOf is the number of a database as SELECT takes it.
func (ks *keyspace) numberOf(db *database) int {
	for i := range ks.databases {
		if db == &ks.databases[i] {
			return i
		}
	}
	return 0
}

// changed tells of a key with another value or deadline than before, or that has come or gone.
func (ks *keyspace) changed(key []byte) {
	if ks.ears.want(interestInChanges) {
		ks.ears.events.Change(key)
	}
}

// flushed tells that a whole database, or all of them, are not what they were.
func (ks *keyspace) flushed() {
	if ks.ears.want(interestInChanges) {
		ks.ears.events.Flush()
	}
}

// read tells that a command of the log has read.
func (e *ears) read(cmd *Command, args Args) {
	if e.origin && cmd.Flags.Has(ReadOnly) && e.want(interestInChanges) {
		e.events.Read(cmd, args)
	}
}
