package lua

import "math"

func (in *Interp) openBit() *Table {
	fold := func(f func(x, y uint32) uint32) func(a args) {
		return func(a args) {
			x := a.bits(1)
			for i := 2; i <= len(a.vals); i++ {
				x = f(x, a.bits(i))
			}
			a.signed(x)
		}
	}
	shift := func(f func(x uint32, n uint) uint32) func(a args) {
		return func(a args) {
			x := a.bits(1)
			a.signed(f(x, uint(a.bits(2)&31)))
		}
	}
	return in.library(map[string]func(a args){
		"tobit":  func(a args) { a.signed(a.bits(1)) },
		"bnot":   func(a args) { a.signed(^a.bits(1)) },
		"band":   fold(func(x, y uint32) uint32 { return x & y }),
		"bor":    fold(func(x, y uint32) uint32 { return x | y }),
		"bxor":   fold(func(x, y uint32) uint32 { return x ^ y }),
		"lshift": shift(func(x uint32, n uint) uint32 { return x << n }), "rshift": shift(func(x uint32, n uint) uint32 { return x >> n }),
		"arshift": shift(func(x uint32, n uint) uint32 { return uint32(int32(x) >> n) }),
		"rol":     shift(func(x uint32, n uint) uint32 { return x<<n | x>>(32-n) }),
		"ror":     shift(func(x uint32, n uint) uint32 { return x>>n | x<<(32-n) }),
		"bswap":   bitSwap, "tohex": bitToHex,
	}, "tobit", "bnot", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "bswap", "tohex")
}

// bits is a number rounded to an integer, modulo 2^32.
func (a args) bits(n int) uint32 {
	f := math.Mod(math.RoundToEven(a.num(n)), 1<<32)
	return uint32(Integer(f))
}

func (a args) signed(x uint32) { a.number(float64(int32(x))) }

func bitSwap(a args) {
	x := a.bits(1)
	a.signed(x>>24 | x>>8&0xff00 | x<<8&0xff0000 | x<<24)
}

func bitToHex(a args) {
	x, n := a.bits(1), 8
	if len(a.vals) > 1 {
		n = int(int32(a.bits(2)))
	}
	hex := "0123456789abcdef"
	if n < 0 {
		n, hex = -n, "0123456789ABCDEF"
	}
	if n > 8 || n < 0 {
		n = 8
	}
	b := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		b[i] = hex[x&15]
		x >>= 4
	}
	a.string(string(b))
}
