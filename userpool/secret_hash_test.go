package userpool_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-071, AUTH-073: the published vector.
func TestSecretHashVector(t *testing.T) {
	t.Parallel()
	if got := srp.SecretHash("alice", "1example23456789", "secretsecretsecretsecret"); got != "Frcgik1I5BO69D5/Ross3o24gt8azq0ruP8sN9b3zg8=" {
		t.Errorf("hash is %s", got)
	}
}

// AUTH-071…079, AUTH-072: each operation that takes a hash, with the right one, none, wrong ones, and one too many.
func TestSecretHashMatrix(t *testing.T) {
	t.Parallel()
	b := setup(t)
	locked := b.app(byEmail, withSecret)
	open := b.app(byEmail)
	const absent, wrong = "absent", "wrong"
	unable := func(a app) string { return "Unable to verify secret hash for client " + a.client }
	missing := func(a app) string {
		return "Client " + a.client + " is configured with secret but SECRET_HASH was not received"
	}

	type operation struct {
		name   string
		inAuth bool
		call   func(a app, name, hash string) error
	}
	login, err := srp.NewLogin(locked.pool, "x", password)
	check(t, err)
	srpA := login.Params()["SRP_A"]
	params := func(hash string, pairs ...string) map[string]string {
		m := asMap(pairs)
		if hash != "" {
			m["SECRET_HASH"] = hash
		}
		return m
	}
	operations := []operation{
		{"SignUp", false, func(a app, name, hash string) error {
			_, err := a.SignUp(t.Context(), &userpool.SignUpInput{ClientId: a.client, Username: "new" + name, Password: password, SecretHash: hash})
			return err
		}},
		{"ConfirmSignUp", false, func(a app, name, hash string) error {
			_, err := a.ConfirmSignUp(t.Context(), &userpool.ConfirmSignUpInput{ClientId: a.client, Username: name, ConfirmationCode: "123456", SecretHash: hash})
			return err
		}},
		{"ResendConfirmationCode", false, func(a app, name, hash string) error {
			_, err := a.ResendConfirmationCode(t.Context(), &userpool.ResendConfirmationCodeInput{ClientId: a.client, Username: name, SecretHash: hash})
			return err
		}},
		{"ForgotPassword", false, func(a app, name, hash string) error {
			_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: name, SecretHash: hash})
			return err
		}},
		{"ConfirmForgotPassword", false, func(a app, name, hash string) error {
			_, err := a.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
				ClientId: a.client, Username: name, ConfirmationCode: "123456", Password: password, SecretHash: hash,
			})
			return err
		}},
		{"USER_PASSWORD_AUTH", true, func(a app, name, hash string) error {
			_, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
				ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, AuthParameters: params(hash, "USERNAME", name, "PASSWORD", password),
			})
			return err
		}},
		{"USER_SRP_AUTH", true, func(a app, name, hash string) error {
			_, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
				ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserSrpAuth, AuthParameters: params(hash, "USERNAME", name, "SRP_A", srpA),
			})
			return err
		}},
		{"ADMIN_USER_PASSWORD_AUTH", true, func(a app, name, hash string) error {
			_, err := a.AdminInitiateAuth(t.Context(), &userpool.AdminInitiateAuthInput{
				UserPoolId: a.pool, ClientId: a.client, AuthFlow: userpool.AuthFlowTypeAdminUserPasswordAuth,
				AuthParameters: params(hash, "USERNAME", name, "PASSWORD", password),
			})
			return err
		}},
		{"RespondToAuthChallenge", true, func(a app, name, hash string) error {
			_, err := a.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
				ClientId: a.client, ChallengeName: newPassword, Session: "a session that is none",
				ChallengeResponses: params(hash, "USERNAME", name, "NEW_PASSWORD", another),
			})
			return err
		}},
		{"AdminRespondToAuthChallenge", true, func(a app, name, hash string) error {
			_, err := a.AdminRespondToAuthChallenge(t.Context(), &userpool.AdminRespondToAuthChallengeInput{
				UserPoolId: a.pool, ClientId: a.client, ChallengeName: newPassword, Session: "a session that is none",
				ChallengeResponses: params(hash, "USERNAME", name, "NEW_PASSWORD", another),
			})
			return err
		}},
	}
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			locked, open := locked.fork(t), open.fork(t)
			const name = "ada@example.com"
			sub := locked.user(name)
			open.user(name)
			hashed := name
			if op.name == "SignUp" {
				hashed = "new" + name
			}
			right := srp.SecretHash(hashed, locked.client, locked.secret)
			for what, hash := range map[string]string{
				absent: "", wrong: srp.SecretHash(hashed, locked.client, "anothersecretanothersecret"),
				"over another name": srp.SecretHash(sub, locked.client, locked.secret), "over another client": srp.SecretHash(hashed, open.client, locked.secret),
				"cut": right[:20], "not base64": "=========",
			} {
				want := unable(locked)
				if what == absent && op.inAuth {
					want = missing(locked) // AUTH-076
				}
				if err := op.call(locked, name, hash); errorText(err) != want {
					t.Errorf("%s: got %v, want %q", what, err, want)
				}
			}
			if err := op.call(locked, name, right); errorText(err) == unable(locked) || errorText(err) == missing(locked) {
				t.Errorf("the right hash: %v", err)
			}
			if err := op.call(open, name, right); errorText(err) != unable(open) { // AUTH-077
				t.Errorf("a hash for a client without a secret: %v", err)
			}
			if err := op.call(open, name, ""); errorText(err) == unable(open) || errorText(err) == missing(open) {
				t.Errorf("no hash for a client without a secret: %v", err)
			}
		})
	}
}

// AUTH-079: the hash of a refresh is over the internal username, which is the sub where users are named by an address.
func TestSecretHashOfRefresh(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byEmail, withSecret)
	sub := a.user("ada@example.com")
	token := a.signIn("ada@example.com").RefreshToken
	for name, tt := range map[string]struct {
		hash string
		text string
	}{
		"over the sub":     {a.hash(sub), ""},
		"over the address": {a.hash("ada@example.com"), "Unable to verify secret hash for client " + a.client},
		"absent":           {"", "Client " + a.client + " is configured with secret but SECRET_HASH was not received"},
	} {
		t.Run(name, func(t *testing.T) {
			p := map[string]string{"REFRESH_TOKEN": token}
			if tt.hash != "" {
				p["SECRET_HASH"] = tt.hash
			}
			_, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{ClientId: a.client, AuthFlow: userpool.AuthFlowTypeRefreshTokenAuth, AuthParameters: p})
			if errorText(err) != tt.text {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}

// AUTH-075, AUTH-259: operations that take the plain secret.
func TestPlainSecret(t *testing.T) {
	t.Parallel()
	a := setup(t).app(withSecret)
	a.user("ada")
	token := a.signIn("ada").RefreshToken
	for secret, code := range map[string]awsapi.Code{a.secret: "", "": userpool.ErrNotAuthorized, "wrongwrongwrongwrongwrong": userpool.ErrNotAuthorized} {
		_, err := a.GetTokensFromRefreshToken(t.Context(), &userpool.GetTokensFromRefreshTokenInput{
			ClientId: a.client, RefreshToken: token, ClientSecret: secret,
		})
		if code == "" {
			check(t, err)
		} else {
			refused(t, err, code, "")
		}
	}
}

// AUTH-080: while two secrets are active either is good, and a deleted one is worthless at once, also for a sign-in that began
// with it (C4).
func TestTwoSecrets(t *testing.T) {
	t.Parallel()
	a := setup(t).app(withSecret)
	a.user("ada")
	claim, err := a.srpStart("ada", password)
	check(t, err)
	a.clock.Advance(time.Second)
	list, err := a.ListUserPoolClientSecrets(t.Context(), &userpool.ListUserPoolClientSecretsInput{UserPoolId: a.pool, ClientId: a.client})
	check(t, err)
	added, err := a.AddUserPoolClientSecret(t.Context(), &userpool.AddUserPoolClientSecretInput{UserPoolId: a.pool, ClientId: a.client})
	check(t, err)
	second := a
	second.secret = added.ClientSecretDescriptor.ClientSecretValue
	a.signIn("ada")
	second.signIn("ada")
	_, err = a.DeleteUserPoolClientSecret(t.Context(), &userpool.DeleteUserPoolClientSecretInput{
		UserPoolId: a.pool, ClientId: a.client, ClientSecretId: list.ClientSecrets[0].ClientSecretId,
	})
	check(t, err)
	_, err = a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, "Unable to verify secret hash for client "+a.client)
	_, err = a.RespondToAuthChallenge(t.Context(), claim)
	refused(t, err, userpool.ErrNotAuthorized, "Unable to verify secret hash for client "+a.client)
	second.signIn("ada")
}

// No error shows a secret, a password, a token or a hash that was sent (H16).
func TestH16_ErrorsShowNoSecrets(t *testing.T) {
	t.Parallel()
	a := setup(t).app(withSecret)
	a.user("ada")
	for _, in := range []any{
		&userpool.SignUpInput{ClientId: a.client, Username: "b b", Password: "canary-canary", SecretHash: "canary="},
		&userpool.ConfirmForgotPasswordInput{ClientId: a.client, Username: "ada", ConfirmationCode: "1", Password: "canary canary", SecretHash: "canary!"},
		&userpool.ChangePasswordInput{AccessToken: "canary canary", PreviousPassword: "canary canary", ProposedPassword: "canary canary"},
		&userpool.VerifyUserAttributeInput{AccessToken: "canary canary", AttributeName: "email", Code: "1"},
	} {
		var err error
		switch in := in.(type) {
		case *userpool.SignUpInput:
			_, err = a.SignUp(t.Context(), in)
		case *userpool.ConfirmForgotPasswordInput:
			_, err = a.ConfirmForgotPassword(t.Context(), in)
		case *userpool.ChangePasswordInput:
			_, err = a.ChangePassword(t.Context(), in)
		case *userpool.VerifyUserAttributeInput:
			_, err = a.VerifyUserAttribute(t.Context(), in)
		}
		refused(t, err, userpool.ErrInvalidParameter, "")
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("the error shows what was sent: %v", err)
		}
	}
}
