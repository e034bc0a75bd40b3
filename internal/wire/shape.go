// Package wire is the table-driven engine of the JSON protocols: it decodes a request body into an input struct, checks
// a struct against the constraints of the model with AWS's texts, and encodes an output struct.
//
// The tables are generated from the models. A Structure's table lists its members in the order of the Go struct's
// fields, so that member i is field i and no name is looked up at run time. Tables are plain data: importing a service
// runs no code, patterns compile on first use.
package wire

import "github.com/cenote-auth/cenote/awsapi"

// Kind is the form of a shape on the wire and in Go.
type Kind uint8

// The kinds, with the Go types that their members have.
const (
	String    Kind = iota // string, an enum type or *string
	Boolean               // bool or *bool
	Integer               // int32 or *int32
	Long                  // int64 or *int64
	Timestamp             // time.Time; epoch seconds on the wire
	Blob                  // []byte; base64 on the wire
	Document              // json.RawMessage; any JSON value
	List                  // slice; nil is absent, empty is []
	Map                   // map with string keys; nil is absent, empty is {}
	Structure             // pointer to a struct, nil is absent; as element of a list or map the struct itself
)

// Shape is one type of a model with its constraints.
type Shape struct {
	Name    string
	Kind    Kind
	Members []Member // of a Structure
	Key     *Shape   // of a Map
	Elem    *Shape   // of a List or Map

	// Min and Max bound the length of strings (in Unicode characters), blobs (in bytes), lists and maps (in elements),
	// and the value of numbers. They count only with HasMin and HasMax.
	Min, Max       int64
	HasMin, HasMax bool
	Pattern        *Pattern // of a String; nil is none
	Enum           []string // of a String; nil is any value

	Sensitive bool // marked so by the model: left out of error texts, and redacted
	Secret    bool // redacted only
}

// Member is one member of a structure. Member i of a table is field i of the Go struct.
type Member struct {
	Name     string // on the wire
	Shape    *Shape
	Required bool
	Secret   bool // redacted whatever its shape says
}

// Op is an operation with the shapes that its bytes follow.
type Op struct {
	awsapi.Operation
	Index    int            // position in the service's table, for the generated dispatch
	Input    *Shape         // always a Structure
	Output   *Shape         // always a Structure; without members if the model has no output
	NewInput func() any     // returns a pointer to a new input struct
	IsInput  func(any) bool // reports whether a value is a pointer to an input struct, and not nil
	IsOutput func(any) bool // the same for the output struct
}

// Is reports whether v is a *T that is not nil.
func Is[T any](v any) bool {
	p, ok := v.(*T)
	return ok && p != nil
}
