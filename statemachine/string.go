package statemachine

// maxEmbedded is the longest string that Redis keeps beside its object.
const maxEmbedded = 44

// editedInPlace notes that a string was changed by bytes: Redis keeps such a string as it is.
func (o editable) editedInPlace() {
	o.flags = o.flags&^encodingFlags | flagRaw
}

// stringEncoding is how Redis would keep a string.
func (o *Object) stringEncoding() string {
	s := o.str()
	switch {
	case o.flags&flagRaw != 0:
		return "raw"
	case o.flags&flagText == 0 && isInt(s):
		return "int"
	case len(s) <= maxEmbedded:
		return "embstr"
	}
	return "raw"
}

func isInt(s []byte) bool {
	_, ok := ParseInt(s)
	return ok
}
