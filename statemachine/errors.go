package statemachine

import (
	"bytes"
	"fmt"
	"strings"
)

// Redis's error texts about users, word for word.
const (
	errUserName    = "ERR Usernames can't contain spaces or null characters"
	errUserDefault = "ERR The 'default' user cannot be removed"
	errSortBy      = "ERR BY option of SORT denied due to insufficient ACL permissions."
	errSortGet     = "ERR GET option of SORT denied due to insufficient ACL permissions."
)

// Error texts about users that Redis does not have.
const (
	errUserNameLength = "ERR the username is longer than the limit of 1024 bytes"                      // maxUserName
	errPopulate       = "ERR DEBUG POPULATE makes at most 1000000 keys of 536870912 bytes together"    // mostPopulated, mostPopulatedBytes
	errUserTooLarge   = "ERR the rules of the user are longer than the limit of 262144 bytes together" // maxUserBytes
)

// Redis's error texts, word for word.
const (
	errWrongType        = "WRONGTYPE Operation against a key holding the wrong kind of value"
	errSyntax           = "ERR syntax error"
	errNotInteger       = "ERR value is not an integer or out of range"
	errNotInt32         = "ERR value is out of range, value must between -2147483648 and 2147483647"
	errOutOfRange       = "ERR value is out of range"
	errNotPositive      = "ERR value is out of range, must be positive"
	errNotFloat         = "ERR value is not a valid float"
	errNaN              = "ERR increment would produce NaN or Infinity"
	errInfinite         = "ERR value is NaN or Infinity"
	errHashNotInteger   = "ERR hash value is not an integer"
	errHashNotFloat     = "ERR hash value is not a float"
	errIncrOverflow     = "ERR increment or decrement would overflow"
	errDecrOverflow     = "ERR decrement would overflow"
	errStringTooLong    = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	errOffset           = "ERR offset is out of range"
	errHashSlot         = "ERR Invalid slot"
	errSlotOrCount      = "ERR Invalid slot or number of keys"
	errNoKey            = "ERR no such key"
	errSameObject       = "ERR source and destination objects are the same"
	errSettingBounds    = "ERR a setting has no name, or is too long, or there are too many"
	errDatabase         = "ERR DB index is out of range"
	errFirstDatabase    = "ERR invalid first DB index"
	errSecondDatabase   = "ERR invalid second DB index"
	errCursor           = "ERR invalid cursor"
	errNumkeys          = "ERR numkeys should be greater than 0"
	errTooManyKeys      = "ERR Number of keys can't be greater than number of args"
	errNegativeLimit    = "ERR LIMIT can't be negative"
	errNoValues         = "ERR NOVALUES option can only be used in HSCAN"
	errExpireNX         = "ERR NX and XX, GT or LT options at the same time are not compatible"
	errExpireGTLT       = "ERR GT and LT options at the same time are not compatible"
	errLCSBoth          = "ERR If you want both the length and indexes, please just use IDX."
	errLCSType          = "ERR The specified keys must contain string values"
	errLCSTooLong       = "ERR String too long for LCS"
	errLCSMemory        = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"
	errBitOffset        = "ERR bit offset is not an integer or out of range"
	errBit              = "ERR bit is not an integer or out of range"
	errBitArgument      = "ERR The bit argument must be 1 or 0."
	errBitfieldType     = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
	errBitfieldOverflow = "ERR Invalid OVERFLOW type specified"
	errBitfieldReadOnly = "ERR BITFIELD_RO only supports the GET subcommand"
	errNotHLL           = "WRONGTYPE Key is not a valid HyperLogLog string value."
	errCorruptHLL       = "INVALIDOBJ Corrupted HLL object detected"
	errHLLKey           = "ERR The specified key does not exist"
	errHLLNotSparse     = "ERR HLL encoding is not sparse"
	errDigest           = "ERR must be exactly 16 hexadecimal characters"
	errComparison       = "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"
	errComparisonType   = "ERR Key should be of string type if conditions are specified"
	errMsetexNumkeys    = "ERR invalid numkeys value"
	errPairs            = "ERR wrong number of key-value pairs"
	errBusyKey          = "BUSYKEY Target key name already exists."
	errTTL              = "ERR Invalid TTL value, must be >= 0"
	errIdleTime         = "ERR Invalid IDLETIME value, must be >= 0"
	errFrequency        = "ERR Invalid FREQ value, must be >= 0 and <= 255"
	errDumpFooter       = "ERR DUMP payload version or checksum are wrong"
	errBadFormat        = "ERR Bad data format"
	errOOM              = "OOM command not allowed when used memory > 'maxmemory'."
	errScriptOOM        = "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
	errLFU              = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
	errNotLFU           = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
	errVersionOverflow  = "ERR version would overflow"
	errVersion          = "ERR version is not an integer or out of range"
	errChannelTooLong   = "ERR the channel's name is longer than the limit of 65536 bytes" // maxChannelBytes
	errUndecodable      = "ERR the log holds bytes here that are no command; nothing was changed"
	errStreamID         = "ERR Invalid stream ID specified as stream command argument"
	errStreamStart      = "ERR invalid start ID for the interval"
	errStreamEnd        = "ERR invalid end ID for the interval"
	errStreamZero       = "ERR The ID specified in XADD must be greater than 0-0"
	errStreamSmall      = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
	errStreamFull       = "ERR The stream has exhausted the last possible ID, unable to add more items"
	errTrimBoth         = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
	errTrimLength       = "ERR The MAXLEN argument must be >= 0."
	errTrimLimit        = "ERR The LIMIT argument must be >= 0."
	errTrimNoStrategy   = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
	errTrimExact        = "ERR syntax error, LIMIT cannot be used without the special ~ option"
	errTrimNothing      = "ERR syntax error, XTRIM must be called with a trimming strategy"
	errAddedNegative    = "ERR entries_added must be positive"
	errSetIDDeletedArg  = "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
	errSetIDDeleted     = "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
	errSetIDSmall       = "ERR The ID specified in XSETID is smaller than the target stream top item"
	errSetIDAdded       = "ERR The entries_added specified in XSETID is smaller than the target stream length"
	errGroupExists      = "BUSYGROUP Consumer Group name already exists"
	errGroupNoStream    = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
	errEntriesRead      = "ERR value for ENTRIESREAD must be positive or -1"
	errReadGroupOption  = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."
	errReadNoAck        = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."
	errReadNoGroup      = "ERR Missing GROUP option for XREADGROUP"
	errReadDollar       = "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."
	errReadGreater      = "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
	errClaimIdle        = "ERR Invalid min-idle-time argument for XCLAIM"
	errAutoclaimIdle    = "ERR Invalid min-idle-time argument for XAUTOCLAIM"
	errAutoclaimCount   = "ERR COUNT must be > 0"
	errTimeout          = "ERR timeout is not a float or out of range"
	errTimeoutRange     = "ERR timeout is out of range"
	errTimeoutInteger   = "ERR timeout is not an integer or out of range"
	errTimeoutNegative  = "ERR timeout is negative"
	errIndex            = "ERR index out of range"
	errCountPositive    = "ERR count should be greater than 0"
	errCountNegative    = "ERR COUNT can't be negative"
	errMaxlenNegative   = "ERR MAXLEN can't be negative"
	errRankZero         = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"
	errRankRange        = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
	errNotInLog         = "ERR this command does not belong into the log; nothing was changed"
	errWriteInView      = "ERR a command that writes cannot run as a read; nothing was changed"
	errScriptUnknown    = "ERR Unknown Redis command called from script"
	errScriptArity      = "ERR Wrong number of args calling Redis command from script"
	errScriptForbidden  = "ERR This Redis command is not allowed from script"
	errScriptReadOnly   = "ERR Write commands are not allowed from read-only scripts."
	errScriptNotRO      = "ERR Can not execute a script with write flag using *_ro command."
	errNoScript         = "NOSCRIPT No matching script. Please use EVAL."
	errNegativeKeys     = "ERR Number of keys can't be negative"
	errBadKeys          = "ERR Bad number of keys provided"
	errNotBusy          = "NOTBUSY No scripts in execution right now."
	errScriptsFull      = "ERR the scripts and libraries that are loaded are at their limit: SCRIPT FLUSH or FUNCTION DELETE make room"
	errScriptFlush      = "ERR SCRIPT FLUSH only support SYNC|ASYNC option"
	errScriptDebug      = "ERR Use SCRIPT DEBUG YES/SYNC/NO"
	errNoDebugger       = "ERR there is no debugger for scripts: they run on every node"
	errNoFunction       = "ERR Function not found"
	errNoLibrary        = "ERR Library not found"
	errFunctionFlush    = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"
	errLibraryArgument  = "ERR library name argument was not given"
	errRestorePolicy    = "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."
	errBadLibrary       = "ERR failed loading library data from payload"
	errNotFunctions     = "ERR given type is not a function"
	maxErrorNameBytes   = 128 // what of a name and of the arguments an error repeats
	errUnsupportedStart = "ERR Unsupported option "
)

// Those of fields that expire.
const (
	errFieldsMissing     = "ERR Mandatory argument FIELDS is missing or not at the right position"
	errFieldsNumber      = "ERR The `numfields` parameter must match the number of arguments"
	errFieldsPositive    = "ERR Parameter `numFields` should be greater than 0"
	errFieldsNotPositive = "ERR Number of fields must be a positive integer"
	errNumberOfFields    = "ERR invalid number of fields"
	errNegativeExpire    = "ERR invalid expire time, must be >= 0"
	errMissingExpire     = "ERR missing expire time"
	errOneExpiry         = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"
	errOneCondition      = "ERR Only one of FXX or FNX arguments can be specified"
)

// wrongArguments is the error for a command called with too few or too many arguments; name is in lower case, with a
// container's and a subcommand's joined by "|".
func wrongArguments(name string) string {
	return "ERR wrong number of arguments for '" + name + "' command"
}

// invalidExpire is the error for a time to live that is out of range.
func invalidExpire(name string) string {
	return "ERR invalid expire time in '" + strings.ToLower(name) + "' command"
}

// outOfRange is the error for an integer that is not between two bounds.
func outOfRange(least, most int64) string {
	return fmt.Sprintf("ERR value is out of range, value must between %d and %d", least, most)
}

// unknownCommand is the error for a name that is not in the table.
func unknownCommand(args Args) string {
	var text, rest strings.Builder
	text.WriteString("ERR unknown command '")
	text.Write(clip(args[0], maxErrorNameBytes))
	text.WriteString("', with args beginning with: ")
	for _, arg := range args[1:] {
		if rest.Len() >= maxErrorNameBytes {
			break
		}
		arg = clip(arg, maxErrorNameBytes-rest.Len())
		rest.WriteByte('\'')
		rest.Write(arg)
		rest.WriteString("' ")
	}
	text.WriteString(rest.String())
	return oneLine(text.String())
}

// errUnbalancedStreams is the error for streams and ids of different numbers.
func errUnbalancedStreams(name string, isGroup bool) string {
	symbol := "$"
	if isGroup {
		symbol = ">"
	}
	return "ERR Unbalanced '" + name + "' list of streams: for each stream key an ID or '" + symbol + "' must be specified."
}

// The errors for a key or a consumer group that is not there.
func errNoGroup(key, group []byte) string {
	return "NOGROUP No such key '" + Excerpt(key) + "' or consumer group '" + Excerpt(group) + "'"
}

func errNoGroupToRead(key, group []byte) string {
	return errNoGroup(key, group) + " in XREADGROUP with GROUP option"
}

func errNoGroupForKey(group, key []byte) string {
	return "NOGROUP No such consumer group '" + Excerpt(group) + "' for key name '" + Excerpt(key) + "'"
}

// errClaimOption is the error for an option that XCLAIM does not have.
func errClaimOption(option []byte) string {
	return "ERR Unrecognized XCLAIM option '" + Excerpt(option) + "'"
}

// unknownSubcommand is the error for a name that its container does not have.
func unknownSubcommand(container string, name []byte) string {
	return "ERR unknown subcommand '" + Excerpt(name) + "'. Try " + container + " HELP."
}

// BadSubcommand is the error for a call whose arguments do not fit its subcommand, which finds that out by itself.
func BadSubcommand(args Args) string {
	return "ERR unknown subcommand or wrong number of arguments for '" + Excerpt(args[1]) + "'. Try " + strings.ToUpper(string(args[0])) + " HELP."
}

// Excerpt is what an error repeats of an argument in the middle of its text.
func Excerpt(arg []byte) string { return newlines.Replace(string(clip(arg, maxErrorNameBytes))) }

// clip is what an error repeats of a client's bytes: n at most, and as C's functions see them, no further than a NUL.
func clip(b []byte, n int) []byte {
	b, _, _ = bytes.Cut(b, []byte{0})
	if len(b) > n {
		return b[:n]
	}
	return b
}

var newlines = strings.NewReplacer("\r", " ", "\n", " ")

// oneLine keeps what a client sent from ending the error reply. As in Redis, newlines at its end are left out.
func oneLine(text string) string { return newlines.Replace(strings.TrimRight(text, "\r\n")) }
