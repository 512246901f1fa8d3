package resp

import (
	"strings"

	"github.com/paxredis/paxredis/replication"
)

// errLoading is what a read is told, too, that came before.
var errLoading = replication.Loading.String()

// Redis's error texts, word for word, of what the connection layer refuses by itself.
const (
	errNotInMulti     = "ERR Command not allowed inside a transaction"
	errNestedMulti    = "ERR MULTI calls can not be nested"
	errWatchInMulti   = "ERR WATCH inside MULTI is not allowed"
	errNoMultiExec    = "ERR EXEC without MULTI"
	errNoMultiDiscard = "ERR DISCARD without MULTI"
	errExecAbort      = "EXECABORT Transaction discarded because of previous errors."
	errMaxClients     = "ERR max number of clients reached"
	errNoProto        = "NOPROTO unsupported protocol version"
	errProtoNumber    = "ERR Protocol version is not an integer or out of range"
	errNoPassword     = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
	errWrongPass      = "WRONGPASS invalid username-password pair or user is disabled."
	errClientName     = "ERR Client names cannot contain spaces, newlines or special characters."
	errNoSuchClient   = "ERR No such client"
	errClientID       = "ERR client-id should be greater than 0"
	errInvalidID      = "ERR Invalid client ID"
	errMaxAge         = "ERR maxage is not an integer or out of range"
	errMaxAgeSign     = "ERR maxage should be greater than 0"
	errPauseMode      = "ERR CLIENT PAUSE mode must be WRITE or ALL"
	errNoBlocking     = "ERR MONITOR isn't allowed for DENY BLOCKING client"
	errSyntaxError    = "ERR syntax error"
	errInteger        = "ERR value is not an integer or out of range"
	errTimeout        = "ERR timeout is not an integer or out of range"
	errTimeoutSign    = "ERR timeout is negative"
	errNoCluster      = "ERR This instance has cluster support disabled"
	errNoReplicaOf    = "ERR REPLICAOF not allowed: every node of the cluster takes writes"
	errNoConfigFile   = "ERR The server is running without a config file"
	errSlowlogCount   = "ERR count should be greater than or equal to -1"
	errSaving         = "ERR Background save already in progress"
)

// Texts of what Redis does not have.
const (
	errClosing        = "UNCERTAIN this node is shutting down: the command may or may not take effect"
	errTooManyErrands = "ERR too many commands of this kind are at work on this node: try again later"
	errTooManyHolds   = "ERR too many connections hold a checkpoint on this node: close one of them, or try again later"
	errNoCheckpoints  = "ERR checkpoints cannot be read on this node"
	errPaxosSyntax    = "ERR syntax error. Try PAXOS HELP."
	errMemberID       = "ERR a member's id must be a number from 1 to 4294967295"
	errMemberAddress  = "ERR a member's address must be host:port"
	errSlot           = "ERR slot is not a positive integer or out of range"
	errSinceSlot      = "ERR the slot after SINCE must be lower than that of the checkpoint"
)

// errorText is the error reply for an error of the group, or of what is behind it.
func errorText(err error) string {
	return "ERR " + strings.TrimPrefix(err.Error(), "replication: ")
}

// errExecRefused is the error of an EXEC that is refused for a reason of its own.
func errExecRefused(problem string) string {
	return "EXECABORT Transaction discarded because of: " + problem
}

// errNoSubcommand is the error for a container command that was called without one of its subcommands.
func errNoSubcommand(name string) string {
	return "ERR unknown subcommand or wrong number of arguments for '" + name + "' command"
}
