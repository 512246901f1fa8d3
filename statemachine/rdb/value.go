package rdb

// Value is what a key holds: a String, List, Set, ZSet, Hash or *Stream. The byte slices of a value that was read point into what it
// was read from.
type Value interface{ isValue() }

// String is a string's bytes.
type String []byte

// List is a list's elements, from its head.
type List [][]byte

// Set is a set's members, in any order, none twice.
type Set [][]byte

// ZSet is a sorted set's members, in any order, none twice.
type ZSet []ScoredMember

// ScoredMember is a member of a sorted set; its score is a number.
type ScoredMember struct {
	Member []byte
	Score  float64
}

// Hash is a hash's fields, in any order, none twice.
type Hash []Field

// Field is a field of a hash.
type Field struct {
	Name, Value []byte
	// ExpireAt is when the field ends, in Unix milliseconds; 0: never.
	ExpireAt int64
}

// StreamID is the identifier of a stream's entry.
type StreamID struct{ MS, Seq uint64 }

// Less orders identifiers.
func (id StreamID) Less(other StreamID) bool {
	return id.MS < other.MS || id.MS == other.MS && id.Seq < other.Seq
}

// Stream is a stream with its groups.
type Stream struct {
	// Entries are in the order of their identifiers. They may be none.
	Entries []StreamEntry
	// LastID is the highest identifier there ever was, MaxDeletedID the highest of a removed entry.
	LastID, MaxDeletedID StreamID
	// EntriesAdded is how many entries there ever were.
	EntriesAdded uint64
	Groups       []StreamGroup
}

// FirstID is the identifier of the first entry; the zero one if there is none.
func (s *Stream) FirstID() StreamID {
	if len(s.Entries) == 0 {
		return StreamID{}
	}
	return s.Entries[0].ID
}

// StreamEntry is one entry of a stream.
type StreamEntry struct {
	ID StreamID
	// Fields are names and values in turn.
	Fields [][]byte
}

// StreamGroup is a consumer group.
type StreamGroup struct {
	Name   []byte
	LastID StreamID
	// EntriesRead is how many entries the group has read of those there ever were; UnknownEntriesRead if nobody knows.
	EntriesRead int64
	Consumers   []StreamConsumer
	// Pending are the entries that were delivered and not acknowledged, in the order of their identifiers. Not all need be there still.
	Pending []PendingEntry
}

// UnknownEntriesRead is the EntriesRead of a group that lost count.
const UnknownEntriesRead = -1

// StreamConsumer is a consumer of a group.
type StreamConsumer struct {
	Name []byte
	// SeenAt is when it last tried to read, ActiveAt when it last got something, in Unix milliseconds; ActiveAt is -1 if never.
	SeenAt, ActiveAt int64
}

// PendingEntry is an entry of a group that was delivered and not acknowledged.
type PendingEntry struct {
	ID StreamID
	// Consumer is the index of the one that it was delivered to last.
	Consumer int
	// DeliveredAt is when, in Unix milliseconds, and Deliveries how often it was delivered.
	DeliveredAt int64
	Deliveries  uint64
}

func (String) isValue()  {}
func (List) isValue()    {}
func (Set) isValue()     {}
func (ZSet) isValue()    {}
func (Hash) isValue()    {}
func (*Stream) isValue() {}

// TypeNames are what TYPE can reply of a value, in the order in which counts of them are shown.
var TypeNames = []string{"string", "list", "set", "zset", "hash", "stream"}

// TypeOf is what TYPE replies of a value.
func TypeOf(v Value) string {
	switch v.(type) {
	case String:
		return "string"
	case List:
		return "list"
	case Set:
		return "set"
	case ZSet:
		return "zset"
	case Hash:
		return "hash"
	}
	return "stream"
}
