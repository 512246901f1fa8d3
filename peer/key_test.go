package peer

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

const goodHex = "8f1c64d0a93be2577b0e12f6c4d8395ea170bc1d2f4e6a8893d5e7f90b2c4d6e"

func TestKeysMade(t *testing.T) {
	first, second := NewKey(), NewKey()
	if first == second {
		t.Fatal("two keys are the same")
	}
	for range 1000 {
		if _, err := ParseKey(NewKey()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeyForms(t *testing.T) {
	raw, err := hex.DecodeString(goodHex)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ParseKey(goodHex)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{goodHex + "\n", " " + strings.ToUpper(goodHex) + "\r\n", base64.StdEncoding.EncodeToString(raw),
		base64.RawStdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw)} {
		if got, err := ParseKey(text); err != nil || got != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestWeakKeysAreRefused(t *testing.T) {
	sequence := make([]byte, 32)
	for i := range sequence {
		sequence[i] = byte(7 * i)
	}
	for name, test := range map[string]struct{ text, want string }{
		"empty":       {"\n", "empty"},
		"passphrase":  {"correct horse battery staple, and more of it", "neither hex nor base64"},
		"short":       {goodHex[:62], "31 bytes"},
		"one byte":    {strings.Repeat("ab", 32), "1 different"},
		"zeros":       {strings.Repeat("0", 64), "1 different"},
		"few bytes":   {strings.Repeat("0102030405060708", 4), "8 different"},
		"a pattern":   {strings.Repeat(goodHex[:40], 2), "repeats a pattern"},
		"a sequence":  {hex.EncodeToString(sequence), "counting sequence"},
		"hidden text": {hex.EncodeToString([]byte("The quick brown fox jumps over the lazy dog")), "encoded text"},
		"endless":     {strings.Repeat(goodHex, 100), "more than 4096 bytes"},
	} {
		_, err := ParseKey(test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v does not say %q", name, err, test.want)
		}
		if text := strings.TrimSpace(test.text); err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		if _, err := LoadKeys(write(fmt.Sprint(mode), goodHex, mode)); err != nil {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	for name, test := range map[string]struct{ path, want string }{
		"world-readable": {write("world", goodHex, 0o604), "chmod 600"},
		"group-readable": {write("group", goodHex, 0o640), "mode 0640"},
		"group-writable": {write("writable", goodHex, 0o620), "chmod 600"},
		"missing":        {filepath.Join(dir, "missing"), "paxredis keygen"},
		"a directory":    {dir, "not a regular file"},
		"weak":           {write("weak", strings.Repeat("a", 64), 0o600), "not random"},
	} {
		if _, err := LoadKeys(test.path); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.path) {
			t.Errorf("%s: %v does not name the file and %q", name, err, test.want)
		}
	}
}

// TestKeysDoNotPrint: a key put into a log or an error by mistake stays secret.
func TestKeysDoNotPrint(t *testing.T) {
	key := testKey(t, 1)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, text := range []string{fmt.Sprintf(verb, key), fmt.Sprintf(verb, Config{Keys: []Key{key}}), fmt.Sprintf(verb, &key)} {
			if strings.Contains(text, key.secret) || strings.Contains(text, hex.EncodeToString([]byte(key.secret))) ||
				strings.Contains(text, fmt.Sprintf("%q", key.secret)) {
				t.Errorf("%s shows the key: %s", verb, text)
			}
		}
	}
}

func TestClusterUUID(t *testing.T) {
	voters := []paxos.Member{{ID: 1, Address: "a:1"}, {ID: 2, Address: "b:1"}, {ID: 10, Address: "c:1"}}
	reversed := []paxos.Member{voters[2], voters[0], voters[1]}
	id := ClusterUUID(testKey(t, 1), voters)
	if parsed, err := uuid.Parse(id); err != nil || parsed.Version() != 8 || parsed.Variant() != uuid.RFC4122 {
		t.Fatalf("%q: %v", id, err)
	}
	if got := ClusterUUID(testKey(t, 1), reversed); got != id {
		t.Errorf("the order of voters matters: %s, %s", id, got)
	}
	for name, other := range map[string]string{
		"another key":     ClusterUUID(testKey(t, 2), voters),
		"fewer voters":    ClusterUUID(testKey(t, 1), voters[:2]),
		"another id":      ClusterUUID(testKey(t, 1), []paxos.Member{voters[0], voters[1], {ID: 3, Address: "c:1"}}),
		"another address": ClusterUUID(testKey(t, 1), []paxos.Member{voters[0], voters[1], {ID: 10, Address: "d:1"}}),
		"insecure":        ClusterUUID(InsecureKey(), voters),
	} {
		if other == id || other == "" {
			t.Errorf("%s: %q", name, other)
		}
	}
	if got := ClusterUUID(Key{}, voters); got != "" {
		t.Errorf("no key gives %q", got)
	}
}

// TestSeveralKeysInAFile: a key a line, the first is shown; what is wrong with one is said with its number.
func TestSeveralKeysInAFile(t *testing.T) {
	one, two := NewKey(), NewKey()
	keys, err := ParseKeys("\n" + one + two + "\n")
	if err != nil || len(keys) != 2 {
		t.Fatalf("got %d keys, %v", len(keys), err)
	}
	first, err := ParseKey(one)
	if err != nil || keys[0] != first || keys[0].Fingerprint() == keys[1].Fingerprint() {
		t.Errorf("the first key is another one: %v", err)
	}
	many := ""
	for range MaxKeys + 1 {
		many += NewKey()
	}
	for text, want := range map[string]string{
		"":                      "the key is empty",
		one + one:               "key 2 is there twice",
		one + "short":           "key 2: ",
		one + "\n" + two:        "key 2: the key is empty",
		many:                    "more than 4 keys",
		strings.Repeat(one, 64): "no key",
	} {
		if _, err := ParseKeys(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %q", text, err, want)
		}
	}
}
