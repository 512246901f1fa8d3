package statemachine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func randomStreamCommand(rng *rand.Rand) [][]byte {
	key, id := collectionKey(rng, "x"), fmt.Sprintf("%d-%d", rng.IntN(200), rng.IntN(3))
	group, consumer := pickWord(rng, "g", "h"), pickWord(rng, "c", "d", "e")
	line := ""
	switch rng.IntN(24) {
	case 0:
		line = "XDEL " + key + " " + id + fmt.Sprintf(" %d %d", rng.IntN(200), rng.IntN(200))
	case 1:
		line = fmt.Sprintf("XTRIM %s %s", key, pickWord(rng, "MAXLEN 20", "MAXLEN ~ 50", "MINID 30", "MINID ~ 100-0", "MAXLEN = 0"))
	case 2:
		line = fmt.Sprintf("XSETID %s 201 ENTRIESADDED 10000 MAXDELETEDID %s", key, id)
	case 3, 4:
		line = fmt.Sprintf("XGROUP CREATE %s %s %s MKSTREAM", key, group, pickWord(rng, "0", "$", id))
	case 5:
		line = pickWord(rng, fmt.Sprintf("XGROUP SETID %s %s %s", key, group, pickWord(rng, "0", "$", id)),
			fmt.Sprintf("XGROUP DESTROY %s %s", key, group), fmt.Sprintf("XGROUP CREATECONSUMER %s %s %s", key, group, consumer),
			fmt.Sprintf("XGROUP DELCONSUMER %s %s %s", key, group, consumer))
	case 6, 7, 8, 9:
		line = fmt.Sprintf("XREADGROUP GROUP %s %s COUNT %d STREAMS %s %s", group, consumer, 1+rng.IntN(150), key, pickWord(rng, ">", ">", "0", id))
	case 10, 11:
		line = fmt.Sprintf("XACK %s %s %s", key, group, id)
		for range rng.IntN(200) {
			line += fmt.Sprintf(" %d", rng.IntN(200))
		}
	case 12, 13:
		line = fmt.Sprintf("XCLAIM %s %s %s %d %s %d %s", key, group, consumer, rng.IntN(30), id, rng.IntN(200), pickWord(rng, "FORCE", "JUSTID", "FORCE IDLE 5"))
	case 14:
		line = fmt.Sprintf("XAUTOCLAIM %s %s %s %d %s COUNT %d", key, group, consumer, rng.IntN(30), id, 1+rng.IntN(100))
	default:
		line = fmt.Sprintf("XADD %s %d f %s", key, rng.IntN(100), randomValue(rng))
		if n := rng.IntN(5); n > 0 {
			line = fmt.Sprintf("XADD %s MAXLEN ~ %d %s f %s %s v", key, 300, pickWord(rng, "*", id, "199-*"), randomValue(rng), strings.Repeat("f", rng.IntN(300)+1))
		}
	}
	return words(line)
}

func TestStreams(t *testing.T) {
	scripts(t, []scriptTest{
		{"add, range, delete", `
			XADD x MAXLEN 1 NOMKSTREAM => -ERR wrong number of arguments for 'xadd' command
			XADD x 1-1 a 1 => "1-1"
			XADD x 1-* a 2 => "1-2"
			XADD x 5 a 3 b 4 => "5-0"
			XADD x 5-0 a 1 => -ERR The ID specified in XADD is equal or smaller than the target stream top item
			XADD x 0-0 a 1 => -ERR The ID specified in XADD must be greater than 0-0
			XADD x abc a 1 => -ERR Invalid stream ID specified as stream command argument
			XADD x * a => -ERR wrong number of arguments for 'xadd' command
			XADD y NOMKSTREAM * a 1 => nil
			XLEN x => :3
			XLEN y => :0
			XRANGE x - + => *3 *2 "1-1" *2 "a" "1" *2 "1-2" *2 "a" "2" *2 "5-0" *4 "a" "3" "b" "4"
			XRANGE x (1-1 (5-0 => *1 *2 "1-2" *2 "a" "2"
			XREVRANGE x + - COUNT 1 => *1 *2 "5-0" *4 "a" "3" "b" "4"
			XRANGE x 1 1 => *2 *2 "1-1" *2 "a" "1" *2 "1-2" *2 "a" "2"
			XRANGE x - + COUNT 0 => nil
			XDEL x 1-1 9-9 => :1
			XLEN x => :2
			XTRIM x MAXLEN 1 => :1
			XRANGE x - + => *1 *2 "5-0" *4 "a" "3" "b" "4"
			XDEL x 5 => :1
			EXISTS x => :1
			TYPE x => stream
			OBJECT ENCODING x => "stream"
			XADD x * a 1 => "1700000000000-0"
			XADD x * a 1 => "1700000000000-1"
			XADD x 18446744073709551615-18446744073709551615 a 1 => "18446744073709551615-18446744073709551615"
			XADD x * a 1 => -ERR The stream has exhausted the last possible ID, unable to add more items`},
		{"read", `
			XADD x 1 a 1 => "1-0"
			XADD x 2 a 2 => "2-0"
			XADD y 3 a 3 => "3-0"
			XREAD STREAMS x y 0 0 => *2 *2 "x" *2 *2 "1-0" *2 "a" "1" *2 "2-0" *2 "a" "2" *2 "y" *1 *2 "3-0" *2 "a" "3"
			XREAD COUNT 1 STREAMS x y 1 $ => *1 *2 "x" *1 *2 "2-0" *2 "a" "2"
			XREAD STREAMS x 2 => nil
			XREAD STREAMS x y 1 => -ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.
			XREAD BLOCK 0 STREAMS x > => -ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.
			XREAD NOACK STREAMS x 1 => -ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.`},
		{"groups", `
			XGROUP CREATE x g $ => -ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
			XGROUP CREATE x g $ MKSTREAM => OK
			XGROUP CREATE x g 0 => -BUSYGROUP Consumer Group name already exists
			XADD x 1 a 1 => "1-0"
			XADD x 2 a 2 => "2-0"
			XADD x 3 a 3 => "3-0"
			XREADGROUP GROUP g c COUNT 2 STREAMS x > => *1 *2 "x" *2 *2 "1-0" *2 "a" "1" *2 "2-0" *2 "a" "2"
			XREADGROUP GROUP g d STREAMS x > => *1 *2 "x" *1 *2 "3-0" *2 "a" "3"
			XREADGROUP GROUP g d STREAMS x > => nil
			XPENDING x g => *4 :3 "1-0" "3-0" *2 *2 "c" "2" *2 "d" "1"
			XREADGROUP GROUP g c STREAMS x 1 => *1 *2 "x" *1 *2 "2-0" *2 "a" "2"
			XACK x g 1 3 9 => :2
			XDEL x 2 => :1
			XREADGROUP GROUP g c STREAMS x 0 => *1 *2 "x" *1 *2 "2-0" nil
			XPENDING x g - + 10 => *1 *4 "2-0" "c" :0 :2
			XPENDING x g - + 10 d => *0
			XINFO GROUPS x => *1 *12 "name" "g" "consumers" :2 "pending" :1 "last-delivered-id" "3-0" "entries-read" :3 "lag" :0
			XADD x 4 a 4 => "4-0"
			XREADGROUP GROUP g c NOACK STREAMS x > => *1 *2 "x" *1 *2 "4-0" *2 "a" "4"
			XPENDING x g - + 10 => *1 *4 "2-0" "c" :0 :2
			XCLAIM x g d 0 2 4 FORCE => *1 *2 "4-0" *2 "a" "4"
			XPENDING x g - + 10 => *1 *4 "4-0" "d" :0 :2
			tick 50
			XAUTOCLAIM x g c 20 0 => *3 "0-0" *1 *2 "4-0" *2 "a" "4" *0
			XAUTOCLAIM x g d 20 0 JUSTID => *3 "0-0" *0 *0
			XGROUP DELCONSUMER x g c => :1
			XPENDING x g => *4 :0 nil nil nil
			XGROUP SETID x g 0 => OK
			XGROUP DESTROY x g => :1
			XGROUP DESTROY x g => :0
			XREADGROUP GROUP g c STREAMS x > => -NOGROUP No such key 'x' or consumer group 'g' in XREADGROUP with GROUP option
			XACK x g 1 => :0`},
		{"one stream twice", `
			XADD x 1 a 1 => "1-0"
			XADD x 2 a 2 => "2-0"
			XADD x 3 a 3 => "3-0"
			XADD y 7 b 7 => "7-0"
			XGROUP CREATE x g 0 => OK
			XGROUP CREATE y g 0 => OK
			XREADGROUP GROUP g c COUNT 2 STREAMS x y x x 0 > > > 0 => -ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.
			XREADGROUP GROUP g c COUNT 2 STREAMS x y x x x > > > > 0 => *4 *2 "x" *2 *2 "1-0" *2 "a" "1" *2 "2-0" *2 "a" "2" *2 "y" *1 *2 "7-0" *2 "b" "7" *2 "x" *1 *2 "3-0" *2 "a" "3" *2 "x" *2 *2 "1-0" *2 "a" "1" *2 "2-0" *2 "a" "2"
			XPENDING x g - + 10 => *3 *4 "1-0" "c" :0 :2 *4 "2-0" "c" :0 :2 *4 "3-0" "c" :0 :1
			XINFO GROUPS x => *1 *12 "name" "g" "consumers" :1 "pending" :3 "last-delivered-id" "3-0" "entries-read" :3 "lag" :0
			XREADGROUP GROUP g c STREAMS x x > > => nil`},
		{"set id", `
			XADD x 5 a 1 => "5-0"
			XSETID x 4 => -ERR The ID specified in XSETID is smaller than the target stream top item
			XSETID x 9 ENTRIESADDED 0 => -ERR The entries_added specified in XSETID is smaller than the target stream length
			XSETID x 9 ENTRIESADDED 7 MAXDELETEDID 3 => OK
			XADD x 8 a 1 => -ERR The ID specified in XADD is equal or smaller than the target stream top item
			XSETID none 1 => -ERR no such key
			RENAME x y => OK
			COPY y z => :1
			XADD z 10 a 2 => "10-0"
			XLEN y => :1
			XLEN z => :2`},
	})
}
