package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// askTimeout bounds each step of a question to a node: the dial, the request, the reply.
const askTimeout = 2 * time.Second

// Who the tools are to the nodes that they ask; without a password: whoever connects. They are no flags, since a command line can be read by every
// user of a machine.
const (
	userVariable     = "PAXREDIS_USER"
	passwordVariable = "PAXREDIS_PASSWORD"
)

// newClient returns a client for the questions of status and dev: it asks once, without retries of its own.
// security is how it connects by TLS; nil: without.
func newClient(address string, security *tls.Config) *redis.Client {
	return newClientWithin(address, askTimeout, security)
}

// newClientWithin is newClient with another time for the answer.
func newClientWithin(address string, timeout time.Duration, security *tls.Config) *redis.Client {
	logging.Disable() // what it has to say comes back as an error
	return redis.NewClient(&redis.Options{
		Addr:                     address,
		Username:                 os.Getenv(userVariable),
		Password:                 os.Getenv(passwordVariable),
		TLSConfig:                security,
		Protocol:                 2,
		PoolSize:                 1,
		MaxRetries:               -1,
		DialerRetries:            1,
		DialTimeout:              askTimeout,
		ReadTimeout:              timeout,
		WriteTimeout:             askTimeout,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// paxosInfo is a node's sections "# Paxos" and "# Persistence" of INFO, by field.
type paxosInfo map[string]string

// askPaxos fetches those sections.
func askPaxos(ctx context.Context, client *redis.Client) (paxosInfo, error) {
	text, err := client.Info(ctx, "paxos", "persistence").Result()
	if err != nil {
		return nil, err
	}
	info := infoFields(text)
	if info["paxos_node_id"] == "" {
		return nil, fmt.Errorf("its INFO has no section # Paxos: not a paxredis node")
	}
	return info, nil
}

// infoFields are the fields of an INFO.
func infoFields(text string) paxosInfo {
	info := paxosInfo{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[name] = value
		}
	}
	return info
}

// number is a field as a number, 0 when it is missing or not one.
func (p paxosInfo) number(field string) uint64 {
	n, err := strconv.ParseUint(p[field], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// members are those that the section Paxos tells of, by id.
func (p paxosInfo) members() []member {
	var members []member
	for i := range p.number("paxos_members") {
		f := map[string]string{}
		for part := range strings.SplitSeq(p["paxos_member_"+strconv.FormatUint(i, 10)], ",") {
			name, value, _ := strings.Cut(part, "=")
			f[name] = value
		}
		if fields := paxosInfo(f); fields.number("id") != 0 {
			members = append(members, member{
				ID: fields.number("id"), Address: f["address"], Role: f["role"], State: f["state"], Synced: fields.number("synced"),
			})
		}
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.ID, b.ID) })
	return members
}
