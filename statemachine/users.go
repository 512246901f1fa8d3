package statemachine

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Users are the cluster's users as far as this node knows them: what the log decided up to the slot that was applied last. They may be asked
// from any goroutine, also in the middle of Apply or of a view.
type Users struct {
	version atomic.Uint64
	mu      sync.RWMutex
	byName  map[string]*User // the default user is always among them
}

func newUsers() *Users {
	u := &Users{byName: usersWithDefault()}
	u.version.Store(1)
	return u
}

func usersWithDefault() map[string]*User { return map[string]*User{DefaultUser: builtinDefault()} }

// Version is another one, never 0, whenever a user is not what it was: before the reply of the command that changed it.
func (u *Users) Version() uint64 { return u.version.Load() }

// Lookup returns a user; nil if there is none of that name.
func (u *Users) Lookup(name string) *User {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.byName[name]
}

// publish has a user take the place of the one of its name.
func (u *Users) publish(changed *User) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.byName[changed.name] = changed
	u.version.Add(1)
}

// withdraw removes a user.
func (u *Users) withdraw(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.byName, name)
	u.version.Add(1)
}

// replace has others take the place of all.
func (u *Users) replace(byName map[string]*User) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.byName = maps.Clone(byName)
	u.version.Add(1)
}

// Users returns the machine's users. While a state takes the place of another one they stay what they were before.
func (m *Machine) Users() *Users { return m.users }

// accounts are the users as a part of the state. What they say is in records (loaded), from which they can be made again.
type accounts struct {
	byName map[string]*User
	// published: Users are these.
	published bool
}

func newAccounts() accounts { return accounts{byName: usersWithDefault()} }

// sorted are the users by name.
func (a *accounts) sorted() []*User {
	names := slices.Sorted(maps.Keys(a.byName))
	all := make([]*User, len(names))
	for i, name := range names {
		all[i] = a.byName[name]
	}
	return all
}

// publishUsers has clients checked by the users of a state that has taken the place of another one.
func (m *Machine) publishUsers() {
	if !m.ks.accounts.published {
		m.users.replace(m.ks.accounts.byName)
		m.ks.accounts.published = true
	}
}

// actor is the user that an entry of the log names. One that is gone may do nothing.
func (a *accounts) actor(name string) *User {
	if u := a.byName[name]; u != nil {
		return u
	}
	return newUser(name)
}

// putUser keeps a user, as a change of the running command. ok is false if there is no room for it.
func (ks *keyspace) putUser(u *User) (ok bool) {
	l, key, record := &ks.loaded, keyOf(keyUser, u.name), u.record()
	if o := l.lookup(key); o != nil {
		if grown := len(record) - len(o.str()); l.bytes+grown > maxLoadedBytes {
			return false
		} else {
			l.bytes += grown
		}
		e := l.edit(o)
		e.setValue(record)
		e.revision = ks.revision + 1
		ks.dirty = true
	} else if u.since = ks.revision + 1; !ks.load(kindUser, key, record) {
		return false
	}
	ks.accounts.byName[u.name] = u
	return true
}

// removeUser takes a user away, as a change of the running command, and reports whether it was there.
func (ks *keyspace) removeUser(name string) bool {
	o := ks.loaded.lookup(keyOf(keyUser, name))
	if o == nil {
		return false
	}
	ks.unload(o)
	delete(ks.accounts.byName, name)
	return true
}

// learnUser makes a user of its record.
func (a *accounts) learnUser(o *Object) error {
	name := string(o.key()[1:])
	u, err := userOf(name, string(o.str()), o.version)
	if err != nil {
		return err
	}
	a.byName[name] = u
	return nil
}
