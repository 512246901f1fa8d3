package resp

// Redis's error texts, word for word, of what the connection layer refuses by itself.
const (
	errNotInMulti     = "ERR Command not allowed inside a transaction"
	errLoading        = "LOADING Redis is loading the dataset in memory"
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
	errSyntaxError    = "ERR syntax error"
	errInteger        = "ERR value is not an integer or out of range"
	errDBRange        = "ERR DB index is out of range"
	errTimeout        = "ERR timeout is not an integer or out of range"
	errTimeoutSign    = "ERR timeout is negative"
	errNoCluster      = "ERR This instance has cluster support disabled"
	errNoReplicaOf    = "ERR REPLICAOF not allowed: every node of the cluster takes writes"
	errNoConfigFile   = "ERR The server is running without a config file"
	errSlowlogCount   = "ERR count should be greater than or equal to -1"
)

// errNoSubcommand is the error for a container command that was called without one of its subcommands.
func errNoSubcommand(name string) string {
	return "ERR unknown subcommand or wrong number of arguments for '" + name + "' command"
}
