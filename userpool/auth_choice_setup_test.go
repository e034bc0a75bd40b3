package userpool_test

import (
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/userpool"
)

const (
	userAuth  = userpool.AuthFlowTypeUserAuth
	selection = userpool.ChallengeNameTypeSelectChallenge
	bySRP     = userpool.ChallengeNameTypePasswordSrp
	byPass    = userpool.ChallengeNameTypePassword
	verifier  = userpool.ChallengeNameTypePasswordVerifier
	byMail    = userpool.ChallengeNameTypeEmailOtp
	bySMS     = userpool.ChallengeNameTypeSmsOtp

	wrongCode = "Invalid code or auth state for the user."
	isInvalid = "Invalid session for the user."
	wasUsed   = "Invalid session for the user, session can only be used once."
	isOver    = "Invalid session for the user, session is expired."
	badToken  = "Invalid Access Token"
)

// byCode lets sign-ins of a pool begin with codes.
func byCode(in *userpool.CreateUserPoolInput) {
	withSMS(in)
	factors(userpool.AuthFactorTypePassword, userpool.AuthFactorTypeEmailOtp, userpool.AuthFactorTypeSmsOtp)(in)
}

// choosing lets a client sign in by USER_AUTH and by the classic flows.
func choosing(in *userpool.CreateUserPoolClientInput) {
	in.ExplicitAuthFlows = append([]userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAllowUserAuth}, in.ExplicitAuthFlows...)
}

// choose begins a sign-in by USER_AUTH.
func (a app) choose(name string, pairs ...string) (*userpool.InitiateAuthOutput, error) {
	return a.begin(userAuth, append([]string{"USERNAME", name}, pairs...)...)
}

// chosen begins a sign-in that has to be asked for a challenge, and returns the session.
func (a app) chosen(name string, want userpool.ChallengeNameType, pairs ...string) string {
	a.t.Helper()
	out, err := a.choose(name, pairs...)
	check(a.t, err)
	if out.ChallengeName != want || out.AuthenticationResult != nil {
		a.t.Fatalf("%s is asked for %s, want %s", name, out.ChallengeName, want)
	}
	return out.Session
}

// passwordless makes somebody without a password.
func (a app) passwordless(name string, pairs ...string) {
	a.t.Helper()
	_, err := a.AdminCreateUser(a.t.Context(), &userpool.AdminCreateUserInput{UserPoolId: a.pool, Username: name, UserAttributes: attributes(pairs...)})
	check(a.t, err)
}

// claim answers PASSWORD_VERIFIER.
func (a app) claim(login *srp.Login, params map[string]string, session string) (*userpool.RespondToAuthChallengeOutput, error) {
	a.t.Helper()
	responses, err := login.Respond(params, a.clock.Now())
	check(a.t, err)
	if h := a.hash(responses["USERNAME"]); h != "" {
		responses["SECRET_HASH"] = h
	}
	return a.RespondToAuthChallenge(a.t.Context(), &userpool.RespondToAuthChallengeInput{
		ClientId: a.client, ChallengeName: verifier, Session: session, ChallengeResponses: responses,
	})
}

func (a app) login(name, password string) *srp.Login {
	a.t.Helper()
	login, err := srp.NewLogin(a.pool, name, password)
	check(a.t, err)
	return login
}

// adminRespond answers a challenge by AdminRespondToAuthChallenge.
func (a app) adminRespond(challenge userpool.ChallengeNameType, session string, pairs ...string) (*userpool.AdminRespondToAuthChallengeOutput, error) {
	return a.AdminRespondToAuthChallenge(a.t.Context(), &userpool.AdminRespondToAuthChallengeInput{
		UserPoolId: a.pool, ClientId: a.client, ChallengeName: challenge, Session: session, ChallengeResponses: asMap(pairs),
	})
}
