package differential

import (
	"slices"
	"testing"
)

// TestNoCallAsksForMillionsOfRandomMembers: the same few again and again would compare nothing, and take all memory of the machine.
func TestNoCallAsksForMillionsOfRandomMembers(t *testing.T) {
	options := []Argument{{Name: "count", Kind: "integer"}, {Name: "withvalues", Kind: "pure-token", Token: "WITHVALUES", Optional: true}}
	c := &Command{Name: "hrandfield", Group: "hash",
		Grammars: [][]Argument{{{Name: "key", Kind: "key"}, {Name: "options", Kind: "block", Optional: true, Arguments: options}}}}
	g := NewGenerator(1, []*Command{c})
	negative := false
	for range 100_000 {
		args := g.Call(c)
		if slices.ContainsFunc(args, isMany) {
			t.Fatalf("%q", args)
		}
		negative = negative || slices.Contains(args, "-2")
	}
	if !negative {
		t.Error("no call had a negative count at all")
	}
}
