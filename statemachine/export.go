package statemachine

import "github.com/paxredis/paxredis/statemachine/rdb"

// Snapshot is what a whole state is written to: an *rdb.FileWriter, or what counts it.
type Snapshot interface {
	// Functions takes the text of a library.
	Functions(text string) error
	// Database says that the keys that follow are of a database, how many there are, and how many of them have a deadline.
	Database(number, keys, deadlines int) error
	// Key takes a key. expireAt is in Unix milliseconds, 0: never. What it is given is valid until it returns.
	Key(key []byte, expireAt int64, v rdb.Value) error
}

// Export writes the whole state of one moment: libraries of functions, and the keys of all databases, in no order. Versions, tombstones and scripts
// have no place in a snapshot. Apply must wait until it returns, so it is for a machine of a stopped node or of a backup.
func (m *Machine) Export(to Snapshot) error {
	v := m.newView()
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.ks.exportFunctions(to); err != nil {
		return err
	}
	for number := range m.ks.databases {
		db := &m.ks.databases[number]
		if db.keys.len() == 0 {
			continue
		}
		v.tx.begin(number)
		if err := v.tx.export(to); err != nil {
			return err
		}
	}
	return nil
}

func (ks *keyspace) exportFunctions(to Snapshot) (err error) {
	ks.loaded.each(func(o *Object) bool {
		if isLibrary(o.kind) {
			err = to.Functions(string(o.str()))
		}
		return err == nil
	})
	return err
}

// export writes the selected database.
func (tx *Tx) export(to Snapshot) error {
	db := tx.database()
	err := to.Database(tx.db, db.keys.len(), db.keys.times.len())
	db.keys.each(func(o *Object) bool {
		if err == nil {
			at, _ := db.keys.times.of(o)
			err = to.Key(o.key(), at, tx.rdbValue(o))
		}
		return err == nil
	})
	return err
}
