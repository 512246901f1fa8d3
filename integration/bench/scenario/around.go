package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
)

// around is what clients saw before, during and after something.
type around struct {
	before, during, after watched
	took                  time.Duration
	foreign               string // what others took of the machine before, which makes all of this worth less; empty if little
}

// foreignNoted is from how many processors on it is told that others have taken them.
const foreignNoted = 0.1

// quietTime is for how long servers are watched before something, and after it, while nothing else goes on.
func quietTime(e Env) time.Duration { return pick(e, 5*time.Second, 2*time.Second) }

// around watches servers before, during and after a function, which may say that what is to be watched is over before it returns.
func (w watching) around(ctx context.Context, e Env, run func(over func()) error) (a around, err error) {
	p, err := w.start(ctx)
	if err != nil {
		return a, err
	}
	defer func() {
		_, stopped := p.stop()
		err = errors.Join(err, stopped)
	}()
	quiet := func(func()) error { return pass(ctx, quietTime(e)) }
	if err := pass(ctx, pick(e, time.Second, 200*time.Millisecond)); err != nil { // connections are young, and what was done before leaves garbage
		return a, err
	}
	undisturbed, err := cluster.LookAtMachine()
	if err != nil {
		return a, err
	}
	if a.before, err = p.while(quiet); err != nil {
		return a, err
	}
	now, err := cluster.LookAtMachine()
	if err != nil {
		return a, err
	}
	if taken := now.Foreign(undisturbed); taken >= foreignNoted {
		a.foreign = fmt.Sprintf("; other programs took %.1f processors before", taken)
		e.say("other programs take %.1f processors: the figures are worth less", taken)
	}
	began := time.Now()
	a.during, err = p.while(run)
	a.took = time.Since(began)
	if err == nil && w.after {
		a.after, err = p.while(quiet)
	}
	return a, err
}

// figuresAround are what clients saw around something that was done several times.
func figuresAround(what string, runs []around) []Figure {
	if len(runs) == 0 {
		return nil
	}
	values := func(name, unit string, of func(*around) float64) Figure {
		f := Figure{Name: name, Unit: unit}
		for i := range runs {
			f.Values = append(f.Values, of(&runs[i]))
		}
		return f
	}
	figures := []Figure{
		values("SET p99 during it, of that before", "times", func(a *around) float64 { return a.during.setP99() / a.before.setP99() }).against("< 2"),
		values("GET p99 during it, of that before", "times", func(a *around) float64 { return a.during.getP99() / a.before.getP99() }).against("< 2"),
	}
	for _, phase := range []struct {
		name string
		of   func(*around) *watched
	}{
		{"before", func(a *around) *watched { return &a.before }},
		{"during", func(a *around) *watched { return &a.during }},
		{"after", func(a *around) *watched { return &a.after }},
	} {
		sets := values("SET p99 "+phase.name, "ms", func(a *around) float64 { return phase.of(a).setP99() })
		for i := range runs {
			sets.Note += phase.of(&runs[i]).failures()
			if phase.name == "before" {
				sets.Note += runs[i].foreign
			}
		}
		figures = append(figures, sets,
			values("GET p99 "+phase.name, "ms", func(a *around) float64 { return phase.of(a).getP99() }),
			values("longest "+phase.name, "ms", func(a *around) float64 { return phase.of(a).longest() }))
	}
	return append(figures, values(what, "s", func(a *around) float64 { return a.took.Seconds() }))
}
