package moving

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// packer makes transactions of a stream: of all that has come, within bounds. What the source did as one stays one.
type packer struct {
	in *stream
	// waiting is how many bytes have come that are not in the stream's buffer.
	waiting func() int64
	db      int // that the source has selected
}

// pack is a part of the stream for one transaction.
type pack struct {
	commands [][]any
	offset   int64 // behind it
	db       int   // that is selected behind it
	data     bool  // it has something for the cluster
	bytes    int
	at       int // the database that the commands have selected
}

// next waits for the next part.
func (p *packer) next() (*pack, error) {
	b := &pack{}
	// The marker goes first, so that SWAPDB has none to take along, and comes back as the last command of the transaction.
	b.commands = append(b.commands, []any{"DEL", Marker})
	for inside := false; ; {
		args, err := p.in.next()
		if err != nil {
			return nil, err
		}
		switch name := strings.ToUpper(string(args[0])); name {
		case "MULTI":
			inside = true
		case "EXEC":
			inside = false
		case "SELECT":
			if len(args) == 2 {
				if err := p.selects(string(args[1])); err != nil {
					return nil, err
				}
			}
		default:
			p.add(b, args)
		}
		if inside {
			continue
		}
		full := b.bytes >= batchBytes || len(b.commands) >= batchCommands
		if full || p.in.in.Buffered() == 0 && p.waiting() == 0 {
			break
		}
	}
	if b.at != 0 {
		b.commands = append(b.commands, []any{"SELECT", 0})
	}
	b.offset, b.db = p.in.offset, p.db
	return b, nil
}

// add adds a command, if it is for the cluster.
func (p *packer) add(b *pack, args [][]byte) {
	command := translate(args, time.Now().UnixMilli())
	if command == nil {
		return
	}
	if b.at != p.db {
		b.commands = append(b.commands, []any{"SELECT", p.db})
		b.at = p.db
	}
	b.commands = append(b.commands, command)
	b.data = true
	for _, arg := range args {
		b.bytes += len(arg)
	}
}

// selects follows the source to another database.
func (p *packer) selects(number string) error {
	db, err := strconv.Atoi(number)
	if err != nil || db < 0 || db >= Databases {
		return fmt.Errorf("the source has written to database %.20q, and a cluster has those from 0 to %d", number, Databases-1)
	}
	p.db = db
	return nil
}
