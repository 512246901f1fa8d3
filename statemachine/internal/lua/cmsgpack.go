package lua

import (
	"encoding/binary"
	"math"
)

// maxPackDepth is how deep tables are packed; what is deeper is nil.
const maxPackDepth = 16

func (in *Interp) openMsgpack() *Table {
	t := in.library(map[string]func(a args){
		"pack":   msgpackPack,
		"unpack": func(a args) { msgpackUnpack(a, 0, 0, false) },
		"unpack_one": func(a args) {
			offset := a.optInt(2, 0)
			a.str(1)
			msgpackUnpack(a, 1, offset, true)
		},
		"unpack_limit": func(a args) {
			limit := a.integer(2)
			offset := a.optInt(3, 0)
			msgpackUnpack(a, limit, offset, true)
		},
	}, "pack", "unpack", "unpack_one", "unpack_limit")
	t.set(in, "_NAME", "cmsgpack")
	t.set(in, "_VERSION", "lua-cmsgpack 0.4.0")
	t.set(in, "_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo")
	t.set(in, "_DESCRIPTION", "MessagePack C implementation for Lua")
	return t
}

func msgpackPack(a args) {
	if len(a.vals) == 0 {
		a.argument(0, "MessagePack pack needs input.")
	}
	p := packer{in: a.in}
	for _, v := range a.vals {
		p.value(v, 0)
	}
	a.in.returns(unsafeString(p.buf))
}

type packer struct {
	in  *Interp
	buf []byte
}

func (p *packer) value(v Value, depth int) {
	p.in.iterate()
	p.in.charge(9)
	switch v := v.(type) {
	case string:
		p.string(v)
	case bool:
		p.buf = append(p.buf, 0xc2+boolByte(v))
	case float64:
		if i := Integer(v); float64(i) == v {
			p.integer(i)
		} else {
			p.double(v)
		}
	case *Table:
		if depth == maxPackDepth {
			p.buf = append(p.buf, 0xc0)
			return
		}
		p.table(v, depth+1)
	default:
		p.buf = append(p.buf, 0xc0)
	}
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// head appends the first bytes of what has a length: in the byte small up to a limit, then with 1 (if there is such a form), 2 and 4 bytes.
func (p *packer) head(n int, small byte, limit int, forms [3]byte) {
	switch {
	case n < limit:
		p.buf = append(p.buf, small|byte(n))
	case n <= math.MaxUint8 && forms[0] != 0:
		p.buf = append(p.buf, forms[0], byte(n))
	case n <= math.MaxUint16:
		p.buf = binary.BigEndian.AppendUint16(append(p.buf, forms[1]), uint16(n))
	default:
		p.buf = binary.BigEndian.AppendUint32(append(p.buf, forms[2]), uint32(n))
	}
}

func (p *packer) string(s string) {
	p.in.charge(int64(len(s)))
	p.in.work(int64(len(s) / bytesPerStep))
	p.head(len(s), 0xa0, 32, [3]byte{0xd9, 0xda, 0xdb})
	p.buf = append(p.buf, s...)
}

func (p *packer) double(f float64) {
	if math.IsNaN(f) {
		f = math.Float64frombits(0xfff8000000000000) // the bits differ between processors
	}
	if small := float32(f); float64(small) == f {
		p.buf = binary.BigEndian.AppendUint32(append(p.buf, 0xca), math.Float32bits(small))
		return
	}
	p.buf = binary.BigEndian.AppendUint64(append(p.buf, 0xcb), math.Float64bits(f))
}

func (p *packer) integer(n int64) {
	switch {
	case n >= 0 && n <= 127, n < 0 && n >= -32:
		p.buf = append(p.buf, byte(n))
	case n >= 0 && n <= math.MaxUint8:
		p.buf = append(p.buf, 0xcc, byte(n))
	case n >= 0 && n <= math.MaxUint16:
		p.buf = binary.BigEndian.AppendUint16(append(p.buf, 0xcd), uint16(n))
	case n >= 0 && n <= math.MaxUint32:
		p.buf = binary.BigEndian.AppendUint32(append(p.buf, 0xce), uint32(n))
	case n >= 0:
		p.buf = binary.BigEndian.AppendUint64(append(p.buf, 0xcf), uint64(n))
	case n >= math.MinInt8:
		p.buf = append(p.buf, 0xd0, byte(n))
	case n >= math.MinInt16:
		p.buf = binary.BigEndian.AppendUint16(append(p.buf, 0xd1), uint16(n))
	case n >= math.MinInt32:
		p.buf = binary.BigEndian.AppendUint32(append(p.buf, 0xd2), uint32(n))
	default:
		p.buf = binary.BigEndian.AppendUint64(append(p.buf, 0xd3), uint64(n))
	}
}

func (p *packer) table(t *Table, depth int) {
	p.in.work(int64(len(t.array)+len(t.nodes)) / 4)
	count, most, list := 0, 0.0, true
	t.each(func(k, _ Value) bool {
		count++
		f, ok := k.(float64)
		list = list && ok && f >= 1 && isInteger(f)
		most = max(most, f)
		return true
	})
	if list && most == float64(count) {
		p.head(count, 0x90, 16, [3]byte{0, 0xdc, 0xdd})
		for i := 1; i <= count; i++ {
			p.value(item(t, i), depth)
		}
		return
	}
	p.head(count, 0x80, 16, [3]byte{0, 0xde, 0xdf})
	t.each(func(k, v Value) bool {
		p.value(k, depth)
		p.value(v, depth)
		return true
	})
}
