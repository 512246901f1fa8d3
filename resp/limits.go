package resp

import (
	"errors"
	"fmt"
	"time"
)

// Limits are the bounds on what clients can make a node hold. The zero value of a field means its default.
type Limits struct {
	// MaxCommandBytes bounds all arguments of one command together. From 1 KiB to 512 MiB, default 64 MiB.
	MaxCommandBytes int64
	// MaxArgs bounds the number of arguments of one command, its name included. From 16 to 2^31 - 1, default 1,048,576.
	MaxArgs int
	// MaxInline bounds one line: an inline command, or the line with a length before an argument. From 128 bytes to
	// 1 MiB, default 64 KiB as in Redis.
	MaxInline int
	// QueryBuffer bounds the input of one client that is not parsed yet. It has room for the largest command with its
	// framing; default that and 1 MiB.
	QueryBuffer int64
	// OutputBuffer bounds the replies that one client has not read. From 1 MiB, default 256 MiB.
	OutputBuffer int64
	// ClientMemory bounds what all clients together make the server keep: input that is not complete, replies that are not read. Beyond
	// it the client that takes most is closed; long before, clients that do not read are served less. At least OutputBuffer and
	// QueryBuffer together, default 1 GiB, or that if it is more.
	ClientMemory int64
	// PubsubBuffer bounds the messages that one subscriber has not read: beyond it the client is closed at once, and beyond
	// PubsubSoftBuffer once that lasts PubsubSoftTime. From 1 MiB each, default 32 MiB, 8 MiB, and 60 s.
	PubsubBuffer, PubsubSoftBuffer int64
	PubsubSoftTime                 time.Duration
	// TrackedKeys bounds the keys that the clients of this node are known to cache: beyond it they are told to forget some. From 1,
	// default 1,000,000.
	TrackedKeys int
	// MaxClients bounds the connections at once. From 1, default 10,000.
	MaxClients int
	// RoomTime bounds how long a write waits for room in the log before it is refused. From 1 ms to an hour, default 10 s.
	RoomTime time.Duration
}

// The default of each limit, and what it can be set to.
const (
	defaultCommandBytes = 64 << 20
	leastCommandBytes   = 1 << 10
	mostCommandBytes    = 512 << 20 // a bulk string of Redis is no longer
	defaultArgs         = 1 << 20
	leastArgs           = 16
	mostArgs            = 1<<31 - 1 // what Redis reads a count into
	defaultInline       = 64 << 10
	leastInline         = 128 // more than the longest number
	mostInline          = 1 << 20
	defaultOutputBuffer = 256 << 20
	leastOutputBuffer   = 1 << 20
	mostBuffer          = 1 << 50 // far beyond any machine's memory, far below an overflow
	defaultClientMemory = 1 << 30
	defaultClients      = 10_000
	defaultTrackedKeys  = 1_000_000
	defaultRoomTime     = 10 * time.Second

	defaultPubsubBuffer     = 32 << 20
	defaultPubsubSoftBuffer = 8 << 20
	defaultPubsubSoftTime   = time.Minute

	// framingBytes is more than the framing of one argument takes: "$536870912\r\n" before it and "\r\n" behind it.
	framingBytes = 16
	// pipelineBytes is how much a client can send behind its largest command before that is complete.
	pipelineBytes = 1 << 20
)

// WithDefaults returns l with every zero field replaced by its default.
func (l Limits) WithDefaults() Limits {
	setDefault(&l.MaxCommandBytes, defaultCommandBytes)
	setDefault(&l.MaxArgs, defaultArgs)
	setDefault(&l.MaxInline, defaultInline)
	setDefault(&l.QueryBuffer, l.defaultQueryBuffer())
	setDefault(&l.OutputBuffer, defaultOutputBuffer)
	setDefault(&l.ClientMemory, l.defaultClientMemory())
	setDefault(&l.PubsubBuffer, defaultPubsubBuffer)
	setDefault(&l.PubsubSoftBuffer, min(defaultPubsubSoftBuffer, l.PubsubBuffer))
	setDefault(&l.PubsubSoftTime, defaultPubsubSoftTime)
	setDefault(&l.TrackedKeys, defaultTrackedKeys)
	setDefault(&l.MaxClients, defaultClients)
	setDefault(&l.RoomTime, defaultRoomTime)
	return l
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// largestRequest is how many bytes the largest command can take on the wire.
func (l Limits) largestRequest() int64 {
	return max(l.MaxCommandBytes+framingBytes*int64(l.MaxArgs+1), int64(l.MaxInline)+1)
}

// defaultQueryBuffer and defaultClientMemory are the defaults that depend on other limits, which must be there.
func (l Limits) defaultQueryBuffer() int64 { return l.largestRequest() + pipelineBytes }
func (l Limits) defaultClientMemory() int64 {
	return max(defaultClientMemory, l.OutputBuffer+l.QueryBuffer)
}

// LeastQueryBuffer is the least that QueryBuffer can be: what the largest command takes. Fields that are zero count as their defaults.
func (l Limits) LeastQueryBuffer() int64 { return l.WithDefaults().largestRequest() }

// LeastClientMemory is the least that ClientMemory can be: what a client may send before its command is complete, and may be owed. Fields
// that are zero count as their defaults.
func (l Limits) LeastClientMemory() int64 {
	l = l.WithDefaults()
	return l.OutputBuffer + l.QueryBuffer
}

// Check reports every limit that is out of its range; each message names the value and the rule. Defaults must be filled
// in before.
func (l Limits) Check() error {
	var problems []error
	inRange := func(name string, value, least, most int64) {
		if value < least || value > most {
			problems = append(problems, fmt.Errorf("resp: %s is %d: must be from %d to %d", name, value, least, most))
		}
	}
	const most = mostBuffer
	inRange("MaxCommandBytes", l.MaxCommandBytes, leastCommandBytes, mostCommandBytes)
	inRange("MaxArgs", int64(l.MaxArgs), leastArgs, mostArgs)
	inRange("MaxInline", int64(l.MaxInline), leastInline, mostInline)
	inRange("OutputBuffer", l.OutputBuffer, leastOutputBuffer, most)
	inRange("ClientMemory", l.ClientMemory, l.LeastClientMemory(), most)
	inRange("PubsubBuffer", l.PubsubBuffer, leastOutputBuffer, most)
	inRange("PubsubSoftBuffer", l.PubsubSoftBuffer, leastOutputBuffer, most)
	inRange("PubsubSoftTime", int64(l.PubsubSoftTime), 0, int64(24*time.Hour))
	inRange("TrackedKeys", int64(l.TrackedKeys), 1, mostArgs)
	inRange("RoomTime", int64(l.RoomTime), int64(time.Millisecond), int64(time.Hour))
	inRange("MaxClients", int64(l.MaxClients), 1, mostArgs)
	if l.QueryBuffer < l.largestRequest() || l.QueryBuffer > most {
		problems = append(problems, fmt.Errorf("resp: QueryBuffer is %d: must be at least %d, which the largest command takes "+
			"(MaxCommandBytes %d and the framing of MaxArgs %d arguments)", l.QueryBuffer, l.largestRequest(), l.MaxCommandBytes, l.MaxArgs))
	}
	return errors.Join(problems...)
}
