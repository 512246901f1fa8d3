package statemachine

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func randomGeoCommand(rng *rand.Rand) [][]byte {
	key, other := collectionKey(rng, "z"), collectionKey(rng, "z")
	longitude, latitude := rng.IntN(360)-180, rng.IntN(170)-85
	switch rng.IntN(5) {
	case 0:
		return words(fmt.Sprintf("GEOSEARCHSTORE %s %s FROMLONLAT %d %d BYBOX %d 9000 km%s", other, key, longitude, latitude, rng.IntN(20_000),
			pickWord(rng, "", " STOREDIST", " COUNT 150", " COUNT 7 ANY")))
	case 1:
		return words(fmt.Sprintf("GEORADIUS %s %d %d %d km STORE %s", key, longitude, latitude, rng.IntN(20_000), other))
	case 2:
		return words(fmt.Sprintf("GEORADIUSBYMEMBER %s e%d %d km STOREDIST %s", key, rng.IntN(400), rng.IntN(20_000), other))
	}
	line := "GEOADD " + key
	for _, name := range manyElements(rng) {
		line += fmt.Sprintf(" %d %.4f %s", rng.IntN(360)-180, rng.Float64()*170-85, name)
	}
	return words(line)
}

// TestPlaces has the examples of Redis's documentation.
func TestPlaces(t *testing.T) {
	scripts(t, []scriptTest{
		{"add, position, distance, hash", `
			GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania => :2
			GEOADD s CH 13.361389 38.115556 Palermo 15 37 Catania => :1
			GEOADD s NX 13 38 Palermo => :0
			GEOADD s XX 15.087269 37.502669 Catania 1 1 x => :0
			ZSCORE s Palermo => "3479099956230698"
			GEODIST s Palermo Catania => "166274.1516"
			GEODIST s Palermo Catania km => "166.2742"
			GEODIST s Palermo Catania MI => "103.3182"
			GEODIST s Palermo x => nil
			GEODIST none a b => nil
			GEODIST s Palermo Catania inch => -ERR unsupported unit provided. please use M, KM, FT, MI
			GEODIST s Palermo Catania m m => -ERR syntax error
			GEOHASH s Palermo x Catania => *3 "sqc8b49rny0" nil "sqdtr74hyu0"
			GEOHASH none x => *1 nil
			GEOPOS s Palermo x => *2 *2 "13.36138933897018433" "38.11555639549629859" nil
			GEOPOS s => *0
			GEOADD s 181 0 x => -ERR invalid longitude,latitude pair 181.000000,0.000000
			GEOADD s 0 -85.06 x => -ERR invalid longitude,latitude pair 0.000000,-85.060000
			GEOADD s inf 1 x => -ERR invalid longitude,latitude pair inf,1.000000
			GEOADD s 1 x x => -ERR value is not a valid float
			GEOADD s NX XX 1 1 x => -ERR syntax error
			GEOADD s 1 1 x 2 => -ERR syntax error
			GEOADD s NX CH XX => -ERR syntax error`},
		{"search", `
			GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 edge1 17.241510 38.788135 edge2 => :4
			GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ASC => *2 "Catania" "Palermo"
			GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 => *1 "Catania"
			GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST => *4 *3 "Catania" "56.4413" *2 "15.08726745843887329" "37.50266842333162032" *3 "Palermo" "190.4424" *2 "13.36138933897018433" "38.11555639549629859" *3 "edge2" "279.7403" *2 "17.24151045083999634" "38.78813451624225195" *3 "edge1" "279.7405" *2 "12.7584877610206604" "38.78813451624225195"
			GEOSEARCH s FROMMEMBER Palermo BYRADIUS 1 m WITHHASH => *1 *2 "Palermo" :3479099956230698
			GEOSEARCH s FROMMEMBER x BYRADIUS 1 m => -ERR could not decode requested zset member
			GEOSEARCH none FROMMEMBER x BYRADIUS 1 m => *0
			GEOSEARCH s FROMLONLAT 15 37 ASC COUNT 1 ANY => -ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH
			GEOSEARCH s BYRADIUS 1 m ASC COUNT 1 => -ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH
			GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 1 m ANY => -ERR the ANY argument requires COUNT argument
			GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 1 m COUNT 0 => -ERR COUNT must be > 0
			GEOSEARCH s FROMLONLAT 15 37 BYRADIUS x m => -ERR need numeric radius
			GEOSEARCH s FROMLONLAT 15 37 BYRADIUS -1 m => -ERR radius cannot be negative
			GEOSEARCH s FROMLONLAT 15 37 BYBOX x 1 m => -ERR need numeric width
			GEOSEARCH s FROMLONLAT 15 37 BYBOX 1 x m => -ERR need numeric height
			GEOSEARCH s FROMLONLAT 15 37 BYBOX 1 -1 m => -ERR height or width cannot be negative
			GEOSEARCH s FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 1 m => -ERR syntax error
			GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 1 m STOREDIST => -ERR syntax error`},
		{"store", `
			GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania => :2
			GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 200 km => :2
			GEOPOS d Palermo => *1 *2 "13.36138933897018433" "38.11555639549629859"
			GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 100 km STOREDIST => :1
			ZRANGE d 0 -1 WITHSCORES => *2 "Catania" "56.4412578701582"
			GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 100 km WITHDIST => -ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options
			GEOSEARCHSTORE d s FROMLONLAT 0 0 BYRADIUS 1 km => :0
			EXISTS d => :0
			GEORADIUS s 15 37 200 km STORE d => :2
			GEORADIUSBYMEMBER s Palermo 1 km STOREDIST d => :1
			ZRANGE d 0 -1 WITHSCORES => *2 "Palermo" "0"
			GEORADIUSBYMEMBER none Palermo 1 km STORE d => :0
			EXISTS d => :0
			GEORADIUS s 15 37 200 km STORE d WITHDIST => -ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options
			GEORADIUS_RO s 15 37 200 km STORE d => -ERR syntax error
			GEORADIUS_RO s 15 37 200 km DESC => *2 "Palermo" "Catania"
			GEORADIUSBYMEMBER_RO s Catania 100 mi ASC WITHDIST => *1 *2 "Catania" "0.0000"
			SET x 1 => OK
			GEORADIUS x 15 37 200 km => -WRONGTYPE Operation against a key holding the wrong kind of value`},
	})
}

// TestASearchFindsWhatIsInTheArea compares searches anywhere on the earth with a look at all members.
func TestASearchFindsWhatIsInTheArea(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 14))
	m := newZSetModel(t)
	places := map[string]geoPoint{}
	for i := range 3000 {
		p := geoPoint{rng.Float64()*360 - 180, rng.Float64()*160 - 80}
		name := fmt.Sprintf("m%d", i)
		m.open().add([]byte(name), geoScore(p))
		places[name] = geoPlace(geoScore(p))
	}
	for range 300 {
		// Redis searches the nine cells around the center, which go around the earth from west to east, but not over a pole.
		s := geoShape{center: geoPoint{rng.Float64()*240 - 120, rng.Float64()*100 - 50}, unit: 1000, radius: rng.Float64() * 2000, isBox: rng.IntN(2) == 0}
		s.width, s.height = s.radius, rng.Float64()*2000
		want := map[string]bool{}
		for name, p := range places {
			if _, in := s.distance(p); in {
				want[name] = true
			}
		}
		for _, f := range s.search(m.open(), 0) {
			if !want[string(f.member)] {
				t.Fatalf("%+v has %q at %v", s, f.member, f.place)
			}
			delete(want, string(f.member))
		}
		if len(want) > 0 {
			t.Fatalf("%+v lacks %v", s, want)
		}
	}
}

// TestAPlaceIsKeptToWithinAMetre and two places of the same cell have the same score.
func TestAPlaceIsKeptToWithinAMetre(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 15))
	for range 10_000 {
		p := geoPoint{rng.Float64()*360 - 180, rng.Float64()*170 - 85}
		q := geoPlace(geoScore(p))
		if d := p.distanceTo(q); d > 1 || geoScore(q) != geoScore(p) {
			t.Fatalf("%v is kept as %v, %v m away", p, q, d)
		}
	}
}

// TestAnyScoreIsSomePlace: a sorted set's members need not come from GEOADD.
func TestAnyScoreIsSomePlace(t *testing.T) {
	for _, score := range []float64{0, -1, -0.5, 1e15, 1 << 52, 1 << 63, 1 << 64, 1e300, -1e300, math.Inf(1), math.Inf(-1)} {
		if p := geoPlace(score); !p.isValid() {
			t.Errorf("%v is at %v", score, p)
		}
	}
}

// TestTrigonometryIsRight compares with package math, which is right but for the last digit, and with identities to far more digits.
func TestTrigonometryIsRight(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 16))
	for range 20_000 {
		x := (rng.Float64() - 0.5) * 8
		s, c := sineOf(pair{x, 0}, 0), sineOf(pair{x, 0}, 1)
		if math.Abs(s.rounded()-math.Sin(x)) > 3e-16 || math.Abs(c.rounded()-math.Cos(x)) > 3e-16 {
			t.Fatalf("sine and cosine of %v are %v and %v", x, s, c)
		}
		if one := s.times(s).add(c.times(c)).add(pair{-1, 0}); math.Abs(one.high) > 1e-21 {
			t.Fatalf("the squares of sine and cosine of %v are 1 and %v", x, one.high)
		}
		y := rng.Float64()
		a := arcsine(y)
		if math.Abs(a-math.Asin(y)) > 1e-14 {
			t.Fatalf("the arcsine of %v is %v", y, a)
		}
		if y < 0.5 {
			angle := smallArcsine(pair{y, 0})
			if rest := sineOf(angle, 0).add(pair{-y, 0}); math.Abs(rest.high) > 1e-20 {
				t.Fatalf("the sine of the arcsine of %v is %v more", y, rest.high)
			}
		}
	}
	for x, want := range map[float64]float64{0: 0, 1: math.Pi / 2, 0.5: math.Pi / 6} {
		if got := arcsine(x); got != want {
			t.Errorf("the arcsine of %v is %v, not %v", x, got, want)
		}
	}
	// 1/3! + 1/5! and so on: the constants themselves.
	for n := 2; n < seriesTerms; n++ {
		f := new(big.Float).SetPrec(200).SetInt(new(big.Int).MulRange(1, int64(n)))
		exact := new(big.Float).Quo(big.NewFloat(1).SetPrec(200), f)
		got := new(big.Float).SetPrec(200).SetFloat64(inverseFactorials[n].high)
		got.Add(got, big.NewFloat(inverseFactorials[n].low))
		difference, _ := new(big.Float).Quo(new(big.Float).Sub(got, exact), exact).Float64()
		if math.Abs(difference) > 1e-30 {
			t.Errorf("1/%d! is wrong by %v of it", n, difference)
		}
	}
}

func BenchmarkGeoDistance(b *testing.B) {
	p, q := geoPoint{13.361389, 38.115556}, geoPoint{15.087269, 37.502669}
	for b.Loop() {
		p.distanceTo(q)
	}
}
