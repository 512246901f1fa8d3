package history

import (
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// at is a command on a register between two times; a command without outcome has never as the second.
func at(called, returned int64, call registerCall, reply registerReply) porcupine.Operation {
	call.called, call.returned = called, returned
	return porcupine.Operation{Input: call, Call: called, Output: reply, Return: returned}
}

// lost is a command of which nobody knows what came.
func lost(called int64, call registerCall) porcupine.Operation {
	return at(called, never, call, registerReply{unknown: true, version: -1})
}

// Commands.
var (
	get      = registerCall{op: opGet}
	versionQ = registerCall{op: opVersion}
	del      = registerCall{op: opDel}
	incr     = registerCall{op: opIncr}
	persist  = registerCall{op: opPersist}
)

func set(value string) registerCall { return registerCall{op: opSet, value: value} }

func setIf(g guard, n int64, value string) registerCall {
	return registerCall{op: opSet, value: value, guard: g, n: n}
}

// keep is a SET that leaves the time to live as it is.
func keep(value string) registerCall { return registerCall{op: opSet, value: value, keep: true} }

func delIf(g guard, n int64) registerCall { return registerCall{op: opDel, guard: g, n: n} }

// until is a SET whose key may vanish from one time on and must have vanished by another, which is 0 for never.
func until(earliest, latest int64, value string) registerCall {
	return registerCall{op: opSet, value: value, life: lifetime{earliest, latest}}
}

// expire is a PEXPIRE with the same.
func expire(earliest, latest int64) registerCall {
	return registerCall{op: opExpire, life: lifetime{earliest, latest}}
}

// Replies. The version is -1 where it was not asked for.
func saw(value string, version int64) registerReply {
	return registerReply{present: true, value: value, version: version}
}
func missing(version int64) registerReply { return registerReply{version: version} }
func done(version int64) registerReply    { return registerReply{applied: true, version: version} }
func stopped(version int64) registerReply { return registerReply{version: version} }
func sum(value string) registerReply      { return registerReply{value: value, version: -1} }
func told(version int64) registerReply    { return registerReply{version: version} }

// row is a history and whether it is linearizable.
type row struct {
	name       string
	right      bool
	operations []porcupine.Operation
}

func testModel(t *testing.T, model porcupine.Model, rows []row) {
	for _, row := range rows {
		want, name := porcupine.Illegal, "wrong: "
		if row.right {
			want, name = porcupine.Ok, "right: "
		}
		t.Run(strings.ReplaceAll(name+row.name, " ", "_"), func(t *testing.T) {
			if got := porcupine.CheckOperationsTimeout(model, row.operations, 0); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

type ops = []porcupine.Operation

func TestRegisterValues(t *testing.T) {
	testModel(t, registerModel(), []row{
		{"a read after a write", true, ops{at(0, 1, set("1"), done(-1)), at(2, 3, get, saw("1", 7))}},
		{"a lost write", false, ops{at(0, 1, set("1"), done(-1)), at(2, 3, get, missing(-1))}},
		{"a stale read", false, ops{at(0, 1, set("1"), done(-1)), at(2, 3, set("2"), done(-1)), at(4, 5, get, saw("1", -1))}},
		{"a read during a write sees either", true, ops{at(0, 9, set("1"), done(-1)), at(1, 2, get, missing(-1)), at(3, 4, get, saw("1", -1))}},
		{"reads during a write go back", false, ops{at(0, 9, set("1"), done(-1)), at(1, 2, get, saw("1", -1)), at(3, 4, get, missing(-1))}},
		{"a value that nobody wrote, or that was refused", false, ops{at(0, 1, set("1"), done(-1)), at(2, 3, get, saw("2", -1))}},
		{"an unknown write applied at once", true, ops{lost(0, set("1")), at(2, 3, get, saw("1", -1))}},
		{"an unknown write applied late", true, ops{lost(0, set("1")), at(2, 3, set("2"), done(-1)), at(4, 5, get, saw("2", -1)),
			at(6, 7, get, saw("1", -1))}},
		{"an unknown write never applied", true, ops{lost(0, set("1")), at(2, 3, get, missing(-1)), at(4, 5, get, missing(-1))}},
		{"an unknown write applied twice", false, ops{lost(0, set("1")), at(2, 3, get, saw("1", -1)), at(4, 5, set("2"), done(-1)),
			at(6, 7, get, saw("2", -1)), at(8, 9, get, saw("1", -1))}},
		{"an unknown write seen before it was called", false, ops{at(0, 1, get, saw("1", -1)), lost(2, set("1"))}},
		{"a delete and a read", true, ops{at(0, 1, set("1"), done(-1)), at(2, 3, del, done(-1)), at(4, 5, get, missing(-1))}},
		{"a resurrected delete", false, ops{at(0, 1, set("1"), done(-1)), at(2, 3, del, done(-1)), at(4, 5, get, saw("1", -1))}},
		{"an unknown delete seen, and then resurrected", false, ops{at(0, 1, set("1"), done(-1)), lost(2, del), at(3, 4, get, missing(-1)),
			at(5, 6, get, saw("1", -1))}},
		{"an unknown delete seen late", true, ops{at(0, 1, set("1"), done(-1)), lost(2, del), at(3, 4, get, saw("1", -1)), at(5, 6, get, missing(-1))}},
		{"a delete of nothing that found something", false, ops{at(0, 1, del, done(-1))}},
		{"a delete that missed the key", false, ops{at(0, 1, set("1"), done(-1)), at(2, 3, del, stopped(-1))}},
		{"two deletes of one key", false, ops{at(0, 1, set("1"), done(-1)), at(2, 9, del, done(-1)), at(3, 8, del, done(-1))}},
		{"a refused plain write", false, ops{at(0, 1, set("1"), stopped(-1))}},
	})
}

func TestRegisterIncr(t *testing.T) {
	testModel(t, registerModel(), []row{
		{"from nothing and from a value", true, ops{at(0, 1, incr, sum("1")), at(2, 3, set("41"), done(-1)), at(4, 5, incr, sum("42")), at(6, 7, get, saw("42", -1))}},
		{"applied twice", false, ops{at(0, 1, incr, sum("1")), at(2, 3, get, saw("2", -1))}},
		{"applied twice, as the reply says", false, ops{at(0, 1, incr, sum("2"))}},
		{"the same reply to two", false, ops{at(0, 9, incr, sum("1")), at(1, 8, incr, sum("1"))}},
		{"an unknown one applied once", true, ops{lost(0, incr), at(1, 2, incr, sum("2"))}},
		{"an unknown one applied never", true, ops{lost(0, incr), at(1, 2, incr, sum("1")), at(3, 4, get, saw("1", -1))}},
		{"an unknown one applied twice", false, ops{lost(0, incr), at(1, 2, incr, sum("3"))}},
		{"two unknown ones, one of them applied late", true, ops{lost(0, incr), lost(0, incr), at(1, 2, get, saw("1", -1)), at(3, 4, incr, sum("2")), at(5, 6, get, saw("3", -1))}},
	})
}

func TestRegisterVersions(t *testing.T) {
	testModel(t, registerModel(), []row{
		{"a compare and set", true, ops{at(0, 1, set("1"), done(5)), at(2, 3, setIf(exact, 5, "2"), done(9)), at(4, 5, get, saw("2", 9))}},
		{"a compare and set that succeeded twice", false, ops{at(0, 1, set("1"), done(5)), at(2, 9, setIf(exact, 5, "2"), done(-1)),
			at(3, 8, setIf(exact, 5, "3"), done(-1))}},
		{"one that succeeded after an unknown one was seen", false, ops{at(0, 1, set("1"), done(5)), lost(2, setIf(exact, 5, "2")),
			at(3, 4, get, saw("2", -1)), at(5, 6, setIf(exact, 5, "3"), done(-1))}},
		{"one that was stopped by an unknown one", true, ops{at(0, 1, set("1"), done(5)), lost(2, setIf(exact, 5, "2")),
			at(3, 4, setIf(exact, 5, "3"), stopped(6)), at(5, 6, get, saw("2", 6))}},
		{"one that was stopped by nothing", false, ops{at(0, 1, set("1"), done(5)), at(2, 3, setIf(exact, 5, "2"), stopped(-1))}},
		{"one that was stopped and tells the version it asked for", false, ops{at(0, 1, set("1"), done(-1)), at(2, 3, setIf(exact, 5, "2"), stopped(5))}},
		{"one for a missing key, of one that is there", false, ops{at(0, 1, set("1"), done(-1)), at(2, 3, setIf(exact, 0, "2"), done(-1))}},
		{"one for a missing key", true, ops{at(0, 1, setIf(exact, 0, "1"), done(1)), at(2, 3, setIf(exact, 0, "2"), stopped(1))}},
		{"a version that goes back", false, ops{at(0, 1, set("1"), done(5)), at(2, 3, set("2"), done(4))}},
		{"a version that stays", false, ops{at(0, 1, set("1"), done(5)), at(2, 3, incr, sum("2")), at(4, 5, get, saw("2", 5))}},
		{"a version that changes by itself", false, ops{at(0, 1, set("1"), done(5)), at(2, 3, versionQ, told(6))}},
		{"a version that is read twice", false, ops{at(0, 1, set("1"), done(-1)), at(2, 3, versionQ, told(6)), at(4, 5, get, saw("1", 7))}},
		{"a version that is repeated after a delete", false, ops{at(0, 1, set("1"), done(5)), at(2, 3, del, done(-1)), at(4, 5, set("2"), done(5))}},
		{"versions of a missing key, without and with a tombstone", true, ops{at(0, 1, set("1"), done(5)), at(2, 3, del, done(-1)), at(4, 5, get, missing(0)),
			at(6, 7, set("2"), done(8)), at(8, 9, del, done(-1)), at(10, 11, versionQ, told(8))}},
		{"a tombstone of another version", false, ops{at(0, 1, set("1"), done(5)), at(2, 3, del, done(-1)), at(4, 5, get, missing(4))}},
		{"a newer version", true, ops{at(0, 1, set("1"), done(5)), at(2, 3, setIf(newer, 9, "2"), done(9)), at(4, 5, get, saw("2", 9))}},
		{"a newer version that another came of", false, ops{at(0, 1, setIf(newer, 9, "2"), done(-1)), at(4, 5, get, saw("2", 10))}},
		{"an older version that was applied", false, ops{at(0, 1, set("1"), done(5)), at(2, 3, setIf(newer, 5, "2"), done(-1))}},
		{"a newer version that was stopped", false, ops{at(0, 1, set("1"), done(5)), at(2, 3, setIf(newer, 6, "2"), stopped(-1))}},
		{"one that was stopped says that the version is not lower", false, ops{at(0, 1, set("1"), done(-1)), at(2, 3, setIf(newer, 6, "2"), stopped(-1)), at(4, 5, get, saw("1", 5))}},
		{"a late writer that brings a deleted key back", false, ops{at(0, 1, setIf(newer, 9, "1"), done(9)), at(2, 3, del, done(-1)), at(4, 5, setIf(newer, 9, "1"), done(9))}},
		{"a delete with a version stops older writers", false, ops{at(0, 1, delIf(newer, 9), done(-1)), at(2, 3, setIf(newer, 9, "1"), done(-1))}},
		{"a delete with a version of what has a higher one", false, ops{at(0, 1, set("1"), done(9)), at(2, 3, delIf(newer, 9), done(-1))}},
		{"a delete of one version", true, ops{at(0, 1, set("1"), done(9)), at(2, 3, delIf(exact, 8), stopped(-1)), at(4, 5, delIf(exact, 9), done(-1)), at(6, 7, get, missing(0))}},
		{"a delete of another version", false, ops{at(0, 1, set("1"), done(9)), at(2, 3, delIf(exact, 8), done(-1))}},
		{"a version below a tombstone that has gone is allowed, and writes stay above", true, ops{at(0, 1, set("1"), done(9)), at(2, 3, del, done(-1)),
			at(4, 5, setIf(newer, 3, "2"), done(3)), at(6, 7, set("3"), done(11))}},
		{"a write that goes below a version from before the delete", false, ops{at(0, 1, set("1"), done(9)), at(2, 3, del, done(-1)),
			at(4, 5, setIf(newer, 3, "2"), done(3)), at(6, 7, set("3"), done(8))}},
	})
}

func TestRegisterTimesToLive(t *testing.T) {
	born := at(0, 1, until(10, 30, "1"), done(-1))
	testModel(t, registerModel(), []row{
		{"there, and gone in time", true, ops{born, at(2, 3, get, saw("1", -1)), at(10, 11, get, missing(-1))}},
		{"gone before the earliest time", false, ops{born, at(2, 9, get, missing(-1))}},
		{"there until the latest time", true, ops{born, at(20, 21, get, saw("1", -1)), at(30, 40, get, saw("1", -1)), at(41, 42, get, missing(-1))}},
		{"there after the latest time", false, ops{born, at(31, 40, get, saw("1", -1))}},
		{"a read that began before the latest time", true, ops{born, at(29, 90, get, saw("1", -1))}},
		{"gone and back", false, ops{born, at(20, 21, get, missing(-1)), at(22, 23, get, saw("1", -1))}},
		{"the time goes with the value", false, ops{born, at(2, 3, set("2"), done(-1)), at(20, 21, get, missing(-1))}},
		{"it goes, so the key stays", true, ops{born, at(2, 3, set("2"), done(-1)), at(40, 41, get, saw("2", -1))}},
		{"a delete finds it after the latest time", false, ops{born, at(31, 32, del, done(-1))}},
		{"versions go on", false, ops{at(0, 1, until(10, 30, "1"), done(5)), at(20, 21, get, missing(0)), at(22, 23, set("2"), done(5))}},

		{"INCR keeps it", true, ops{born, at(2, 3, incr, sum("2")), at(20, 21, get, missing(-1))}},
		{"INCR loses it", false, ops{born, at(2, 3, incr, sum("2")), at(40, 41, get, saw("2", -1))}},
		{"INCR after the latest time goes on", false, ops{born, at(40, 41, incr, sum("2"))}},
		{"INCR after the latest time begins again", true, ops{born, at(40, 41, incr, sum("1")), at(90, 91, get, saw("1", -1))}},
		{"INCR before the earliest time begins again", false, ops{at(0, 1, until(10, 30, "5"), done(-1)), at(2, 3, incr, sum("1"))}},
		{"KEEPTTL keeps it", true, ops{born, at(2, 3, keep("2"), done(-1)), at(40, 41, get, missing(-1))}},
		{"KEEPTTL loses it", false, ops{born, at(2, 3, keep("2"), done(-1)), at(40, 41, get, saw("2", -1))}},
		{"KEEPTTL of what is gone keeps nothing", true, ops{born, at(40, 41, keep("2"), done(-1)), at(90, 91, get, saw("2", -1))}},

		{"PEXPIRE makes it shorter", true, ops{born, at(2, 3, expire(5, 8), done(-1)), at(6, 7, get, missing(-1))}},
		{"PEXPIRE was forgotten", false, ops{born, at(2, 3, expire(5, 8), done(-1)), at(9, 9, get, saw("1", -1))}},
		{"PEXPIRE makes it longer", false, ops{born, at(2, 3, expire(50, 80), done(-1)), at(40, 41, get, missing(-1))}},
		{"PEXPIRE of nothing", true, ops{at(0, 1, expire(5, 8), stopped(-1)), at(2, 3, get, missing(-1))}},
		{"PEXPIRE of nothing that found something", false, ops{at(0, 1, expire(5, 8), done(-1))}},
		{"PEXPIRE that missed the key", false, ops{born, at(2, 3, expire(5, 8), stopped(-1))}},
		{"PEXPIRE changes the version", false, ops{at(0, 1, until(10, 30, "1"), done(5)), at(2, 3, expire(50, 80), done(-1)), at(4, 5, get, saw("1", 6))}},
		{"PERSIST", true, ops{born, at(2, 3, persist, done(-1)), at(40, 41, get, saw("1", -1))}},
		{"PERSIST was forgotten", false, ops{born, at(2, 3, persist, done(-1)), at(20, 21, get, missing(-1))}},
		{"PERSIST of what has no time", true, ops{at(0, 1, set("1"), done(-1)), at(2, 3, persist, stopped(-1))}},
		{"PERSIST of what has no time found one", false, ops{at(0, 1, set("1"), done(-1)), at(2, 3, persist, done(-1))}},
		{"PERSIST that missed it", false, ops{born, at(2, 3, persist, stopped(-1))}},

		{"an unknown write, gone in time", true, ops{lost(0, until(10, 0, "1")), at(2, 3, get, saw("1", -1)), at(20, 21, get, missing(-1))}},
		{"an unknown write, gone before the earliest time", false, ops{lost(0, until(10, 0, "1")), at(2, 3, get, saw("1", -1)), at(4, 5, get, missing(-1))}},
		{"an unknown write may come late, and live then", true, ops{lost(0, until(10, 0, "1")), at(2, 3, get, missing(-1)), at(90, 91, get, saw("1", -1))}},
		{"an unknown write after the latest time finds nothing", false, ops{born, lost(40, keep("2")), at(41, 42, get, saw("2", -1)), at(43, 44, persist, done(-1))}},
	})
}

// TestLifetimes has the bounds in figures: a clock difference goes to either side.
func TestLifetimes(t *testing.T) {
	const ms = int64(time.Millisecond)
	o := Options{ClockDifference: 300 * time.Millisecond}
	if got, want := o.lifetime(time.Second, 50*ms, 70*ms), (lifetime{749 * ms, 1371*ms + int64(stampAge)}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := o.lifetime(time.Millisecond, 0, 0); !got.mayBeOver(1) || got.mayBeOver(0) {
		t.Errorf("%v: what may be gone at once is not what never is", got)
	}
}

// TestAnUnknownOutcomeHasNoLatestTime, whatever its client may have heard.
func TestAnUnknownOutcomeHasNoLatestTime(t *testing.T) {
	for _, o := range []outcome{unknown, unexpected} {
		r := NewRecorder()
		r.record(&command{key: "k", name: "SET PX", write: true, called: 1, outcome: o, input: until(10, 30, "1")}, 2)
		if got := r.histories["k"].operations[0].Input.(registerCall); got.life != (lifetime{10, 0}) || got.called != 1 || got.returned != never {
			t.Errorf("%v", got)
		}
	}
}
