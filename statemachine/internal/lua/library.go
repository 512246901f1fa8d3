package lua

import (
	"errors"
	"strings"
)

// Library is a library of functions, as FUNCTION LOAD takes it.
type Library struct {
	Name      string
	Functions []LibraryFunction
	chunk     *Chunk
}

// Function is one of the library's functions, nil if it has none of that name.
func (l *Library) Function(name string) *LibraryFunction {
	for i := range l.Functions {
		if l.Functions[i].Name == name {
			return &l.Functions[i]
		}
	}
	return nil
}

// LibraryFunction is what a library registers.
type LibraryFunction struct {
	Name, Description string
	HasDescription    bool
	Flags             ScriptFlags
	fn                *Function
}

// loading is a library that is being loaded.
type loading struct{ functions []LibraryFunction }

// Metadata reads the first line of a library, "#!lua name=mylib", and returns its name. The error is Redis's.
func Metadata(code string) (name string, err error) {
	if !strings.HasPrefix(code, "#!") {
		return "", errors.New("ERR Missing library metadata")
	}
	line, _, ok := strings.Cut(code, "\n")
	if !ok {
		return "", errors.New("ERR Invalid library metadata")
	}
	parts, given := strings.Fields(line), false
	engine := parts[0][len("#!"):]
	for _, part := range parts[1:] {
		value, ok := strings.CutPrefix(part, "name=")
		switch {
		case !ok:
			return "", errors.New("ERR Invalid metadata value given: " + part)
		case given:
			return "", errors.New("ERR Invalid metadata value, name argument was given multiple times")
		}
		name, given = value, true
	}
	switch {
	case !given:
		return "", errors.New("ERR Library name was not given")
	case !isName(name):
		return "", errors.New("ERR " + errName)
	case !strings.EqualFold(engine, "lua"):
		return "", errors.New("ERR Engine '" + engine + "' not found")
	}
	return name, nil
}

const errName = "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"

// isName reports whether a library or a function may have a name.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && c != '_' && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// CompileLibrary compiles a library. The error is Redis's.
func CompileLibrary(code string) (*Library, error) {
	name, err := Metadata(code)
	if err != nil {
		return nil, err
	}
	c, err := Compile("@user_function", code[strings.IndexByte(code, '\n'):])
	if err != nil {
		return nil, errors.New("ERR Error compiling function: " + err.Error())
	}
	return &Library{Name: name, chunk: c}, nil
}

// Load runs a library to find out which functions it registers. The error is Redis's.
func (in *Interp) Load(l *Library) error {
	in.begin(nil)
	defer in.end()
	functions, r := in.runLibrary(l)
	if text, failed := r.Failed(); failed {
		return errors.New("ERR Error registering functions: " + text)
	}
	if len(functions) == 0 {
		return errors.New("ERR No functions registered")
	}
	for i := range functions {
		functions[i].fn = nil // it is of this run alone
	}
	l.Functions = functions
	return nil
}

// runLibrary runs the code of a library.
func (in *Interp) runLibrary(l *Library) ([]LibraryFunction, Result) {
	loaded := &loading{}
	in.loading = loaded
	r := in.result(l.Name, func() {
		in.callValue(&Function{proto: l.chunk.main, id: in.newID()}, nil, "")
		in.ret = in.ret[:0]
	})
	in.loading = nil
	return loaded.functions, r
}

// CallFunction calls a function of a library. The library is loaded anew for each call: what one call leaves in its variables would not be there for
// the next one on a node that has restarted.
func (in *Interp) CallFunction(l *Library, name string, keys, argv [][]byte, host Host) Result {
	in.begin(host)
	defer in.end()
	functions, r := in.runLibrary(l)
	if _, failed := r.Failed(); failed {
		return r
	}
	var fn *Function
	for i := range functions {
		if functions[i].Name == name {
			fn = functions[i].fn
		}
	}
	return in.result(name, func() {
		in.callValue(fn, []Value{in.byteStrings(keys), in.byteStrings(argv)}, "")
	})
}

// redisRegister: redis.register_function(name, callback), or one table of named arguments.
func redisRegister(a args) {
	in := a.in
	if in.loading == nil {
		in.fail("Script attempted to access nonexistent global variable 'register_function'")
	}
	var f LibraryFunction
	switch len(a.vals) {
	case 1:
		t, ok := a.vals[0].(*Table)
		if !ok {
			in.raiseCode("calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).")
		}
		f = in.named(t)
	case 2:
		var ok bool
		if f.Name, ok = asString(a.vals[0]); !ok {
			in.raiseCode("first argument to redis.register_function must be a string")
		}
		if f.fn, ok = a.vals[1].(*Function); !ok || f.fn.builtin != nil {
			in.raiseCode("second argument to redis.register_function must be a function")
		}
	default:
		in.raiseCode("wrong number of arguments to redis.register_function")
	}
	in.register(f)
}

func (in *Interp) register(f LibraryFunction) {
	if !isName(f.Name) {
		in.raiseCode(errName)
	}
	for i := range in.loading.functions {
		in.iterate()
		if in.loading.functions[i].Name == f.Name {
			in.raiseCode("Function already exists in the library")
		}
	}
	in.loading.functions = append(in.loading.functions, f)
}

// named reads named arguments.
func (in *Interp) named(t *Table) (f LibraryFunction) {
	t.each(func(k, v Value) bool {
		key, ok := asString(k)
		if !ok {
			in.raiseCode("named argument key given to redis.register_function is not a string")
		}
		switch key {
		case "function_name":
			if f.Name, ok = asString(v); !ok {
				in.raiseCode("function_name argument given to redis.register_function must be a string")
			}
		case "description":
			if f.Description, ok = asString(v); !ok {
				in.raiseCode("description argument given to redis.register_function must be a string")
			}
			f.HasDescription = true
		case "callback":
			if f.fn, ok = v.(*Function); !ok || f.fn.builtin != nil {
				in.raiseCode("callback argument given to redis.register_function must be a function")
			}
		case "flags":
			flags, ok := v.(*Table)
			if !ok {
				in.raiseCode("flags argument to redis.register_function must be a table representing function flags")
			}
			f.Flags = in.flags(flags)
		default:
			in.raiseCode("unknown argument given to redis.register_function")
		}
		return true
	})
	if f.Name == "" {
		in.raiseCode("redis.register_function must get a function name argument")
	}
	if f.fn == nil {
		in.raiseCode("redis.register_function must get a callback argument")
	}
	return f
}

func (in *Interp) flags(t *Table) (flags ScriptFlags) {
	for i := 1; t.At(i) != nil; i++ {
		name, _ := t.At(i).(string)
		flag, ok := flagNamed(name)
		if !ok {
			in.raiseCode("unknown flag given")
		}
		flags |= flag
	}
	return flags
}
