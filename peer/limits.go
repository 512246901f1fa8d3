package peer

import (
	"errors"
	"fmt"
	"time"
)

// Limits are the bounds and times of the links. The zero value of a field means its default.
type Limits struct {
	// HelloTimeout is how long a connection may take from accept or dial until its hello is answered. Default 5 s.
	HelloTimeout time.Duration
	// HelloBytes bounds what is read from a connection before its hello is judged, TLS included. Default 4 KiB.
	HelloBytes int
	// JoinTimeout is how long having a node admitted may take. Default 2 min.
	JoinTimeout time.Duration
	// Unauthenticated bounds the accepted connections that have not said hello, shared fairly among source addresses.
	// Default 16.
	Unauthenticated int
	// DialTimeout bounds one TCP connect. Default 1 s.
	DialTimeout time.Duration
	// BackoffMin and BackoffMax bound the pause between dials, which doubles and is randomised. Default 20 ms and
	// 250 ms: a refused connect costs nothing, and the pause delays a restarted node's return.
	BackoffMin, BackoffMax time.Duration
	// RefusedBackoff is the longest pause after a refusal, which nothing but an operator mends. Default 2 s.
	RefusedBackoff time.Duration
	// InquiryInterval is how long a member that should dial may not have done so before it is asked why, once in every
	// interval. Default 5 s.
	InquiryInterval time.Duration
	// PingInterval is the time between two pings of a link, sent whatever else is. Default 500 ms.
	PingInterval time.Duration
	// IdleTimeout is how long a link may bring nothing, pings included, before it is given up. Default 3 s.
	IdleTimeout time.Duration
	// StallTimeout is how long written bytes may stay unacknowledged, or a write blocked. Default 10 s.
	StallTimeout time.Duration
	// FlushTimeout is how long Close, and the end of a removed node's link, wait for queued messages to be written. Default 1 s.
	FlushTimeout time.Duration
	// QueueMessages and QueueBytes bound what waits for one peer in each lane; a single longer message is let through
	// when nothing else waits. Default 8192 messages and 128 MiB, twice what a leader has in flight.
	QueueMessages, QueueBytes int
	// MessageBytes bounds one encoded message. Default 1 GiB: a batch with a value of the largest size fits.
	MessageBytes int
	// LinkAge, LinkRecords and LinkBytes are when a link is dialled anew, since its keys live no longer than the
	// connection. Default 1 h, 2^22 records and 32 GiB, a fifth and less of what RFC 8446, 5.5, allows AES-GCM.
	LinkAge                time.Duration
	LinkRecords, LinkBytes int64
	// RefusalLog is how often the same refusal is logged again. Default 1 min.
	RefusalLog time.Duration
}

// WithDefaults returns l with every zero field replaced by its default.
func (l Limits) WithDefaults() Limits {
	setDefault(&l.HelloTimeout, 5*time.Second)
	setDefault(&l.JoinTimeout, 2*time.Minute)
	setDefault(&l.HelloBytes, 4<<10)
	setDefault(&l.Unauthenticated, 16)
	setDefault(&l.DialTimeout, time.Second)
	setDefault(&l.BackoffMin, 20*time.Millisecond)
	setDefault(&l.BackoffMax, 250*time.Millisecond)
	setDefault(&l.RefusedBackoff, 2*time.Second)
	setDefault(&l.InquiryInterval, 5*time.Second)
	setDefault(&l.PingInterval, 500*time.Millisecond)
	setDefault(&l.IdleTimeout, 3*time.Second)
	setDefault(&l.StallTimeout, 10*time.Second)
	setDefault(&l.FlushTimeout, time.Second)
	setDefault(&l.QueueMessages, 8192)
	setDefault(&l.QueueBytes, 128<<20)
	setDefault(&l.MessageBytes, 1<<30)
	setDefault(&l.LinkAge, time.Hour)
	setDefault(&l.LinkRecords, 1<<22)
	setDefault(&l.LinkBytes, 32<<30)
	setDefault(&l.RefusalLog, time.Minute)
	return l
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// maxMessageBytes is what the length of a message can say on the wire.
const maxMessageBytes = 1<<32 - 1

// Check reports every relation between the limits that does not hold; each message names the values and the rule.
func (l Limits) Check() error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("peer: "+format, args...))
		}
	}
	require(l.HelloTimeout > 0 && l.JoinTimeout > 0 && l.DialTimeout > 0 && l.InquiryInterval > 0 && l.PingInterval > 0 && l.StallTimeout > 0 && l.FlushTimeout > 0 && l.LinkAge > 0,
		"times must be above 0")
	require(l.BackoffMin > 0 && l.BackoffMin <= l.BackoffMax && l.BackoffMax <= l.RefusedBackoff,
		"backoff must rise from above 0: %v, %v, %v after a refusal", l.BackoffMin, l.BackoffMax, l.RefusedBackoff)
	require(l.IdleTimeout >= 2*l.PingInterval, "idle timeout %v must be at least twice the ping interval %v, or one late ping ends a link",
		l.IdleTimeout, l.PingInterval)
	require(l.HelloBytes >= 3<<10, "%d bytes before the hello are too few: a TLS handshake and a hello need about 2.5 KiB", l.HelloBytes)
	require(l.Unauthenticated > 0 && l.QueueMessages > 0 && l.QueueBytes > 0, "connection and queue bounds must be above 0")
	require(l.MessageBytes >= pieceBytes && l.MessageBytes <= maxMessageBytes, "message bound %d must be from %d to %d",
		l.MessageBytes, pieceBytes, maxMessageBytes)
	require(l.LinkRecords > 0 && l.LinkBytes > 0, "link bounds must be above 0")
	return errors.Join(errs...)
}
