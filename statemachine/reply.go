package statemachine

// Reply is where a command writes its answer, as a RESP value. An aggregate is written as its header followed by its
// elements. The implementation knows the client's protocol: what RESP2 lacks it writes as Redis does there (a map as
// a flat array, a double as a bulk string, null as $-1).
// A Reply belongs to one goroutine. Byte slices are copied before the method returns.
type Reply interface {
	// Status writes a simple string such as OK.
	Status(s string)
	// Error writes an error; text starts with its code, as in "ERR syntax error".
	Error(text string)
	Int(n int64)
	Bulk(b []byte)
	BulkString(s string)
	// Null is the missing value: _ in RESP3, $-1 in RESP2.
	Null()
	// NullArray is the missing aggregate: _ in RESP3, *-1 in RESP2.
	NullArray()
	// Array, Map, Set and Push start an aggregate of n elements (n pairs for Map).
	Array(n int)
	Map(n int)
	Set(n int)
	Push(n int)
	Double(f float64)
	Bool(b bool)
	// Verbatim writes text of a format such as "txt"; a bulk string in RESP2.
	Verbatim(format, text string)
	// Raw writes a reply that is already encoded for this client.
	Raw(encoded []byte)
	// Protocol is the client's RESP version, 2 or 3.
	Protocol() int
}

// Stepper is a Reply that is told how far a transaction has come. Step is called behind the reply of its command i, unless that reply was ready.
type Stepper interface {
	Step(i int)
}

// Discard is the Reply of nodes that are not the origin of a command.
var Discard Reply = discard{}

type discard struct{}

func (discard) Status(string)           {}
func (discard) Error(string)            {}
func (discard) Int(int64)               {}
func (discard) Bulk([]byte)             {}
func (discard) BulkString(string)       {}
func (discard) Null()                   {}
func (discard) NullArray()              {}
func (discard) Array(int)               {}
func (discard) Map(int)                 {}
func (discard) Set(int)                 {}
func (discard) Push(int)                {}
func (discard) Double(float64)          {}
func (discard) Bool(bool)               {}
func (discard) Verbatim(string, string) {}
func (discard) Raw([]byte)              {}
func (discard) Protocol() int           { return 2 }
