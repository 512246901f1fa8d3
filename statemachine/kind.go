package statemachine

// Kind is the type of a key's value.
type Kind uint8

// The kinds. A tombstone is what remains of a removed key: its version. The numbers are in records: none is ever given to another kind.
const (
	kindTombstone Kind = iota
	KindString
	KindList
	KindSet
	KindZSet
	KindHash
	KindStream
	kindsEnd

	// kindPart is added to the kind of a collection for its parts.
	kindPart Kind = 0x80
)

// kindNames are what TYPE replies and SCAN's TYPE option takes.
var kindNames = [kindsEnd]string{"none", "string", "list", "set", "zset", "hash", "stream"}

// String is the name that TYPE replies and SCAN's TYPE option takes.
func (k Kind) String() string {
	if k < kindsEnd {
		return kindNames[k]
	}
	return kindNames[kindTombstone]
}

// isCollection reports whether values of the kind have elements.
func (k Kind) isCollection() bool { return k >= KindList && k < kindsEnd }

// ofKey reports whether a key may hold the kind.
func (k Kind) ofKey() bool { return k >= KindString && k < kindsEnd }

// ofPart reports whether it is the kind of a collection's part.
func (k Kind) ofPart() bool { return k&kindPart != 0 && (k &^ kindPart).isCollection() }
