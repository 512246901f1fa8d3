package statemachine

import (
	"errors"
	"strings"

	"github.com/paxredis/paxredis/statemachine/internal/lua"
	"github.com/paxredis/paxredis/statemachine/rdb"
)

var functionCommands = []Command{
	{Name: "FUNCTION", Arity: -2, Group: groupScripting, Since: "7.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for function commands.", Subcommands: []Command{
			{Name: "DELETE", Arity: 3, Flags: Write | NoScript, Group: groupScripting, Since: "7.0.0", Complexity: "O(1)",
				Summary: "Deletes a library and its functions.", Syntax: "library-name", Tips: onAllShards, Run: functionDelete},
			{Name: "DUMP", Arity: 2, Flags: NoScript, Group: groupScripting, Since: "7.0.0", Complexity: "O(N) where N is the number of functions",
				Summary: "Dumps all libraries into a serialized binary payload.", Run: functionDump},
			{Name: "FLUSH", Arity: -2, Flags: Write | NoScript, Group: groupScripting, Since: "7.0.0",
				Complexity: "O(N) where N is the number of functions deleted", Summary: "Deletes all libraries and functions.",
				Syntax: "[ASYNC | SYNC]", Tips: onAllShards, Run: functionFlush},
			{Name: "HELP", Arity: 2, Flags: Loading | Stale, Group: groupScripting, Since: "7.0.0", Complexity: "O(1)",
				Summary: "Returns helpful text about the different subcommands.", Run: functionHelp},
			{Name: "KILL", Arity: 2, Flags: NoScript | AllowBusy, Group: groupScripting, Since: "7.0.0", Complexity: "O(1)",
				Summary: "Terminates a function during execution.",
				Tips:    []string{"request_policy:all_shards", "response_policy:one_succeeded"}, Run: notBusy},
			{Name: "LIST", Arity: -2, Flags: NoScript, Group: groupScripting, Since: "7.0.0", Complexity: "O(N) where N is the number of functions",
				Summary: "Returns information about all libraries.", Syntax: "[LIBRARYNAME library-name-pattern] [WITHCODE]",
				Tips: []string{"nondeterministic_output_order"}, Run: functionList},
			{Name: "LOAD", Arity: -3, Flags: Write | DenyOOM | NoScript, Group: groupScripting, Since: "7.0.0",
				Complexity: "O(1) (considering compilation time is redundant)", Summary: "Creates a library.", Syntax: "[REPLACE] function-code",
				Tips: onAllShards, Run: functionLoad},
			{Name: "RESTORE", Arity: -3, Flags: Write | DenyOOM | NoScript, Group: groupScripting, Since: "7.0.0",
				Complexity: "O(N) where N is the number of functions on the payload", Summary: "Restores all libraries from a payload.",
				Syntax: "serialized-value [FLUSH | APPEND | REPLACE]", Tips: onAllShards, Run: functionRestore},
			{Name: "STATS", Arity: 2, Flags: NoScript | AllowBusy, Group: groupScripting, Since: "7.0.0", Complexity: "O(1)",
				Summary: "Returns information about a function during execution.",
				Tips:    []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"}, Run: functionStats},
		}},
}

var onAllShards = []string{"request_policy:all_shards", "response_policy:all_succeeded"}

// functionLoad: FUNCTION LOAD [REPLACE] function-code.
func functionLoad(tx *Tx, args Args, reply Reply) {
	replace := false
	for _, arg := range args[2 : len(args)-1] {
		if !is(arg, "REPLACE") {
			reply.Error("ERR Unknown option given: " + Excerpt(arg))
			return
		}
		replace = true
	}
	code := string(args[len(args)-1])
	name, err := lua.Metadata(code)
	if err == nil && !replace && tx.ks.loaded.libraries[name] != nil {
		reply.Error(libraryExists(name))
		return
	}
	lib, err := readLibrary(tx.interpreter(), code)
	if err != nil {
		reply.Error(oneLine(err.Error()))
		return
	}
	if problem := tx.ks.loadLibraries([]*library{lib}, replace); problem != "" {
		reply.Error(problem)
		return
	}
	reply.BulkString(lib.Name)
}

func libraryExists(name string) string { return "ERR Library '" + name + "' already exists" }

// loadLibraries adds libraries, all or none of them. A library of the same name is an error, or goes if replace.
func (ks *keyspace) loadLibraries(libs []*library, replace bool) (problem string) {
	l := &ks.loaded
	gone := make(map[string]bool)
	names := make(map[string]bool)
	size := l.bytes
	for _, lib := range libs {
		old := l.libraries[lib.Name]
		switch {
		case gone[lib.Name] || old != nil && !replace:
			return libraryExists(lib.Name)
		case old != nil:
			size -= len(old.code)
		}
		gone[lib.Name] = true
		size += len(lib.code) + len(lib.Name) + loadedCost
	}
	for _, lib := range libs {
		for i := range lib.Functions {
			name := lib.Functions[i].Name
			if other := l.functions[name]; other != nil && !gone[other.Name] || names[name] {
				return "ERR Function " + name + " already exists"
			}
			names[name] = true
		}
	}
	if size-ks.evalBytes() > maxLoadedBytes {
		return errScriptsFull
	}
	for _, lib := range libs {
		key := keyOf(keyLibrary, lib.Name)
		if o := l.lookup(key); o != nil {
			ks.unload(o)
		}
		if !ks.load(kindLibrary, key, []byte(lib.code)) {
			return errScriptsFull
		}
		l.learn(lib)
	}
	return ""
}

// evalBytes is the room that what EVAL brought would make.
func (ks *keyspace) evalBytes() (n int) {
	for _, o := range ks.loaded.evals {
		n += len(o.bytes()) + loadedCost
	}
	return n
}

// functionDelete: FUNCTION DELETE library-name.
func functionDelete(tx *Tx, args Args, reply Reply) {
	o := tx.ks.loaded.lookup(keyOf(keyLibrary, string(args[2])))
	if o == nil {
		reply.Error(errNoLibrary)
		return
	}
	tx.ks.unload(o)
	reply.Status("OK")
}

// functionFlush: FUNCTION FLUSH [ASYNC | SYNC].
func functionFlush(tx *Tx, args Args, reply Reply) {
	switch {
	case len(args) > 3:
		reply.Error(BadSubcommand(args))
		return
	case !isFlushMode(args):
		reply.Error(errFunctionFlush)
		return
	}
	tx.ks.unloadAll(isLibrary)
	reply.Status("OK")
}

// functionList: FUNCTION LIST [LIBRARYNAME library-name-pattern] [WITHCODE].
func functionList(tx *Tx, args Args, reply Reply) {
	var pattern []byte
	withCode := false
	for i := 2; i < len(args); i++ {
		switch {
		case !withCode && is(args[i], "WITHCODE"):
			withCode = true
		case pattern == nil && is(args[i], "LIBRARYNAME"):
			if i++; i == len(args) {
				reply.Error(errLibraryArgument)
				return
			}
			pattern = []byte(strings.ToLower(string(args[i])))
		default:
			reply.Error("ERR Unknown argument " + Excerpt(args[i]))
			return
		}
	}
	var found []*library
	for _, lib := range tx.ks.loaded.sorted() {
		if pattern == nil || globMatch(pattern, []byte(strings.ToLower(lib.Name))) {
			found = append(found, lib)
		}
	}
	reply.Array(len(found))
	for _, lib := range found {
		lib.describe(withCode, reply)
	}
}

// describe writes what FUNCTION LIST tells of a library.
func (lib *library) describe(withCode bool, reply Reply) {
	n := 3
	if withCode {
		n++
	}
	reply.Map(n)
	reply.BulkString("library_name")
	reply.BulkString(lib.Name)
	reply.BulkString("engine")
	reply.BulkString("LUA")
	reply.BulkString("functions")
	reply.Array(len(lib.Functions))
	for i := range lib.Functions {
		f := &lib.Functions[i]
		reply.Map(3)
		reply.BulkString("name")
		reply.BulkString(f.Name)
		reply.BulkString("description")
		if f.HasDescription {
			reply.BulkString(f.Description)
		} else {
			reply.Null()
		}
		reply.BulkString("flags")
		names := f.Flags.Names()
		reply.Set(len(names))
		for _, name := range names {
			reply.Status(name)
		}
	}
	if withCode {
		reply.BulkString("library_code")
		reply.BulkString(lib.code)
	}
}

// functionStats: FUNCTION STATS. Nothing else runs while a script does, so none ever runs when somebody asks.
func functionStats(tx *Tx, _ Args, reply Reply) {
	reply.Map(2)
	reply.BulkString("running_script")
	reply.Null()
	reply.BulkString("engines")
	reply.Map(1)
	reply.BulkString("LUA")
	reply.Map(2)
	reply.BulkString("libraries_count")
	reply.Int(int64(len(tx.ks.loaded.libraries)))
	reply.BulkString("functions_count")
	reply.Int(int64(len(tx.ks.loaded.functions)))
}

// functionDump: FUNCTION DUMP.
func functionDump(tx *Tx, _ Args, reply Reply) {
	var codes []string
	for _, lib := range tx.ks.loaded.sorted() {
		codes = append(codes, lib.code)
	}
	reply.Bulk(rdb.DumpFunctions(codes))
}

// functionRestore: FUNCTION RESTORE serialized-value [FLUSH | APPEND | REPLACE].
func functionRestore(tx *Tx, args Args, reply Reply) {
	flush, replace := false, false
	switch {
	case len(args) > 4:
		reply.Error(BadSubcommand(args))
		return
	case len(args) == 3, is(args[3], "APPEND"):
	case is(args[3], "FLUSH"):
		flush = true
	case is(args[3], "REPLACE"):
		replace = true
	default:
		reply.Error(errRestorePolicy)
		return
	}
	codes, err := rdb.LoadFunctions(args[2], maxLoadedBytes)
	switch {
	case errors.Is(err, rdb.ErrNoFunction):
		reply.Error(errNotFunctions)
		return
	case errors.Is(err, rdb.ErrLibrary):
		reply.Error(errBadLibrary)
		return
	case err != nil:
		reply.Error(errDumpFooter)
		return
	}
	libs := make([]*library, len(codes))
	for i, code := range codes {
		lib, err := readLibrary(tx.interpreter(), code)
		if err != nil {
			reply.Error(oneLine(err.Error()))
			return
		}
		libs[i] = lib
	}
	var problem string
	if flush {
		problem = tx.ks.replaceLibraries(libs)
	} else {
		problem = tx.ks.loadLibraries(libs, replace)
	}
	if problem != "" {
		reply.Error(problem)
		return
	}
	reply.Status("OK")
}

// replaceLibraries has these libraries take the place of all that there are.
func (ks *keyspace) replaceLibraries(libs []*library) (problem string) {
	before := ks.loaded.sorted()
	ks.unloadAll(isLibrary)
	if problem = ks.loadLibraries(libs, false); problem == "" {
		return ""
	}
	ks.unloadAll(isLibrary)
	if again := ks.loadLibraries(before, false); again != "" {
		panic("statemachine: libraries that were there do not fit: " + again) // they did
	}
	return problem
}

var _ lua.Host = (*scriptRunner)(nil)

// functionHelp: FUNCTION HELP.
func functionHelp(_ *Tx, _ Args, reply Reply) {
	replyHelp(reply, []string{
		"FUNCTION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"LOAD [REPLACE] <FUNCTION CODE>",
		"    Create a new library with the given library name and code.",
		"DELETE <LIBRARY NAME>",
		"    Delete the given library.",
		"LIST [LIBRARYNAME PATTERN] [WITHCODE]",
		"    Return general information on all the libraries:",
		"    * Library name",
		"    * The engine used to run the Library",
		"    * Library description",
		"    * Functions list",
		"    * Library code (if WITHCODE is given)",
		"    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
		"STATS",
		"    Return information about the current function running:",
		"    * Function name",
		"    * Command used to run the function",
		"    * Duration in MS that the function is running",
		"    If no function is running, return nil",
		"    In addition, returns a list of available engines.",
		"KILL",
		"    Kill the current running function.",
		"FLUSH [ASYNC|SYNC]",
		"    Delete all the libraries.",
		"    When called without the optional mode argument, the behavior is determined by the",
		"    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
		"    * ASYNC: Asynchronously flush the libraries.",
		"    * SYNC: Synchronously flush the libraries.",
		"DUMP",
		"    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command",
		"RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
		"    Restore the libraries represented by the given payload, it is possible to give a restore policy to",
		"    control how to handle existing libraries (default APPEND):",
		"    * FLUSH: delete all existing libraries.",
		"    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
		"    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old",
		"      libraries with the new libraries (notice that even on this option there is a chance of failure",
		"      in case of functions name collision with another library).",
		"HELP",
		"    Prints this help.",
	})
}
