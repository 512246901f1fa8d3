package statemachine

// What Redis keeps in a listpack: hash-max-listpack-entries and hash-max-listpack-value.
const (
	hashCompactFields = 512
	hashCompactBytes  = 64
)

// noteField notes when Redis would have given up the compact encoding: a hash with n fields has got one.
func (o editable) noteField(n int, field, value []byte) {
	if n > hashCompactFields || len(field) > hashCompactBytes || len(value) > hashCompactBytes {
		o.flags |= flagLarge
	}
}

func (o *Object) hashEncoding() string {
	switch {
	case o.flags&flagLarge != 0:
		return "hashtable"
	case o.flags&flagTimed != 0:
		return "listpackex"
	}
	return "listpack"
}
