package state

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// forgetPages has the kernel take the pages of the tables in dir out of memory, which Badger maps and would keep there for good: what a
// checkpoint wrote is not read again before a restart, a peer that catches up, or a compaction, and comes from the disk then.
//
// Only MADV_PAGEOUT may be used. Badger may unmap a table at any time, and something else may come to lie at its addresses before the call:
// this advice takes nothing from anybody but speed.
func forgetPages(dir string) error {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer maps.Close()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		begin, end, ok := tableMapping(lines.Text(), dir)
		if !ok {
			continue
		}
		_, _, problem := unix.Syscall(unix.SYS_MADVISE, begin, end-begin, unix.MADV_PAGEOUT)
		switch {
		case problem == unix.EINVAL:
			return nil // a kernel before 5.4
		case problem == unix.ENOMEM || problem == 0: // unmapped meanwhile
		default:
			return fmt.Errorf("storage: give back the pages of %s: %w", dir, problem)
		}
	}
	return lines.Err()
}

// tableMapping reads a line of /proc/self/maps; ok is false if it is none of a table in dir.
//
//	7f0000000000-7f0000100000 rw-s 00000000 fd:00 1234    /data/state/1/000001.sst
func tableMapping(line, dir string) (begin, end uintptr, ok bool) {
	addresses, rest, ok := strings.Cut(line, " ")
	if !ok || !strings.Contains(rest, " "+dir+"/") || !strings.HasSuffix(rest, ".sst") {
		return 0, 0, false
	}
	low, high, ok := strings.Cut(addresses, "-")
	from, err1 := strconv.ParseUint(low, 16, 64)
	to, err2 := strconv.ParseUint(high, 16, 64)
	return uintptr(from), uintptr(to), ok && errors.Join(err1, err2) == nil
}
