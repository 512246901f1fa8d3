package statemachine

import "math"

// A place is kept as the score of a member of a sorted set: 52 bits, of which every other says in which half of what is left its longitude is,
// and those between them its latitude (https://redis.io/docs/latest/commands/geoadd/). So places that are near each other mostly have
// scores near each other, and all places in a cell of the grid are a range of scores.
//
// Every product is converted before it is added to something: see geo_trigonometry.go.
const (
	geoLongitudeMax = 180.0
	geoLatitudeMax  = 85.05112878
	// geoBits is how many bits of either coordinate a score has.
	geoBits = 26
	// earthRadius is in metres.
	earthRadius = 6372797.560856
)

// geoPoint is a place in degrees.
type geoPoint struct{ longitude, latitude float64 }

// isValid reports whether a score can keep the place.
func (p geoPoint) isValid() bool {
	return p.longitude >= -geoLongitudeMax && p.longitude <= geoLongitudeMax && p.latitude >= -geoLatitudeMax && p.latitude <= geoLatitudeMax
}

// geoCell is a cell of a grid of 1<<bits columns and rows.
type geoCell struct {
	column, row uint64
	bits        int
}

// geoCellOf is the cell that a place is in, with latitudes up to a highest one.
func geoCellOf(p geoPoint, bits int, latitudeMax float64) geoCell {
	return geoCell{column: geoIndex(p.longitude, geoLongitudeMax, bits), row: geoIndex(p.latitude, latitudeMax, bits), bits: bits}
}

// geoIndex is which of the parts from -most to most a coordinate is in.
func geoIndex(coordinate, most float64, bits int) uint64 {
	share := float64((coordinate + most) / (most + most))
	return uint64(uint32(float64(share * float64(uint64(1)<<bits))))
}

// score is the bits of both coordinates in turns.
func (c geoCell) score() uint64 { return spread(c.row) | spread(c.column)<<1 }

// geoCellOfScore is the smallest cell of a score.
func geoCellOfScore(score float64) geoCell {
	bits := scoreBits(score)
	return geoCell{column: gather(bits >> 1), row: gather(bits), bits: geoBits}
}

// scoreBits are the bits of any score, be it one that no GEOADD has made: conversions that do not fit are another thing on each processor.
func scoreBits(score float64) uint64 {
	const half = 1 << 63
	switch {
	case score >= 2*half:
		return 0
	case score >= half:
		return uint64(score)
	case score >= -half:
		return uint64(int64(score))
	}
	return half
}

// range52 are the scores of all places in a cell: from first to before end.
func (c geoCell) range52() (first, end float64) {
	shift := 2 * (geoBits - c.bits)
	return float64(c.score() << shift), float64((c.score() + 1) << shift)
}

// spread moves the lower 32 bits to the even places.
func spread(x uint64) uint64 {
	x &= 0xffffffff
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}

// gather is what spread spread.
func gather(x uint64) uint64 {
	x &= 0x5555555555555555
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return (x | x>>16) & 0x00000000ffffffff
}

// neighbour is the cell some columns and rows away; the grid ends nowhere.
func (c geoCell) neighbour(columns, rows int) geoCell {
	mask := uint64(1)<<c.bits - 1
	if columns != 0 {
		c.column = (c.column + uint64(columns)) & mask
	}
	if rows != 0 {
		c.row = (c.row + uint64(rows)) & mask
	}
	return c
}

// geoBox is an area between degrees.
type geoBox struct{ west, south, east, north float64 }

func (c geoCell) box() geoBox {
	west, east := geoEdges(c.column, geoLongitudeMax, c.bits)
	south, north := geoEdges(c.row, geoLatitudeMax, c.bits)
	return geoBox{west, south, east, north}
}

// geoEdges are the ends of a part of what is between -most and most.
func geoEdges(index uint64, most float64, bits int) (low, high float64) {
	parts := float64(uint64(1) << bits)
	edge := func(i uint64) float64 { return float64(-most + float64(float64(float64(i)/parts)*float64(most+most))) }
	return edge(index), edge(index + 1)
}

// center is the place in the middle.
func (b geoBox) center() geoPoint {
	middle := func(a, b, most float64) float64 { return max(-most, min(most, float64((a+b)/2))) }
	return geoPoint{middle(b.west, b.east, geoLongitudeMax), middle(b.south, b.north, geoLatitudeMax)}
}

// geoScore is the score that keeps a place.
func geoScore(p geoPoint) float64 { return float64(geoCellOf(p, geoBits, geoLatitudeMax).score()) }

// geoPlace is the place that a score keeps.
func geoPlace(score float64) geoPoint { return geoCellOfScore(score).box().center() }

// geoAlphabet are the digits of geohashes as others write them.
const geoAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz"

// geoHashText is a place as geohash.org writes it, with latitudes up to 90 degrees: 11 digits of 5 bits, for the last of which there are none.
func geoHashText(p geoPoint) string {
	const digits, digitBits = 11, 5
	bits := geoCellOf(p, geoBits, 90).score()
	text := make([]byte, digits)
	for i := range text {
		shift := 2*geoBits - (i+1)*digitBits
		text[i] = geoAlphabet[0]
		if shift >= 0 {
			text[i] = geoAlphabet[bits>>shift&(1<<digitBits-1)]
		}
	}
	return string(text)
}

// degree is in radians, computed from the double that is next to pi.
const degree = float64(math.Pi) / 180

func radians(degrees float64) float64 { return float64(degrees * degree) }

func degrees(radians float64) float64 { return float64(radians / degree) }

// distanceTo is the distance of two places on a sphere in metres, by the haversine formula.
func (p geoPoint) distanceTo(q geoPoint) float64 {
	v := sine(float64(float64(radians(q.longitude)-radians(p.longitude)) / 2))
	if v == 0 {
		return latitudeDistance(p.latitude, q.latitude)
	}
	low, high := radians(p.latitude), radians(q.latitude)
	u := sine(float64(float64(high-low) / 2))
	a := float64(u*u) + float64(float64(float64(float64(cosine(low)*cosine(high))*v)*v))
	return float64(2 * earthRadius * arcsine(min(1, math.Sqrt(float64(a)))))
}

// latitudeDistance is the distance in metres of two parallels.
func latitudeDistance(a, b float64) float64 {
	return float64(earthRadius * math.Abs(float64(radians(b)-radians(a))))
}
