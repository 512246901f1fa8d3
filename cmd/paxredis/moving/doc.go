// Package moving brings data into a running cluster: from an RDB file, or from a live Redis or Valkey, which it follows as a replica does until
// a fenced cut-over. It is a client: all that it writes goes through the cluster's own commands.
//
// # Nothing twice, nothing late
//
// A key of the cluster, Marker, says how far an import is. Every transaction of an import watches it, and has read it after watching: only if it is what
// it should be is the transaction sent. So a transaction of which no answer came (a leader was killed, a connection broke) is asked about by reading the
// marker again. Those that apply the source's stream move the marker on, so each of them happens once. Those that load a file repeat without
// harm, and leave the marker alone; when loading ends the marker changes, and one that is still under way then can not happen any more.
//
// # Nothing expires on its own
//
// A replica leaves it to its master to expire keys. Here the cluster would expire them by its own clock while the stream is behind, and a PERSIST or EXPIRE
// that the source did in time would come too late. So all deadlines of keys are put off by a thousand years while a live source is followed, and put back
// at the cut-over. The source's DEL of what it expires comes in the stream.
package moving
