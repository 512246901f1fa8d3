package main

import (
	"fmt"

	"github.com/paxredis/paxredis/peer"
)

// clusterKeys loads the cluster keys: the one that this node shows, and others that it accepts. A node without one has no peers.
func clusterKeys(c Config) ([]peer.Key, error) {
	switch {
	case c.ClusterKeyFile != "":
		return peer.LoadKeys(c.ClusterKeyFile)
	case c.ClusterKey != "":
		keys, err := peer.ParseKeys(c.ClusterKey)
		if err != nil {
			err = fmt.Errorf("%s: %w", keyVariable, err)
		}
		return keys, err
	case c.InsecurePeers:
		return []peer.Key{peer.InsecureKey()}, nil
	}
	return nil, nil
}

// reloadKeys reads the key file again (SIGHUP). What cannot be read changes nothing: the node goes on with the keys it has.
func (n *node) reloadKeys(c Config) {
	if n.transport == nil || c.ClusterKeyFile == "" {
		n.log.Warn("SIGHUP: there is no --cluster-key-file to be read again")
		return
	}
	keys, err := clusterKeys(c)
	if err == nil {
		err = n.transport.SetKeys(keys)
	}
	if err != nil {
		n.log.Error("SIGHUP: the cluster keys were not exchanged; those from before are in force", "error", err)
		return
	}
	n.log.Info("SIGHUP: the cluster keys were read again", "shown", keys[0].Fingerprint(), "accepted", fingerprints(keys))
}

// fingerprints are those of all keys.
func fingerprints(keys []peer.Key) []string {
	all := make([]string, len(keys))
	for i, key := range keys {
		all[i] = key.Fingerprint()
	}
	return all
}
