package resp

import (
	_ "embed"
	"strings"
	"sync"
)

// docFacts is what COMMAND DOCS tells of a command's past, and COMMAND INFO of its keys in words.
type docFacts struct {
	flags                       []string
	deprecatedSince, replacedBy string
	history                     []docChange
	keyNotes                    map[int]string // on its key specifications, by their index
}

// docChange is what a version of Redis changed.
type docChange struct{ since, what string }

// docFactsText has a line for each fact: the command, what it is about, a version, a flag or an index, and a text, with tabs in between. They are what redis-server
// 7.0 tells of the commands that are here, too (https://redis.io/docs/latest/commands/command-docs).
//
//go:embed docs_facts.txt
var docFactsText string

// factsOf are the facts by the full names of commands.
var factsOf = sync.OnceValue(func() map[string]docFacts {
	facts := map[string]docFacts{}
	for line := range strings.Lines(docFactsText) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		f := facts[fields[0]]
		switch fields[1] {
		case "flag":
			f.flags = append(f.flags, fields[2])
		case "deprecated":
			f.flags = append(f.flags, "deprecated")
			f.deprecatedSince, f.replacedBy = fields[2], fields[3]
		case "history":
			f.history = append(f.history, docChange{fields[2], fields[3]})
		case "keynote":
			if f.keyNotes == nil {
				f.keyNotes = make(map[int]string)
			}
			f.keyNotes[int(fields[2][0]-'0')] = fields[3] // there are no more than three
		}
		facts[fields[0]] = f
	}
	return facts
})

// facts adds what is known of a command's past.
func (m *mapWriter) facts(f docFacts) {
	if len(f.flags) > 0 {
		m.field("doc_flags", func() { writeStatusSet(m.reply, f.flags) })
	}
	m.text("deprecated_since", f.deprecatedSince)
	m.text("replaced_by", f.replacedBy)
	if len(f.history) > 0 {
		m.field("history", func() {
			m.reply.Set(len(f.history))
			for _, change := range f.history {
				m.reply.Array(2)
				m.reply.BulkString(change.since)
				m.reply.BulkString(change.what)
			}
		})
	}
}
