//go:build !laterformat

package statemachine

// recordFormat is the format of the records that this release writes and reads.
const recordFormat = 1
