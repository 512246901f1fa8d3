package statemachine

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrNewerFormat says that what is to be restored was written by a later release. Nothing is damaged, so nobody may throw it away.
var ErrNewerFormat = errors.New("written by a later release; start that one, or a later one")

// newer is the error of a version, a type or a mark that this release does not know.
func newer(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrNewerFormat)
}

// checkFormat compares the format of a record or a state with the one this release writes.
func checkFormat(format, known uint32) error {
	switch {
	case format > known:
		return newer("it has format %d, and this paxredis reads %d", format, known)
	case format != known:
		return fmt.Errorf("it has format %d, and this paxredis reads %d", format, known)
	}
	return nil
}

// versionOf reads the version of a format.State that does not decode: a later release may have changed what follows. 0: none is there.
func versionOf(encoded []byte) uint32 {
	number, kind, n := protowire.ConsumeTag(encoded)
	if n < 0 || number != 1 || kind != protowire.VarintType {
		return 0
	}
	version, m := protowire.ConsumeVarint(encoded[n:])
	if m < 0 || version > 1<<16 { // no release will have that many
		return 0
	}
	return uint32(version)
}
