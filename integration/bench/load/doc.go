// Package load keeps a server busy and says how fast it answered. There are two clients, with the same figures of both:
//
//   - RedisBenchmark runs redis-benchmark, for SET, GET and INCR.
//   - Run is a client of our own, with as many goroutines as connections and hardly any work for a request: for what
//     redis-benchmark cannot do (writes and reads mixed, versions, filling each key once, etcd). It is used alike for the systems that
//     are compared, so that what it costs is in all figures.
package load
