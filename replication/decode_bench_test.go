package replication

import "testing"

// BenchmarkStageDecode reads the payload of a slot, as the applier does.
func BenchmarkStageDecode(b *testing.B) {
	for _, n := range stageCounts {
		b.Run(stageName(n), func(b *testing.B) { benchmarkDecode(b, 1, n) })
	}
	b.Run(stageName(256)+"-of-4-nodes", func(b *testing.B) { benchmarkDecode(b, 4, 256) })
}

func benchmarkDecode(b *testing.B, origins, n int) {
	payload, err := encodeBatch(&batch{timeMS: 1 << 40, seed: 1 << 63, retentionMS: 1 << 26, sections: stageSections(origins, n)})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(n * stageCommandBytes))
	b.ReportAllocs()
	for b.Loop() {
		decoded, err := decodeBatch(payload)
		if err != nil || len(decoded.sections) != origins {
			b.Fatal(len(decoded.sections), err)
		}
	}
	nsPerCommand(b, n)
}
