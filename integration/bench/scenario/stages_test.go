package scenario

import (
	"strings"
	"testing"
)

func TestReadProfile(t *testing.T) {
	const text = `  100 
	ffffffff81 copy_user
	ffffffff82 do_syscall_64
	    4045e0 syscall.write
	    4045df github.com/paxredis/paxredis/replication/brief.Write
	    4045e1 github.com/paxredis/paxredis/resp.(*eventLoop).flush
	    4045e2 github.com/paxredis/paxredis/resp.(*eventLoop).endTurn
	    4045e3 github.com/paxredis/paxredis/resp.(*eventLoop).run

  100 
	    4045e0 runtime.memmove
	    4045e1 runtime.gcAssistAlloc
	    4045e2 github.com/paxredis/paxredis/statemachine.set

  100 
	    4045e0 github.com/paxredis/paxredis/replication/paxos.(*Core).Step

  200 
	    4045e0 [unknown]

`
	p, err := readProfile(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	third := 1.0 / 3
	for _, test := range []struct {
		pid   int
		stage string
		want  float64
	}{{100, stageReply, third}, {100, stageGarbage, third}, {100, stageConsensus, third}, {100, stageApply, 0}, {200, stageRest, 1}, {300, stageRest, 0}} {
		if got := p.share(test.pid, test.stage); got != test.want {
			t.Errorf("%q has %v of process %d, want %v", test.stage, got, test.pid, test.want)
		}
	}
	if got, want := p.hottest(2), "25.0%, replication/paxos.(*Core).Step 25.0%"; !strings.HasSuffix(got, want) {
		t.Errorf("the hottest functions are %q, want %q", got, want)
	}
	if p, err := readProfile(strings.NewReader("perf: no such file\n")); err == nil {
		t.Errorf("got %v and no error", p)
	}
}

// TestEveryStageIsTold: a rule whose stage is not in the list would hide what it finds.
func TestEveryStageIsTold(t *testing.T) {
	told := map[string]bool{}
	for _, s := range stages {
		told[s.name] = true
	}
	for _, r := range stageRules {
		if !told[r.stage] {
			t.Errorf("%q is the stage of %s, and not in the list", r.stage, r.prefix)
		}
	}
}
