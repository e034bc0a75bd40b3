// Package risk judges how likely it is that a sign-in is not its user's own.
//
// An Assessor looks at a sign-in whose first factor was right and at what is known of the user's past, and answers a Level. What
// a user pool does at each level is its risk configuration, not the assessor's business. Default returns the Rules that user
// pools assess by unless told otherwise; they stand in rules.go, with their points:
//
//	userpool.Config{RiskAssessor: risk.Default()}
//
// A program with a better judgement implements Assessor, or changes the points:
//
//	rules := risk.Default()
//	rules.High = 100
//
// Countries and cities are known only if there is a Locator; the package has no table of addresses.
package risk

import (
	"context"
	"net/netip"
	"time"
)

// Level is how likely it is that somebody else signs in.
type Level int

// The levels, in order.
const (
	None Level = iota
	Low
	Medium
	High
)

// String returns "none", "low", "medium" or "high".
func (l Level) String() string {
	switch l {
	case Low:
		return "low"
	case Medium:
		return "medium"
	case High:
		return "high"
	}
	return "none"
}

// Assessor judges sign-ins.
//
// Assess is called once for each sign-in whose first factor was right, outside of any transaction. It MUST be safe for
// concurrent use and end when ctx does. What it keeps of an attempt is personal data. An error lets the sign-in go on as one
// without risk, with a line in the log: an assessor that is down locks nobody out.
type Assessor interface {
	Assess(ctx context.Context, a Attempt) (Assessment, error)
}

// Func is an Assessor that is a function.
type Func func(ctx context.Context, a Attempt) (Assessment, error)

// Assess calls f.
func (f Func) Assess(ctx context.Context, a Attempt) (Assessment, error) { return f(ctx, a) }

// Assessment is what an Assessor found.
type Assessment struct {
	Level Level
	// Compromised says that the password is in the hands of others. It counts only for sign-ins that sent one (AUTH-556).
	Compromised bool
	Reasons     []string // names of rules, for logs
}

// Attempt is a sign-in to be judged. Its Event says when it began and where from; Outcome, Level and Feedback are empty.
type Attempt struct {
	PoolID, ClientID, Sub, Username string
	Flow                            string // the AuthFlow by which it began

	Event
	UserAgent   string // as it was sent
	Fingerprint string // EncodedData of the request, opaque

	// History is what is known of the user, newest first: his latest events, and older ones that succeeded or were judged. It
	// is bounded, see HistoryRecent and HistoryLasting, so that failures of others do not push out what he did himself.
	History []Event
}

// How many events an Attempt's History holds at most: the latest ones, and the latest that succeeded or were judged.
const (
	HistoryRecent  = 32
	HistoryLasting = 16
)

// Event is one event of a user.
type Event struct {
	Kind     string // "SignIn", "SignUp", "ForgotPassword", "PasswordChange" or "ResendCode"
	At       time.Time
	IP       netip.Addr // the zero Addr if nobody knows
	Device   string     // such as "Firefox / Linux"; empty if nobody knows
	Place    Place
	Outcome  Outcome
	Level    Level
	Feedback Feedback
}

// Outcome is how an event ended.
type Outcome int

// The outcomes. An unfinished sign-in waits for its next factor, or was given up.
const (
	Unfinished Outcome = iota
	Passed
	Failed
)

// Feedback is what the user or an administrator said of an event afterwards.
type Feedback int

// The kinds of feedback: none yet, it was the user, it was somebody else.
const (
	NoFeedback Feedback = iota
	Valid
	Invalid
)

// Place is where an address is believed to be. Empty fields are not known. Country is an English name, not a code.
type Place struct {
	Country, City, Timezone string
	Latitude, Longitude     float64
	Located                 bool // Latitude and Longitude are known
}

// Locator knows where addresses are, as a rule from a table. Locate MUST be safe for concurrent use; it is asked, outside of any
// transaction, for every request of a pool with threat protection, and for each use of a session in a pool that tracks sessions. The
// zero Place is an address that nobody knows; an error counts as one, with a line in the log.
type Locator interface {
	Locate(ctx context.Context, ip netip.Addr) (Place, error)
}

// LocatorFunc is a Locator that is a function.
type LocatorFunc func(ctx context.Context, ip netip.Addr) (Place, error)

// Locate calls f.
func (f LocatorFunc) Locate(ctx context.Context, ip netip.Addr) (Place, error) { return f(ctx, ip) }
