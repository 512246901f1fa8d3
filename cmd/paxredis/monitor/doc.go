// Package monitor shows a node to those who operate it: over HTTP, as JSON and for Prometheus, and to the other nodes, so that each can show the whole
// cluster. It reads what the other packages count and never holds them up; nothing in it is on the way of a command.
//
// A Monitor is there from the first moment of a process, before the journal is read. Attach gives it the parts of the node once they work; until then it
// says that the node starts. The JSON of docs/monitoring.md is an interface: fields are added, and never change their meaning.
package monitor
