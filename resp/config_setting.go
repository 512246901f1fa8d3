package resp

// setting is a parameter that can change while the server runs.
type setting interface {
	// get is what CONFIG GET says.
	get() string
	// parse reads a value, and returns what has it take effect, or why it is not one, in Redis's words. apply is called once all
	// parameters of a CONFIG SET are found good.
	parse(text string) (apply func(), why string)
}
