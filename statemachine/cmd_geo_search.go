package statemachine

import (
	"cmp"
	"slices"
)

var geoSearchCommands = []Command{
	{Name: "GEOSEARCH", Arity: -7, Flags: ReadOnly, Keys: firstKey, Group: groupGeo, Since: "6.2.0", Complexity: areaComplexity,
		Summary: "Queries a geospatial index for members inside an area of a box or a circle.",
		Syntax:  "key " + areaSyntax + " [WITHCOORD] [WITHDIST] [WITHHASH]", Run: geosearch(geoForm{areaOptions: true, base: 2})},
	{Name: "GEOSEARCHSTORE", Arity: -8, Flags: Write | DenyOOM, Keys: twoKeys, Group: groupGeo, Since: "6.2.0", Complexity: areaComplexity,
		Summary: "Queries a geospatial index for members inside an area of a box or a circle, optionally stores the result.",
		Syntax:  "destination source " + areaSyntax + " [STOREDIST]", Run: geosearch(geoForm{areaOptions: true, stores: true, base: 3})},
	{Name: "GEORADIUS", Arity: -6, Flags: Write | DenyOOM | MovableKeys, Keys: firstKey, Group: groupGeo, Since: "3.2.0", Complexity: radiusComplexity,
		Summary: "Queries a geospatial index for members within a distance from a coordinate, optionally stores the result.",
		Syntax:  "key longitude latitude radius " + radiusSyntax + " [STORE key | STOREDIST key]", Run: geosearch(geoForm{base: 6})},
	{Name: "GEORADIUS_RO", Arity: -6, Flags: ReadOnly, Keys: firstKey, Group: groupGeo, Since: "3.2.10", Complexity: radiusComplexity,
		Summary: "Returns members from a geospatial index that are within a distance from a coordinate.",
		Syntax:  "key longitude latitude radius " + radiusSyntax, Run: geosearch(geoForm{readOnly: true, base: 6})},
	{Name: "GEORADIUSBYMEMBER", Arity: -5, Flags: Write | DenyOOM | MovableKeys, Keys: firstKey, Group: groupGeo, Since: "3.2.0", Complexity: radiusComplexity,
		Summary: "Queries a geospatial index for members within a distance from a member, optionally stores the result.",
		Syntax:  "key member radius " + radiusSyntax + " [STORE key | STOREDIST key]", Run: geosearch(geoForm{base: 5})},
	{Name: "GEORADIUSBYMEMBER_RO", Arity: -5, Flags: ReadOnly, Keys: firstKey, Group: groupGeo, Since: "3.2.10", Complexity: radiusComplexity,
		Summary: "Returns members from a geospatial index that are within a distance from a member.",
		Syntax:  "key member radius " + radiusSyntax, Run: geosearch(geoForm{readOnly: true, base: 5})},
}

const (
	areaSyntax = "<FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | " +
		"BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]]"
	radiusSyntax   = "<M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]"
	areaComplexity = "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter " +
		"and M is the number of items inside the shape"
	radiusComplexity = "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius " +
		"and M is the number of items inside the index."

	errGeoCount      = "ERR COUNT must be > 0"
	errGeoAny        = "ERR the ANY argument requires COUNT argument"
	errGeoStoreStart = "ERR STORE option in GEORADIUS"
	errGeoStoreOwn   = "ERR GEOSEARCHSTORE"
	errGeoStore      = " is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
	errGeoFrom       = "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for "
	errGeoBy         = "ERR exactly one of BYRADIUS and BYBOX can be specified for "
	errGeoRadius     = "ERR need numeric radius"
	errGeoNegative   = "ERR radius cannot be negative"
	errGeoWidth      = "ERR need numeric width"
	errGeoHeight     = "ERR need numeric height"
	errGeoBox        = "ERR height or width cannot be negative"
)

// geoForm is what a command of these says by its name.
type geoForm struct {
	areaOptions bool // GEOSEARCH and GEOSEARCHSTORE: the options say the area
	stores      bool // GEOSEARCHSTORE
	readOnly    bool // it has no option STORE
	base        int  // where the options begin
}

// geoSearch is a call.
type geoSearch struct {
	geoForm
	geoShape
	name []byte
	o    *Object // nil: the key is missing

	withDist, withHash, withCoord      bool
	ascending, descending, any         bool
	count                              int64
	byMember, byPlace, inCircle, inBox bool
	// storeKey is where the members are stored, nil if they are replied.
	storeKey  []byte
	storeDist bool
}

// geosearch: GEOSEARCH, GEOSEARCHSTORE, GEORADIUS, GEORADIUSBYMEMBER and those that only read.
func geosearch(form geoForm) func(*Tx, Args, Reply) {
	return func(tx *Tx, args Args, reply Reply) {
		g := geoSearch{geoForm: form, name: args[0]}
		source := args[1]
		if form.stores {
			g.storeKey, source = args[1], args[2]
		}
		var ok bool
		if g.o, ok = tx.lookupKind(source, KindZSet, reply); !ok {
			return
		}
		if !g.parseArea(tx, args, reply) || !g.parseOptions(tx, args[form.base:], reply) || !g.check(reply) {
			return
		}
		if g.count != 0 && !g.descending && !g.any {
			g.ascending = true // the nearest
		}
		if g.storeKey != nil {
			g.store(tx, reply)
			return
		}
		found := g.find(tx)
		reply.Array(len(found))
		for i := range found {
			g.reply(&found[i], reply)
		}
	}
}

// parseArea reads what GEORADIUS has in front of its options, or replies the error.
func (g *geoSearch) parseArea(tx *Tx, args Args, reply Reply) (ok bool) {
	switch {
	case g.areaOptions:
		return true
	case g.base == 6:
		if g.center, ok = geoPointArgs(args[2:], reply); !ok {
			return false
		}
	case g.o == nil:
		return true // what else is wrong with the call is found all the same
	default:
		if g.center, ok = geoMember(tx, g.o, args[2]); !ok {
			reply.Error(errGeoMember)
			return false
		}
	}
	return g.parseRadius(args[g.base-2:], reply)
}

// parseRadius reads radius unit.
func (g *geoSearch) parseRadius(args Args, reply Reply) (ok bool) {
	if g.radius, ok = doubleArg(args[0], errGeoRadius, reply); !ok {
		return false
	}
	if g.radius < 0 {
		reply.Error(errGeoNegative)
		return false
	}
	g.unit, ok = geoUnit(args[1], reply)
	return ok
}

// parseBox reads width height unit.
func (g *geoSearch) parseBox(args Args, reply Reply) (ok bool) {
	if g.width, ok = doubleArg(args[0], errGeoWidth, reply); !ok {
		return false
	}
	if g.height, ok = doubleArg(args[1], errGeoHeight, reply); !ok {
		return false
	}
	if g.width < 0 || g.height < 0 {
		reply.Error(errGeoBox)
		return false
	}
	g.isBox = true
	g.unit, ok = geoUnit(args[2], reply)
	return ok
}

func (g *geoSearch) parseOptions(tx *Tx, options Args, reply Reply) bool {
	for len(options) > 0 {
		taken, ok := g.parseOption(options, reply)
		if !ok {
			return false
		}
		if taken == 0 {
			if taken, ok = g.parsePlace(tx, options, reply); !ok {
				return false
			}
		}
		if taken == 0 {
			reply.Error(errSyntax)
			return false
		}
		options = options[taken:]
	}
	return true
}

// parseOption reads an option that says what becomes of the members found, and returns how many arguments that takes; 0 if it is none.
func (g *geoSearch) parseOption(options Args, reply Reply) (taken int, ok bool) {
	option, more := options[0], len(options) > 1
	switch {
	case is(option, "WITHDIST"):
		g.withDist = true
	case is(option, "WITHHASH"):
		g.withHash = true
	case is(option, "WITHCOORD"):
		g.withCoord = true
	case is(option, "ANY"):
		g.any = true
	case is(option, "ASC"):
		g.ascending, g.descending = true, false
	case is(option, "DESC"):
		g.ascending, g.descending = false, true
	case is(option, "COUNT") && more:
		if g.count, ok = intArg(options[1], reply); !ok {
			return 0, false
		}
		if g.count <= 0 {
			reply.Error(errGeoCount)
			return 0, false
		}
		return 2, true
	case !g.areaOptions && !g.readOnly && more && (is(option, "STORE") || is(option, "STOREDIST")):
		g.storeKey, g.storeDist = options[1], is(option, "STOREDIST")
		return 2, true
	case g.stores && is(option, "STOREDIST"):
		g.storeDist = true
	default:
		return 0, true
	}
	return 1, true
}

// parsePlace reads an option of GEOSEARCH that says where to search, as parseOption.
func (g *geoSearch) parsePlace(tx *Tx, options Args, reply Reply) (taken int, ok bool) {
	option := options[0]
	switch {
	case !g.areaOptions:
		return 0, true
	case is(option, "FROMMEMBER") && len(options) > 1 && !g.byPlace:
		if g.byMember = true; g.o == nil {
			return 2, true
		}
		if g.center, ok = geoMember(tx, g.o, options[1]); !ok {
			reply.Error(errGeoMember)
		}
		return 2, ok
	case is(option, "FROMLONLAT") && len(options) > 2 && !g.byMember:
		g.byPlace = true
		g.center, ok = geoPointArgs(options[1:], reply)
		return 3, ok
	case is(option, "BYRADIUS") && len(options) > 2 && !g.inBox:
		g.inCircle = true
		return 3, g.parseRadius(options[1:], reply)
	case is(option, "BYBOX") && len(options) > 3 && !g.inCircle:
		g.inBox = true
		return 4, g.parseBox(options[1:], reply)
	}
	return 0, true
}

// check replies what is wrong with the options together.
func (g *geoSearch) check(reply Reply) (ok bool) {
	switch {
	case g.storeKey != nil && (g.withDist || g.withHash || g.withCoord):
		if g.stores {
			reply.Error(errGeoStoreOwn + errGeoStore)
		} else {
			reply.Error(errGeoStoreStart + errGeoStore)
		}
	case g.areaOptions && !g.byMember && !g.byPlace:
		reply.Error(oneLine(errGeoFrom + string(g.name)))
	case g.areaOptions && !g.inCircle && !g.inBox:
		reply.Error(oneLine(errGeoBy + string(g.name)))
	case g.any && g.count == 0:
		reply.Error(errGeoAny)
	default:
		return true
	}
	return false
}

// find returns the members in the area, sorted and as many as asked for.
func (g *geoSearch) find(tx *Tx) []geoFound {
	if g.o == nil {
		return nil
	}
	most := int64(0)
	if g.any {
		most = g.count
	}
	z := tx.sortedSet(g.o)
	found := g.geoShape.search(&z, most)
	switch {
	case g.ascending:
		slices.SortStableFunc(found, func(a, b geoFound) int { return cmp.Compare(a.metres, b.metres) })
	case g.descending:
		slices.SortStableFunc(found, func(a, b geoFound) int { return cmp.Compare(b.metres, a.metres) })
	}
	if g.count != 0 && int64(len(found)) > g.count {
		found = found[:g.count]
	}
	return found
}

// reply replies a member with what was asked for of it.
func (g *geoSearch) reply(f *geoFound, reply Reply) {
	more := 0
	for _, with := range [...]bool{g.withDist, g.withHash, g.withCoord} {
		if with {
			more++
		}
	}
	if more > 0 {
		reply.Array(1 + more)
	}
	reply.Bulk(f.member)
	if g.withDist {
		replyDistance(f.metres/g.unit, reply)
	}
	if g.withHash {
		reply.Int(int64(scoreBits(f.score)))
	}
	if g.withCoord {
		replyPlace(f.place, reply)
	}
}

// store makes a sorted set of the members, with their scores or their distances.
func (g *geoSearch) store(tx *Tx, reply Reply) {
	var found copied
	for _, f := range g.find(tx) {
		score := f.score
		if g.storeDist {
			score = f.metres / g.unit
		}
		found.add(f.member, score)
	}
	event := "georadiusstore"
	if g.stores {
		event = "geosearchstore"
	}
	storeMembers(tx, g.storeKey, found.members, event, reply)
}
