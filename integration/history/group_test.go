package history

import (
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"
)

// parts reads "GET 0", "INCRBY 1 5", "APPEND 2 x;", separated by commas.
func parts(text string) groupCall {
	var call groupCall
	for one := range strings.SplitSeq(text, ", ") {
		words := strings.Fields(one)
		p := part{op: partOp(words[0]), key: int(words[1][0] - '0')}
		if len(words) > 2 {
			p.argument = words[2]
		}
		call.parts = append(call.parts, p)
	}
	return call
}

// does is a transaction between two times and its replies, separated by commas; "-" is none.
func does(called, returned int64, text, replies string) porcupine.Operation {
	results := strings.Split(replies, ", ")
	for i := range results {
		if results[i] == "-" {
			results[i] = ""
		}
	}
	return porcupine.Operation{Input: parts(text), Call: called, Output: groupReply{results: results}, Return: returned}
}

func unheard(called int64, text string) porcupine.Operation {
	return porcupine.Operation{Input: parts(text), Call: called, Output: groupReply{unknown: true}, Return: never}
}

const (
	move = "INCRBY 0 -5, INCRBY 1 5"
	both = "GET 0, GET 1"
	adds = "APPEND 0 x;, APPEND 1 x;"
	more = "APPEND 0 y;, APPEND 1 y;"
)

func TestGroupOfAccounts(t *testing.T) {
	testModel(t, groupModel(), []row{
		{"a move and a read", true, ops{does(0, 1, move, "-5, 5"), does(2, 3, both, "-5, 5")}},
		{"half a move", false, ops{does(0, 9, move, "-5, 5"), does(1, 2, both, "-5, -")}},
		{"the other half of a move", false, ops{does(0, 9, move, "-5, 5"), does(1, 2, both, "-, 5")}},
		{"half a move whose outcome is unknown", false, ops{unheard(0, move), does(1, 2, both, "-5, -")}},
		{"a lost move", false, ops{does(0, 1, move, "-5, 5"), does(2, 3, both, "-, -")}},
		{"a move that was done twice", false, ops{does(0, 1, move, "-5, 5"), does(2, 3, both, "-10, 10")}},
		{"an unknown move that was done twice", false, ops{unheard(0, move), does(2, 3, both, "-10, 10")}},
		{"an unknown move done late", true, ops{unheard(0, move), does(1, 2, both, "-, -"), does(3, 4, both, "-5, 5")}},
		{"an unknown move never done", true, ops{unheard(0, move), does(1, 2, both, "-, -"), does(3, 4, "INCRBY 0 1", "1"), does(5, 6, both, "1, -")}},
		{"a refused move that is seen", false, ops{does(2, 3, both, "-5, 5")}},
		{"a stale read of one key", false, ops{does(0, 1, move, "-5, 5"), does(2, 3, "GET 1", "-")}},
		{"reads that go back", false, ops{does(0, 9, move, "-5, 5"), does(1, 2, "GET 1", "5"), does(3, 4, both, "-, -")}},
		{"a transaction that does not see itself", false, ops{does(0, 1, move+", GET 0", "-5, 5, -")}},
	})
}

func TestGroupOfLists(t *testing.T) {
	testModel(t, groupModel(), []row{
		{"appended in one order", true, ops{does(0, 9, adds, "2, 2"), does(1, 8, more, "4, 4"), does(10, 11, both, "x;y;, x;y;")}},
		{"appended in two orders", false, ops{unheard(0, adds), unheard(0, more), does(10, 11, both, "x;y;, y;x;")}},
		{"an unknown append seen in half of the lists", false, ops{unheard(0, adds), does(1, 2, both, "x;, -")}},
		{"an unknown append seen late", true, ops{unheard(0, adds), does(1, 2, more, "2, 2"), does(3, 4, both, "y;, y;"), does(5, 6, both, "y;x;, y;x;")}},
		{"an append that was done twice", false, ops{does(0, 1, adds, "2, 2"), does(2, 3, both, "x;x;, x;x;")}},
		{"a lost append", false, ops{does(0, 1, adds, "2, 2"), does(2, 3, more, "2, 2")}},
		{"a list that lost its beginning", false, ops{does(0, 1, adds, "2, 2"), does(2, 3, more, "4, 4"), does(4, 5, both, "y;, y;")}},
		{"long fork", false, ops{unheard(0, "APPEND 0 x;"), unheard(0, "APPEND 1 y;"), does(1, 9, both, "x;, -"), does(1, 9, both, "-, y;")}},
	})
}
