package sim

import "slices"

// overlap is something that several faults do at once: it is as strong as the strongest of them, and over when all are.
type overlap struct{ strengths []*moment }

// begin has another fault do it, too. Whoever calls end ends that one's part alone.
func (o *overlap) begin(strength moment) (end func()) {
	mine := &strength
	o.strengths = append(o.strengths, mine)
	return func() {
		o.strengths = slices.DeleteFunc(o.strengths, func(s *moment) bool { return s == mine })
	}
}

// strength is that of the strongest, and least without any.
func (o *overlap) strength(least moment) moment {
	for _, s := range o.strengths {
		least = max(least, *s)
	}
	return least
}

func (o *overlap) isOn() bool { return len(o.strengths) > 0 }

// clear ends all of them. That they end once more later on does nothing.
func (o *overlap) clear() { o.strengths = nil }
