package resp

import (
	"slices"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// maxPrefixes bounds the prefixes of one client in broadcast mode: each is compared with all others. Redis has no such bound.
const maxPrefixes = 1 << 10

// trackingCommands are the subcommands of CLIENT for client-side caching.
func trackingCommands() []localCommand {
	sub := func(name string, arity int, since, syntax, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: arity, Since: since,
			Flags: anytime | statemachine.NoScript, Group: groupConnection, Complexity: "O(1)", Summary: summary, Syntax: syntax}}
	}
	tracking := sub("TRACKING", -3, "6.0.0",
		"<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
		"Controls server-assisted client-side caching for the connection.", clientTracking)
	tracking.Complexity = "O(1). Some options may introduce additional complexity."
	return []localCommand{
		sub("CACHING", 3, "6.0.0", "<YES | NO>", "Instructs the server whether to track the keys in the next request.", clientCaching),
		sub("GETREDIR", 2, "6.0.0", "", "Returns the client ID to which the connection's tracking notifications are redirected.", clientGetRedir),
		tracking,
		sub("TRACKINGINFO", 2, "6.2.0", "", "Returns information about server-assisted client-side caching for the connection.", clientTrackingInfo),
	}
}

// trackingOptions are those of CLIENT TRACKING.
type trackingOptions struct {
	redirect                     uint64
	bcast, optIn, optOut, noLoop bool
	prefixes                     []string
}

// tracks reports whether the client tracks.
func (c *Client) tracks() bool { return c.tracker != nil && c.tracker.on }

// caches reports whether the keys that the client reads now are remembered.
func (c *Client) caches() bool {
	t := c.tracker
	switch {
	case !c.tracks() || t.bcast:
		return false
	case t.optIn:
		return c.caching
	case t.optOut:
		return !c.caching
	}
	return true
}

// endCaching ends what CLIENT CACHING said, which holds for the next command, or for a whole transaction.
func (c *Client) endCaching(r *row) {
	if c.caching && c.tx == nil && !strings.HasPrefix(r.name, "client|") {
		c.caching = false
	}
}

// clientTracking: CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP].
func clientTracking(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	o, problem := l.server.hub.trackingOptions(args[3:])
	switch {
	case problem != "":
	case strings.EqualFold(string(args[2]), "ON"):
		if problem = c.refusesTracking(&o); problem == "" {
			l.server.hub.track(c, o)
		}
	case strings.EqualFold(string(args[2]), "OFF"):
		l.server.hub.stopTracking(c)
	default:
		problem = errSyntaxError
	}
	if problem != "" {
		w.Error(problem)
		return
	}
	w.Status("OK")
}

// trackingOptions reads what follows ON or OFF.
func (h *hub) trackingOptions(args [][]byte) (o trackingOptions, problem string) {
	for i := 0; i < len(args); i++ {
		more := i+1 < len(args)
		switch word := strings.ToUpper(string(args[i])); {
		case word == "REDIRECT" && more:
			i++
			if o.redirect != 0 {
				return o, errRedirectTwice
			}
			id, ok := statemachine.ParseInt(args[i])
			if !ok {
				return o, errInteger
			}
			if o.redirect = uint64(id); !h.knows(o.redirect) {
				return o, errRedirectNobody
			}
		case word == "BCAST":
			o.bcast = true
		case word == "OPTIN":
			o.optIn = true
		case word == "OPTOUT":
			o.optOut = true
		case word == "NOLOOP":
			o.noLoop = true
		case word == "PREFIX" && more:
			i++
			o.prefixes = append(o.prefixes, string(args[i]))
		default:
			return o, errSyntaxError
		}
	}
	return o, ""
}

// knows reports whether there is a client with that id.
func (h *hub) knows(id uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clients[id] != nil
}

// refusesTracking says why the client cannot begin to track so.
func (c *Client) refusesTracking(o *trackingOptions) (problem string) {
	var now tracker
	if c.tracks() {
		now = *c.tracker
	}
	switch {
	case !o.bcast && len(o.prefixes) > 0:
		return errPrefixWithoutBcast
	case now.on && now.bcast != o.bcast:
		return errSwitchBcast
	case o.bcast && (o.optIn || o.optOut):
		return errOptWithBcast
	case o.optIn && o.optOut:
		return errOptBoth
	case o.optIn && now.optOut, o.optOut && now.optIn:
		return errSwitchOpt
	case len(now.prefixes)+len(o.prefixes) > maxPrefixes:
		return errTooManyPrefixes
	case o.bcast:
		return overlaps(now.prefixes, o.prefixes)
	}
	return ""
}

// overlaps says which of the new prefixes cannot be, beside the client's others.
func overlaps(existing, added []string) (problem string) {
	for i, p := range added {
		for _, other := range existing {
			if isOverlap(p, other) {
				return errOverlap(p, "an existing prefix", other)
			}
		}
		for _, other := range added[i+1:] {
			if isOverlap(p, other) {
				return errOverlap(p, "another provided prefix", other)
			}
		}
	}
	return ""
}

// isOverlap reports whether one of two prefixes begins with the other.
func isOverlap(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

// clientCaching: CLIENT CACHING YES|NO.
func clientCaching(_ *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	yes, no := strings.EqualFold(string(args[2]), "YES"), strings.EqualFold(string(args[2]), "NO")
	switch {
	case !c.tracks():
		w.Error(errCachingOff)
	case yes && !c.tracker.optIn:
		w.Error(errCachingYes)
	case no && !c.tracker.optOut:
		w.Error(errCachingNo)
	case !yes && !no:
		w.Error(errSyntaxError)
	default:
		c.caching = true
		w.Status("OK")
	}
}

// clientGetRedir: CLIENT GETREDIR.
func clientGetRedir(_ *eventLoop, c *Client, _ statemachine.Args, w *Writer) { w.Int(c.redirection()) }

// redirection is the client that invalidations go to, 0 if that is this one, -1 without tracking.
func (c *Client) redirection() int64 {
	if !c.tracks() {
		return -1
	}
	return int64(c.tracker.redirect)
}

// listenFlags are those of CLIENT LIST for a subscriber (P), and for a client that tracks (t), in broadcast mode (B), or with a redirection that
// is broken (R).
func (c *Client) listenFlags() (flags string) {
	if c.isSubscriber() {
		flags += "P"
	}
	if !c.tracks() {
		return flags
	}
	told := c.loop.server.hub.trackingFlags(c)
	flags += "t"
	if slices.Contains(told, "broken_redirect") {
		flags += "R"
	}
	if slices.Contains(told, "bcast") {
		flags += "B"
	}
	return flags
}

// clientTrackingInfo: CLIENT TRACKINGINFO.
func clientTrackingInfo(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	flags, prefixes := []string{"off"}, []string(nil)
	if c.tracks() {
		flags, prefixes = l.server.hub.trackingFlags(c), c.tracker.prefixes
	}
	w.Map(3)
	w.BulkString("flags")
	w.Set(len(flags))
	for _, flag := range flags {
		w.BulkString(flag)
	}
	w.BulkString("redirect")
	w.Int(c.redirection())
	w.BulkString("prefixes")
	w.Array(len(prefixes))
	for _, prefix := range prefixes {
		w.BulkString(prefix)
	}
}

// trackingFlags tells how a client tracks, in Redis's words and order.
func (h *hub) trackingFlags(c *Client) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := c.tracker
	flags := []string{"on"}
	for _, f := range []struct {
		set  bool
		name string
	}{
		{t.bcast, "bcast"}, {t.optIn, "optin"}, {t.optIn && c.caching, "caching-yes"}, {t.optOut, "optout"},
		{t.optOut && c.caching, "caching-no"}, {t.noLoop, "noloop"}, {t.broken, "broken_redirect"},
	} {
		if f.set {
			flags = append(flags, f.name)
		}
	}
	return slices.Clip(flags)
}
