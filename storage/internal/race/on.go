//go:build race

// Package race tells the tests of storage whether the race detector is in them: they leave to runs without it what has one goroutine, or
// differs in nothing that the detector sees, and takes long.
package race

// Enabled says that it is.
const Enabled = true
