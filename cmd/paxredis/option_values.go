package main

import (
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/paxredis/paxredis/resp"
)

// The types below are values of options that have a type of Go's own. What cannot be read is said in words that do not take the
// reader for a programmer.

// textValue is any text.
type textValue string

func (v *textValue) String() string { return string(*v) }

// Set implements flag.Value.
func (v *textValue) Set(text string) error {
	*v = textValue(text)
	return nil
}

// toggleValue is true or false.
type toggleValue bool

func (v *toggleValue) String() string { return strconv.FormatBool(bool(*v)) }

// Set implements flag.Value.
func (v *toggleValue) Set(text string) error {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		*v = true
	case "false", "no", "off", "0":
		*v = false
	default:
		return errors.New("must be yes or no")
	}
	return nil
}

// IsBoolFlag lets the flag stand without a value.
func (v *toggleValue) IsBoolFlag() bool { return true }

// numberValue is a whole number.
type numberValue int

func (v *numberValue) String() string { return strconv.Itoa(int(*v)) }

// Set implements flag.Value.
func (v *numberValue) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil {
		return errors.New("not a whole number, or too large")
	}
	*v = numberValue(n)
	return nil
}

// idValue is the number of a node; 0 stands for none, and shows as nothing.
type idValue uint

func (v *idValue) String() string {
	if *v == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(*v), 10)
}

// Set implements flag.Value.
func (v *idValue) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return errors.New("must be from 1 to 4294967295")
	}
	*v = idValue(n)
	return nil
}

// durationValue is a time with its unit.
type durationValue time.Duration

// String is the shortest text for the time: 24h, not 24h0m0s.
func (v *durationValue) String() string {
	shown := time.Duration(*v).String()
	if rest, cut := strings.CutSuffix(shown, "m0s"); cut {
		shown = rest + "m"
	}
	if rest, cut := strings.CutSuffix(shown, "h0m"); cut {
		shown = rest + "h"
	}
	return shown
}

// Set implements flag.Value.
func (v *durationValue) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("not a time with its unit such as 500ms, 10s or 1h30m")
	}
	*v = durationValue(d)
	return nil
}

// ratioValue is a share, from 0 to 1.
type ratioValue float64

func (v *ratioValue) String() string { return strconv.FormatFloat(float64(*v), 'f', -1, 64) }

// Set implements flag.Value.
func (v *ratioValue) Set(text string) error {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f >= 0 && f <= 1) { // which is not so of NaN
		return errors.New("not a number from 0 to 1")
	}
	*v = ratioValue(f)
	return nil
}

// parameterValue is the first value of a parameter of CONFIG SET, in the form that it has there.
type parameterValue struct {
	name string
	all  map[string]string
}

// String is the value as CONFIG GET would show it.
func (v parameterValue) String() string {
	if value, given := v.all[v.name]; given {
		return value
	}
	return resp.DefaultParameter(v.name)
}

// Set implements flag.Value.
func (v parameterValue) Set(text string) error {
	value, err := resp.CheckParameter(v.name, text)
	if err != nil {
		return err
	}
	v.all[v.name] = value
	return nil
}

// levelValue is --log-level.
type levelValue slog.Level

func (v *levelValue) String() string { return strings.ToLower(slog.Level(*v).String()) }

// Set implements flag.Value.
func (v *levelValue) Set(text string) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return errors.New("must be debug, info, warn or error")
	}
	*v = levelValue(level)
	return nil
}
