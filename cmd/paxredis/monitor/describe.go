package monitor

import (
	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
)

// describe fills in what a node that works has to tell.
func (p *Parts) describe(s *NodeStatus) {
	group, checkpoint, info := p.Group.Status(), p.Group.CheckpointStatus(), p.Clients.Info()
	s.ID, s.UUID, s.Cluster, s.Boot = uint64(group.Self), p.NodeUUID, p.ClusterUUID, p.Boot
	s.ClientAddress, s.PeerAddress, s.RedisVersion = p.ClientAddress, p.PeerAddress, info.Server.RedisVersion
	s.State = p.state(&group)
	if loading, done, total := p.Group.Loading(); loading {
		s.Loading = &LoadingStatus{done, total}
	}
	describeGroup(s, &group)
	describeCheckpoint(s, &checkpoint)
	describeClients(s, info)
	for _, m := range info.Paxos.Members {
		s.Members = append(s.Members, MemberStatus{m.ID, m.UUID, m.Address, m.Role, m.State, m.Synced, m.Replaces})
	}
	if p.Links != nil {
		for _, l := range p.Links() {
			s.Links = append(s.Links, linkStatus(&l))
		}
	}
	if free, err := p.FreeDisk(); err != nil {
		s.Disk.Error = err.Error()
	} else {
		s.Disk.Free = free
	}
}

func (p *Parts) state(group *replication.Status) State {
	loading, _, _ := p.Group.Loading()
	switch {
	case p.Clients.IsStopping():
		return StateStopping
	case loading:
		return StateLoading
	case group.Role == paxos.RoleRemoved:
		return StateRemoved
	}
	return StateServing
}

func describeGroup(s *NodeStatus, g *replication.Status) {
	s.Role, s.Leader, s.Ballot, s.Lease, s.ReadMode = g.Role.String(), uint64(g.Leader), g.Ballot.String(), g.Lease, g.ReadMode.String()
	s.Slots = Slots{Chosen: uint64(g.Chosen), Known: uint64(g.Known), Applied: uint64(g.Applied), Lag: uint64(lagOf(g)),
		First: uint64(g.FirstKept), Checkpoint: uint64(g.Checkpoint)}
	s.ConfigurationSlot = uint64(g.Configuration.Slot)
	s.Sync = SyncStatus{micros(g.SyncP50), micros(g.SyncP99)}
	s.Replicated = ReplicatedStatus{Batches: g.Batches, BatchMean: g.BatchMean, ChunksInFlight: g.ChunksInFlight, BytesInFlight: g.BytesInFlight,
		Unstored: g.Unstored, Unapplied: g.Unapplied}
}

// lagOf is how many slots are known to be chosen and not applied.
func lagOf(g *replication.Status) paxos.Slot { return max(g.Known, g.Chosen, g.Applied) - g.Applied }

func describeCheckpoint(s *NodeStatus, c *replication.CheckpointStatus) {
	s.Slots.Checkpoint = uint64(c.Slot)
	s.Checkpoint = CheckpointStatus{Slot: uint64(c.Slot), Records: c.Records, TookMicros: micros(c.Took), RunningSlot: uint64(c.Running),
		FetchingSlot: uint64(c.Fetching), FetchedBytes: c.Fetched, Skipped: c.Skipped, NotTaken: c.NotTaken}
	if !c.At.IsZero() {
		at := c.At
		s.Checkpoint.At = &at
	}
	s.Disk.JournalBytes = c.JournalBytes
	for _, id := range c.Differing {
		s.Differing = append(s.Differing, uint64(id))
	}
	if len(s.Differing) > 0 {
		s.DifferingAt = uint64(c.Compared)
	}
}

func describeClients(s *NodeStatus, i *resp.InfoSource) {
	s.Clients = ClientStatus{Connected: i.Clients.Connected, Max: i.Clients.MaxClients, Blocked: i.Clients.Blocked, Accepted: i.Stats.Connections, Rejected: i.Stats.Rejected}
	s.Traffic = TrafficStatus{OpsPerSecond: i.Stats.OpsPerSecond, InputBytesPerSecond: 1024 * i.Stats.InputRate, OutputBytesPerSecond: 1024 * i.Stats.OutputRate,
		Commands: i.Stats.Commands, InputBytes: i.Stats.InputBytes, OutputBytes: i.Stats.OutputBytes, Errors: i.Stats.Errors, Hits: i.Stats.Hits, Misses: i.Stats.Misses}
	m := &i.Memory
	s.Memory = MemoryStatus{Used: m.Used, Peak: m.Peak, RSS: m.RSS, Dataset: m.Dataset, Max: m.Most, Policy: m.Policy, System: m.System}
	if p := m.Pressure; p != nil {
		s.Memory.Watermark, s.Memory.WatermarkUsed, s.Memory.WatermarkLimit, s.Memory.WatermarkReached = p.Watermark, p.Used, p.Limit, p.Refusal != ""
	}
	s.Keyspace = KeyspaceStatus{Tombstones: i.Stats.Tombstones, Expired: i.Stats.Expired, Evicted: i.Stats.Evicted}
	for _, db := range i.Keyspace {
		s.Keyspace.Keys += db.Keys
		s.Keyspace.Expires += db.Expires
	}
	s.Disk.WritesRefused, s.Disk.Encrypted = i.Persistence.WritesRefused, i.Persistence.Encrypted
	s.CPU = CPUStatus{i.CPU.User.Seconds(), i.CPU.System.Seconds()}
}

func linkStatus(l *peer.LinkStatus) LinkStatus {
	return LinkStatus{ID: uint64(l.ID), Address: l.Address, ClientAddress: l.ClientAddress, Connected: l.Connected, Since: l.Since, RoundTripMicros: micros(l.RoundTrip),
		SentMessages: l.MessagesSent, ReceivedMessages: l.MessagesReceived, SentBytes: l.BytesSent, ReceivedBytes: l.BytesReceived,
		QueuedMessages: l.QueuedMessages, QueuedBytes: l.QueuedBytes, DroppedMessages: l.Overflowed + l.Unlinked + l.Unsendable, Made: l.Links,
		OtherConfiguration: l.OtherConfiguration, LastError: l.LastError}
}
