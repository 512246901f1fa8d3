package statemachine

import (
	"math"
	"slices"
)

// geoShape is an area to be searched: a circle, or a box whose sides are as long as it says at its center's latitude.
type geoShape struct {
	center geoPoint
	// unit is how many metres the unit of the others has.
	unit          float64
	radius        float64 // of a circle
	width, height float64 // of a box
	isBox         bool
}

// latitudeSlack is more than what rounding makes of a distance.
const latitudeSlack = 1 + 1e-9

// distance is how far a place is from the center in metres; in says whether it is in the area.
func (s *geoShape) distance(p geoPoint) (metres float64, in bool) {
	if s.isBox {
		if latitudeDistance(p.latitude, s.center.latitude) > float64(s.height*s.unit)/2 ||
			p.distanceTo(geoPoint{s.center.longitude, p.latitude}) > float64(s.width*s.unit)/2 {
			return 0, false
		}
		return s.center.distanceTo(p), true
	}
	most := float64(s.radius * s.unit)
	if latitudeDistance(p.latitude, s.center.latitude) > float64(most*latitudeSlack) {
		return 0, false // by far less computing
	}
	metres = s.center.distanceTo(p)
	return metres, metres <= most
}

// reach is how far the area goes from its center in metres: to a corner of a box.
func (s *geoShape) reach() float64 {
	if s.isBox {
		return float64(s.unit * math.Sqrt(float64(float64(s.width/2*(s.width/2))+float64(s.height/2*(s.height/2)))))
	}
	return float64(s.unit * s.radius)
}

// bounds is a box of degrees around the area. A parallel is the shorter the nearer it is to a pole, so the pole's side is what counts.
func (s *geoShape) bounds() geoBox {
	width, height := float64(s.unit*s.radius), float64(s.unit*s.radius)
	if s.isBox {
		width, height = float64(s.unit*(s.width/2)), float64(s.unit*(s.height/2))
	}
	up := degrees(height / earthRadius)
	edge := s.center.latitude + up
	if s.center.latitude < 0 {
		edge = s.center.latitude - up
	}
	aside := degrees(width / earthRadius / cosine(radians(edge)))
	return geoBox{west: s.center.longitude - aside, south: s.center.latitude - up, east: s.center.longitude + aside, north: s.center.latitude + up}
}

// mercatorMax is half of the length of the equator in metres, about.
const mercatorMax = 20037726.37

// mostTooFine is how many bits gridBits takes away in the end at most.
const mostTooFine = 4

// gridBits is how fine a grid is of which nine cells cover what is so many metres away, as a rule. Towards the poles they are narrower.
func gridBits(metres, latitude float64) int {
	if metres == 0 {
		return geoBits
	}
	bits := 1
	for metres < mercatorMax && bits < geoBits+mostTooFine {
		metres *= 2
		bits++
	}
	bits -= 2
	if latitude = math.Abs(latitude); latitude > 66 {
		bits--
	}
	if latitude > 80 {
		bits--
	}
	return max(1, min(geoBits, bits))
}

// geoDirections are a cell and its neighbours, in the order in which they are searched.
var geoDirections = [...]struct{ columns, rows int }{{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}}

// cells are cells that cover the area: the center's and those of its neighbours that are needed, each once.
func (s *geoShape) cells() []geoCell {
	bounds := s.bounds()
	bits := gridBits(s.reach(), s.center.latitude)
	center := geoCellOf(s.center, bits, geoLatitudeMax)
	if bits > 1 && !center.neighboursCover(bounds) {
		bits--
		center = geoCellOf(s.center, bits, geoLatitudeMax)
	}
	box := center.box()
	var found []geoCell
	for _, d := range geoDirections {
		needless := d.rows < 0 && box.south < bounds.south || d.rows > 0 && box.north > bounds.north ||
			d.columns < 0 && box.west < bounds.west || d.columns > 0 && box.east > bounds.east
		cell := center.neighbour(d.columns, d.rows)
		if bits >= 2 && needless || slices.Contains(found, cell) {
			continue
		}
		found = append(found, cell)
	}
	return found
}

// neighboursCover reports whether the neighbours of a cell reach beyond an area.
func (c geoCell) neighboursCover(area geoBox) bool {
	return c.neighbour(0, 1).box().north >= area.north && c.neighbour(0, -1).box().south <= area.south &&
		c.neighbour(1, 0).box().east >= area.east && c.neighbour(-1, 0).box().west <= area.west
}

// geoFound is a member in an area.
type geoFound struct {
	member []byte
	score  float64
	place  geoPoint
	metres float64
}

// search returns the members of a sorted set that are in the area, in the order of the cells; most, if not 0, is how many at most. Their
// bytes are the set's.
func (s *geoShape) search(z *sortedSet, most int64) (found []geoFound) {
	for _, cell := range s.cells() {
		first, end := cell.range52()
		from, to := z.span(memberRange{
			below: func(e element) bool { return e.score() < first },
			above: func(e element) bool { return e.score() >= end },
		}, false)
		z.walk(from, to-from, false, func(e element) bool {
			place := geoPlace(e.score())
			if metres, in := s.distance(place); in {
				found = append(found, geoFound{e.name, e.score(), place, metres})
			}
			return most == 0 || int64(len(found)) < most
		})
		if most != 0 && int64(len(found)) >= most {
			break
		}
	}
	return found
}
