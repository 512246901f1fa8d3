package moving

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// What the source's commands say of times is made absolute, and put off. Redis from 6.2 on sends absolute times only; those of older ones count from when they come, as
// they do for its replicas.

// translate returns the command for the cluster, nil for one that is not for it. now is in Unix milliseconds.
func translate(args [][]byte, now int64) []any {
	switch name := strings.ToUpper(string(args[0])); name {
	case "PING", "REPLCONF", "PUBLISH", "SPUBLISH":
		return nil // messages were for who listened to the source
	case "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT":
		return expireAt(args, name, now)
	case "SETEX", "PSETEX":
		unit := map[string]string{"SETEX": "EX", "PSETEX": "PX"}[name]
		if at, ok := deadline(args, 2, unit, now); ok && len(args) == 4 {
			return []any{"SET", args[1], args[3], "PXAT", at}
		}
	case "SET":
		return withDeadline(args, 3, now)
	case "GETEX":
		return withDeadline(args, 2, now)
	case "MSETEX":
		if len(args) > 2 {
			if keys, err := strconv.Atoi(string(args[1])); err == nil && keys > 0 && keys < len(args) {
				return withDeadline(args, 2+2*keys, now)
			}
		}
	case "RESTORE", "RESTORE-ASKING":
		return restoreAt(args, now)
	}
	return whole(args)
}

// whole is a command as it is.
func whole(args [][]byte) []any {
	command := make([]any, len(args))
	for i, arg := range args {
		command[i] = arg
	}
	return command
}

// deadline reads a time in one of the units that SET knows, put off; what is no number is left to the cluster to refuse.
func deadline(args [][]byte, at int, unit string, now int64) (int64, bool) {
	if at >= len(args) {
		return 0, false
	}
	n, err := strconv.ParseInt(string(args[at]), 10, 64)
	if err != nil {
		return 0, false
	}
	if unit == "EX" || unit == "EXAT" {
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			return 0, false
		}
		n *= 1000
	}
	if unit == "EX" || unit == "PX" {
		if n > math.MaxInt64-now {
			return 0, false
		}
		n += now
	}
	return later(max(n, 1), putOff), true // what ends before 1970 ends in 1970
}

// expireAt makes PEXPIREAT of EXPIRE and its kin, with the same conditions.
func expireAt(args [][]byte, name string, now int64) []any {
	unit := map[string]string{"EXPIRE": "EX", "PEXPIRE": "PX", "EXPIREAT": "EXAT", "PEXPIREAT": "PXAT"}[name]
	at, ok := deadline(args, 2, unit, now)
	if !ok {
		return whole(args)
	}
	command := whole(args)
	command[0], command[2] = "PEXPIREAT", at
	return command
}

// withDeadline changes the option that says when a key ends; options begin at a place.
func withDeadline(args [][]byte, from int, now int64) []any {
	command := whole(args)
	for i := from; i+1 < len(args); i++ {
		switch unit := strings.ToUpper(string(args[i])); unit {
		case "EX", "PX", "EXAT", "PXAT":
			if at, ok := deadline(args, i+1, unit, now); ok {
				command[i], command[i+1] = "PXAT", at
			}
			return command
		}
	}
	return command
}

func restoreAt(args [][]byte, now int64) []any {
	command := whole(args)
	command[0] = "RESTORE"
	if len(args) < 4 || string(args[2]) == "0" {
		return command
	}
	unit := "PX"
	for _, option := range args[4:] {
		if bytes.EqualFold(option, []byte("ABSTTL")) {
			unit = "PXAT"
		}
	}
	at, ok := deadline(args, 2, unit, now)
	if !ok {
		return command
	}
	command[2] = at
	if unit == "PX" {
		command = append(command, "ABSTTL")
	}
	return command
}
