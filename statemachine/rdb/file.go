package rdb

import "errors"

// A snapshot file is the word REDIS and the version of the format in four digits, then a row of items, each behind a byte that says what it is: the type
// of a value, which comes with its key, or one of the codes below. The end has a code of its own, and behind it, from version 5 on, is the
// checksum of all that came before, 8 bytes, little-endian; 0 says that there is none.
//
//	244 slot, keys, deadlines    how large the tables of a slot should be (lengths)
//	245 text                     a library of functions (a string)
//	247 module, when, values     what a module keeps besides keys
//	248 seconds                  for how long the next key was not used (a length)
//	249 counter                  how often the next key is used (a byte)
//	250 name, text               something about the file (strings)
//	251 keys, deadlines          how large the tables of the database should be (lengths)
//	252 time                     when the next key ends, in Unix milliseconds (8 bytes, little-endian)
//	253 time                     the same in seconds (4 bytes, little-endian)
//	254 number                   the database of what follows (a length)
//	255 checksum                 the end
const (
	fileMagic      = "REDIS"
	versionDigits  = 4
	checkedVersion = 5 // the first one with a checksum
	checksumBytes  = 8

	opcodeSlot       = 244
	opcodeFunctionRC = 246 // of releases before 7.0.0, in a form of its own
	opcodeModule     = 247
	opcodeIdle       = 248
	opcodeFrequency  = 249
	opcodeAux        = 250
	opcodeSizes      = 251
	opcodeExpireMS   = 252
	opcodeExpire     = 253
	opcodeDatabase   = 254
	opcodeEnd        = 255
)

// Types of values that are refused: their bytes cannot be understood without the module, or were never released.
const (
	typeModule  valueType = 6
	typeModule2 valueType = 7
)

// NewestFileVersion is the newest version of the format that FileReader reads and FileWriter writes: that of Redis 7.4.
const NewestFileVersion = newestVersion

// OldestWrittenVersion is the oldest version of the format that FileWriter writes: that of Redis 7.0.
const OldestWrittenVersion = version70

// Errors of files. Those of FileReader are wrapped in a FileError.
var (
	// ErrNotASnapshot is returned for a file that does not begin as one.
	ErrNotASnapshot = errors.New("it does not begin with the word REDIS and a version: this is no RDB file")
	// ErrNewerFile is returned for a file of a version that is not known.
	ErrNewerFile = errors.New("the file's version is newer than those that are read")
	// ErrCut is returned for a file that ends before its end.
	ErrCut = errors.New("the file ends in the middle")
	// ErrChecksum is returned for a file that is complete and not as it was written.
	ErrChecksum = errors.New("the checksum is another: the file is damaged")
	// ErrModule is returned for a value of a module.
	ErrModule = errors.New("a value of a module cannot be moved")
	// ErrTooLarge is returned for an item that is larger than the reader was told to take.
	ErrTooLarge = errors.New("it is larger than may be")
	// ErrNeedsNewer is returned for a value that the version of the file that is written cannot hold.
	ErrNeedsNewer = errors.New("fields of hashes with deadlines need version 12 of the format, which Redis reads since 7.4")
)
