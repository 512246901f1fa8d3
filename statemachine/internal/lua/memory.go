package lua

import "unsafe"

// unsafeString makes a string of bytes that nobody has any more.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
