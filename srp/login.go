package srp

import (
	"fmt"
	"io"
	"time"
)

// Login is the client's side of one sign-in by USER_SRP_AUTH, or by another flow
// that asks for PASSWORD_VERIFIER. It must not be used for two sign-ins.
type Login struct {
	exchange
	group, username, password string
}

// NewLogin starts a sign-in to the pool. The username may be an alias: the
// service answers with the name that enters the hashes. The error is that of the
// random source.
func NewLogin(poolID, username, password string, options ...Option) (*Login, error) {
	l := &Login{group: PoolName(poolID), username: username, password: password}
	if err := l.start(options); err != nil {
		return nil, err
	}
	return l, nil
}

// Params returns the AuthParameters of InitiateAuth: USERNAME and SRP_A, and
// what the options add (AUTH-171). The map is the caller's.
func (l *Login) Params() map[string]string { return l.params(l.username) }

// Respond returns the ChallengeResponses to PASSWORD_VERIFIER (AUTH-173) from its
// ChallengeParameters (AUTH-172). now becomes the TIMESTAMP; the service refuses
// clocks that are minutes off. A wrong password is no error here, it is the
// service that finds out.
func (l *Login) Respond(challenge map[string]string, now time.Time) (map[string]string, error) {
	name := challenge["USER_ID_FOR_SRP"]
	if name == "" {
		return nil, fmt.Errorf("%w: challenge without USER_ID_FOR_SRP", ErrMalformed)
	}
	return l.respond(Identity{Group: l.group, Name: name}, l.password, name, challenge, now)
}

// Format keeps the password out of logs.
func (l *Login) Format(f fmt.State, _ rune) { io.WriteString(f, "srp.Login{secret}") }
