package paxos

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMajority(t *testing.T) {
	for voters, want := range []int{1: 1, 2: 2, 3: 2, 4: 3, 5: 3, 6: 4, 7: 4} {
		if voters > 0 && Majority(voters) != want {
			t.Errorf("majority of %d voters is %d, want %d", voters, Majority(voters), want)
		}
	}
}

// TestQuorumsIntersect tries every set of voters: a quorum meets every other one, and no smaller number would do.
func TestQuorumsIntersect(t *testing.T) {
	for n := 1; n <= 7; n++ {
		c := votersOf(n)
		var quorums []uint64
		for set := uint64(0); set < 1<<n; set++ {
			tally := tallyOf(&c, set)
			if isQuorum := tally.IsQuorum(&c); isQuorum != (2*bits.OnesCount64(set) > n) {
				t.Fatalf("%d voters: set %b is a quorum: %v", n, set, isQuorum)
			} else if isQuorum {
				quorums = append(quorums, set)
			}
		}
		for _, a := range quorums {
			for _, b := range quorums {
				if a&b == 0 {
					t.Fatalf("%d voters: quorums %b and %b share nobody", n, a, b)
				}
			}
		}
	}
}

func tallyOf(c *Configuration, set uint64) Tally {
	var tally Tally
	for i := range c.Voters {
		if set&(1<<i) != 0 {
			tally.Add(c, c.Voters[i].ID)
		}
	}
	return tally
}

func TestTallyCountsVotersOnce(t *testing.T) {
	c := Configuration{Voters: []Member{{ID: 10}, {ID: 20}, {ID: 30}}, Learners: []Member{{ID: 40}}}
	var tally Tally
	for _, id := range []NodeID{10, 10, 10, 40, 99, 0} {
		tally.Add(&c, id)
	}
	if tally.IsQuorum(&c) || !tally.Has(&c, 10) || tally.Has(&c, 40) || tally.Has(&c, 99) {
		t.Fatalf("tally %+v", tally)
	}
	if tally.Add(&c, 30); !tally.IsQuorum(&c) {
		t.Fatal("two of three are no quorum")
	}
}

func TestTallyHoldsTheLargestConfiguration(t *testing.T) {
	c := votersOf(maxVoters)
	if tally := tallyOf(&c, 1<<(maxVoters/2)-1); tally.IsQuorum(&c) {
		t.Fatal("half of the voters are a quorum")
	}
	if tally := tallyOf(&c, 1<<(maxVoters/2+1)-1); !tally.IsQuorum(&c) {
		t.Fatal("half of the voters and one are no quorum")
	}
}

// TestReachedByMajority compares with counting.
func TestReachedByMajority(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		values := make([]uint64, 1+random.IntN(7))
		for i := range values {
			values[i] = random.Uint64N(6)
		}
		before := slices.Clone(values)
		got := reachedByMajority(values)
		reached := func(number uint64) (count int) {
			for _, v := range values {
				if v >= number {
					count++
				}
			}
			return count
		}
		if reached(got) < Majority(len(values)) || reached(got+1) >= Majority(len(values)) {
			t.Fatalf("%v: a majority has reached %d", values, got)
		}
		if !slices.Equal(before, values) {
			t.Fatal("the argument was changed")
		}
	}
}
