package statemachine

import (
	"iter"
	"slices"
	"sort"
)

// partTree is the index of a collection whose elements are in an order: its parts one after the other, each with the number of its
// elements, in a B+ tree whose nodes count the elements below them. Finding the part of element n, or the place of a part among all
// elements, takes time in proportion to the tree's depth; the ends are found at once.
//
// Reading methods change nothing and may run beside each other.
type partTree struct {
	root        *treeNode // nil without parts
	first, last *treeNode // the leaves at the ends
	parts       int
}

// treeFanout is how many children, or parts, a node has at most.
const treeFanout = 64

type treeNode struct {
	parent   *treeNode
	elements int         // of all parts below
	children []*treeNode // of an inner node
	parts    []countedPart
	// prev and next are the leaf's neighbours.
	prev, next *treeNode
}

// countedPart is a part and how many elements it has.
type countedPart struct {
	part  *Object
	count int
}

// partPlace is where a part is in its tree, until the tree changes. The zero value is no place.
type partPlace struct {
	leaf *treeNode
	i    int
}

func (p partPlace) ok() bool { return p.leaf != nil }

func (p partPlace) part() *Object { return p.leaf.parts[p.i].part }

// count is how many elements the part has.
func (p partPlace) count() int { return p.leaf.parts[p.i].count }

func (p partPlace) next() partPlace {
	if p.i+1 < len(p.leaf.parts) {
		return partPlace{p.leaf, p.i + 1}
	}
	return firstOf(p.leaf.next)
}

func (p partPlace) prev() partPlace {
	if p.i > 0 {
		return partPlace{p.leaf, p.i - 1}
	}
	return lastOf(p.leaf.prev)
}

func firstOf(leaf *treeNode) partPlace { return partPlace{leaf: leaf} }

func lastOf(leaf *treeNode) partPlace {
	if leaf == nil {
		return partPlace{}
	}
	return partPlace{leaf, len(leaf.parts) - 1}
}

// len is how many elements all parts have.
func (t *partTree) len() int {
	if t.root == nil {
		return 0
	}
	return t.root.elements
}

// front and back are the places of the first part and of the last; no place without parts.
func (t *partTree) front() partPlace { return firstOf(t.first) }
func (t *partTree) back() partPlace  { return lastOf(t.last) }

// at finds the part of element n, counted from 0, and which of the part's elements it is. There must be so many.
func (t *partTree) at(n int) (p partPlace, within int) {
	node := t.root
	for node.children != nil {
		i := 0
		for n >= node.children[i].elements {
			n -= node.children[i].elements
			i++
		}
		node = node.children[i]
	}
	i := 0
	for n >= node.parts[i].count {
		n -= node.parts[i].count
		i++
	}
	return partPlace{node, i}, n
}

// before counts the elements in front of a part.
func (t *partTree) before(p partPlace) (n int) {
	for _, c := range p.leaf.parts[:p.i] {
		n += c.count
	}
	for node := p.leaf; node.parent != nil; node = node.parent {
		for _, sibling := range node.parent.children {
			if sibling == node {
				break
			}
			n += sibling.elements
		}
	}
	return n
}

// lastWhere finds the last part for which holds is true; it must be true for all parts up to some, and false from there on. No place if it
// is true for none.
func (t *partTree) lastWhere(holds func(part *Object) bool) partPlace {
	node := t.root
	if node == nil || !holds(t.first.parts[0].part) {
		return partPlace{}
	}
	for node.children != nil {
		i := sort.Search(len(node.children), func(i int) bool { return !holds(node.children[i].firstPart()) })
		node = node.children[max(0, i-1)]
	}
	i := sort.Search(len(node.parts), func(i int) bool { return !holds(node.parts[i].part) })
	return partPlace{node, i - 1}
}

func (n *treeNode) firstPart() *Object {
	for n.children != nil {
		n = n.children[0]
	}
	return n.parts[0].part
}

// all are the parts in order. The tree may not be changed meanwhile.
func (t *partTree) all() iter.Seq[*Object] {
	return func(yield func(*Object) bool) {
		for leaf := t.first; leaf != nil; leaf = leaf.next {
			for _, c := range leaf.parts {
				if !yield(c.part) {
					return
				}
			}
		}
	}
}

// release takes parts off the end of the tree, at most of them, calls free for each, and returns how many.
func (t *partTree) release(most int, free func(part *Object)) (n int) {
	for ; n < most && t.parts > 0; n++ {
		p := t.back()
		part := p.part()
		t.remove(p)
		free(part)
	}
	return n
}

// add adds to the number of a part's elements.
func (t *partTree) add(p partPlace, n int) {
	p.leaf.parts[p.i].count += n
	p.leaf.counted(n)
}

// counted adds to the number of elements of a node and of those above it.
func (n *treeNode) counted(elements int) {
	for ; n != nil; n = n.parent {
		n.elements += elements
	}
}

// insertAfter adds a part behind a place, or in front of all others if it is no place, and returns where it is.
func (t *partTree) insertAfter(p partPlace, part *Object, count int) partPlace {
	if t.root == nil {
		t.root = &treeNode{}
		t.first, t.last = t.root, t.root
	}
	leaf, i := p.leaf, p.i+1
	if leaf == nil {
		leaf, i = t.first, 0
	}
	if len(leaf.parts) == treeFanout {
		leaf, i = t.splitLeaf(leaf, i)
	}
	leaf.parts = slices.Insert(leaf.parts, i, countedPart{part, count})
	leaf.counted(count)
	t.parts++
	return partPlace{leaf, i}
}

// splitLeaf makes room in a full leaf, and returns where place i is then. At the ends of the tree the new leaf begins empty, so that what
// is appended, or prepended, fills its leaves.
func (t *partTree) splitLeaf(leaf *treeNode, i int) (*treeNode, int) {
	at := treeFanout / 2
	switch {
	case i == treeFanout && leaf.next == nil:
		at = treeFanout
	case i == 0 && leaf.prev == nil:
		at = 0
	}
	right := &treeNode{parent: leaf.parent, prev: leaf, next: leaf.next}
	right.parts = append(make([]countedPart, 0, treeFanout), leaf.parts[at:]...)
	clear(leaf.parts[at:])
	leaf.parts = leaf.parts[:at]
	for _, c := range right.parts {
		right.elements += c.count
	}
	leaf.elements -= right.elements
	if leaf.next != nil {
		leaf.next.prev = right
	} else {
		t.last = right
	}
	leaf.next = right
	t.insertNode(leaf, right)
	if i > at || i == at && at == treeFanout {
		return right, i - at
	}
	return leaf, i
}

// insertNode puts a node, whose elements have been counted above already, behind its left neighbour.
func (t *partTree) insertNode(left, right *treeNode) {
	parent := left.parent
	if parent == nil {
		parent = &treeNode{elements: left.elements + right.elements, children: []*treeNode{left}}
		left.parent, t.root = parent, parent
	}
	right.parent = parent
	parent.children = slices.Insert(parent.children, slices.Index(parent.children, left)+1, right)
	if len(parent.children) <= treeFanout {
		return
	}
	half := &treeNode{parent: parent.parent, children: slices.Clone(parent.children[treeFanout/2:])}
	clear(parent.children[treeFanout/2:])
	parent.children = parent.children[:treeFanout/2]
	for _, child := range half.children {
		child.parent = half
		half.elements += child.elements
	}
	parent.elements -= half.elements
	t.insertNode(parent, half)
}

// remove takes a part out of the tree.
func (t *partTree) remove(p partPlace) {
	leaf := p.leaf
	leaf.counted(-leaf.parts[p.i].count)
	leaf.parts = slices.Delete(leaf.parts, p.i, p.i+1)
	t.parts--
	if len(leaf.parts) > 0 {
		return
	}
	if leaf.prev != nil {
		leaf.prev.next = leaf.next
	} else {
		t.first = leaf.next
	}
	if leaf.next != nil {
		leaf.next.prev = leaf.prev
	} else {
		t.last = leaf.prev
	}
	t.removeNode(leaf)
}

// removeNode takes an empty node out, and those above it that become empty; a root with one child gives way to it.
func (t *partTree) removeNode(n *treeNode) {
	parent := n.parent
	if parent == nil {
		t.root = nil
		return
	}
	i := slices.Index(parent.children, n)
	parent.children = slices.Delete(parent.children, i, i+1)
	if len(parent.children) == 0 {
		t.removeNode(parent)
		return
	}
	for len(t.root.children) == 1 {
		t.root = t.root.children[0]
		t.root.parent = nil
	}
}

// build makes the tree of parts in order.
func (t *partTree) build(parts []countedPart) {
	*t = partTree{}
	p := partPlace{}
	for _, c := range parts {
		p = t.insertAfter(p, c.part, c.count)
	}
}
