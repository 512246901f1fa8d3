// Package journal is the acceptor's memory: a log of promises and accepted records that survives a crash and can tell a
// crash from damage (rules D1 to D3).
//
// # Files
//
//	frontier        two 4 KiB slots, each with one mark: how far the journal is known to be synced, and where it begins
//	00000001.seg    segments: preallocated and zero-filled before they are used, 64 MiB unless set otherwise
//	00000002.seg    the newest is either the one in use or the prepared one behind it, whose header is still zero
//	*.tmp           a file that was being made when the process died, or kept to be used again; removed at open
//
// A segment is a 4 KiB header and then frames, each starting at a multiple of 512 bytes, and zeros up to its end. The
// header holds a magic, FormatVersion, cluster and node UUID, the segment's number and size, the sequence of its first
// frame, the chain value before it, and a CRC-32C. It is written together with the segment's first frame.
//
// A frame is what one append made durable: a 40-byte header (magic, lengths, sequence, the chain value before it, the
// description's CRC-32C, its own CRC-32C, which is salted with the identity so that a frame of another journal never
// passes), a description (format.Batch: promise, hint, and each record's slot, ballot, kind, payload length and CRC-32C), the
// payloads, and zeros up to the next multiple of 512. A frame may instead publish a checkpoint: it then says which is the newest, with
// the encoded description of it as its payload, and repeats the promise. The chain value of a frame is a CRC-64 over its header, which contains
// the chain value before it: a frame proves all frames before it.
//
// With a Sealer what is stored of a payload is another one (encrypted); lengths and checksums are of what is stored. Nothing else is sealed here.
//
// A frame that fits no regular segment gets a segment of its own, exactly as large as it needs. Spanning segments would
// save the space left in the segment before it, but every reader would have to put frames together again; such frames
// (values up to 512 MiB) are rare, and the space comes back when the journal is cut.
//
// # Cutting
//
// Cut removes segments from the front that hold no record above the newest published checkpoint. Neither the segment that
// publishes that one goes, nor any behind it, so the promise and the publication are always in what is left. First both slots of the frontier
// are made to say, synced, with which segment the journal begins, which sequence and chain value come before it, and which slot is the
// lowest left; then the files go. After a crash in between, files with lower numbers are left over, and the next open removes them. One file of a
// cut segment is kept, and zeroed to become the spare after the next, so that a journal that is cut as fast as it grows needs no new space.
//
// Slots from the lowest left (First) to the checkpoint and the chosen hint can all be read. A checkpoint that came from a peer may be beyond all that is
// stored: then all below it counts as cut. A publication may also say that there is no checkpoint any more; then nothing is known to be chosen
// until the next one.
//
// # Versions
//
// Version 2 of the files added publications and cuts. Files of version 1 are read as those of a journal that has had neither, and
// the frontier is of version 2 from the first open on, so that an older binary refuses the journal and says why.
//
// # What is synced when
//
// Append writes one frame with one write past the page cache, which returns when it is on stable storage, or where that cannot be done with
// one write and one fdatasync. Since the segment was zero-filled and synced before, there is data to write and no metadata. Then it writes a mark, "synced up to frame n", into one of the two slots
// of the frontier file, and only then returns. The mark is synced a few milliseconds later, and at Close, but not before Append
// returns. Measured with 1 and 3 writers on one disk, 300 bytes to 8 kB a frame: a second fdatasync in parallel with the
// first costs as much as one after it (p50 95 -> 190 us with one writer, 150 -> 270 us with three), since the disk works flushes
// off one after another; an unsynced mark costs 2 us. And a mark that is synced in parallel cannot say what is needed: if
// it were durable and the frame torn, nobody could know whether the frame had been acknowledged.
//
// # Torn or damaged
//
// A frame is written only after the frame before it was synced, so at most the last frame can be torn by a crash, and
// whatever lies before a later frame was acknowledged. At open every byte of every file is read. Refused, with a Corrupt error:
// anything that is not as it was written in any frame up to the mark; a later frame, or a segment, behind a bad one; a
// gap in the chain or the segment numbers; an end before the mark; non-zero bytes where nothing was written; a file that is
// longer than it was made, or too short for what the mark covers; after a clean Close, any trace behind the end. What remains, a bad frame at the very end
// and beyond the mark, is torn: it is zeroed, synced and logged. Whole frames beyond the mark are kept, but rewritten
// and synced first: their sync may never have happened, or have failed (a failed fsync leaves the page cache clean).
//
// # What cannot be known
//
//   - When only the process dies (kill -9, panic, out of memory) the mark is exact: every acknowledged frame is
//     marked. When the machine loses power, marks of the last few milliseconds may be lost. All acknowledged frames are there and
//     are proven by their chain; but if, in the same power failure, the disk also damages or drops exactly the last
//     acknowledged frames, in spite of the flush it confirmed, they are taken for torn.
//   - A frontier slot that fails its checksum is refused, unless the machine was restarted since the slot was written: then it
//     may have been torn by a power failure, and the other slot counts.
//   - An older copy of the journal directory is refused when it is of an earlier boot than the identity file (see package
//     storage). An older copy of the whole data directory looks exactly as it looked then, and no local check can tell. Peers can:
//     they meet a boot number that they have met before.
package journal
