package statemachine

import (
	"fmt"
	"strings"
)

// shownArgument is how much of an argument Describe tells.
const shownArgument = 128

// Describe tells the count commands of a section of the log for people, each in a text: its arguments quoted, behind "db N" unless that is 0.
func Describe(commands []byte, count int) []string {
	var d decoder
	d.reset(commands)
	var texts []string
	for range count {
		text, as, kind := "", "", d.byte()
		if kind == kindAs {
			as, kind = ", as user "+quoted(d.bytes()), d.byte()
		}
		switch kind {
		case kindCommand:
			text = describeCall(d.command())
		case kindTight:
			text = describeCall(d.command()) + ", of a node out of memory"
		case kindTick:
			text = "time passes"
		case kindEvict:
			v := d.evict()
			text = fmt.Sprintf("evict %s of db %d, if it is still of revision %d", quoted(v.Key), v.DB, v.Revision)
		case kindExec:
			text = describeExec(d.exec())
		default:
			d.fail()
		}
		if d.bad {
			return append(texts, "what does not decode")
		}
		texts = append(texts, text+as)
	}
	return texts
}

// DescribeRecord tells a record of a checkpoint.
func DescribeRecord(r *Record) string {
	h, content, err := decodeRecord(r.Value)
	if err != nil {
		return fmt.Sprintf("space %d, %s: %v", r.Space, quoted(r.Key), err)
	}
	text := fmt.Sprintf("space %d, %s, version %d", r.Space, quoted(r.Key), h.version)
	if h.timed {
		text += fmt.Sprintf(", until %d ms", h.at)
	}
	if h.kind == kindTombstone {
		return text + ", a tombstone"
	}
	return text + ": " + quoted(content)
}

func describeCall(db int, args Args) string {
	parts := make([]string, 0, 1+len(args))
	if db != 0 {
		parts = append(parts, fmt.Sprintf("db %d", db))
	}
	for i, arg := range args {
		if i == 0 {
			parts = append(parts, string(arg)) // a name that the client layer knew
			continue
		}
		parts = append(parts, quoted(arg))
	}
	return strings.Join(parts, " ")
}

func describeExec(watches []Watch, queued []Queued) string {
	parts := make([]string, 0, len(queued))
	for i := range queued {
		if q := &queued[i]; q.Literal == nil {
			parts = append(parts, describeCall(q.DB, q.Args))
		}
	}
	return fmt.Sprintf("EXEC of %d commands, %d keys watched: %s", len(queued), len(watches), strings.Join(parts, "; "))
}

func quoted(b []byte) string {
	if len(b) > shownArgument {
		return fmt.Sprintf("%q... (%d bytes)", b[:shownArgument], len(b))
	}
	return fmt.Sprintf("%q", b)
}
