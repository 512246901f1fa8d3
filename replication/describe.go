package replication

import (
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// DescribeBatch tells the payload of a batch for people: a text for each section, and those of its commands, as describe tells them.
func DescribeBatch(payload []byte, describe func(commands []byte, count int) []string) ([]string, error) {
	b, err := decodeBatch(payload)
	if err != nil {
		return nil, err
	}
	var texts []string
	for i := range b.sections {
		s := &b.sections[i]
		if s.open {
			texts = append(texts, fmt.Sprintf("node %v opens session %s, boot %d", s.node, s.session, s.boot))
			continue
		}
		if s.isFragment() {
			texts = append(texts, fmt.Sprintf("node %v, large command %d: %d bytes from %d on, of %d", s.node, s.large, len(s.commands), s.offset, s.total))
			continue
		}
		for n, command := range describe(s.commands, int(s.count)) {
			texts = append(texts, fmt.Sprintf("node %v, command %d: %s", s.node, s.first+uint64(n), command))
		}
	}
	return texts, nil
}

// DescribeMark tells the payload of an entry at which a checkpoint is taken.
func DescribeMark(payload []byte) (string, error) {
	m, err := decodeMark(payload)
	return fmt.Sprintf("checkpoint number %d", m.number), err
}

// DescribeGroup tells how many sessions a checkpoint holds, and which configuration: its Slot is 0 if the log had brought none.
func DescribeGroup(group []byte) (sessions int, c paxos.Configuration, err error) {
	s, err := decodeGroupState(group)
	return len(s.sessions), s.configuration, err
}
