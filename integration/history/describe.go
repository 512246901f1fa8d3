package history

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The texts below are what is read in porcupine's pictures.

func (c registerCall) String() string {
	text := string(c.op)
	if c.op == opSet {
		text += " " + c.value
	}
	if c.guard != always {
		text += " " + string(c.guard) + " " + strconv.FormatInt(c.n, 10)
	}
	if c.ttl > 0 {
		text += fmt.Sprintf(" PX %d (%v)", c.ttl.Milliseconds(), c.life)
	}
	if c.keep {
		text += " KEEPTTL"
	}
	return text
}

func (r registerReply) String() string {
	if r.unknown {
		return "unknown"
	}
	text := "no"
	switch {
	case r.value != "":
		text = r.value
	case r.applied:
		text = "yes"
	}
	if r.version >= 0 {
		text += " at " + strconv.FormatInt(r.version, 10)
	}
	return text
}

func (r register) String() string {
	text := "missing"
	if r.present {
		text = r.value
	}
	text += " at "
	if !r.known {
		text += "least "
	}
	text += strconv.FormatInt(r.low, 10)
	if r.life != (lifetime{}) {
		text += " " + r.life.String()
	}
	return text
}

func (l lifetime) String() string {
	if l.latest == 0 {
		return fmt.Sprintf("until %v or later", time.Duration(l.earliest))
	}
	return fmt.Sprintf("until %v to %v", time.Duration(l.earliest), time.Duration(l.latest))
}

func (p part) String() string {
	return strings.TrimRight(fmt.Sprintf("%s %d %s", p.op, p.key, p.argument), " ")
}

func (r groupReply) String() string {
	if r.unknown {
		return "unknown"
	}
	return fmt.Sprintf("%q", r.results)
}
