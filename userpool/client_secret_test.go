package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/userpool"
)

// addSecret gives the app's client a second secret.
func (a app) addSecret(value string) (userpool.ClientSecretDescriptorType, error) {
	out, err := a.AddUserPoolClientSecret(a.t.Context(), &userpool.AddUserPoolClientSecretInput{
		UserPoolId: a.pool, ClientId: a.client, ClientSecret: value,
	})
	if err != nil {
		return userpool.ClientSecretDescriptorType{}, err
	}
	return *out.ClientSecretDescriptor, nil
}

// deleteSecret deletes a secret of the app's client.
func (a app) deleteSecret(id string) error {
	_, err := a.DeleteUserPoolClientSecret(a.t.Context(), &userpool.DeleteUserPoolClientSecretInput{
		UserPoolId: a.pool, ClientId: a.client, ClientSecretId: id,
	})
	return err
}

// secretIDs lists the secrets of the app's client.
func (a app) secretIDs() []string {
	a.t.Helper()
	out, err := a.ListUserPoolClientSecrets(a.t.Context(), &userpool.ListUserPoolClientSecretsInput{UserPoolId: a.pool, ClientId: a.client})
	check(a.t, err)
	ids := []string{}
	for _, s := range out.ClientSecrets {
		if s.ClientSecretValue != "" || s.ClientSecretCreateDate.IsZero() {
			a.t.Errorf("listed with value %t, created %v", s.ClientSecretValue != "", s.ClientSecretCreateDate)
		}
		ids = append(ids, s.ClientSecretId)
	}
	return ids
}

// works reports whether the client can sign somebody in with a secret.
func (a app) works(secret string) bool {
	a.t.Helper()
	a.secret = secret
	_, err := a.tryPassword("ada", password)
	if err != nil && !errors.Is(err, userpool.ErrNotAuthorized) {
		a.t.Fatal(err)
	}
	return err == nil
}

// AUTH-080, APP-004, POOL-070: a secret is exchanged without a moment in which neither works.
func TestExchangeSecrets(t *testing.T) {
	t.Parallel()
	a := setup(t).app(withSecret)
	a.user("ada")
	first := a.secretIDs()
	if want := a.client + "--" + strconv.FormatInt(a.clock.Now().Unix(), 10); len(first) != 1 || first[0] != want {
		t.Fatalf("the secrets are %q, want %q", first, want)
	}
	a.clock.Advance(time.Hour)
	added, err := a.addSecret("")
	check(t, err)
	if !regexp.MustCompile(`^[0-9a-z]{51}$`).MatchString(added.ClientSecretValue) || !added.ClientSecretCreateDate.Equal(a.clock.Now()) {
		t.Errorf("got a value of %d characters, created %v", len(added.ClientSecretValue), added.ClientSecretCreateDate)
	}
	if got := a.secretIDs(); !slices.Equal(got, []string{first[0], added.ClientSecretId}) {
		t.Errorf("the secrets are %q", got)
	}
	if !a.works(a.secret) || !a.works(added.ClientSecretValue) || a.works("of nobody") {
		t.Error("of two secrets not both work, or another does")
	}
	if told := a.clientOf(a.client).ClientSecret; told != a.secret {
		t.Error("the client is not told with its older secret")
	}
	_, err = a.addSecret("")
	refused(t, err, userpool.ErrLimitExceeded, "User pool client "+a.client+" already has 2 client secrets.")

	check(t, a.deleteSecret(first[0]))
	if a.works(a.secret) || !a.works(added.ClientSecretValue) {
		t.Error("the deleted secret works, or the other does not")
	}
	if told := a.clientOf(a.client).ClientSecret; told != added.ClientSecretValue {
		t.Error("the client is not told with the secret that is left")
	}
	refused(t, a.deleteSecret(added.ClientSecretId), userpool.ErrInvalidParameter,
		"The last client secret of a user pool client cannot be deleted.")
	refused(t, a.deleteSecret(first[0]), userpool.ErrResourceNotFound, "User pool client secret "+first[0]+" does not exist.")
	if !a.works(added.ClientSecretValue) {
		t.Error("a refused deletion deleted the secret")
	}
	// An update of the settings does not touch it (APP-037).
	_, err = a.UpdateUserPoolClient(t.Context(), &userpool.UpdateUserPoolClientInput{
		UserPoolId: a.pool, ClientId: a.client, ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH"},
	})
	check(t, err)
	if !a.works(added.ClientSecretValue) {
		t.Error("an update took the secret away")
	}
}

// POOL-070: a supplied secret works and is not told back; two of one second have two ids.
func TestSuppliedSecret(t *testing.T) {
	t.Parallel()
	a := setup(t).app(withSecret)
	a.user("ada")
	secret := strings.Repeat("Own_Secret+1", 2)
	added, err := a.addSecret(secret)
	check(t, err)
	if added.ClientSecretValue != "" {
		t.Error("the answer tells what the caller knows")
	}
	if ids := a.secretIDs(); len(ids) != 2 || ids[0] == ids[1] {
		t.Errorf("the secrets are %q", ids)
	}
	if !a.works(secret) {
		t.Error("the secret does not work")
	}
}

// APP-003, APP-004: a client without a secret does not get one later; what is misspelt changes nothing.
func TestSecretRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	public, a := b.app(), b.app(withSecret)
	_, err := public.addSecret("")
	refused(t, err, userpool.ErrInvalidParameter, "User pool client "+public.client+" does not have a client secret.")
	if ids := public.secretIDs(); len(ids) != 0 {
		t.Errorf("a public client has the secrets %q", ids)
	}
	refused(t, public.deleteSecret("x"), userpool.ErrResourceNotFound, "")
	for name, value := range map[string]string{
		"AUTH-081 too short": strings.Repeat("s", 23), "AUTH-081 too long": strings.Repeat("s", 65), "AUTH-081 with a dash": strings.Repeat("s-", 15),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.addSecret(value)
			refused(t, err, userpool.ErrInvalidParameter, "")
		})
	}
	refused(t, a.deleteSecret(""), userpool.ErrInvalidParameter, "")
	refused(t, a.deleteSecret(strings.Repeat("x", 129)), userpool.ErrInvalidParameter, "")
	_, err = a.ListUserPoolClientSecrets(t.Context(), &userpool.ListUserPoolClientSecretsInput{UserPoolId: a.pool, ClientId: a.client, NextToken: "x"})
	refused(t, err, userpool.ErrInvalidParameter, "Invalid pagination token given.")
	_, err = a.Invoke(t.Context(), "AddUserPoolClientSecret", fmt.Appendf(nil, `{"UserPoolId":%q,"ClientId":%q,"ClientSecret":7}`, a.pool, a.client))
	refused(t, err, awsapi.ErrSerialization, "")
	if ids := a.secretIDs(); len(ids) != 1 {
		t.Errorf("the secrets are %q", ids)
	}
}

// Of many who add or delete a secret at once, as many win as there are places: never three secrets, never none (C2).
func TestC2_SecretRaces(t *testing.T) {
	t.Parallel()
	a := setup(t).app(withSecret)
	won := 0
	for _, err := range race(6, func(int) error { _, err := a.addSecret(""); return err }) {
		if err == nil {
			won++
		} else if !errors.Is(err, userpool.ErrLimitExceeded) {
			t.Error(err)
		}
	}
	ids := a.secretIDs()
	if won != 1 || len(ids) != 2 {
		t.Fatalf("%d added one, and there are %d", won, len(ids))
	}
	won = 0
	for _, err := range race(6, func(i int) error { return a.deleteSecret(ids[i%2]) }) {
		if err == nil {
			won++
		} else if !errors.Is(err, userpool.ErrInvalidParameter) && !errors.Is(err, userpool.ErrResourceNotFound) {
			t.Error(err)
		}
	}
	if ids = a.secretIDs(); won != 1 || len(ids) != 1 {
		t.Errorf("%d deleted one, and there are %d", won, len(ids))
	}
}

// C7: neither what is generated nor what is supplied stands in the store as it is.
func TestC7_SecretsAreSealed(t *testing.T) {
	t.Parallel()
	a := setup(t).app(withSecret)
	supplied := strings.Repeat("PlainSecret", 3)
	_, err := a.addSecret(supplied)
	check(t, err)
	var records strings.Builder
	check(t, a.db.View(t.Context(), func(r driver.Reader) error {
		list, _, err := r.Scan(t.Context(), driver.Range{Kind: "client", Limit: 10})
		for _, rec := range list {
			records.Write(rec.Data)
		}
		return err
	}))
	image := records.String()
	if !strings.Contains(image, a.client) {
		t.Fatal("the client is not among the records")
	}
	if strings.Contains(image, a.secret) || strings.Contains(image, supplied) {
		t.Error("a secret stands in the store in clear")
	}
}

// AUTH-080, C4: a sign-in under way goes on while a secret is exchanged, by the other secret as well, and not by one that was
// deleted, not even with a hash that was good when it began.
func TestC4_SignInAcrossSecrets(t *testing.T) {
	t.Parallel()
	base := setup(t).app(withSecret)
	base.user("ada")
	base.newcomer("new")
	old := base.secret
	claim, err := base.srpStart("ada", password)
	check(t, err)
	began, err := base.tryPassword("new", password)
	check(t, err)
	tokens := base.signIn("ada")
	first := base.secretIDs()[0]
	added, err := base.addSecret("")
	check(t, err)

	answer := func(a app, secret string) map[string]error {
		a.secret = secret
		in := *claim
		in.ChallengeResponses = maps.Clone(claim.ChallengeResponses)
		in.ChallengeResponses["SECRET_HASH"] = a.hash("ada")
		_, claimErr := a.RespondToAuthChallenge(t.Context(), &in)
		_, newErr := a.respond(newPassword, began.Session, "USERNAME", "new", "NEW_PASSWORD", another)
		_, refreshErr := a.begin(userpool.AuthFlowTypeRefreshTokenAuth, "REFRESH_TOKEN", tokens.RefreshToken, "SECRET_HASH", a.hash("ada"))
		_, rotateErr := a.rotate(tokens.RefreshToken)
		return map[string]error{"SRP": claimErr, "new password": newErr, "refresh": refreshErr, "GetTokensFromRefreshToken": rotateErr}
	}
	for name, secret := range map[string]string{"by the old": old, "by the new": added.ClientSecretValue} {
		for what, err := range answer(base.fork(t), secret) {
			if err != nil {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
	check(t, base.deleteSecret(first))
	for what, err := range answer(base.fork(t), added.ClientSecretValue) {
		if err != nil {
			t.Errorf("by the one that is left, %s: %v", what, err)
		}
	}
	for what, err := range answer(base.fork(t), old) {
		if !errors.Is(err, userpool.ErrNotAuthorized) || errorText(err) != "Unable to verify secret hash for client "+base.client {
			t.Errorf("by the deleted, %s: %v", what, err)
		}
	}
}

// C2, C4: a secret that is deleted between its proof and the commit grants nothing; one that is added meanwhile does no harm.
func TestC2_SecretDeletedHalfWay(t *testing.T) {
	t.Parallel()
	for name, deleted := range map[string]bool{"deleted": true, "added": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m meddling
			a := setup(t, m.watch).app(withSecret, rotating(60))
			a.user("ada")
			token := a.signIn("ada").RefreshToken
			for what, do := range map[string]func(a app) error{
				"sign-in": func(a app) error { _, err := a.tryPassword("ada", password); return err },
				"SRP":     func(a app) error { _, err := a.srp("ada", password); return err },
				"rotation": func(a app) error {
					out, err := a.rotate(token)
					if err == nil {
						token = out.RefreshToken
					}
					return err
				},
				"sign-up": func(a app) error {
					_, err := a.SignUp(t.Context(), &userpool.SignUpInput{ClientId: a.client, Username: "eve", Password: password, SecretHash: a.hash("eve")})
					return err
				},
				"forgotten password": func(a app) error {
					_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "ada", SecretHash: a.hash("ada")})
					if err == nil || errorText(err) == "Cannot reset password for the user as there is no registered/verified email or phone_number" {
						return nil
					}
					return err
				},
			} {
				ids := a.secretIDs()
				used := a
				m.meddle = func() {
					added, err := a.addSecret("")
					check(t, err)
					if deleted {
						check(t, a.deleteSecret(ids[0]))
						a.secret = added.ClientSecretValue
					} else {
						check(t, a.deleteSecret(added.ClientSecretId))
					}
				}
				err := do(used)
				if m.meddle != nil {
					m.meddle = nil
					if what != "forgotten password" { // which writes nothing for somebody without an address
						t.Errorf("%s wrote nothing", what)
					}
					continue
				}
				if !deleted {
					check(t, err)
				} else if !errors.Is(err, userpool.ErrNotAuthorized) || errorText(err) != "Unable to verify secret hash for client "+a.client {
					t.Errorf("%s: got %v", what, err)
				}
			}
		})
	}
}

// C2, C4: nobody is taken over from another directory for a caller whose secret was deleted while that was asked.
func TestC2_SecretDeletedDuringMigration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	arn := on(b, "move", func(_ context.Context, e migration) (migration, error) {
		ids := a.secretIDs()
		if _, err := a.addSecret(""); err != nil {
			return e, err
		}
		e.Response = person("email", "ada@example.com")
		return e, a.deleteSecret(ids[0])
	})
	a = b.app(lambdas(userpool.LambdaConfigType{UserMigration: arn}), legacy, withSecret)
	_, err := a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, "Unable to verify secret hash for client "+a.client)
	if names := a.names(); len(names) != 0 {
		t.Errorf("the pool has %q", names)
	}
}
