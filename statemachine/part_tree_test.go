package statemachine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// verifyTree compares everything that a tree tells with a list of what must be in it.
func verifyTree(t *testing.T, tree *partTree, want []countedPart) {
	t.Helper()
	var got []countedPart
	n := 0
	for p := tree.front(); p.ok(); p = p.next() {
		if before := tree.before(p); before != n {
			t.Fatalf("%d elements are before part %d, not %d", before, len(got), n)
		}
		got = append(got, countedPart{p.part(), p.count()})
		n += p.count()
	}
	if !slices.Equal(got, want) || tree.len() != n || tree.parts != len(want) {
		t.Fatalf("%d parts with %d elements, not %d; %d are counted", tree.parts, tree.len(), len(want), len(got))
	}
	back := len(want)
	for p := tree.back(); p.ok(); p = p.prev() {
		back--
		if p.part() != want[back].part {
			t.Fatalf("backwards, part %d is another", back)
		}
	}
	if back != 0 {
		t.Fatalf("backwards, %d parts are missing", back)
	}
	n = 0
	for i, c := range want {
		for within := range c.count {
			if p, w := tree.at(n); p.part() != want[i].part || w != within {
				t.Fatalf("element %d is said to be %d of another part", n, w)
			}
			n++
		}
	}
	if tree.root != nil {
		verifyNode(t, tree.root)
	}
}

func verifyNode(t *testing.T, n *treeNode) (elements int) {
	t.Helper()
	if len(n.children) > treeFanout || len(n.parts) > treeFanout || len(n.children)+len(n.parts) == 0 {
		t.Fatalf("a node has %d children and %d parts", len(n.children), len(n.parts))
	}
	for _, child := range n.children {
		if child.parent != n {
			t.Fatal("a node's parent is another")
		}
		elements += verifyNode(t, child)
	}
	for _, c := range n.parts {
		elements += c.count
	}
	if elements != n.elements {
		t.Fatalf("a node counts %d elements of %d", n.elements, elements)
	}
	return elements
}

func TestPartTreeAgainstASlice(t *testing.T) {
	withoutRaceDetector(t)
	memory := newArena(t)
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 12))
		tree, want := &partTree{}, []countedPart(nil)
		find := func(i int) partPlace {
			p := tree.front()
			for range i {
				p = p.next()
			}
			return p
		}
		for step := range 12_000 {
			switch n := rng.IntN(10); {
			case len(want) > 0 && (n < 3 || step > 9000 && n < 8): // remove, in the end most
				i := rng.IntN(len(want))
				if seed%2 == 0 { // as a queue
					i = 0
				}
				tree.remove(find(i))
				want = slices.Delete(want, i, i+1)
			case len(want) > 0 && n == 9:
				i := rng.IntN(len(want))
				tree.add(find(i), 2)
				want[i].count += 2
			default:
				c := countedPart{newObject(memory, KindList|kindPart, fmt.Appendf(nil, "%d", step), nil), rng.IntN(3)}
				i := rng.IntN(len(want) + 1)
				if seed%3 == 0 { // at the ends
					i = []int{0, len(want)}[rng.IntN(2)]
				}
				p := partPlace{}
				if i > 0 {
					p = find(i - 1)
				}
				if p = tree.insertAfter(p, c.part, c.count); p.part() != c.part {
					t.Fatal("the place of the new part is another's")
				}
				want = slices.Insert(want, i, c)
			}
			if step%500 == 0 {
				verifyTree(t, tree, want)
			}
		}
		for len(want) > 0 {
			tree.remove(tree.back())
			want = want[:len(want)-1]
		}
		verifyTree(t, tree, want)
	}
}

// TestPartTreeLastWhere finds by order, in trees of all sizes up to three levels.
func TestPartTreeLastWhere(t *testing.T) {
	memory := newArena(t)
	tree := &partTree{}
	p := partPlace{}
	for n := range 5000 {
		if n%97 == 0 || n < 3 {
			for _, limit := range []int{-1, 0, n / 2, n - 1, n, n + 10} {
				got := tree.lastWhere(func(part *Object) bool { return int(part.version) <= limit })
				if want := min(limit, n-1); got.ok() != (want >= 0) || got.ok() && int(got.part().version) != want {
					t.Fatalf("of %d parts, the last up to %d is %+v", n, limit, got)
				}
			}
		}
		part := newObject(memory, KindList|kindPart, nil, nil)
		part.version = uint64(n)
		p = tree.insertAfter(p, part, 1)
	}
}
