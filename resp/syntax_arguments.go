package resp

import (
	"slices"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// argument is one argument of a command as COMMAND DOCS tells it
// (https://redis.io/docs/latest/commands/command-docs/).
type argument struct {
	name, kind string
	token      string
	key        int // the index of its key specification; -1: it is no key
	optional   bool
	multiple   bool
	again      bool // its token comes again with every value
	arguments  []argument
}

// The kinds of arguments.
const (
	argString = "string"
	argKey    = "key"
	argToken  = "pure-token"
	argOneOf  = "oneof"
	argBlock  = "block"
)

// valueKinds are the kinds of the words that are not strings.
var valueKinds = map[string]string{
	"seconds": "integer", "milliseconds": "integer", "unix-time-seconds": "unix-time", "unix-time-milliseconds": "unix-time",
	"pattern": "pattern", "index": "integer", "index1": "integer", "index2": "integer", "db": "integer",
	"destination-db": "integer", "cursor": "integer", "count": "integer", "offset": "integer", "start": "integer",
	"end": "integer", "stop": "integer", "increment": "integer", "decrement": "integer", "version": "integer",
	"numkeys": "integer", "numfields": "integer", "numreplicas": "integer", "timeout": "integer", "min-match-len": "integer", "len": "integer",
	"client-id": "integer", "protover": "integer",
}

// keyWords are the words that name keys, in the commands that have keys.
var keyWords = map[string]bool{"key": true, "key1": true, "key2": true, "newkey": true, "source": true, "destination": true}

// argumentsOf reads the arguments of a command out of its synopsis.
func argumentsOf(c *statemachine.Command) []argument {
	specs := statemachine.KeySpecs(c)
	b := argumentBuilder{specs: len(specs), doubles: strings.HasSuffix(c.Name, "FLOAT")}
	b.patterns = slices.IndexFunc(specs, func(s statemachine.KeySpec) bool { return s.Unknown })
	return b.sequence(parseSynopsis(c.Syntax))
}

// argumentBuilder makes arguments of a synopsis, from left to right.
type argumentBuilder struct {
	specs   int  // the command's key specifications
	keys    int  // keys met so far
	doubles bool // an increment is no integer
	// patterns is the index of the specification of keys that patterns stand for; -1: there is none.
	patterns int
}

// sequence returns the arguments of nodes that follow each other.
func (b *argumentBuilder) sequence(nodes []synopsisNode) []argument {
	nodes = foldRepeats(nodes)
	var found []argument
	for i := 0; i < len(nodes); i++ {
		if !nodes[i].isToken() {
			found = append(found, b.node(&nodes[i]))
			continue
		}
		operands := tokenOperands(nodes[i+1:])
		found = append(found, b.withToken(nodes[i].word, nodes[i+1:i+1+operands]))
		i += operands
	}
	return found
}

// tokenOperands returns how many of the nodes behind a token belong to it: those up to the next token, if the first has
// to be there.
func tokenOperands(nodes []synopsisNode) int {
	if len(nodes) == 0 || nodes[0].optional && !nodes[0].repeated {
		return 0
	}
	for i := range nodes {
		if nodes[i].isToken() {
			return i
		}
	}
	return len(nodes)
}

// withToken returns the argument that starts with a token.
func (b *argumentBuilder) withToken(token string, operands []synopsisNode) argument {
	if len(operands) == 0 {
		return argument{name: strings.ToLower(token), kind: argToken, token: token, key: -1}
	}
	a := oneArgument(b.sequence(operands))
	if a.token != "" || a.optional {
		a = argument{name: strings.ToLower(token), kind: argBlock, key: -1, arguments: []argument{a}}
	}
	a.token = token
	return a
}

// node returns the argument of a word or group.
func (b *argumentBuilder) node(n *synopsisNode) argument {
	if !n.group {
		return b.value(n.word)
	}
	var a argument
	if len(n.alternatives) == 1 {
		a = oneArgument(b.sequence(n.alternatives[0]))
	} else {
		a = b.oneOf(n.alternatives)
	}
	a.optional = a.optional || n.optional
	a.multiple = a.multiple || n.repeated
	a.again = a.again || n.again
	return a
}

// oneArgument makes one argument of several.
func oneArgument(arguments []argument) argument {
	if len(arguments) == 1 {
		return arguments[0]
	}
	return argument{name: joinNames(arguments), kind: argBlock, key: -1, arguments: arguments}
}

// oneOf returns the argument of a choice. A "..." behind the last alternative allows several choices.
func (b *argumentBuilder) oneOf(alternatives [][]synopsisNode) argument {
	a := argument{kind: argOneOf, key: -1}
	for _, nodes := range alternatives {
		if n := len(nodes); n > 1 && nodes[n-1].word == ellipsis {
			a.multiple = true
			nodes = nodes[:n-1]
		}
		a.arguments = append(a.arguments, oneArgument(b.sequence(nodes)))
	}
	a.name = choiceName(a.arguments)
	return a
}

// choiceName is the name of a choice: what Redis calls the two most frequent ones, or the names of what there is.
func choiceName(arguments []argument) string {
	switch arguments[0].token {
	case "NX":
		return "condition"
	case "EX":
		return "expiration"
	}
	return joinNames(arguments)
}

func joinNames(arguments []argument) string {
	names := make([]string, len(arguments))
	for i := range arguments {
		names[i] = arguments[i].name
	}
	return strings.Join(names, "_")
}

// value returns the argument of a word that stands for a value.
func (b *argumentBuilder) value(word string) argument {
	a := argument{name: word, kind: argString, key: -1}
	switch kind := valueKinds[word]; {
	case b.patterns >= 0 && word == "pattern":
		a.kind, a.key = kind, b.patterns
	case b.specs > 0 && keyWords[word]:
		if b.keys == b.patterns {
			b.keys++
		}
		a.kind, a.key = argKey, min(b.keys, b.specs-1)
		b.keys++
	case word == "increment" && b.doubles:
		a.kind = "double"
	case kind != "":
		a.kind = kind
	}
	return a
}
