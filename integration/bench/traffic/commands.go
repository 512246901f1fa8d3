package traffic

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
)

// keyBytes is the length of every key.
const keyBytes = 16

// Key is the i-th key, which has 16 bytes: "key:" and twelve digits.
func Key(i int) string { return string(appendKey(nil, i)) }

func appendKey(b []byte, i int) []byte {
	b = append(b, "key:000000000000"...)
	for at := len(b) - 1; i > 0; at-- {
		b[at] = byte('0' + i%10)
		i /= 10
	}
	return b
}

// Set overwrites keys by chance, each with a value of that many bytes that hardly compresses.
func Set(keys, size int) Command {
	return func(random *rand.Rand, b []byte) []byte { return appendSet(random, b, random.IntN(keys), size) }
}

// SetInOrder writes key after key, all connections together, and begins anew after the last.
func SetInOrder(keys, size int) Command {
	var next atomic.Int64
	return func(random *rand.Rand, b []byte) []byte {
		return appendSet(random, b, int((next.Add(1)-1)%int64(keys)), size)
	}
}

// SetKey overwrites one key.
func SetKey(key string, size int) Command {
	return func(random *rand.Rand, b []byte) []byte {
		b = append(b, "*3\r\n$3\r\nSET\r\n"...)
		b = appendLength(b, len(key))
		b = append(append(b, key...), "\r\n"...)
		return appendValue(random, b, size)
	}
}

// Get reads keys by chance.
func Get(keys int) Command {
	return func(random *rand.Rand, b []byte) []byte {
		b = append(b, "*2\r\n$3\r\nGET\r\n"...)
		return appendBulkKey(b, random.IntN(keys))
	}
}

// Fixed is always the same command.
func Fixed(words ...string) Command {
	var text []byte
	text = append(strconv.AppendInt(append(text, '*'), int64(len(words)), 10), "\r\n"...)
	for _, w := range words {
		text = appendLength(text, len(w))
		text = append(append(text, w...), "\r\n"...)
	}
	return func(_ *rand.Rand, b []byte) []byte { return append(b, text...) }
}

func appendSet(random *rand.Rand, b []byte, key, size int) []byte {
	b = append(b, "*3\r\n$3\r\nSET\r\n"...)
	b = appendBulkKey(b, key)
	return appendValue(random, b, size)
}

// appendValue appends a value that hardly compresses.
func appendValue(random *rand.Rand, b []byte, size int) []byte {
	b = appendLength(b, size)
	for size > 0 {
		text := noise()[random.IntN(noiseBytes):]
		text = text[:min(size, len(text))]
		b = append(b, text...)
		size -= len(text)
	}
	return append(b, "\r\n"...)
}

func appendBulkKey(b []byte, i int) []byte {
	b = appendLength(b, keyBytes)
	b = appendKey(b, i)
	return append(b, "\r\n"...)
}

func appendLength(b []byte, n int) []byte {
	b = append(b, '$')
	b = strconv.AppendInt(b, int64(n), 10)
	return append(b, "\r\n"...)
}

// letters are what values are made of: 64, so that 6 random bits make one.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// noiseBytes is how much noise there is, of which values are cut: more than the blocks in which anybody looks for repetition.
const noiseBytes = 1 << 20

// noise is made once: making it anew for each value would take more of the processor than to send it.
var noise = sync.OnceValue(func() []byte {
	random := rand.New(rand.NewPCG(1, 1))
	text := make([]byte, noiseBytes)
	for i := range text {
		text[i] = letters[random.IntN(len(letters))]
	}
	return text
})
