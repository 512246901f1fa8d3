// Package tracing sends the ways of single writes to an OpenTelemetry collector, by OTLP over HTTP.
//
// A write is a trace of its own: a span from when it was handed over to the log until its reply was at the socket, and below it one for
// each stage: queue, replicate, apply, reply. Below replicate are the syncs of this node's journal meanwhile.
//
// What a server tells of goes through a queue of a fixed length to one goroutine, which makes spans of it and sends them in batches.
// When the queue is full, or a batch is not taken in the end, spans are dropped and counted: a collector can neither hold up clients nor
// fill memory.
package tracing
