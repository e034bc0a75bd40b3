package userpool_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/userpool"
	"github.com/cenote-auth/cenote/webauthntest"
)

// fuzzedPasskeys is a service with somebody in it who may have passkeys, the client that he signs in by, and his token.
func fuzzedPasskeys(f *testing.F) (s *userpool.Service, client, access string) {
	f.Helper()
	must := func(err error) {
		if err != nil {
			f.Fatal(err)
		}
	}
	now := time.Date(2026, 1, 3, 4, 5, 6, 0, time.UTC)
	s, err := userpool.New(userpool.Config{
		SigningKeys: testkeys.Make, Now: func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Limits: userpool.Limits{WrongFactors: -1, WrongCodes: -1},
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
	made, err := s.CreateUserPoolClient(ctx, &userpool.CreateUserPoolClientInput{
		UserPoolId: id, ClientName: "c", ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{
			userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth, userpool.ExplicitAuthFlowsTypeAllowUserAuth,
		},
	})
	must(err)
	_, err = s.AdminCreateUser(ctx, &userpool.AdminCreateUserInput{UserPoolId: id, Username: "ada", MessageAction: userpool.MessageActionTypeSuppress})
	must(err)
	_, err = s.AdminSetUserPassword(ctx, &userpool.AdminSetUserPasswordInput{UserPoolId: id, Username: "ada", Password: password, Permanent: true})
	must(err)
	out, err := s.InitiateAuth(ctx, &userpool.InitiateAuthInput{
		ClientId: made.UserPoolClient.ClientId, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password},
	})
	must(err)
	return s, made.UserPoolClient.ClientId, out.AuthenticationResult.AccessToken
}

// FuzzPasskey ends registrations with attestation objects that no authenticator made, under client data that fit. What is refused is
// refused with one of the operation's errors; what is taken is listed and can be deleted.
func FuzzPasskey(f *testing.F) {
	s, _, access := fuzzedPasskeys(f)
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

// assertion is how FuzzAssertion writes one, with names in place of what differs.
const assertion = `{"id":"KEY","rawId":"KEY","type":"public-key","clientExtensionResults":{},"response":{"clientDataJSON":"CLIENT","authenticatorData":"DATA","signature":"SIGNATURE","userHandle":"HANDLE"}}`

// FuzzAssertion answers WEB_AUTHN with assertions that no authenticator made for its challenge. None of them signs in, each is refused as
// any other (AUTH-405), and what is asked for is still there for the one who has the device.
func FuzzAssertion(f *testing.F) {
	s, client, access := fuzzedPasskeys(f)
	start := func(t testing.TB) (session string, options []byte, challenge string) {
		out, err := s.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
			ClientId: client, AuthFlow: userAuth, AuthParameters: map[string]string{"USERNAME": "ada", "PREFERRED_CHALLENGE": "WEB_AUTHN"},
		})
		if err != nil {
			t.Fatal(err)
		}
		var o struct{ Challenge string }
		options = []byte(out.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"])
		if err := json.Unmarshal(options, &o); err != nil || o.Challenge == "" {
			t.Fatalf("asked for %s with %s", out.ChallengeName, options)
		}
		return out.Session, options, o.Challenge
	}
	answer := func(t testing.TB, session, credential string) error {
		_, err := s.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
			ClientId: client, ChallengeName: webAuthn, Session: session,
			ChallengeResponses: map[string]string{"USERNAME": "ada", "CREDENTIAL": credential},
		})
		return err
	}
	var ids []string
	var device *webauthntest.Authenticator
	var sub string
	for i, c := range []webauthntest.Config{{Algorithm: webauthntest.RS256}, {Algorithm: webauthntest.ES256}, {Algorithm: webauthntest.ES256, NoCounter: true}} {
		c.Origin = siteOrigin
		device = webauthntest.New(c)
		begun, err := s.StartWebAuthnRegistration(f.Context(), &userpool.StartWebAuthnRegistrationInput{AccessToken: access})
		if err != nil {
			f.Fatal(err)
		}
		credential, err := device.Create(begun.CredentialCreationOptions)
		if err == nil {
			_, err = s.CompleteWebAuthnRegistration(f.Context(), &userpool.CompleteWebAuthnRegistrationInput{AccessToken: access, Credential: credential})
		}
		if err != nil {
			f.Fatal(err)
		}
		ids = append(ids, fmt.Sprint("KEY", i), device.IDs()[0])
		_, options, challenge := start(f)
		text, err := device.Get(options)
		var made struct {
			Response struct{ ClientDataJSON, AuthenticatorData, Signature, UserHandle string }
		}
		if err == nil {
			err = json.Unmarshal(text, &made)
		}
		if err != nil {
			f.Fatal(err)
		}
		part := func(text string) []byte {
			b, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil {
				f.Fatal(err)
			}
			return b
		}
		r := made.Response
		sub = string(part(r.UserHandle))
		f.Add(strings.ReplaceAll(assertion, "KEY", fmt.Sprint("KEY", i)), strings.ReplaceAll(string(part(r.ClientDataJSON)), challenge, "CHALLENGE"),
			part(r.AuthenticatorData), part(r.Signature), []byte("SUB"))
	}
	f.Fuzz(func(t *testing.T, credential, collected string, data, signature, handle []byte) {
		session, options, challenge := start(t)
		collected = strings.ReplaceAll(collected, "CHALLENGE", challenge)
		handle = bytes.ReplaceAll(handle, []byte("SUB"), []byte(sub))
		credential = strings.NewReplacer(append(ids,
			"CLIENT", encode64([]byte(collected)), "DATA", encode64(data), "SIGNATURE", encode64(signature), "HANDLE", encode64(handle),
		)...).Replace(strings.ToValidUTF8(credential, "x")) // other texts are no requests
		if err := answer(t, session, credential); !errors.Is(err, userpool.ErrNotAuthorized) && (credential != "" || !errors.Is(err, userpool.ErrInvalidParameter)) {
			t.Fatalf("got %v", err)
		}
		genuine, err := device.Get(options)
		if err == nil {
			err = answer(t, session, string(genuine))
		}
		if err != nil {
			t.Errorf("the device that is asked gets %v", err)
		}
	})
}
