package sim

// moment is a point of simulated time, or a stretch of it, in nanoseconds from the beginning of a history.
type moment int64

// Units of simulated time.
const (
	microsecond moment = 1_000
	millisecond        = 1_000 * microsecond
	second             = 1_000 * millisecond
)

// event is something that will happen. Events of one moment happen in the order in which they were planned.
type event struct {
	at    moment
	order uint64
	do    func()
}

func (e *event) before(other *event) bool {
	return e.at < other.at || e.at == other.at && e.order < other.order
}

// agenda is a heap of events, the next one first.
type agenda struct {
	events []event
	order  uint64
}

// add plans something.
func (a *agenda) add(at moment, do func()) {
	a.order++
	a.events = append(a.events, event{at, a.order, do})
	for i := len(a.events) - 1; i > 0; {
		parent := (i - 1) / 2
		if !a.events[i].before(&a.events[parent]) {
			break
		}
		a.events[i], a.events[parent] = a.events[parent], a.events[i]
		i = parent
	}
}

// next takes the next event out; ok is false if there is none.
func (a *agenda) next() (e event, ok bool) {
	if len(a.events) == 0 {
		return e, false
	}
	e = a.events[0]
	last := len(a.events) - 1
	a.events[0], a.events[last] = a.events[last], event{}
	a.events = a.events[:last]
	a.sink()
	return e, true
}

// sink brings the first event to its place.
func (a *agenda) sink() {
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(a.events); child++ {
			if a.events[child].before(&a.events[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		a.events[i], a.events[least] = a.events[least], a.events[i]
		i = least
	}
}
