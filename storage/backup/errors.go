package backup

import (
	"errors"
	"fmt"
)

// Errors of files that cannot be used, by errors.Is.
var (
	// ErrDamaged says that a file is not as it was written, or not all of it.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrNotBackup says that a file never was a backup.
	ErrNotBackup = errors.New("not a backup of paxredis")
	// ErrNewer says that a later release wrote the file.
	ErrNewer = errors.New("written by a later release; use that one, or a later one")
	// ErrForeign says that a backup does not follow the one before it.
	ErrForeign = errors.New("not a chain of backups")
)

// damaged says what is wrong, and where.
func damaged(offset int64, format string, args ...any) error {
	return fmt.Errorf("%w: at byte %d: %s", ErrDamaged, offset, fmt.Sprintf(format, args...))
}
