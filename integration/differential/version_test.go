package differential

import (
	"slices"
	"testing"
)

// TestNewerServersAreComparedInMore sees to it that what a release brought is compared with the servers that have it, and with those alone.
func TestNewerServersAreComparedInMore(t *testing.T) {
	for _, c := range []struct {
		version               Version
		hexpire, hgetex, auth bool // compared
		listpacks, valkeyHelp bool // wanted differences
	}{
		{700, false, false, true, true, false},
		{of72, false, false, false, false, true},
		{of74, true, false, false, false, true},
		{of80, true, true, false, false, true},
	} {
		incomparable := Incomparable(c.version)
		for name, compared := range map[string]bool{"hexpire": c.hexpire, "hgetex": c.hgetex, "auth": c.auth, "delifeq": false} {
			if (incomparable[name] == "") != compared {
				t.Errorf("%v: %s is incomparable because %q", c.version, name, incomparable[name])
			}
		}
		known := KnownDifferences(c.version)
		for name, wanted := range map[string]bool{"lists in one listpack": c.listpacks, "help of newer releases": c.valkeyHelp, "OBJECT HELP": true} {
			if slices.ContainsFunc(known, func(k Known) bool { return k.Name == name }) != wanted {
				t.Errorf("%v: wanted difference %q: %v", c.version, name, !wanted)
			}
		}
	}
}

// TestMomentsOfTwoServers compares Unix milliseconds as far apart as two runs of a call, and all other numbers exactly.
func TestMomentsOfTwoServers(t *testing.T) {
	reply := func(name, seen, length string) Reply {
		return Reply{Kind: '*', Elements: []Reply{{Kind: '$', Text: name}, {Kind: ':', Text: seen}, {Kind: ':', Text: length}}}
	}
	ours := reply("c", "1795882621915", "3")
	for _, c := range []struct {
		theirs Reply
		same   bool
	}{
		{reply("c", "1795882621911", "3"), true},
		{reply("c", "1795882661916", "3"), false}, // 40 seconds
		{reply("c", "-1", "3"), false},
		{reply("c", "1795882621915", "4"), false},
		{reply("d", "1795882621915", "3"), false},
	} {
		if got := sameMoments(nil, ours, c.theirs); got != c.same {
			t.Errorf("%v and %v are the same: %v", ours, c.theirs, got)
		}
	}
}
