package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/storage"
)

const (
	// A write waits for a sync on a majority, so most of what a client sees is this.
	syncWarning = 20 * time.Millisecond
	syncWrong   = 200 * time.Millisecond

	// syncedBlock is written and synced up to syncTrials times within syncLongest, round and round in a file of syncedFile bytes that is there before, as the
	// journal does.
	syncedBlock = 4 << 10
	syncedFile  = 1 << 20
	syncTrials  = 200
	syncLongest = 2 * time.Second

	// Below freeWrong nodes refuse writes, unless --min-free-disk says otherwise.
	freeWrong   = 512 << 20
	freeWarning = 4 << 30

	leastMemory = 512 << 20
)

const adviceSync = "use a disk that syncs quickly (an SSD with power-loss protection), and share it with nothing else that syncs"

// gradedSync judges the p99 of syncs.
func gradedSync(p99 time.Duration) level {
	return graded(int64(p99), int64(syncWarning), int64(syncWrong))
}

// ofDisk judges where a data directory is.
func (f *findings) ofDisk(dir string) {
	const of = "this machine"
	var at unix.Statfs_t
	if err := unix.Statfs(dir, &at); err != nil {
		f.add(levelWrong, "data directory", of, (&fs.PathError{Op: "statfs", Path: dir, Err: err}).Error(), "name the data directory of a node on this machine")
		return
	}
	kind := fileSystemOf(&at)
	f.add(kind.Level, "file system", of, kind.Measured, kind.Advice)
	free := at.Bavail * uint64(at.Bsize)
	l := levelOK
	switch {
	case free < freeWrong:
		l = levelWrong
	case free < freeWarning:
		l = levelWarning
	}
	f.add(l, "free disk", of, fmt.Sprintf("%s at %s", sizeText(free), dir), "make room: checkpoints need several times the data, and below --min-free-disk writes are refused")
	took, err := measureSyncs(dir)
	if err != nil {
		f.add(levelWrong, "sync", of, err.Error(), "see that this user may write there")
		return
	}
	p50, p99 := took[len(took)/2], took[len(took)*99/100]
	f.add(gradedSync(p99), "sync", of, fmt.Sprintf("%d writes of 4 KiB: p50 %v, p99 %v", len(took), p50.Round(time.Microsecond), p99.Round(time.Microsecond)), adviceSync)
}

// measureSyncs returns how long syncs took, at least one, the shortest first.
func measureSyncs(dir string) (took []time.Duration, err error) {
	file, err := os.CreateTemp(dir, "doctor-*.tmp")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if _, err := file.Write(make([]byte, syncedFile)); err != nil {
		return nil, err
	}
	if err := file.Sync(); err != nil {
		return nil, err
	}
	block := make([]byte, syncedBlock)
	for began := time.Now(); len(took) == 0 || len(took) < syncTrials && time.Since(began) < syncLongest; {
		start := time.Now()
		if _, err := file.WriteAt(block, int64(len(took)*syncedBlock%syncedFile)); err != nil {
			return nil, err
		}
		if err := syncData(file); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took, nil
}

// ofKeyFile judges a file with a cluster key.
func (f *findings) ofKeyFile(name string) {
	if _, err := peer.LoadKeys(name); err != nil {
		f.add(levelWrong, "key file", "this machine", err.Error(), "the file must be as paxredis keygen makes it: mode 0600, owned by the user of the node")
		return
	}
	f.add(levelOK, "key file", "this machine", name+" is sound, and its owner's alone", "")
}

// ofDataKeyFile judges a file with data keys, and whether one of them opens a data directory if there is one.
func (f *findings) ofDataKeyFile(name, dir string) {
	const check, of = "data key file", "this machine"
	measured := name + " is sound, and its owner's alone"
	keys, err := dataKeys(name, "")
	if err == nil && dir != "" {
		measured += "; a key of it opens " + dir
		err = storage.CheckDataKeys(dir, keys)
	}
	if err != nil {
		f.add(levelWrong, check, of, err.Error(), "a node does not start with this: see Data at rest in docs/security.md")
		return
	}
	f.add(levelOK, check, of, measured, "")
}

// ofMachine judges limits of the system. root is its file system.
func (f *findings) ofMachine(root fs.FS) {
	const of = "this machine"
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		f.add(levelWarning, "open files", of, err.Error(), "")
	} else {
		f.ofOpenFiles(files.Max)
	}
	if text, ok := readSetting(root, "proc/sys/vm/overcommit_memory"); ok {
		l := levelOK
		if text == "2" {
			l = levelWarning
		}
		f.add(l, "overcommit", of, "vm.overcommit_memory is "+text, "with 2 memory is refused that is there: sysctl vm.overcommit_memory=0, or leave enough below the commit limit")
	}
	if text, ok := readSetting(root, "sys/kernel/mm/transparent_hugepage/enabled"); ok {
		l := levelOK
		if strings.Contains(text, "[always]") {
			l = levelWarning
		}
		f.add(l, "huge pages", of, "transparent_hugepage is "+text, "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled: with always, memory grows and pages are moved at bad times")
	}
	f.ofMemory(root)
	f.ofSystemClock()
}

func (f *findings) ofOpenFiles(most uint64) {
	needed := uint64(defaultConfig().MaxClients + reservedFiles)
	l := levelOK
	if most < needed {
		l = levelWarning
	}
	f.add(l, "open files", "this machine", fmt.Sprintf("%d for what is started from here; the default of --maxclients needs %d", most, needed), "raise it: LimitNOFILE= of the service, ulimit -Hn; else fewer clients are served")
}

// ofMemory judges how much memory there is for what is started from here: the machine's, or that of the control group with the least room.
func (f *findings) ofMemory(root fs.FS) {
	r, err := memoryUnder(root)
	if err != nil {
		return // not a system that has these files
	}
	standard := defaultConfig().MemoryWatermark
	l, whose := levelOK, "of the machine: no control group leaves less"
	if r.group != "" {
		whose = "of the control group " + r.group
	}
	if r.limit < leastMemory {
		l = levelWarning
	}
	f.add(l, "memory limit", "this machine", fmt.Sprintf("%s %s, %s in use; the default of --memory-watermark is %s of it", sizeText(r.limit), whose, sizeText(r.used), sizeText(standard.of(r.limit))),
		"a node needs room for its data and half of that again; raise it, or set --maxmemory well below it")
}

// readSetting is a small file of the kernel's, if it is there.
func readSetting(root fs.FS, name string) (string, bool) {
	text, err := fs.ReadFile(root, name)
	return strings.TrimSpace(string(text)), err == nil
}
