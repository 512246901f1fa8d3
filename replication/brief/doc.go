// Package brief has system calls that end by themselves, since what they are made on does not block. On Linux Go's scheduler is not told of
// them: to tell it costs as much as a short one takes, and its monitor, which is told, looks around every 20 microseconds for as long as
// anything is in a system call, and takes the processors of those that are away. That was a ninth of the CPU time of a busy cluster (ADR 93).
//
// Whatever may wait does not belong here: it would hold a processor of Go's meanwhile, and the collector with it. All functions may be used by
// several goroutines.
package brief
