package main

import (
	"log/slog"

	"golang.org/x/sys/unix"
)

// reservedFiles are the open files a node needs besides its clients: journal, peer links, event loops.
const reservedFiles = 128

// clientsWithin returns how many clients the process may really have: the operating system's limit of open files (the
// hard one, Go raises the soft one by itself) can be lower than --maxclients. As in Redis, the number is lowered and
// the log says so; a client over it gets an error instead of a connection that is never accepted.
func clientsWithin(maxClients int, log *slog.Logger) int {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		log.Warn("the limit of open files is unknown; too many clients may exhaust it", "error", err)
		return maxClients
	}
	return lowered(maxClients, files.Cur, log)
}

func lowered(maxClients int, files uint64, log *slog.Logger) int {
	if files >= uint64(maxClients)+reservedFiles {
		return maxClients
	}
	possible := max(1, int(files)-reservedFiles)
	log.Warn("the operating system allows fewer open files than --maxclients needs: fewer clients are served; raise the limit (ulimit -n, LimitNOFILE)",
		"maxclients", maxClients, "open_files", files, "clients", possible)
	return possible
}
