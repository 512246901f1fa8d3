package rdb

// valueType is the byte that says how a value is encoded. Those that are missing are of modules, or were never released.
type valueType byte

const (
	typeString           valueType = 0
	typeList             valueType = 1
	typeSet              valueType = 2
	typeZSet             valueType = 3 // scores as text
	typeHash             valueType = 4
	typeZSet2            valueType = 5 // scores in binary
	typeHashZipmap       valueType = 9
	typeListZiplist      valueType = 10
	typeSetIntset        valueType = 11
	typeZSetZiplist      valueType = 12
	typeHashZiplist      valueType = 13
	typeListQuicklist    valueType = 14 // of ziplists
	typeStreamListpacks  valueType = 15
	typeHashListpack     valueType = 16
	typeZSetListpack     valueType = 17
	typeListQuicklist2   valueType = 18 // of listpacks and single elements
	typeStreamListpacks2 valueType = 19 // with what was ever added and removed
	typeSetListpack      valueType = 20
	typeStreamListpacks3 valueType = 21 // with when a consumer was active
	typeHashTimes        valueType = 24 // with times to live
	typeHashListpackEx   valueType = 25 // the same, as a listpack
)

// Versions of the format that brought types.
const (
	version70 = 10
	version72 = 11
	version74 = 12
	// newestVersion is the highest that is read.
	newestVersion = version74
)

// version is the version of the format that brought a type; those before 7.0 do not matter any more.
func (t valueType) version() uint16 {
	switch {
	case t >= typeHashTimes:
		return version74
	case t >= typeSetListpack:
		return version72
	}
	return version70
}
