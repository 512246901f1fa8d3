package statemachine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// fillKeys makes n keys, of which some expire.
func fillKeys(h *harness, n int) {
	var encoded []byte
	for i := range n {
		line := fmt.Sprint("SET key:", i, " v")
		if i%10 == 0 {
			line += fmt.Sprint(" PXAT ", testStart+1+i%5000)
		}
		encoded = AppendCommand(encoded, h.db, words(line))
	}
	h.apply(n, encoded)
}

// sortedKeys are the words of a list's reply, in order; with versions each key has its own behind it.
func sortedKeys(reply string, versions bool) []string {
	all := strings.Fields(reply)[1:]
	if versions {
		pairs := make([]string, 0, len(all)/2)
		for i := 0; i < len(all); i += 2 {
			pairs = append(pairs, all[i]+" "+all[i+1])
		}
		all = pairs
	}
	slices.Sort(all)
	return all
}

// differenceOf tells of the first few words that only one of two sorted lists has.
func differenceOf(got, want []string) string {
	var text strings.Builder
	for i, j := 0, 0; (i < len(got) || j < len(want)) && text.Len() < 200; {
		switch {
		case j == len(want) || i < len(got) && got[i] < want[j]:
			text.WriteString("; too many: " + got[i])
			i++
		case i == len(got) || got[i] > want[j]:
			text.WriteString("; missing: " + want[j])
			j++
		default:
			i, j = i+1, j+1
		}
	}
	return text.String()
}

// finish takes all bites that are left, with something between two of them, and returns what is listed.
func (l *Listing) finish(t *testing.T, between func(bites int)) string {
	t.Helper()
	for bites := 1; ; bites++ {
		if l.Next() {
			break
		}
		if bites > 100_000 {
			t.Fatal("the list does not end")
		}
		between(bites)
	}
	l.Close()
	w := &respWriter{proto: 2}
	l.Reply(w)
	return render(w.buf)
}

// A list that is made in bites is what KEYS says in the moment of the last one, whatever happens in between: each key that is there then is listed once, with the
// version it has then, and no other.
func TestAListingIsTheKeysOfItsLastMoment(t *testing.T) {
	withoutRaceDetector(t)
	mutations := []struct {
		name string
		line func(r *rand.Rand) string
	}{
		{"nothing", nil},
		{"overwrites", func(r *rand.Rand) string { return fmt.Sprintf("SET key:%d w KEEPTTL", r.IntN(12_000)) }},
		{"new keys", func(r *rand.Rand) string { return fmt.Sprintf("SET new:%d w", r.IntN(50_000)) }},
		{"removals", func(r *rand.Rand) string { return fmt.Sprintf("DEL key:%d", r.IntN(12_000)) }},
		{"removals and their return", func(r *rand.Rand) string {
			return fmt.Sprintf([]string{"DEL key:%d", "SET key:%d w"}[r.IntN(2)], r.IntN(12_000))
		}},
		{"deadlines", func(r *rand.Rand) string { return fmt.Sprintf("PEXPIRE key:%d %d", r.IntN(12_000), 1+r.IntN(3000)) }},
		{"deadlines taken away", func(r *rand.Rand) string { return fmt.Sprintf("PERSIST key:%d", 10*r.IntN(1200)) }},
		{"renames", func(r *rand.Rand) string { return fmt.Sprintf("RENAME key:%d key:%d", r.IntN(12_000), r.IntN(14_000)) }},
	}
	for _, mutation := range mutations {
		for pattern, versions := range map[string]bool{"*": false, "key:*7*": true} {
			for _, each := range []int{30, 1500} {
				name := fmt.Sprintf("%s, %d between two bites, pattern %s, versions %v", mutation.name, each, pattern, versions)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					h := newHarness(t)
					fillKeys(h, 12_000)
					command := "KEYS " + pattern
					if versions {
						command += " WITHVER"
					}
					r := rand.New(rand.NewPCG(uint64(each), 1))
					l := h.m.List(0, words(command), 1<<30)
					got := l.finish(t, func(int) {
						var encoded []byte
						n := 0
						for ; mutation.line != nil && n < each; n++ {
							encoded = AppendCommand(encoded, 0, words(mutation.line(r)))
						}
						h.now += 20
						h.apply(n+1, AppendTick(encoded))
					})
					want, _ := h.read(0, command)
					if got, want := sortedKeys(got, versions), sortedKeys(want, versions); !slices.Equal(got, want) {
						t.Errorf("%d are listed, %d are there%s", len(got), len(want), differenceOf(got, want))
					}
				})
			}
		}
	}
}

// Tables that grow and shrink in the middle of a list hide no key and show none twice.
func TestAListingOutlivesRehashes(t *testing.T) {
	withoutRaceDetector(t)
	h := newHarness(t)
	fillKeys(h, 40_000)
	l := h.m.List(0, words("KEYS *"), 1<<30)
	if l == nil {
		t.Fatal("not worth a list")
	}
	next := 0
	got := l.finish(t, func(bites int) {
		var encoded []byte
		n := 0
		for ; n < 800; n++ {
			if bites < 50 {
				encoded = AppendCommand(encoded, 0, words(fmt.Sprint("DEL key:", next)))
			} else {
				encoded = AppendCommand(encoded, 0, words(fmt.Sprint("SET more:", next, " v")))
			}
			next++
		}
		h.apply(n, encoded)
	})
	want, _ := h.read(0, "KEYS *")
	if got, want := sortedKeys(got, false), sortedKeys(want, false); !slices.Equal(got, want) {
		t.Errorf("%d are listed, %d are there%s", len(got), len(want), differenceOf(got, want))
	}
	if !l.repeats {
		t.Error("no table has shrunk: the test shows nothing")
	}
}

// A database that is flushed, or exchanged for another one, is listed anew, and in one bite if that goes on and on.
func TestAListingBeginsAnew(t *testing.T) {
	for _, command := range []string{"FLUSHDB", "FLUSHALL", "SWAPDB 0 1"} {
		t.Run(command, func(t *testing.T) {
			h := newHarness(t)
			fillKeys(h, 12_000)
			h.expect("SET alone v", "OK")
			h.db = 1
			fillKeys(h, 11_000)
			h.db = 0
			l := h.m.List(0, words("KEYS *"), 1<<30)
			got := l.finish(t, func(bites int) {
				if command != "FLUSHDB" || bites == 3 {
					h.do(command)
				}
				h.do("SET after:" + fmt.Sprint(bites) + " v")
			})
			want, _ := h.read(0, "KEYS *")
			if got, want := sortedKeys(got, false), sortedKeys(want, false); !slices.Equal(got, want) {
				t.Errorf("%d are listed, %d are there%s", len(got), len(want), differenceOf(got, want))
			}
			if l.begins < 2 || l.begins > listingBegins+1 {
				t.Errorf("it began %d times", l.begins)
			}
		})
	}
}

// What a list notes is bounded: beyond that it begins anew.
func TestWhatAListingNotesIsBounded(t *testing.T) {
	h := newHarness(t)
	fillKeys(h, 12_000)
	l := h.m.List(0, words("KEYS *"), 1<<30)
	o := h.m.ks.databases[0].keys.find(h.m.ks.hasher.hash([]byte("key:1")), []byte("key:1"))
	for i := range listingNoted {
		l.noted[fmt.Sprint(i)] = struct{}{}
	}
	l.note(o)
	if !l.spoilt || l.noted != nil {
		t.Error("more is noted than may be")
	}
	l.Next()
	if l.spoilt || l.begins != 2 {
		t.Error("it does not begin anew")
	}
	if got := l.finish(t, func(int) {}); !strings.HasPrefix(got, "*12000 ") {
		t.Errorf("%.40s", got)
	}
}

// A list beyond its limit is given up.
func TestAListingThatIsTooLongIsGivenUp(t *testing.T) {
	h := newHarness(t)
	fillKeys(h, 12_000)
	l := h.m.List(0, words("KEYS *"), 20_000)
	defer l.Close()
	for !l.Next() {
	}
	if !l.TooLong() || len(l.keys) > 20_000+listingBite*20 {
		t.Errorf("%d bytes are listed", len(l.keys))
	}
}

// What is small, or wrong, is a view's; and a list that is closed is told of nothing.
func TestListingsOfLittleAreNone(t *testing.T) {
	h := newHarness(t)
	fillKeys(h, listingFrom-1)
	if h.m.List(0, words("KEYS *"), 1) != nil {
		t.Error("a small database is listed in bites")
	}
	h.expect("SET more v", "OK")
	for _, line := range []string{"KEYS", "KEYS * WITH", "KEYS * WITHVER x"} {
		if h.m.List(0, words(line), 1) != nil {
			t.Errorf("%s is listed", line)
		}
	}
	l := h.m.List(0, words("KEYS *"), 1)
	l.Close()
	if n := len(h.m.ks.databases[0].keys.listings); n != 0 {
		t.Errorf("%d lists are told of changes", n)
	}
}
