package statemachine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// scored are some members with scores in front, from a few to more than a block holds.
func scored(rng *rand.Rand) (line string) {
	for _, name := range manyElements(rng) {
		line += " " + randomScore(rng) + " " + name
	}
	return line
}

func randomScore(rng *rand.Rand) string {
	if rng.IntN(20) == 0 {
		return pickWord(rng, "inf", "-inf", "-0", "0.1", "1e300", "nan")
	}
	return fmt.Sprint(rng.IntN(60))
}

func randomZSetCommand(rng *rand.Rand) [][]byte {
	key, other := collectionKey(rng, "z"), collectionKey(rng, "z")
	first := rng.IntN(60) - 5
	rank, count := rng.IntN(200), 1+rng.IntN(10)
	if rng.IntN(4) == 0 {
		count = 150
	}
	line := ""
	switch rng.IntN(24) {
	case 0:
		line = fmt.Sprintf("ZINCRBY %s %s e%d", key, randomScore(rng), rng.IntN(400))
	case 1, 2:
		line = "ZREM " + key
		for _, name := range manyElements(rng) {
			line += " " + name
		}
	case 3:
		line = fmt.Sprintf("ZREMRANGEBYRANK %s %d %d", key, rank, rank+count)
	case 4, 22, 23:
		line = fmt.Sprintf("ZREMRANGEBYSCORE %s %d %d", key, first, first+count)
	case 5:
		line = fmt.Sprintf("ZREMRANGEBYLEX %s [e%d (e%d", key, count, count+10)
	case 6:
		line = fmt.Sprintf("%s %s %d", pickWord(rng, "ZPOPMIN", "ZPOPMAX"), key, count)
		if rng.IntN(2) == 0 {
			line = pickWord(rng, "BZPOPMIN ", "BZPOPMAX ") + key + " 0"
		}
	case 7:
		line = fmt.Sprintf("%s 2 %s %s %s COUNT %d", pickWord(rng, "ZMPOP", "BZMPOP 0"), key, other, pickWord(rng, "MIN", "MAX"), count)
	case 8:
		line = fmt.Sprintf("ZRANGESTORE %s %s %d %d", other, key, rank, rank+20*count)
	case 9:
		line = fmt.Sprintf("ZUNIONSTORE %s 2 %s %s WEIGHTS 1 -2 AGGREGATE %s", other, key, collectionKey(rng, "z"), pickWord(rng, "SUM", "MIN", "MAX"))
	case 10:
		line = fmt.Sprintf("ZINTERSTORE %s 2 %s %s", other, key, collectionKey(rng, "z"))
	case 11:
		line = fmt.Sprintf("ZDIFFSTORE %s 2 %s %s", other, key, collectionKey(rng, "z"))
	default:
		line = "ZADD " + key + pickWord(rng, "", "", "", " NX", " XX", " GT CH", " LT") + scored(rng)
	}
	return words(line)
}

func TestSortedSets(t *testing.T) {
	scripts(t, []scriptTest{
		{"add, score, rank, remove", `
			ZADD z 1 a 2 b => :2
			ZADD z 1 a 3 b 3 c => :1
			ZADD z CH 2 a 3 b 1 d => :2
			ZSCORE z a => "2"
			ZSCORE z x => nil
			ZSCORE none x => nil
			ZMSCORE z a x b => *3 "2" nil "3"
			ZMSCORE none a => *1 nil
			ZCARD z => :4
			ZCARD none => :0
			ZRANK z a => :1
			ZREVRANK z a => :2
			ZRANK z a WITHSCORE => *2 :1 "2"
			ZRANK z x => nil
			ZRANK none x WITHSCORE => nil
			ZINCRBY z 2.5 a => "4.5"
			ZRANGE z 0 -1 => *4 "d" "b" "c" "a"
			ZREM z a x b a => :2
			ZREM z c d => :2
			EXISTS z => :0
			ZREM z d => :0`},
		{"options of ZADD", `
			ZADD z XX 1 a => :0
			EXISTS z => :0
			ZADD z XX INCR 1 a => nil
			ZADD z NX 5 a => :1
			ZADD z NX 6 a 1 b => :1
			ZADD z XX CH 6 a 1 c => :1
			ZADD z GT CH 5 a 7 a => :1
			ZADD z LT CH 8 a 6 a 1 d => :2
			ZADD z GT INCR -1 a => nil
			ZADD z LT INCR -1 a => "5"
			ZADD z NX INCR 1 a => nil
			ZADD z INCR inf a => "inf"
			ZADD z INCR -inf a => -ERR resulting score is not a number (NaN)
			ZADD z NX XX 1 a => -ERR XX and NX options at the same time are not compatible
			ZADD z NX GT 1 a => -ERR GT, LT, and/or NX options at the same time are not compatible
			ZADD z LT GT 1 a => -ERR GT, LT, and/or NX options at the same time are not compatible
			ZADD z INCR 1 a 2 b => -ERR INCR option supports a single increment-element pair
			ZADD z NX 1 => -ERR syntax error
			ZADD z NX CH => -ERR syntax error
			ZADD z 1 a b c => -ERR value is not a valid float
			ZADD z nan a => -ERR value is not a valid float
			ZINCRBY z \_1 a => -ERR value is not a valid float
			ZINCRBY z xx a => -ERR syntax error
			ZINCRBY z Incr 1 => -ERR syntax error`},
		{"numbers", `
			ZADD z 0x10 a .5 b 1e3 c -inf d +Infinity e 5. f -0 g 4.9e-324 h => :8
			ZRANGE z 0 -1 WITHSCORES => *16 "d" "-inf" "g" "0" "h" "5e-324" "b" "0.5" "f" "5" "a" "16" "c" "1000" "e" "inf"
			ZADD z 1e400 a => -ERR value is not a valid float
			ZADD z 1e-400 a => -ERR value is not a valid float
			ZADD z 1_0 a => -ERR value is not a valid float
			ZADD z 0x a => -ERR value is not a valid float
			ZCOUNT z 1e400 inf => :1
			ZCOUNT z ( "" => :0
			ZCOUNT z "" \_5 => :4
			ZCOUNT z (0 5x => -ERR min or max is not a float`},
		{"wrong types and numbers of arguments", `
			SET s 1 => OK
			ZADD s 1 a => -WRONGTYPE Operation against a key holding the wrong kind of value
			ZADD s x a => -ERR value is not a valid float
			ZRANGE s 0 -1 => -WRONGTYPE Operation against a key holding the wrong kind of value
			ZRANK s a => -WRONGTYPE Operation against a key holding the wrong kind of value
			ZPOPMIN s => -WRONGTYPE Operation against a key holding the wrong kind of value
			ZMPOP 1 s MIN => -WRONGTYPE Operation against a key holding the wrong kind of value
			ZUNION 1 s => -WRONGTYPE Operation against a key holding the wrong kind of value
			ZREMRANGEBYRANK s 0 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
			ZADD z 1 => -ERR wrong number of arguments for 'zadd' command
			ZRANK z a b => -ERR syntax error
			ZRANK z a b c => -ERR wrong number of arguments for 'zrank' command
			ZADD z 1 a => :1
			TYPE z => zset
			OBJECT ENCODING z => "listpack"
			ZUNIONSTORE s 1 z => :1
			TYPE s => zset`},
	})
}

func TestSortedSetRanges(t *testing.T) {
	scripts(t, []scriptTest{
		{"by rank", `
			ZADD z 1 a 2 b 3 c 4 d => :4
			ZRANGE z 1 2 => *2 "b" "c"
			ZRANGE z -2 -1 WITHSCORES => *4 "c" "3" "d" "4"
			ZRANGE z 0 0 REV => *1 "d"
			ZREVRANGE z 1 -1 => *3 "c" "b" "a"
			ZRANGE z 5 9 => *0
			ZRANGE z 3 1 => *0
			ZRANGE z -9 0 => *1 "a"
			ZRANGE none 0 -1 => *0
			ZRANGE z 0 1 LIMIT 0 1 => -ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
			ZRANGE z 0 x => -ERR value is not an integer or out of range
			ZREVRANGE z 0 1 REV => -ERR syntax error
			ZREVRANGE z 0 1 BYSCORE => -ERR syntax error`},
		{"by score", `
			ZADD z 1 a 2 b 3 c 4 d => :4
			ZRANGE z (1 3 BYSCORE => *2 "b" "c"
			ZRANGE z 3 (1 BYSCORE REV WITHSCORES => *4 "c" "3" "b" "2"
			ZRANGEBYSCORE z -inf +inf LIMIT 1 2 => *2 "b" "c"
			ZRANGEBYSCORE z -inf +inf LIMIT 1 -1 => *3 "b" "c" "d"
			ZRANGEBYSCORE z -inf +inf LIMIT -1 2 => *0
			ZRANGEBYSCORE z -inf +inf LIMIT 4 2 => *0
			ZREVRANGEBYSCORE z +inf 2 LIMIT 1 1 WITHSCORES => *2 "c" "3"
			ZRANGEBYSCORE z 3 2 => *0
			ZRANGEBYSCORE z (2 2 => *0
			ZRANGEBYSCORE z nan 2 => -ERR min or max is not a float
			ZRANGEBYSCORE z 1 2 LIMIT 1 => -ERR syntax error
			ZCOUNT z (1 4 => :3
			ZCOUNT none 1 4 => :0`},
		{"by members", `
			ZADD z 0 a 0 b 0 c 0 d => :4
			ZRANGEBYLEX z - + => *4 "a" "b" "c" "d"
			ZRANGEBYLEX z (a [c => *2 "b" "c"
			ZREVRANGEBYLEX z + (b LIMIT 0 1 => *1 "d"
			ZRANGE z [b + BYLEX => *3 "b" "c" "d"
			ZRANGE z + - BYLEX REV => *4 "d" "c" "b" "a"
			ZRANGE z - + BYLEX WITHSCORES => -ERR syntax error, WITHSCORES not supported in combination with BYLEX
			ZRANGEBYLEX z + - => *0
			ZRANGEBYLEX z (b [b => *0
			ZRANGEBYLEX z a [b => -ERR min or max not valid string range item
			ZLEXCOUNT z [b + => :3
			ZLEXCOUNT none - + => :0
			ZREMRANGEBYLEX z - (c => :2
			ZRANGE z 0 -1 => *2 "c" "d"`},
		{"store and remove", `
			ZADD z 1 a 2 b 3 c 4 d => :4
			SET d x EX 100 => OK
			ZRANGESTORE d z 1 2 => :2
			ZRANGE d 0 -1 WITHSCORES => *4 "b" "2" "c" "3"
			TTL d => :-1
			ZRANGESTORE z z 2 (4 BYSCORE => :2
			ZRANGE z 0 -1 => *2 "b" "c"
			ZRANGESTORE z z 7 8 => :0
			EXISTS z => :0
			ZRANGESTORE z d 0 1 WITHSCORES => -ERR syntax error
			ZREMRANGEBYSCORE d 2 2 => :1
			ZREMRANGEBYRANK d 5 9 => :0
			ZREMRANGEBYRANK d -1 -1 => :1
			EXISTS d => :0`},
	})
}

func TestSortedSetPops(t *testing.T) {
	scripts(t, []scriptTest{{"pops", `
		ZADD z 1 a 2 b 3 c 4 d 5 e => :5
		ZPOPMIN z => *2 "a" "1"
		ZPOPMAX z 2 => *4 "e" "5" "d" "4"
		ZPOPMIN z 0 => *0
		ZPOPMIN none => *0
		ZPOPMIN z -1 => -ERR value is out of range, must be positive
		ZPOPMIN z 1 2 => -ERR syntax error
		ZMPOP 2 none z MAX => *2 "z" *1 *2 "c" "3"
		ZMPOP 2 none z MIN COUNT 9 => *2 "z" *1 *2 "b" "2"
		EXISTS z => :0
		ZMPOP 1 z MIN => nil
		ZMPOP 0 z MIN => -ERR numkeys should be greater than 0
		ZMPOP 2 z MIN => -ERR syntax error
		ZMPOP 1 z MIDDLE => -ERR syntax error
		ZMPOP 1 z MIN COUNT 0 => -ERR count should be greater than 0
		ZMPOP 1 z MIN COUNT 1 COUNT 2 => -ERR syntax error`}})
}

func TestSortedSetCombinations(t *testing.T) {
	scripts(t, []scriptTest{{"union, intersection, difference", `
		ZADD a 1 x 2 y 3 z => :3
		ZADD b 10 y 20 z 30 w => :3
		ZUNION 2 a b WITHSCORES => *8 "x" "1" "y" "12" "z" "23" "w" "30"
		ZUNION 2 a none AGGREGATE MAX => *3 "x" "y" "z"
		ZINTER 2 a b WEIGHTS 2 1 WITHSCORES => *4 "y" "14" "z" "26"
		ZINTER 2 a b AGGREGATE MIN WITHSCORES => *4 "y" "2" "z" "3"
		ZINTER 2 a none => *0
		ZDIFF 2 a b WITHSCORES => *2 "x" "1"
		ZDIFF 2 a a => *0
		ZINTERCARD 2 a b => :2
		ZINTERCARD 2 a b LIMIT 1 => :1
		ZINTERCARD 2 a b LIMIT 0 => :2
		ZINTERCARD 2 a b LIMIT -1 => -ERR LIMIT can't be negative
		ZUNIONSTORE a 2 a b => :4
		ZRANGE a 0 -1 WITHSCORES => *8 "x" "1" "y" "12" "z" "23" "w" "30"
		ZINTERSTORE c 2 a none => :0
		ZDIFFSTORE c 2 a b => :1
		ZUNIONSTORE c 2 a none WEIGHTS inf 0 => :4
		ZUNION 0 a => -ERR at least 1 input key is needed for 'zunion' command
		ZUNIONSTORE c 0 a => -ERR at least 1 input key is needed for 'zunionstore' command
		ZUNION 3 a b => -ERR syntax error
		ZUNION x a => -ERR value is not an integer or out of range
		ZUNION 2 a b WEIGHTS 1 => -ERR syntax error
		ZUNION 2 a b WEIGHTS 1 x => -ERR weight value is not a float
		ZUNION 2 a b AGGREGATE AVG => -ERR syntax error
		ZDIFF 2 a b WEIGHTS 1 2 => -ERR syntax error
		ZUNIONSTORE c 1 a WITHSCORES => -ERR syntax error`}})
}

func TestSortedSetsByChanceAndScan(t *testing.T) {
	scripts(t, []scriptTest{{"random members and scans", `
		ZADD z 1 a => :1
		ZRANDMEMBER z => "a"
		ZRANDMEMBER z 5 WITHSCORES => *2 "a" "1"
		ZRANDMEMBER z -3 => *3 "a" "a" "a"
		ZRANDMEMBER z 0 => *0
		ZRANDMEMBER none => nil
		ZRANDMEMBER none 2 => *0
		ZRANDMEMBER none -2147483649 => *0
		ZRANDMEMBER z 1 x => -ERR syntax error
		ZRANDMEMBER z -9223372036854775808 => -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
		ZRANDMEMBER z 9223372036854775807 WITHSCORES => -ERR value is out of range
		ZRANDMEMBER z -1048577 => -ERR value is out of range
		ZSCAN z 0 => *2 "0" *2 "a" "1"
		ZSCAN z 0 MATCH b* COUNT 5 => *2 "0" *0
		ZSCAN none 0 => *2 "0" *0
		ZSCAN z x => -ERR invalid cursor
		ZSCAN z 0 TYPE zset => -ERR syntax error
		ZSCAN z 0 COUNT 0 => -ERR syntax error`}})
}

// TestSortedSetsTellTheirEvents as Redis documents them, in its order.
func TestSortedSetsTellTheirEvents(t *testing.T) {
	h, l := newListening(t, EventAll|EventNew|EventKeyMiss, false)
	for _, test := range []struct{ command, events string }{
		{"ZADD z 1 a 2 b 3 c", "new:0:z zadd:0:z"},
		{"ZADD z 1 a", ""},
		{"ZADD z XX 1 x", ""},
		{"ZADD none XX 1 x", ""},
		{"ZADD z INCR 1 a", "zincr:0:z"},
		{"ZINCRBY z 1 a", "zincr:0:z"},
		{"ZREM z x", ""},
		{"ZREM z a", "zrem:0:z"},
		{"ZRANGESTORE d z 0 -1", "new:0:d zrangestore:0:d"},
		{"ZRANGESTORE d z 0 0", "zrangestore:0:d"},
		{"ZRANGESTORE d z 5 5", "del:0:d"},
		{"ZRANGESTORE d z 5 5", ""},
		{"ZUNIONSTORE d 2 z none", "keymiss:0:none new:0:d zunionstore:0:d"},
		{"ZINTERSTORE d 1 z", "zinterstore:0:d"},
		{"ZDIFFSTORE d 1 z", "zdiffstore:0:d"},
		{"ZREMRANGEBYRANK d 9 9", ""},
		{"ZREMRANGEBYRANK d 0 0", "zremrangebyrank:0:d"},
		{"ZREMRANGEBYSCORE d -inf inf", "zremrangebyscore:0:d del:0:d"},
		{"ZREMRANGEBYLEX z - [b", "zremrangebylex:0:z"},
		{"ZPOPMIN z", "zpopmin:0:z del:0:z"},
		{"ZPOPMIN z", ""},
		{"GEOADD g 15 37 a 13 38 b", "new:0:g zadd:0:g"},
		{"ZMPOP 2 none g MAX", "zpopmax:0:g"},
		{"GEORADIUS g 15 37 900 km STORE d", "new:0:d georadiusstore:0:d"},
		{"GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 900 km", "geosearchstore:0:d"},
		{"GEOSEARCHSTORE d none FROMLONLAT 15 37 BYRADIUS 900 km", "keymiss:0:none del:0:d"},
		{"ZSCORE none a", "keymiss:0:none"},
	} {
		h.do(test.command)
		if got := l.take(); got != test.events {
			t.Errorf("%s told %q, not %q", test.command, got, test.events)
		}
	}
}
