package userpool_test

import (
	"context"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-590, AUTH-591: of several reasons to refuse an answer the first in order is told.
func TestRespondOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(legacy, withSecret)
	other := b.app()
	a.newcomer("ada")
	session := a.challenged("ada")
	respond := func(client string, challenge userpool.ChallengeNameType, session string, responses map[string]string) string {
		_, err := a.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
			ClientId: client, ChallengeName: challenge, Session: session, ChallengeResponses: responses,
		})
		return errorText(err)
	}
	const garbage = "this session is none at all"
	full := map[string]string{"USERNAME": "nobody", "NEW_PASSWORD": "weak", "SECRET_HASH": a.hash("nobody")}
	for i, step := range []struct{ got, want string }{
		{respond("nobody", newPassword, garbage, nil), "User pool client nobody does not exist."},
		{respond(a.client, newPassword, garbage, map[string]string{"NEW_PASSWORD": "weak"}), "Missing required parameter USERNAME"},
		{respond(a.client, newPassword, garbage, map[string]string{"USERNAME": "ada"}), "Missing required parameter NEW_PASSWORD"},
		{respond(a.client, newPassword, garbage, map[string]string{"USERNAME": "ada", "NEW_PASSWORD": "weak"}),
			"Client " + a.client + " is configured with secret but SECRET_HASH was not received"},
		{respond(a.client, newPassword, garbage, full), sessionBad},
		{respond(a.client, newPassword, session, full), sessionBad},
		{respond(a.client, newPassword, session, map[string]string{"USERNAME": "ada", "NEW_PASSWORD": "weak", "SECRET_HASH": a.hash("ada")}),
			"Password did not conform with policy: Password not long enough"},
	} {
		if step.got != step.want {
			t.Errorf("step %d: got %q, want %q", i, step.got, step.want)
		}
	}
	for pool, want := range map[string]string{
		"us-east-1_Nowhere00": "User pool us-east-1_Nowhere00 does not exist.", other.pool: "User pool client " + a.client + " does not exist.",
	} {
		_, err := a.AdminRespondToAuthChallenge(t.Context(), &userpool.AdminRespondToAuthChallengeInput{
			UserPoolId: pool, ClientId: a.client, ChallengeName: newPassword, Session: garbage, ChallengeResponses: full,
		})
		refused(t, err, userpool.ErrResourceNotFound, want)
	}
}

// AUTH-592: of several reasons to refuse a refresh the first in order is told.
func TestRefreshOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(withSecret, rotating(0))
	a.user("ada")
	first := a.signIn("ada").RefreshToken
	_, err := a.rotate(first)
	check(t, err)
	a.disable("ada")
	try := func(client, secret, token string) string {
		_, err := a.GetTokensFromRefreshToken(t.Context(), &userpool.GetTokensFromRefreshTokenInput{ClientId: client, ClientSecret: secret, RefreshToken: token})
		return errorText(err)
	}
	for i, step := range []struct{ got, want string }{
		{try("nobody", "wrongwrongwrongwrongwrong", "garbage"), "User pool client nobody does not exist."},
		{try(a.client, "wrongwrongwrongwrongwrong", "garbage"), "Unable to verify secret hash for client " + a.client},
		{try(a.client, a.secret, "garbage"), refreshBad},
		{try(a.client, a.secret, first), "User is disabled."}, // rather than reuse: nothing is told of a sign-in that is over (AUTH-529)
	} {
		if step.got != step.want {
			t.Errorf("step %d: got %q, want %q", i, step.got, step.want)
		}
	}
}

// AUTH-203, AUTH-155: the parameters of a challenge are texts, and name the user by the internal name, which answers it.
func TestChallengeNames(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byEmail)
	a.newcomer("ada@example.com")
	out, err := a.tryPassword("ada@example.com", password)
	check(t, err)
	name := out.ChallengeParameters["USER_ID_FOR_SRP"]
	if name == "ada@example.com" || name != a.profile("ada@example.com").Username || out.ChallengeParameters["requiredAttributes"] != "[]" {
		t.Errorf("USER_ID_FOR_SRP %s, requiredAttributes %s", name, out.ChallengeParameters["requiredAttributes"])
	}
	done, err := a.respond(newPassword, out.Session, "USERNAME", name, "NEW_PASSWORD", another)
	check(t, err)
	if done.ChallengeParameters == nil || len(done.ChallengeParameters) != 0 || done.Session != "" || done.AuthenticationResult == nil {
		t.Errorf("parameters %v beside tokens (AUTH-151)", done.ChallengeParameters)
	}
}

// AUTH-594: signing out needs a token that is good, and ends the token that did it.
func TestGlobalSignOut(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	access := a.signIn("ada").AccessToken
	_, err := a.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: access})
	check(t, err)
	_, err = a.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: access})
	refused(t, err, userpool.ErrNotAuthorized, accessRevoked)
}

// AUTH-413: a pool without a policy demands eight characters of all four classes, and keeps temporary passwords seven days.
func TestDefaultPolicy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app()
	for password, ok := range map[string]bool{"Aaaaa1-": false, "Aaaaaa1-": true, "aaaaaa1-": false, "AAAAAA1-": false, "Aaaaaaa-": false, "Aaaaaaa1": false} {
		_, err := a.SignUp(t.Context(), &userpool.SignUpInput{ClientId: a.client, Username: "u" + password, Password: password})
		if ok {
			check(t, err)
		} else {
			refused(t, err, userpool.ErrInvalidPassword, "")
		}
	}
}

// A call back into the pool from a function of a sign-in works: no slot and no lock is held while functions run (H15).
func TestH15_CallsBackIntoThePool(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	inner := 0
	post := on(b, "post", func(ctx context.Context, e trigger.PostAuthenticationEvent) (trigger.PostAuthenticationEvent, error) {
		if inner++; inner > 1 {
			return e, nil
		}
		ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
		defer cancel()
		_, err := a.InitiateAuth(ctx, &userpool.InitiateAuthInput{
			ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password},
		})
		return e, err
	})
	a = b.app(lambdas(userpool.LambdaConfigType{PostAuthentication: post}))
	a.user("ada")
	a.signIn("ada")
	if inner != 2 {
		t.Errorf("the function ran %d times, want 2", inner)
	}
}
