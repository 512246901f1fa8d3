package rdb

import (
	"bytes"
	"cmp"
	"slices"
)

// Sorted sorts, in place, what of a value has no order of its own, so that two can be compared: members and fields by their bytes, those of a sorted set by their
// scores first.
func Sorted(v Value) Value {
	switch v := v.(type) {
	case Set:
		slices.SortFunc(v, bytes.Compare)
	case Hash:
		slices.SortFunc(v, func(a, b Field) int { return bytes.Compare(a.Name, b.Name) })
	case ZSet:
		slices.SortFunc(v, func(a, b ScoredMember) int {
			return cmp.Or(cmp.Compare(a.Score, b.Score), bytes.Compare(a.Member, b.Member))
		})
	}
	return v
}
