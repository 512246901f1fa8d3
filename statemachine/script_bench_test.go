package statemachine

import "testing"

// BenchmarkScript is what a script costs in the state machine, from the log's bytes to the reply.
func BenchmarkScript(b *testing.B) {
	for _, test := range []struct{ name, body string }{
		{"empty", "return 1"},
		{"get", "return redis.call('GET', KEYS[1])"},
		{"compare and set", "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('SET', KEYS[1], ARGV[1]) else return 0 end"},
		{"loop of 1000", "local n = 0 for i = 1, 1000 do n = n + i % 7 end return n"},
		{"cjson", "return cjson.encode(cjson.decode('{\"a\":1,\"b\":[1,2,3],\"c\":\"text\"}'))"},
	} {
		b.Run(test.name, func(b *testing.B) {
			h := newHarness(b)
			h.do("SET key value")
			encoded := AppendCommand(nil, 0, [][]byte{[]byte("EVAL"), []byte(test.body), []byte("1"), []byte("key"), []byte("value")})
			for slot := uint64(2); b.Loop(); slot++ {
				h.m.Apply(slot, Stamp{TimeMS: testStart, Seed: slot}, encoded, 1, nil)
			}
		})
	}
}
