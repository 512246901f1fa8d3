package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
)

// Keys are numbered from 0, and have the names that redis-benchmark gives them: "key:" and 12 digits.
const keyDigits = 12

// appendKey adds the name of a key to buf.
func appendKey(buf []byte, prefix string, number int) []byte {
	buf = append(buf, prefix...)
	digits := strconv.Itoa(number)
	for range max(0, keyDigits-len(digits)) {
		buf = append(buf, '0')
	}
	return append(buf, digits...)
}

const (
	keyPrefix     = "key:"     // those of redis-benchmark
	versionPrefix = "version:" // those that are written with versions
)

var (
	setName = []byte("SET")
	getName = []byte("GET")
	delName = []byte("DEL")
	verName = []byte("VER")
)

// Value is size bytes, all the same, as redis-benchmark's are.
func Value(size int) []byte { return bytes.Repeat([]byte{'x'}, size) }

// wrote refuses a reply to SET that is not OK.
func wrote(reply []byte) error {
	if string(reply) != "+OK" {
		return fmt.Errorf("SET is answered with %q", reply)
	}
	return nil
}

// Fill makes sources that write each key once, all clients together: the first key is 0.
func Fill(value []byte) func(client int) Source {
	var next atomic.Int64
	return func(int) Source { return &filler{next: &next, value: value} }
}

type filler struct {
	next       *atomic.Int64
	key, value []byte
}

func (f *filler) Append(buf []byte) []byte {
	f.key = appendKey(f.key[:0], keyPrefix, int(f.next.Add(1))-1)
	return AppendCommand(buf, setName, f.key, f.value)
}

func (f *filler) Check(reply []byte) error { return wrote(reply) }

// Mixed makes sources that read and write keys by chance; of so many percent reads, the rest are writes. All keys must be there.
func Mixed(keys int, value []byte, readPercent int) func(client int) Source {
	return func(client int) Source {
		return &mixed{random: rand.New(rand.NewPCG(uint64(client), rand.Uint64())), keys: keys, value: value, readPercent: readPercent}
	}
}

type mixed struct {
	random            *rand.Rand
	keys, readPercent int
	key, value        []byte
	reads             []bool // of the commands that are not checked yet
}

func (m *mixed) Append(buf []byte) []byte {
	m.key = appendKey(m.key[:0], keyPrefix, m.random.IntN(m.keys))
	read := m.random.IntN(100) < m.readPercent
	m.reads = append(m.reads, read)
	if read {
		return AppendCommand(buf, getName, m.key)
	}
	return AppendCommand(buf, setName, m.key, m.value)
}

func (m *mixed) Check(reply []byte) error {
	read := m.reads[0]
	if m.reads = append(m.reads[:0], m.reads[1:]...); !read {
		return wrote(reply)
	}
	if want := strconv.AppendInt([]byte{'$'}, int64(len(m.value)), 10); !bytes.Equal(reply, want) {
		return fmt.Errorf("GET is answered with %q, not with %q", reply, want)
	}
	return nil
}

// Versioned are writes and then deletes of the same keys, each once. A system without versions gets the same commands without them.
type Versioned struct {
	Value    []byte
	Version  int64 // of the writes; the deletes have the one after it. 0: without versions
	Deleting bool
}

// Sources makes the sources, of all clients together: the first key is 0.
func (v Versioned) Sources() func(client int) Source {
	var next atomic.Int64
	return func(int) Source { return &versioned{Versioned: v, next: &next} }
}

type versioned struct {
	Versioned
	next         *atomic.Int64
	key, version []byte
}

func (v *versioned) Append(buf []byte) []byte {
	v.key = appendKey(v.key[:0], versionPrefix, int(v.next.Add(1))-1)
	args := make([][]byte, 0, 5)
	if v.Deleting {
		args = append(args, delName, v.key)
	} else {
		args = append(args, setName, v.key, v.Value)
	}
	if v.Version > 0 {
		version := v.Version
		if v.Deleting {
			version++
		}
		v.version = strconv.AppendInt(v.version[:0], version, 10)
		args = append(args, verName, v.version)
	}
	return AppendCommand(buf, args...)
}

func (v *versioned) Check(reply []byte) error {
	if !v.Deleting {
		return wrote(reply)
	}
	if string(reply) != ":1" {
		return fmt.Errorf("DEL is answered with %q, not with 1", reply)
	}
	return nil
}
