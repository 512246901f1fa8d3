package resp

import (
	"slices"
	"strings"
)

// synopsisNode is a part of a command's synopsis as redis.io writes it: a word, or a group in brackets.
type synopsisNode struct {
	word string
	// optional groups are in square brackets, the others in angle ones. Their alternatives are separated by |.
	group        bool
	optional     bool
	alternatives [][]synopsisNode
	// repeated marks a group "[x ...]" that was folded into what it repeats: the only alternative may come more than once;
	// again says that its token comes again, too.
	repeated, again bool
}

// ellipsis is the word for "and so on".
const ellipsis = "..."

// isToken reports whether a node is a literal word, such as EX, which has no lower-case letters.
func (n *synopsisNode) isToken() bool {
	return !n.group && n.word != ellipsis && strings.ToUpper(n.word) == n.word
}

func (n *synopsisNode) equal(other *synopsisNode) bool {
	return n.word == other.word && n.group == other.group && n.optional == other.optional && n.repeated == other.repeated &&
		slices.EqualFunc(n.alternatives, other.alternatives, equalNodes)
}

func equalNodes(a, b []synopsisNode) bool {
	return slices.EqualFunc(a, b, func(x, y synopsisNode) bool { return x.equal(&y) })
}

// parseSynopsis reads a synopsis. Brackets that do not match are taken for closed at the end; a closing one too many
// ends the synopsis.
func parseSynopsis(text string) []synopsisNode {
	words := synopsisWords(text)
	p := synopsisParser{words: words}
	alternatives := p.alternatives("")
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	return []synopsisNode{{group: true, alternatives: alternatives}}
}

// synopsisWords splits a synopsis into words, brackets and bars.
func synopsisWords(text string) []string {
	spaced := strings.NewReplacer("[", " [ ", "]", " ] ", "<", " < ", ">", " > ", "|", " | ").Replace(text)
	return strings.Fields(spaced)
}

type synopsisParser struct {
	words []string
	at    int
}

// alternatives reads up to the closing bracket, or to the end of the words.
func (p *synopsisParser) alternatives(closing string) [][]synopsisNode {
	found := [][]synopsisNode{nil}
	for p.at < len(p.words) {
		word := p.words[p.at]
		p.at++
		last := &found[len(found)-1]
		switch word {
		case "|":
			found = append(found, nil)
		case "[":
			*last = append(*last, synopsisNode{group: true, optional: true, alternatives: p.alternatives("]")})
		case "<":
			*last = append(*last, synopsisNode{group: true, alternatives: p.alternatives(">")})
		case "]", ">":
			return found
		default:
			*last = append(*last, synopsisNode{word: word})
		}
	}
	return found
}

// foldRepeats turns "x [x ...]" into an x that may come more than once, and so for several words and tokens.
func foldRepeats(nodes []synopsisNode) []synopsisNode {
	var folded []synopsisNode
	for _, n := range nodes {
		body := n.repeats()
		if body == nil {
			folded = append(folded, n)
			continue
		}
		before := len(folded) - len(body)
		if before >= 0 && equalNodes(folded[before:], body) {
			again := len(body) > 1 && body[0].isToken()
			folded = append(folded[:before], synopsisNode{group: true, repeated: true, again: again, alternatives: [][]synopsisNode{body}})
			continue
		}
		// Nothing before it is the same: it may come any number of times.
		folded = append(folded, synopsisNode{group: true, optional: true, repeated: true, alternatives: [][]synopsisNode{body}})
	}
	return folded
}

// repeats returns what "[x ...]" repeats, and nil for any other node.
func (n *synopsisNode) repeats() []synopsisNode {
	if !n.group || !n.optional || n.repeated || len(n.alternatives) != 1 {
		return nil
	}
	body := n.alternatives[0]
	if len(body) < 2 || body[len(body)-1].word != ellipsis {
		return nil
	}
	return body[:len(body)-1]
}
