package state

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// receivingDirectory names, in the environment, the directory of a child that receives a checkpoint until it is killed.
const receivingDirectory = "PAXREDIS_TEST_RECEIVING_DIRECTORY"

// receiveOn receives the newest checkpoint of the node in dir/from into that in dir/to, and tells of each part. It returns where it went
// on, and the receiving node.
func receiveOn(t testing.TB, dir string, told func()) (cursor []byte, to *node) {
	from := openNode(t, filepath.Join(dir, "from"))
	to = openNode(t, filepath.Join(dir, "to"))
	c, _ := from.Checkpoint()
	begin, err := to.BeginReceive(c)
	if err != nil {
		t.Fatal(err)
	}
	for cursor := begin; ; {
		data, next, err := from.Read(c.Slot, cursor, 100_000)
		if err == nil {
			err = to.Receive(data, next)
		}
		if err != nil {
			t.Fatal(err)
		}
		told()
		if cursor = next; len(next) == 0 {
			break
		}
	}
	from.close()
	return begin, to
}

// peerIn makes a node in dir/from with a checkpoint that is larger than what is received between two cursors that are written down.
func peerIn(t testing.TB, dir string) model {
	t.Helper()
	for _, name := range []string{"from", "to"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	n := openNode(t, filepath.Join(dir, "from"))
	m := make(model)
	r := rand.New(rand.NewPCG(21, 4))
	var all []paxos.CheckpointRecord
	for i := range 2 * durableBytes / 4000 {
		all = append(all, set(1, fmt.Sprintf("key %d", i), randomBytes(r, 4000)))
	}
	all = append(all, set(1, "large", randomBytes(r, 3<<20)))
	n.checkpoint(m, 5, []uint64{1}, all...)
	n.close()
	return m
}

// TestAReceptionSurvivesKills: the next process goes on with what was on stable storage, and nothing is missing or wrong at the end.
func TestAReceptionSurvivesKills(t *testing.T) { eachWay(t, testAReceptionSurvivesKills) }

func testAReceptionSurvivesKills(t *testing.T) {
	dir := t.TempDir()
	m := peerIn(t, dir)
	for _, lines := range []int{1, 250, 100, 190} {
		killChild(t, receivingDirectory, dir, lines, func(string) {})
	}
	parts := 0
	begin, to := receiveOn(t, dir, func() { parts++ })
	if len(begin) == 0 {
		t.Error("it began anew")
	}
	t.Logf("the last process received %d parts", parts)
	if err := to.FinishReceive(); err != nil {
		t.Fatal(err)
	}
	to.expect(m)
	to = to.reopen()
	to.expect(m)
	to.checkpoint(m, 6, []uint64{1}, set(1, "key 1", "on"))
	to.expect(m)
	if left, err := filepath.Glob(filepath.Join(dir, "to", "state", "*")); err != nil || len(left) != 1 {
		t.Errorf("left: %v %v", left, err)
	}
	to.close()
}

// TestAReceptionWhoseTablesAreDamagedStartsAnew, or is found out at its end.
func TestAReceptionWhoseTablesAreDamagedStartsAnew(t *testing.T) {
	eachWay(t, testAReceptionWhoseTablesAreDamagedStartsAnew)
}

func testAReceptionWhoseTablesAreDamagedStartsAnew(t *testing.T) {
	original := t.TempDir()
	m := peerIn(t, original)
	killChild(t, receivingDirectory, original, 300, func(string) {})
	for name, damage := range map[string]func(string) error{
		"a byte":  flip(func(size int) int { return size / 2 }),
		"cut":     edit(func(b []byte) []byte { return b[:len(b)/2] }),
		"missing": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "node")
			if err := os.CopyFS(dir, os.DirFS(original)); err != nil {
				t.Fatal(err)
			}
			tables, err := filepath.Glob(filepath.Join(dir, "to", "state", "1", "*.sst"))
			if err != nil || len(tables) < 2 {
				t.Fatal("nothing to damage", tables, err)
			}
			if err := damage(tables[1]); err != nil {
				t.Fatal(err)
			}
			begin, to := receiveOn(t, dir, func() {})
			if len(begin) > 0 {
				t.Errorf("it goes on at %q", begin)
			}
			if err := to.FinishReceive(); err != nil {
				t.Fatal(err)
			}
			to.expect(m)
			to.close()
		})
	}
}

// TestTheCursorWrittenDownStaysBehindTheTables: what is before it is there whenever the process ends.
func TestTheCursorWrittenDownStaysBehindTheTables(t *testing.T) {
	eachWay(t, testTheCursorWrittenDownStaysBehindTheTables)
}

func testTheCursorWrittenDownStaysBehindTheTables(t *testing.T) {
	dir := t.TempDir()
	peerIn(t, dir)
	killChild(t, receivingDirectory, dir, 300, func(string) {})
	content, err := os.ReadFile(filepath.Join(dir, "to", "state", receptionName))
	if err != nil {
		t.Fatal(err)
	}
	r, ok := parseReception((&Options{Key: testKey()}).openReception(content))
	if !ok || len(r.cursor) == 0 {
		t.Fatalf("what was written down: %v %q", ok, content)
	}
	from, to := openNode(t, filepath.Join(dir, "from")), openNode(t, filepath.Join(dir, "to"))
	g, err := to.openGeneration(r.number)
	if err != nil {
		t.Fatal(err)
	}
	i, err := from.newestImage()
	if err != nil {
		t.Fatal(err)
	}
	want, got := i.g.scan(i.view(), nil), g.scan(view{attempt: 1}, nil)
	defer want.close()
	defer got.close()
	item, err := want.next()
	for ; item != nil && bytes.Compare(item.Key(), r.cursor) < 0; item, err = want.next() {
		if there, err := got.next(); err != nil || there == nil || !bytes.Equal(there.Key(), item.Key()) {
			t.Fatalf("%q is missing, before %q: %v", item.Key(), r.cursor, err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
