package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// The types below are flag values: what a flag accepts, and how it prints as a default.

// peerList is the first voters, as "1=host:port,2=host:port", kept in the order of their ids.
type peerList []paxos.Member

func (p *peerList) String() string {
	parts := make([]string, 0, len(*p))
	for _, m := range *p {
		parts = append(parts, m.ID.String()+"="+m.Address)
	}
	return strings.Join(parts, ",")
}

// Set implements flag.Value. An id or an address that comes twice is refused.
func (p *peerList) Set(text string) error {
	var list peerList
	for part := range strings.SplitSeq(text, ",") {
		m, err := parsePeer(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		for _, other := range list {
			if other.ID == m.ID {
				return fmt.Errorf("id %v is given twice", m.ID)
			}
			if other.Address == m.Address {
				return fmt.Errorf("address %s is given twice", m.Address)
			}
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b paxos.Member) int { return int(int64(a.ID) - int64(b.ID)) })
	*p = list
	return nil
}

func parsePeer(text string) (paxos.Member, error) {
	id, address, found := strings.Cut(text, "=")
	if !found {
		return paxos.Member{}, fmt.Errorf("%q is not id=host:port", text)
	}
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil || n == 0 {
		return paxos.Member{}, fmt.Errorf("id %q in %q is not a number from 1 to 4294967295", id, text)
	}
	if err := checkHostPort(address); err != nil {
		return paxos.Member{}, err
	}
	return paxos.Member{ID: paxos.NodeID(n), Address: address}, nil
}

// checkHostPort refuses what other nodes could not dial: the host must be there, and the port must be a number.
func checkHostPort(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not host:port", address)
	}
	if host == "" {
		return fmt.Errorf("%q has no host", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q in %q is not a number from 1 to 65535", port, address)
	}
	return nil
}

// checkAdvertised refuses what checkHostPort does, and an address that means every one of a machine's own.
func checkAdvertised(address string) error {
	if err := checkHostPort(address); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return fmt.Errorf("%s is no address to dial", host)
	}
	return err
}

// addressList is "host:port,host:port".
type addressList []string

func (a *addressList) String() string { return strings.Join(*a, ",") }

// Set implements flag.Value.
func (a *addressList) Set(text string) error {
	var list addressList
	for part := range strings.SplitSeq(text, ",") {
		address := strings.TrimSpace(part)
		if err := checkHostPort(address); err != nil {
			return err
		}
		list = append(list, address)
	}
	*a = list
	return nil
}

// find returns the member of that id, nil without one.
func (p peerList) find(id paxos.NodeID) *paxos.Member {
	for i := range p {
		if p[i].ID == id {
			return &p[i]
		}
	}
	return nil
}

// at returns the member with that address, nil without one.
func (p peerList) at(address string) *paxos.Member {
	for i := range p {
		if p[i].Address == address {
			return &p[i]
		}
	}
	return nil
}

// byteSize is a number of bytes: "67108864", or with a unit as in redis.conf (k kb m mb g gb; k is 1000, kb 1024) or
// KiB, MiB, GiB; the case does not matter.
type byteSize int64

var byteUnits = []struct {
	suffix string
	factor int64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30},
	{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30},
	{"k", 1e3}, {"m", 1e6}, {"g", 1e9},
	{"b", 1},
}

func (b *byteSize) String() string {
	n := int64(*b)
	switch {
	case n == 0:
		return "0"
	case n%(1<<30) == 0:
		return strconv.FormatInt(n>>30, 10) + "GiB"
	case n%(1<<20) == 0:
		return strconv.FormatInt(n>>20, 10) + "MiB"
	case n%(1<<10) == 0:
		return strconv.FormatInt(n>>10, 10) + "KiB"
	}
	return strconv.FormatInt(n, 10)
}

// Set implements flag.Value.
func (b *byteSize) Set(text string) error {
	digits, factor := strings.ToLower(strings.TrimSpace(text)), int64(1)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(digits, u.suffix); ok {
			digits, factor = strings.TrimSpace(rest), u.factor
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/factor {
		return errors.New("not a number of bytes such as 1048576, 1mb or 1MiB")
	}
	*b = byteSize(n * factor)
	return nil
}

// readMode is --read-mode.
type readMode replication.ReadMode

func (r *readMode) String() string { return replication.ReadMode(*r).String() }

// Set implements flag.Value.
func (r *readMode) Set(text string) error {
	for _, mode := range []replication.ReadMode{replication.ReadQuorum, replication.ReadLease, replication.ReadStale} {
		if mode.String() == text {
			*r = readMode(mode)
			return nil
		}
	}
	return errors.New("must be quorum, lease or stale")
}

// logFormat is --log-format.
type logFormat string

func (f *logFormat) String() string { return string(*f) }

// Set implements flag.Value.
func (f *logFormat) Set(text string) error {
	if text != "text" && text != "json" {
		return errors.New("must be text or json")
	}
	*f = logFormat(text)
	return nil
}

// yesNo is a switch that is said as in Redis's configuration.
type yesNo bool

func (y *yesNo) String() string {
	if *y {
		return "yes"
	}
	return "no"
}

// Set implements flag.Value.
func (y *yesNo) Set(text string) error {
	switch text {
	case "yes":
		*y = true
	case "no":
		*y = false
	default:
		return fmt.Errorf("%q is neither yes nor no", text)
	}
	return nil
}
