package differential

import "strings"

// newerDifferences are those from what came after Redis 7.2, to which paxredis keeps: Valkey 8.0, which says that it is 7.2, and Redis 8.0.
func newerDifferences() []Known {
	return []Known{
		{Name: "help of newer releases", From: of72, Reason: "its texts are others", Matches: func(d *Difference) bool {
			return d.Command != nil && strings.HasSuffix(d.Command.Name, "|help")
		}},
		{Name: "MULTI and WATCH in MULTI", From: of72, Diverges: true, Reason: "in Valkey they make EXEC abort, with another error", Matches: func(d *Difference) bool {
			return d.Ours.Text == "ERR MULTI calls can not be nested" || d.Ours.Text == "ERR WATCH inside MULTI is not allowed"
		}},
		{Name: "BITCOUNT without an end", From: of72, Diverges: true, Reason: "Valkey takes it", Matches: func(d *Difference) bool {
			return d.command("bitcount") && d.Ours.IsError() && len(d.Call) == 3
		}},
		{Name: "cursors of newer releases", From: of72, Diverges: true, Reason: "negative ones are none, and some with a space in front are", Matches: func(d *Difference) bool {
			return d.Ours.Text == "ERR invalid cursor" || d.Theirs.Text == "ERR invalid cursor"
		}},
		{Name: "SCAN of unknown types", From: of72, Reason: "Valkey refuses it", Matches: func(d *Difference) bool {
			return d.command("scan") && strings.HasPrefix(d.Theirs.Text, "ERR unknown type name")
		}},
		{Name: "indexes of 32 bits", From: of72, Diverges: true, Reason: "LSET takes 32 bits of an index of a small list", Matches: func(d *Difference) bool {
			return d.command("lset") && d.Ours.Text == "ERR index out of range" && d.Theirs.Text == "OK"
		}},
		{Name: "LREM of the least integer", From: of72, Diverges: true, Reason: "it is refused", Matches: func(d *Difference) bool {
			return d.command("lrem") && strings.HasPrefix(d.Theirs.Text, "ERR value is out of range, value must between -9223372036854775807")
		}},
		{Name: "times beyond all time", From: of72, Diverges: true, Reason: "RESTORE makes a key whose time lies far behind, and which is there all the same", Matches: func(d *Difference) bool {
			return d.mentions("RESTORE") && (d.mentions("9223372036854775807") || d.mentions("9223372036854775806"))
		}},
		{Name: "names with zeros", From: of72, Diverges: true, Reason: "names are looked at up to a byte 0, in Redis 7.2, too", Matches: func(d *Difference) bool {
			return d.command("client|setinfo", "client|setname", "hello") && strings.Contains(strings.Join(d.Call, " "), "\x00")
		}},
		{Name: "small coordinates", From: of80, Reason: "Redis 8.0 writes them with an exponent", Matches: func(d *Difference) bool {
			return d.Command != nil && d.Command.Group == "geo" && strings.Contains(d.Theirs.String(), "e-")
		}},
		{Name: "the last entry of a stream", From: of72, Diverges: true, Reason: "it is + in Valkey, and from 7.4 on, and errors of XREAD tell of it", Matches: func(d *Difference) bool {
			return d.command("xread", "xreadgroup") && (hasWord(d.Call, "+") || strings.Contains(d.Theirs.Text, ", '+', or '$'"))
		}},
		{Name: "lags of groups", From: of74, Reason: "Redis 8.0 tells them where 7.2 cannot, and does not believe a number of entries read that cannot be", Matches: func(d *Difference) bool {
			return d.command("xinfo|groups", "xinfo|stream") && strings.Contains(d.Theirs.String(), `"lag"`)
		}},
		{Name: "encodings of hashes with deadlines", From: of74, Reason: "they have names of their own, and a hash keeps them", Matches: func(d *Difference) bool {
			return d.command("object|encoding") && d.Theirs.Text == "listpackex"
		}},
		{Name: "sorted sets made for what is not added", From: of72, Reason: "ZADD XX with a long member that is not there gives up the compact encoding", Matches: func(d *Difference) bool {
			return d.command("object|encoding") && d.Ours.Text == "listpack" && d.Theirs.Text == "skiplist" && d.mentions("XX")
		}},
		{Name: "modules that come with it", From: of80, Reason: "there are no modules here", Matches: func(d *Difference) bool { return d.command("module|list") }},
	}
}
