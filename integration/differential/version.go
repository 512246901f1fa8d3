package differential

import (
	"fmt"
	"regexp"
	"strconv"
)

// Version is a release of Redis, 702 for 7.2. Valkey tells the one that it takes the place of.
type Version int

// The releases that commands and replies changed with.
const (
	of72 Version = 702
	of74 Version = 704
	of80 Version = 800
	// ofNone is later than all that are compared with: other servers' inventions, or newer ones.
	ofNone Version = 9999
)

var versionInInfo = regexp.MustCompile(`(?m)^redis_version:(\d+)\.(\d+)\.`)

// ReadVersion asks a server which release it is.
func ReadVersion(s *Server) (Version, error) {
	info, err := s.Do("INFO", "server")
	if err != nil {
		return 0, err
	}
	found := versionInInfo.FindStringSubmatch(info.Text)
	if found == nil {
		return 0, fmt.Errorf("%s: INFO tells no version: %.200q", s.Name, info.Text)
	}
	major, err := strconv.Atoi(found[1])
	if err != nil {
		return 0, err
	}
	minor, err := strconv.Atoi(found[2])
	if err != nil {
		return 0, err
	}
	return Version(100*major + minor), nil
}

func (v Version) String() string { return fmt.Sprintf("%d.%d", v/100, v%100) }
