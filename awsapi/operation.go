package awsapi

// Auth says what an outer layer has to have proven before an operation may run.
type Auth int

const (
	AuthNone        Auth = iota // public: nothing
	AuthAccessToken             // public, but the input carries an access token that the operation itself verifies
	AuthSigV4                   // signed with AWS Signature Version 4
)

// Protocol is the wire form that a service speaks.
type Protocol string

const (
	JSON11   Protocol = "json"      // POST / with X-Amz-Target
	RESTJSON Protocol = "rest-json" // method and path
)

// Service describes one AWS API.
type Service struct {
	Name         string // signing name and IAM prefix: "cognito-idp"
	ID           string // "Cognito Identity Provider"
	Version      string // API version: "2016-04-18"
	TargetPrefix string // of X-Amz-Target, empty for rest-json
	Protocol     Protocol
	Validation   Code         // code of constraint violations
	Statuses     []CodeStatus // HTTP statuses that differ from the codes' usual ones
}

// CodeStatus is the HTTP status of a code at one service.
type CodeStatus struct {
	Code   Code
	Status int
}

// Operation describes one operation of a service. The tables of operations are generated from the models.
type Operation struct {
	Name     string // "SignUp"
	Service  *Service
	Auth     Auth
	Method   string    // HTTP method
	Path     string    // URI template, "/identitypools/{IdentityPoolId}"
	Bindings []Binding // input members that travel outside of the body (rest-json)
	Status   int       // HTTP status of success
	NoOutput bool      // the model has no output shape: success has an empty body
	Codes    []Code    // the exceptions that the model declares
	ReadOnly bool      // changes nothing
	Built    bool      // false: this version answers ErrOperationNotImplemented
}

// Action returns the operation's IAM action, for example "cognito-idp:AdminGetUser".
func (o *Operation) Action() string { return o.Service.Name + ":" + o.Name }

// Place is where a bound input member travels.
type Place string

const (
	InURI    Place = "uri"
	InQuery  Place = "querystring"
	InHeader Place = "header"
)

// Binding says that an input member travels in the URI, the query or a header.
type Binding struct {
	Member string // name in the input
	Place  Place
	Name   string // name on the wire
	Number bool   // the member is a number, else a string
}
