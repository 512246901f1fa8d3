package statemachine

// View reads the state as it stands at one moment: between two slots (Machine.Read), or in the middle of a section
// (Replies). It belongs to one goroutine.
type View struct {
	m       *Machine
	tx      Tx
	random  random
	warmer  warmer
	inApply bool // its commands run under the write lock; the log's time rules, and nobody closes it
}

// Read takes the read lock and returns a view of the state as it is now. nowMS is the local clock in Unix milliseconds.
// Close releases it; until then nothing is applied, so a view is for one burst of reads.
func (m *Machine) Read(nowMS int64) *View {
	m.mu.RLock()
	v, ok := m.views.Get().(*View)
	if !ok {
		v = m.newView()
	}
	v.tx.now = max(nowMS, m.ks.now)
	v.random.state = m.random()
	return v
}

// Close releases the view, which must not be used afterwards. A view from Replies is not to be closed.
func (v *View) Close() {
	if v.inApply {
		return
	}
	m := v.m
	v.tx.count(&m.hits, &m.misses)
	m.views.Put(v)
	m.mu.RUnlock()
}

// Run runs a command that reads, in a database. due: it met a key whose deadline has passed by the local clock but
// not yet by the log's time; the reply written so far must be thrown away, a tick committed, and the read run again.
// A command that writes gets an error.
func (v *View) Run(cmd *Command, db int, args Args, reply Reply) (due bool) {
	v.tx.due, v.tx.mayBlock = false, true
	v.run(cmd, db, args, reply)
	v.tx.mayBlock = false
	return v.tx.due
}

func (v *View) run(cmd *Command, db int, args Args, reply Reply) {
	switch {
	case cmd.Flags.Logged() || cmd.Run == nil:
		reply.Error(errWriteInView)
	case db < 0 || db >= Databases:
		reply.Error(errDatabase)
	default:
		v.tx.begin(db)
		cmd.Run(&v.tx, args, reply)
	}
}

// As has scripts run with the permissions of a user who may not do everything, until it is called with nil.
func (v *View) As(u *User) { v.tx.user = u }

// Denials returns what the scripts of the command that ran last had no permission for, the first of them, once.
func (v *View) Denials() []Denial {
	denied := v.tx.denials
	v.tx.denials = nil
	return denied
}

// NoTouch says whether reads that follow are to leave no trace of when they were, for OBJECT IDLETIME.
func (v *View) NoTouch(on bool) { v.tx.noTouch = on }

// LastArgs returns, in Replies, the arguments of the command of the section that has just run, for who finds that it took long. They are
// valid until the method of Replies returns; nil after a transaction, a tick, or nothing.
func (v *View) LastArgs() Args {
	if !v.inApply || !v.m.ranCommand {
		return nil
	}
	return v.m.decoder.args
}

// Exec runs a transaction of commands that only read. due is as for Run.
func (v *View) Exec(watches []Watch, queued []Queued, reply Reply) (due bool) {
	v.tx.due = false
	v.exec(watches, queued, reply, func(v *View, db int, args Args, reply Reply) {
		cmd, problem := v.m.table.Resolve(args)
		if cmd == nil {
			reply.Error(problem)
			return
		}
		v.run(cmd, db, args, reply)
	})
	return v.tx.due
}

// exec replies with the array of the queued commands' replies, or with the null array if a watched key has changed. An
// error of one command does not keep the others from running.
func (v *View) exec(watches []Watch, queued []Queued, reply Reply, call func(*View, int, Args, Reply)) {
	for i := range watches {
		if w := &watches[i]; v.Revision(w.DB, w.Key) != w.Revision {
			reply.NullArray()
			return
		}
	}
	reply.Array(len(queued))
	stepper, _ := reply.(Stepper)
	for i := range queued {
		q := &queued[i]
		if q.Literal != nil {
			reply.Raw(q.Literal)
			continue
		}
		call(v, q.DB, q.Args, reply)
		if stepper != nil {
			stepper.Step(i)
		}
	}
}

// Revision changes whenever the key does: for WATCH. It is 0 for a key that was never there, and for one that is gone
// without a trace; a key that is made again has another revision than before. A database out of range gives 0.
func (v *View) Revision(db int, key []byte) uint64 {
	if db < 0 || db >= Databases {
		return 0
	}
	d, hash := &v.tx.ks.databases[db], v.tx.ks.hasher.hash(key)
	o := d.keys.find(hash, key)
	switch {
	case o == nil:
		if t := d.tombstones.find(hash, key); t != nil {
			return watchRevision(t, true)
		}
		return 0
	case !v.tx.ks.due(d, o):
		return watchRevision(o, v.tx.ks.hasDueFields(d, o)) // another one as soon as fields are due
	case v.tx.ks.needsTombstone(o):
		return watchRevision(o, true) // as when it has been removed, which nobody can see
	}
	return 0
}

// watchRevision tells a key from the tombstone that its removal leaves, whose revision is still the key's.
func watchRevision(o *Object, gone bool) uint64 {
	if gone {
		return o.revision<<1 | 1
	}
	return o.revision << 1
}
