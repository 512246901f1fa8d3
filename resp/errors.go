package resp

import "fmt"

// Protocol errors, in Redis's words. A connection is closed after one.
const (
	errMultibulkLength   ProtocolError = "Protocol error: invalid multibulk length"
	errBulkLength        ProtocolError = "Protocol error: invalid bulk length"
	errBigInline         ProtocolError = "Protocol error: too big inline request"
	errBigMultibulk      ProtocolError = "Protocol error: too big mbulk count string"
	errBigBulk           ProtocolError = "Protocol error: too big bulk count string"
	errStrangerMultibulk ProtocolError = "Protocol error: unauthenticated multibulk length"
	errStrangerBulk      ProtocolError = "Protocol error: unauthenticated bulk length"
	errUnbalanced        ProtocolError = "Protocol error: unbalanced quotes in request"
)

// ProtocolError says why input is no RESP request. An error reply puts "ERR " before it.
type ProtocolError string

// Error implements error.
func (e ProtocolError) Error() string { return string(e) }

// errExpectedBulk is the error for an argument that does not start with a "$".
func errExpectedBulk(got byte) ProtocolError {
	return ProtocolError(fmt.Sprintf("Protocol error: expected '$', got '%s'", []byte{got}))
}

// Errors of COMMAND and CONFIG, in Redis's words.
const (
	errInvalidCommand  = "ERR Invalid command specified"
	errNoKeys          = "ERR The command has no key arguments"
	errInvalidArgCount = "ERR Invalid number of arguments specified for command"
	errInvalidArgs     = "ERR Invalid arguments specified for command"
	errTooManyNames    = "ERR too many names in one command" // Redis has no such bound
)

// errNeedsRESP3 is the error of DEBUG PROTOCOL for what only RESP3 has.
const errNeedsRESP3 = "ERR RESP2 is not supported by this command"

// Errors of DEBUG RELOAD: the first is Redis's.
const (
	errReloadOption  = "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."
	errReloadNothing = "ERR DEBUG RELOAD takes a checkpoint and loads nothing, so the options MERGE, NOFLUSH and NOSAVE mean nothing here"
)

// errUnblocked is the error for a client that CLIENT UNBLOCK ends the wait of.
const errUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK"

// errUnblockedByEnd is the error for clients that wait for a key when the server ends, as Redis has it for those of a replica.
const errUnblockedByEnd = "UNBLOCKED force unblock from blocking operation, instance state changed (the server ends)"

// maxQuotedBytes is how much of what a client sent an error repeats.
const maxQuotedBytes = 128

// quoted is the part of a client's word that an error repeats.
func quoted(word []byte) string { return string(word[:min(len(word), maxQuotedBytes)]) }

// errCommandSubcommand is the error of COMMAND for a subcommand that it does not have.
func errCommandSubcommand(name []byte) string {
	return fmt.Sprintf("ERR unknown subcommand '%s'. Try COMMAND HELP.", quoted(name))
}

// errConfigUnknown is the error of CONFIG SET for a name that does not exist.
func errConfigUnknown(name []byte) string {
	return fmt.Sprintf("ERR Unknown option or number of arguments for CONFIG SET - '%s'", quoted(name))
}

// errConfigSet is the error of CONFIG SET for a name that exists but cannot be set so.
func errConfigSet(name, why string) string {
	return fmt.Sprintf("ERR CONFIG SET failed (possibly related to argument '%s') - %s", name, why)
}
