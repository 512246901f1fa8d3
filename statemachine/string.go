package statemachine

// maxEmbedded is the longest string that Redis keeps beside its object.
const maxEmbedded = 44

// editedInPlace notes that a string was changed by bytes: Redis keeps such a string as it is.
func (o editable) editedInPlace() {
	o.flags = o.flags&^encodingFlags | flagRaw
}

// encoding is what OBJECT ENCODING says: how Redis would keep this value.
func (o *Object) encoding() string {
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
