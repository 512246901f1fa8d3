// Package rdb is a codec of Redis's serialised values: what DUMP replies, RESTORE takes, and a snapshot file (.rdb) holds of a
// key; and of such files (FileReader, FileWriter). It goes between bytes and a neutral model (Value), knows nothing of the keyspace, and keeps no state.
//
// Load and Decode read every encoding that Redis has written since 2.6: strings as integers and compressed by LZF; lists as lists, ziplists,
// quicklists of ziplists and of listpacks; sets as sets, intsets and listpacks; sorted sets with scores as text and in binary, as
// ziplists and listpacks; hashes as hashes, zipmaps, ziplists and listpacks, with times to live (7.4) as hashes and listpacks; streams in
// their three versions. Types of modules are refused.
//
// Dump and Encode write one encoding of each value: the one that the most Redis versions read and still holds all of it, and the footer names the
// version that brought it. So a DUMP of a string, list, hash without times, set or sorted set goes to any Redis from 7.0 on.
//
// # Hostile input
//
// Every length is compared with the bytes that are left before anything is made room for, so what is read takes memory in proportion to the
// input; compressed strings, which could be ninety times as long, have a limit in all of them together. Each structure must end where its lengths say,
// hold what its counts say, and have no element twice, as far as a type knows none. Whatever does not, is an error that says what is wrong;
// FuzzLoad holds the package to that.
package rdb
