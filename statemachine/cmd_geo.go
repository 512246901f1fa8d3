package statemachine

import (
	"fmt"
	"strconv"
)

var geoCommands = []Command{
	{Name: "GEOADD", Arity: -5, Flags: Write | DenyOOM, Keys: firstKey, Group: groupGeo, Since: "3.2.0",
		Complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
		Summary:    "Adds one or more members to a geospatial index. The key is created if it doesn't exist.",
		Syntax:     "key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]", Run: geoadd},
	{Name: "GEOPOS", Arity: -2, Flags: ReadOnly, Keys: firstKey, Group: groupGeo, Since: "3.2.0",
		Complexity: "O(1) for each member requested.",
		Summary:    "Returns the longitude and latitude of members from a geospatial index.", Syntax: "key [member [member ...]]", Run: geopos},
	{Name: "GEODIST", Arity: -4, Flags: ReadOnly, Keys: firstKey, Group: groupGeo, Since: "3.2.0", Complexity: "O(1)",
		Summary: "Returns the distance between two members of a geospatial index.",
		Syntax:  "key member1 member2 [M | KM | FT | MI]", Run: geodist},
	{Name: "GEOHASH", Arity: -2, Flags: ReadOnly, Keys: firstKey, Group: groupGeo, Since: "3.2.0",
		Complexity: "O(1) for each member requested.",
		Summary:    "Returns members from a geospatial index as geohash strings.", Syntax: "key [member [member ...]]", Run: geohash},
}

// Redis's error texts of places.
const (
	errGeoUnit   = "ERR unsupported unit provided. please use M, KM, FT, MI"
	errGeoMember = "ERR could not decode requested zset member"
)

// geoPointArgs reads a longitude and a latitude, or replies the error.
func geoPointArgs(args Args, reply Reply) (p geoPoint, ok bool) {
	if p.longitude, ok = doubleArg(args[0], errNotFloat, reply); !ok {
		return p, false
	}
	if p.latitude, ok = doubleArg(args[1], errNotFloat, reply); !ok {
		return p, false
	}
	if !p.isValid() {
		reply.Error(fmt.Sprintf("ERR invalid longitude,latitude pair %s,%s", sixDecimals(p.longitude), sixDecimals(p.latitude)))
		return p, false
	}
	return p, true
}

// sixDecimals writes a double as C's %f does.
func sixDecimals(f float64) string {
	if text := AppendDouble(nil, f); f-f != 0 { // infinite
		return string(text)
	}
	return strconv.FormatFloat(f, 'f', 6, 64)
}

// geoUnit reads a unit of length in metres, or replies the error.
func geoUnit(arg []byte, reply Reply) (metres float64, ok bool) {
	switch {
	case is(arg, "M"):
		return 1, true
	case is(arg, "KM"):
		return 1000, true
	case is(arg, "FT"):
		return 0.3048, true
	case is(arg, "MI"):
		return 1609.34, true
	}
	reply.Error(errGeoUnit)
	return 0, false
}

// geoadd: GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...].
func geoadd(tx *Tx, args Args, reply Reply) {
	var o zaddOptions
	i := 2
	for i < len(args) && (is(args[i], "NX") || is(args[i], "XX") || is(args[i], "CH")) {
		o.take(args[i])
		i++
	}
	triples := args[i:]
	if len(triples)%3 != 0 || o.nx && o.xx {
		reply.Error(errSyntax)
		return
	}
	members := make([]ranked, 0, len(triples)/3)
	for ; len(triples) > 0; triples = triples[3:] {
		p, ok := geoPointArgs(triples, reply)
		if !ok {
			return
		}
		members = append(members, ranked{triples[2], geoScore(p)})
	}
	if len(members) == 0 {
		reply.Error(errSyntax)
		return
	}
	addMembers(tx, args[1], o, members, reply)
}

// geoMember is the place of a member; ok is false if it is missing. o may be nil.
func geoMember(tx *Tx, o *Object, member []byte) (p geoPoint, ok bool) {
	if o == nil {
		return p, false
	}
	z := tx.sortedSet(o)
	e, ok := z.find(member)
	if !ok {
		return p, false
	}
	return geoPlace(e.score()), true
}

// geopos: GEOPOS key [member [member ...]].
func geopos(tx *Tx, args Args, reply Reply) {
	o, ok := tx.lookupKind(args[1], KindZSet, reply)
	if !ok {
		return
	}
	reply.Array(len(args) - 2)
	for _, member := range args[2:] {
		if p, ok := geoMember(tx, o, member); ok {
			replyPlace(p, reply)
		} else {
			reply.NullArray()
		}
	}
}

// replyPlace replies coordinates, with no more than 17 decimals.
func replyPlace(p geoPoint, reply Reply) {
	reply.Array(2)
	for _, coordinate := range [2]float64{p.longitude, p.latitude} {
		text := appendHuman(nil, coordinate)
		if shown, err := strconv.ParseFloat(string(text), 64); err == nil && reply.Protocol() != 2 {
			reply.Double(shown)
		} else {
			reply.Bulk(text)
		}
	}
}

// geodist: GEODIST key member1 member2 [M | KM | FT | MI].
func geodist(tx *Tx, args Args, reply Reply) {
	unit, ok := 1.0, true
	switch len(args) {
	case 4:
	case 5:
		if unit, ok = geoUnit(args[4], reply); !ok {
			return
		}
	default:
		reply.Error(errSyntax)
		return
	}
	o, ok := tx.lookupKind(args[1], KindZSet, reply)
	if !ok {
		return
	}
	p, okP := geoMember(tx, o, args[2])
	q, okQ := geoMember(tx, o, args[3])
	if !okP || !okQ {
		reply.Null()
		return
	}
	replyDistance(p.distanceTo(q)/unit, reply)
}

// replyDistance replies a distance with four decimals.
func replyDistance(distance float64, reply Reply) {
	reply.BulkString(strconv.FormatFloat(distance, 'f', 4, 64))
}

// geohash: GEOHASH key [member [member ...]].
func geohash(tx *Tx, args Args, reply Reply) {
	o, ok := tx.lookupKind(args[1], KindZSet, reply)
	if !ok {
		return
	}
	reply.Array(len(args) - 2)
	for _, member := range args[2:] {
		if p, ok := geoMember(tx, o, member); ok {
			reply.BulkString(geoHashText(p))
		} else {
			reply.Null()
		}
	}
}
