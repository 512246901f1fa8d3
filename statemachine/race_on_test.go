//go:build race

package statemachine

const raceDetector = true
