package lua

// Capture is the reply of a command on its way into a script: it has the methods of a reply, and makes Lua values of what they are given.
// They are called in the midst of a command, where no error may be raised: a script whose reply is beyond its limits is stopped behind the command.
type Capture struct {
	in     *Interp
	resp   int
	value  Value
	failed bool // the reply as a whole is an error
	open   []aggregate
}

// aggregate is one that is not complete yet.
type aggregate struct {
	list   *Table // of an array
	fields *Table // of a map or a set
	left   int
	key    Value // of a map, behind its key
	keyed  bool
	isMap  bool
	whole  Value
}

// with is a table of one field.
func (c *Capture) with(name string, v Value) *Table {
	t := c.in.NewTable()
	t.set(c.in, name, v)
	return t
}

// add puts a value where it belongs.
func (c *Capture) add(v Value) {
	for {
		if len(c.open) == 0 {
			c.value = v
			return
		}
		a := &c.open[len(c.open)-1]
		switch {
		case a.list != nil:
			a.list.array = append(a.list.array, v)
		case a.isMap && !a.keyed:
			a.key, a.keyed = v, true
			return
		case a.isMap:
			if a.key != nil {
				a.fields.set(c.in, a.key, v)
			}
			a.keyed = false
		case v != nil:
			a.fields.set(c.in, v, true)
		}
		if a.left--; a.left > 0 {
			return
		}
		v = a.whole
		c.open = c.open[:len(c.open)-1]
	}
}

// begin begins an aggregate of n elements.
func (c *Capture) begin(a aggregate) {
	c.in.charge(int64(a.left) * slotBytes)
	if a.left == 0 {
		c.add(a.whole)
		return
	}
	c.open = append(c.open, a)
}

// Status is {ok=text}.
func (c *Capture) Status(s string) { c.add(c.with("ok", s)) }

// Error is {err=text}.
func (c *Capture) Error(text string) {
	c.in.text(text)
	t := c.with("err", text)
	t.set(c.in, "ignore_error_stats_update", true)
	c.failed = len(c.open) == 0
	c.add(t)
}

// Int is a number.
func (c *Capture) Int(n int64) { c.add(number(float64(n))) }

// Bulk is a string.
func (c *Capture) Bulk(b []byte) { c.BulkString(string(b)) }

// BulkString is a string.
func (c *Capture) BulkString(s string) {
	c.add(c.in.text(s))
}

// Null is false, or nil in RESP3.
func (c *Capture) Null() {
	if c.resp == 3 {
		c.add(nil)
		return
	}
	c.add(false)
}

// NullArray is as Null.
func (c *Capture) NullArray() { c.Null() }

// Array is a list.
func (c *Capture) Array(n int) {
	t := c.in.NewTable()
	c.begin(aggregate{list: t, left: n, whole: t})
}

// Map is {map={key=value}}, or in RESP2 a list of keys and values.
func (c *Capture) Map(n int) {
	if c.resp != 3 {
		c.Array(2 * n)
		return
	}
	t := c.in.NewTable()
	c.begin(aggregate{fields: t, left: n, isMap: true, whole: c.with("map", t)})
}

// Set is {set={element=true}}, or in RESP2 a list.
func (c *Capture) Set(n int) {
	if c.resp != 3 {
		c.Array(n)
		return
	}
	t := c.in.NewTable()
	c.begin(aggregate{fields: t, left: n, whole: c.with("set", t)})
}

// Push is as Array.
func (c *Capture) Push(n int) { c.Array(n) }

// Double is {double=number}, or in RESP2 its text.
func (c *Capture) Double(f float64) {
	if c.resp == 3 {
		c.add(c.with("double", number(f)))
		return
	}
	c.BulkString(string(appendDouble(f)))
}

// Bool is a boolean, or in RESP2 a number.
func (c *Capture) Bool(b bool) {
	if c.resp == 3 {
		c.add(b)
		return
	}
	c.add(float64(boolByte(b)))
}

// Verbatim is {verbatim_string={format=, string=}}, or in RESP2 a string.
func (c *Capture) Verbatim(format, text string) {
	if c.resp != 3 {
		c.BulkString(text)
		return
	}
	t := c.with("string", c.in.text(text))
	t.set(c.in, "format", format)
	c.add(c.with("verbatim_string", t))
}

// Raw is not used inside scripts: nothing is encoded for them in advance.
func (c *Capture) Raw([]byte) { c.Null() }

// Protocol is the version that the script has asked for.
func (c *Capture) Protocol() int { return c.resp }
