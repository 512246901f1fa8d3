package replication

import "testing"

// BenchmarkStageEncode makes the payload of a slot, as the leader does of the sections that wait.
func BenchmarkStageEncode(b *testing.B) {
	for _, n := range stageCounts {
		b.Run(stageName(n), func(b *testing.B) { benchmarkEncode(b, 1, n) })
	}
	b.Run(stageName(256)+"-of-4-nodes", func(b *testing.B) { benchmarkEncode(b, 4, 256) })
}

func benchmarkEncode(b *testing.B, origins, n int) {
	sections := stageSections(origins, n)
	b.SetBytes(int64(n * stageCommandBytes))
	b.ReportAllocs()
	for b.Loop() {
		payload, err := encodeBatch(&batch{timeMS: 1 << 40, seed: 1 << 63, retentionMS: 1 << 26, sections: sections})
		if err != nil || len(payload) < n*stageCommandBytes {
			b.Fatal(len(payload), err)
		}
	}
	nsPerCommand(b, n)
}
