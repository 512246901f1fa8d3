package statemachine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paxredis/paxredis/statemachine/internal/lua"
)

// The bounds of what is loaded. They decide what a command does, so they are the same on every node.
const (
	// maxEvals is how many scripts that EVAL brought are kept; the oldest goes for the next one.
	maxEvals = 500
	// maxLoadedBytes bounds all scripts, libraries and users together.
	maxLoadedBytes = 64 << 20
	// loadedCost is what each counts besides its text.
	loadedCost = 256
)

// The kinds of what is loaded, which is no key of a database: scripts that EVAL brought, scripts that SCRIPT LOAD brought, libraries of functions, and
// users. The numbers are in records, as those of kind.go.
const (
	kindEval Kind = 0x40 + iota
	kindScript
	kindLibrary
	kindUser // of ACL SETUSER
)

// The keys of what is loaded: a letter, then the SHA-1 of a script, or the name of a library or a user.
const (
	keyScript  = 's'
	keyLibrary = 'l'
	keyUser    = 'u'
)

// loaded are the scripts, libraries of functions and users. They are part of the state, so that EVALSHA and FCALL do the same on every node: records of a space
// of their own, whose version is the revision at which they came.
type loaded struct {
	*space
	evals   []*Object // those of kindEval, oldest first; none of them is used once it has been removed
	bytes   int
	scripts int // of both kinds
	// scriptBytes and libraryBytes are their parts of bytes.
	scriptBytes, libraryBytes int
	// libraries and functions are what the libraries' texts say, by name.
	libraries map[string]*library
	functions map[string]*library
}

// library is a library with its text.
type library struct {
	*lua.Library
	code string
}

func newLoaded(s *space) loaded {
	return loaded{space: s, libraries: make(map[string]*library), functions: make(map[string]*library)}
}

// keyOf is the key of a script or library.
func keyOf(letter byte, name string) []byte { return append([]byte{letter}, name...) }

func (l *loaded) lookup(key []byte) *Object { return l.find(l.hasher.hash(key), key) }

// script returns the text of a script.
func (l *loaded) script(sha string) (body []byte, ok bool) {
	if o := l.lookup(keyOf(keyScript, sha)); o != nil {
		return o.str(), true
	}
	return nil, false
}

// load keeps a text, as a change of the running command. ok is false if there is no room for it; what EVAL brought makes way.
func (ks *keyspace) load(kind Kind, key, body []byte) (ok bool) {
	l := &ks.loaded
	need := len(key) + len(body) + loadedCost
	for len(l.evals) > 0 && (kind == kindEval && len(l.evals) >= maxEvals || l.bytes+need > maxLoadedBytes) {
		ks.unload(l.evals[0])
	}
	if l.bytes+need > maxLoadedBytes {
		return false
	}
	o := newObject(l.memory, kind, key, body)
	o.version, o.revision = ks.revision+1, ks.revision+1
	l.insert(l.hasher.hash(key), o)
	l.count(o)
	ks.dirty = true
	return true
}

// count notes what follows from the record of something that is loaded now, but for what libraries and users say.
func (l *loaded) count(o *Object) {
	l.tally(o, 1)
	if o.kind == kindEval {
		l.evals = append(l.evals, o)
	}
}

// tally adds something to the figures, or with -1 takes it away.
func (l *loaded) tally(o *Object, sign int) {
	bytes := sign * (len(o.bytes()) + loadedCost)
	l.bytes += bytes
	switch {
	case isScript(o.kind):
		l.scripts += sign
		l.scriptBytes += bytes
	case isLibrary(o.kind):
		l.libraryBytes += bytes
	}
}

// unload removes what is loaded.
func (ks *keyspace) unload(o *Object) {
	l := &ks.loaded
	l.tally(o, -1)
	if o.kind == kindEval {
		i := slices.Index(l.evals, o)
		l.evals = slices.Delete(l.evals, i, i+1)
	}
	key := o.key()
	if o.kind == kindLibrary {
		l.forget(string(key[1:]))
	}
	l.remove(l.hasher.hash(key), o)
	ks.dirty = true
}

// keep has a script that EVAL brought stay, since SCRIPT LOAD names it, too.
func (ks *keyspace) keep(o *Object) {
	if o.kind != kindEval {
		return
	}
	l := &ks.loaded
	i := slices.Index(l.evals, o)
	l.evals = slices.Delete(l.evals, i, i+1)
	l.edit(o).kind = kindScript
	ks.dirty = true
}

// unloadAll removes all that a function says.
func (ks *keyspace) unloadAll(which func(Kind) bool) {
	var all []*Object
	ks.loaded.each(func(o *Object) bool {
		if which(o.kind) {
			all = append(all, o)
		}
		return true
	})
	for _, o := range all {
		ks.unload(o)
	}
}

func isScript(k Kind) bool  { return k == kindEval || k == kindScript }
func isLibrary(k Kind) bool { return k == kindLibrary }

// learn notes what a library registers.
func (l *loaded) learn(lib *library) {
	l.libraries[lib.Name] = lib
	for i := range lib.Functions {
		l.functions[lib.Functions[i].Name] = lib
	}
}

// forget is the end of learn.
func (l *loaded) forget(name string) {
	for i := range l.libraries[name].Functions {
		delete(l.functions, l.libraries[name].Functions[i].Name)
	}
	delete(l.libraries, name)
}

// sorted are the libraries by name.
func (l *loaded) sorted() []*library {
	all := make([]*library, 0, len(l.libraries))
	for _, lib := range l.libraries {
		all = append(all, lib)
	}
	slices.SortFunc(all, func(a, b *library) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// index finds out everything that follows from the records, after they have been restored.
func (l *loaded) index(users *accounts) error {
	var in *lua.Interp
	var problem error
	l.each(func(o *Object) bool {
		if o.kind == kindSetting {
			return true
		}
		l.count(o)
		switch o.kind {
		case kindLibrary:
			if in == nil {
				in = lua.New()
			}
			lib, err := readLibrary(in, string(o.str()))
			if err != nil {
				problem = fmt.Errorf("the library %.64q cannot be loaded: %w", o.key(), err)
				return false
			}
			l.learn(lib)
		case kindUser:
			if problem = users.learnUser(o); problem != nil {
				return false
			}
		}
		return true
	})
	slices.SortFunc(l.evals, func(a, b *Object) int { return int(int64(a.version) - int64(b.version)) })
	return problem
}

// readLibrary compiles a library and finds out which functions it registers. The error is Redis's.
func readLibrary(in *lua.Interp, code string) (*library, error) {
	compiled, err := lua.CompileLibrary(code)
	if err != nil {
		return nil, err
	}
	if err := in.Load(compiled); err != nil {
		return nil, err
	}
	return &library{compiled, code}, nil
}
