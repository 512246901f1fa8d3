package peer

import (
	"errors"
	"fmt"
)

// Errors that end a link or keep it from coming up. What a remote end did wrong never stops the process.
var (
	errWrongKey = errors.New("the peer's certificate is not of this cluster's key; do both nodes have the same cluster key?")
	errTooMuch  = errors.New("more bytes than allowed before the hello")
	errBadMAC   = errors.New("the hello's MAC does not match: it was made for another connection, or with another key")
	errReplaced = errors.New("replaced by a newer link of the same peer")
	errClosed   = errors.New("this node is closing")
	errDeparted = errors.New("the guest's last link is over")
	errParted   = errors.New("no more links with this node")
	errEnded    = errors.New("the peer ended the link")
	errAlert    = errors.New("the other end refused the TLS handshake; do both nodes have the same cluster key?")
)

// frameError is a frame that no correct peer sends: the link is closed, since nothing after it can be trusted.
type frameError struct{ what string }

func (e *frameError) Error() string { return "bad frame: " + e.what }

func badFrame(format string, args ...any) error { return &frameError{fmt.Sprintf(format, args...)} }

// ErrRefused is what every considered no of a peer matches, by errors.Is: asking again changes nothing before somebody
// has acted on the reason, which the error's text gives.
var ErrRefused = errors.New("refused")

// refusal is the considered no of one end to a hello, with the reason both ends log.
type refusal struct {
	// by is "here" or "by the peer".
	by     string
	reason string
	// removed says that the node refused was a member once.
	removed bool
	// replaced says that its id is known with another UUID: its data directory is not the one that voted under that id.
	replaced bool
}

// asReplaced marks a refusal as that of a node whose id is known with another UUID.
func (e *refusal) asReplaced() *refusal {
	e.replaced = true
	return e
}

func (e *refusal) Error() string { return "refused " + e.by + ": " + e.reason }

// Is reports whether target is ErrRefused.
func (e *refusal) Is(target error) bool { return target == ErrRefused }

func refuse(format string, args ...any) *refusal {
	return &refusal{by: "here", reason: fmt.Sprintf(format, args...)}
}
