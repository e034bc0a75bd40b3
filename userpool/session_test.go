package userpool_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

const (
	sessionBad  = "Invalid session for the user."
	sessionOver = "Invalid session for the user, session is expired."
)

// A session can be answered for the user, client, pool, step and family that it was made for, unchanged, and for none other
// (AUTH-160, AUTH-161, AUTH-164, AUTH-165).
func TestC4_SessionBinding(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	sibling, other := a.sibling(), b.app()
	for _, x := range []app{a, other} {
		x.newcomer("ada")
		x.newcomer("bob")
	}
	session := a.challenged("ada")
	admin, err := a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password)
	check(t, err)
	claim, err := a.srpStart("ada", password)
	check(t, err)
	raw, err := base64.RawURLEncoding.DecodeString(session)
	check(t, err)
	flipped := func(i int) string {
		c := append([]byte(nil), raw...)
		c[i] ^= 1
		return base64.RawURLEncoding.EncodeToString(c)
	}
	answer := func(x app, name, session string) error {
		_, err := x.respond(newPassword, session, "USERNAME", name, "NEW_PASSWORD", another)
		return err
	}
	adminAnswer := func(x app, session string) error {
		_, err := x.AdminRespondToAuthChallenge(t.Context(), &userpool.AdminRespondToAuthChallengeInput{
			UserPoolId: x.pool, ClientId: x.client, ChallengeName: newPassword, Session: session,
			ChallengeResponses: map[string]string{"USERNAME": "ada", "NEW_PASSWORD": another},
		})
		return err
	}
	for name, err := range map[string]error{
		"another user":             answer(a, "bob", session),
		"nobody":                   answer(a, "nobody", session),
		"another client":           answer(sibling, "ada", session),
		"another pool":             answer(other, "ada", session),
		"AUTH-164 admin to public": answer(a, "ada", admin.Session),
		"AUTH-164 public to admin": adminAnswer(a, session),
		"truncated":                answer(a, "ada", session[:len(session)-4]),
		"extended":                 answer(a, "ada", session+"AAAA"),
		"a line end in it":         answer(a, "ada", session[:9]+"\n"+session[9:]),
		"a return in it":           answer(a, "ada", session[:9]+"\r"+session[9:]),
		"padded":                   answer(a, "ada", session+"="),
		"first byte":               answer(a, "ada", flipped(0)),
		"in the middle":            answer(a, "ada", flipped(len(raw)/2)),
		"last byte":                answer(a, "ada", flipped(len(raw)-1)),
		"garbage":                  answer(a, "ada", "this is not a session at all"),
		"not base64":               answer(a, "ada", session[:40]+"!!!!"+session[44:]),
		"a secret block":           answer(a, "ada", claim.ChallengeResponses["PASSWORD_CLAIM_SECRET_BLOCK"][:1200]),
	} {
		t.Run(name, func(t *testing.T) { refused(t, err, userpool.ErrNotAuthorized, sessionBad) })
	}
	_, err = a.respond(userpool.ChallengeNameTypeSmsMfa, session, "USERNAME", "ada", "SMS_MFA_CODE", "123456")
	refused(t, err, userpool.ErrNotAuthorized, sessionBad) // AUTH-165
	_, err = a.respond(newPassword, "", "USERNAME", "ada", "NEW_PASSWORD", another)
	refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter Session") // AUTH-161
	_, err = a.respond(newPassword, session, "NEW_PASSWORD", another)
	refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter USERNAME") // AUTH-156
	check(t, adminAnswer(a, admin.Session))
}

// AUTH-158: a session lives for the client's AuthSessionValidity, three minutes unless it says otherwise.
func TestSessionLife(t *testing.T) {
	t.Parallel()
	for minutes, client := range map[int]func(*userpool.CreateUserPoolClientInput){
		3:  func(*userpool.CreateUserPoolClientInput) {},
		15: func(in *userpool.CreateUserPoolClientInput) { in.AuthSessionValidity = new(int32(15)) },
	} {
		a := setup(t).app(client)
		a.newcomer("ada")
		session := a.challenged("ada")
		a.clock.Advance(time.Duration(minutes)*time.Minute - time.Second)
		late := a.fork(t)
		_, err := late.respond(newPassword, session, "USERNAME", "ada", "NEW_PASSWORD", another)
		check(t, err)
		a.clock.Advance(time.Second)
		_, err = a.respond(newPassword, session, "USERNAME", "ada", "NEW_PASSWORD", another)
		refused(t, err, userpool.ErrNotAuthorized, sessionOver)
	}
}

// A session and a secret block are worth what the state is worth that they were made in: whatever ends it ends them.
func TestC4_SessionOutlivesNothing(t *testing.T) {
	t.Parallel()
	base := setup(t).app()
	base.newcomer("ada")
	tests := []struct {
		name    string
		between func(a app)
		code    awsapi.Code
		session string // what the answer to NEW_PASSWORD_REQUIRED says
		srp     string // what the answer to PASSWORD_VERIFIER says
	}{
		{"password set", func(a app) { a.setPassword("ada", password) }, userpool.ErrNotAuthorized, sessionBad, isWrong},
		{"disabled", func(a app) { a.disable("ada") }, userpool.ErrNotAuthorized, sessionBad, ""},
		{"disabled and enabled", func(a app) {
			a.disable("ada")
			_, err := a.AdminEnableUser(a.t.Context(), &userpool.AdminEnableUserInput{UserPoolId: a.pool, Username: "ada"})
			check(a.t, err)
		}, userpool.ErrNotAuthorized, sessionBad, isWrong},
		{"deleted", func(a app) { a.remove("ada") }, "", sessionBad, ""},
		{"deleted and made again", func(a app) { a.remove("ada"); a.newcomer("ada") }, userpool.ErrNotAuthorized, sessionBad, isWrong},
		{"flow switched off", func(a app) {
			_, err := a.UpdateUserPoolClient(a.t.Context(), &userpool.UpdateUserPoolClientInput{
				UserPoolId: a.pool, ClientId: a.client, ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{
					userpool.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
			})
			check(a.t, err)
		}, userpool.ErrInvalidParameter, "USER_PASSWORD_AUTH flow not enabled for this client", "USER_SRP_AUTH is not enabled for the client."},
		{"client deleted", func(a app) {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			check(a.t, err)
		}, userpool.ErrResourceNotFound, "", ""},
		{"pool deleted", func(a app) {
			_, err := a.DeleteUserPool(a.t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
			check(a.t, err)
		}, userpool.ErrResourceNotFound, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := base.fork(t)
			session := a.challenged("ada")
			claim, err := a.srpStart("ada", password)
			check(t, err)
			tt.between(a)
			code := tt.code
			if code == "" {
				code = userpool.ErrNotAuthorized
			}
			_, err = a.respond(newPassword, session, "USERNAME", "ada", "NEW_PASSWORD", another)
			refused(t, err, code, tt.session)
			_, err = a.RespondToAuthChallenge(t.Context(), claim)
			if tt.code == "" {
				code = userpool.ErrUserNotFound
			}
			refused(t, err, code, tt.srp)
		})
	}
}

// A sealed session is good on another node of the same store, and on no other installation.
func TestC4_SessionElsewhere(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.newcomer("ada")
	session := a.challenged("ada")
	_, err := a.fork(t).respond(newPassword, session, "USERNAME", "ada", "NEW_PASSWORD", another)
	check(t, err)
	foreign := setup(t).app()
	foreign.newcomer("ada")
	_, err = foreign.respond(newPassword, session, "USERNAME", "ada", "NEW_PASSWORD", another)
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
}

// AUTH-501: a device key that a caller only claims is not in his tokens, however long it is (H2).
func TestH2_ClaimedDeviceKey(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.newcomer("ada")
	key := string(make([]byte, 100_000))
	out, err := a.begin(userpool.AuthFlowTypeUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password, "DEVICE_KEY", key)
	check(t, err)
	done, err := a.respond(newPassword, out.Session, "USERNAME", "ada", "NEW_PASSWORD", another, "DEVICE_KEY", key)
	check(t, err)
	if _, has := claimsOf(t, done.AuthenticationResult.AccessToken)["device_key"]; has {
		t.Error("the access token has a device_key")
	}
}
