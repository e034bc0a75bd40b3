package userpool_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/userpool"
	"github.com/cenote-auth/cenote/webauthntest"
)

// fuzzedPasskeys is a service with somebody in it who may have passkeys, and his token.
func fuzzedPasskeys(f *testing.F) (s *userpool.Service, access string) {
	f.Helper()
	must := func(err error) {
		if err != nil {
			f.Fatal(err)
		}
	}
	now := time.Date(2026, 1, 3, 4, 5, 6, 0, time.UTC)
	s, err := userpool.New(userpool.Config{
		SigningKeys: testkeys.Make, Now: func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	must(err)
	ctx := f.Context()
	in := &userpool.CreateUserPoolInput{PoolName: "p"}
	withPasskeys(in)
	pool, err := s.CreateUserPool(ctx, in)
	must(err)
	id := pool.UserPool.Id
	_, err = s.SetUserPoolMfaConfig(ctx, &userpool.SetUserPoolMfaConfigInput{
		UserPoolId: id, WebAuthnConfiguration: &userpool.WebAuthnConfigurationType{RelyingPartyId: site},
	})
	must(err)
	client, err := s.CreateUserPoolClient(ctx, &userpool.CreateUserPoolClientInput{
		UserPoolId: id, ClientName: "c", ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth},
	})
	must(err)
	_, err = s.AdminCreateUser(ctx, &userpool.AdminCreateUserInput{UserPoolId: id, Username: "ada", MessageAction: userpool.MessageActionTypeSuppress})
	must(err)
	_, err = s.AdminSetUserPassword(ctx, &userpool.AdminSetUserPasswordInput{UserPoolId: id, Username: "ada", Password: password, Permanent: true})
	must(err)
	out, err := s.InitiateAuth(ctx, &userpool.InitiateAuthInput{
		ClientId: client.UserPoolClient.ClientId, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password},
	})
	must(err)
	return s, out.AuthenticationResult.AccessToken
}

// FuzzPasskey ends registrations with attestation objects that no authenticator made, under client data that fit. What is refused is
// refused with one of the operation's errors; what is taken is listed and can be deleted.
func FuzzPasskey(f *testing.F) {
	s, access := fuzzedPasskeys(f)
	start := func(t testing.TB) (options json.RawMessage, challenge string) {
		out, err := s.StartWebAuthnRegistration(t.Context(), &userpool.StartWebAuthnRegistrationInput{AccessToken: access})
		var o struct{ Challenge string }
		if err == nil {
			err = json.Unmarshal(out.CredentialCreationOptions, &o)
		}
		if err != nil {
			t.Fatal(err)
		}
		return out.CredentialCreationOptions, o.Challenge
	}
	for _, c := range []webauthntest.Config{{Algorithm: webauthntest.ES256}, {Algorithm: webauthntest.RS256}, {Algorithm: webauthntest.ES384}} {
		for _, format := range []string{"none", "packed", "fido-u2f"} {
			c.Origin = siteOrigin
			options, _ := start(f)
			text, err := webauthntest.New(c).Create(options, func(c *webauthntest.Ceremony) { c.Format = format })
			var made struct {
				ID       string
				Response struct{ AttestationObject string }
			}
			if err == nil {
				err = json.Unmarshal(text, &made)
			}
			if err != nil {
				f.Fatal(err)
			}
			object, _ := base64.RawURLEncoding.DecodeString(made.Response.AttestationObject)
			id, _ := base64.RawURLEncoding.DecodeString(made.ID)
			f.Add(object, id)
		}
	}
	f.Fuzz(func(t *testing.T, object, id []byte) {
		_, challenge := start(t)
		client := fmt.Sprintf(`{"type":"webauthn.create","challenge":%q,"origin":%q}`, challenge, siteOrigin)
		credential := fmt.Sprintf(`{"id":%q,"rawId":%[1]q,"type":"public-key","clientExtensionResults":{},"response":{"clientDataJSON":%q,"attestationObject":%q}}`,
			encode64(id), encode64([]byte(client)), encode64(object))
		_, err := s.CompleteWebAuthnRegistration(t.Context(), &userpool.CompleteWebAuthnRegistrationInput{AccessToken: access, Credential: []byte(credential)})
		if err != nil {
			if !errors.Is(err, userpool.ErrInvalidParameter) && !errors.Is(err, userpool.ErrWebAuthnRelyingPartyMismatch) &&
				!errors.Is(err, userpool.ErrWebAuthnCredentialNotSupported) {
				t.Errorf("got %v", err)
			}
			return
		}
		out, err := s.ListWebAuthnCredentials(t.Context(), &userpool.ListWebAuthnCredentialsInput{AccessToken: access})
		if err != nil || len(out.Credentials) != 1 || out.Credentials[0].CredentialId != encode64(id) {
			t.Fatalf("listed are %+v, %v", out, err)
		}
		if _, err := s.DeleteWebAuthnCredential(t.Context(), &userpool.DeleteWebAuthnCredentialInput{AccessToken: access, CredentialId: encode64(id)}); err != nil {
			t.Fatal(err)
		}
	})
}
