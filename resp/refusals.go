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
	errNoAuth         = "NOAUTH Authentication required."
	errHelloNoAuth    = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
	errNoACLFile      = "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration."
	errRulesChanged   = "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: "
	errProtected      = "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Set up an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside."
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
	errSharedInExec   = "ERR CONFIG SET of a parameter that is equal on all nodes is not allowed in transactions"
	errNoModules      = "ERR MODULE command not allowed: there are no modules"
	errNoConfigFile   = "ERR The server is running without a config file"
	errSlowlogCount   = "ERR count should be greater than or equal to -1"
	errOOM            = "OOM command not allowed when used memory > 'maxmemory'."
	errSaving         = "ERR Background save already in progress"
)

// Redis's error texts of Pub/Sub and client-side caching.
const (
	errSsubscribeInMulti  = "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"
	errRedirectTwice      = "ERR A client can only redirect to a single other client"
	errRedirectNobody     = "ERR The client ID you want redirect to does not exist"
	errPrefixWithoutBcast = "ERR PREFIX option requires BCAST mode to be enabled"
	errSwitchBcast        = "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
	errOptWithBcast       = "ERR OPTIN and OPTOUT are not compatible with BCAST"
	errOptBoth            = "ERR You can't specify both OPTIN mode and OPTOUT mode"
	errSwitchOpt          = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
	errCachingOff         = "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
	errCachingYes         = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."
	errCachingNo          = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."
)

// errOverlap is the error for two prefixes of CLIENT TRACKING of which one begins with the other.
func errOverlap(prefix, which, other string) string {
	return "ERR Prefix '" + prefix + "' overlaps with " + which + " '" + other + "'. Prefixes for a single client must not overlap."
}

// errSubscribed is the error for a command that a client of RESP2 must not call while it is subscribed.
func errSubscribed(name string) string {
	return "ERR Can't execute '" + name + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
}

// Texts of what Redis does not have.
const (
	errTooManySubscriptions = "ERR a client can have at most 1048576 subscriptions"                                 // maxSubscriptions
	errTooManyPatterns      = "ERR the clients of this node have as many different patterns as there may be, 16384" // maxPatterns
	errPatternTooLong       = "ERR the pattern is longer than the limit of 1024 bytes"                              // maxPatternLength
	errTooManyPrefixes      = "ERR a client can have at most 1024 prefixes"                                         // maxPrefixes

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
