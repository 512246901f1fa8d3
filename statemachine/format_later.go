//go:build laterformat

package statemachine

// recordFormat in a build that stands for a later release: see TestACheckpointOfALaterReleaseIsNotGivenUp.
const recordFormat = 2
