//go:build mutation

package main

import (
	"os"

	"github.com/paxredis/paxredis/replication/paxos"
)

// In test builds, PAXREDIS_TEST_BREAK names the rule that this process breaks.
func init() {
	name := os.Getenv("PAXREDIS_TEST_BREAK")
	for m := range paxos.Mutation(paxos.Mutations) {
		if m.String() == name {
			paxos.Break(m)
		}
	}
}
