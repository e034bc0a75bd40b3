package userpool_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
	"github.com/cenote-auth/cenote/webauthntest"
)

const (
	site       = "example.com"
	siteOrigin = "https://example.com"
)

// withPasskeys lets sign-ins begin with a passkey.
func withPasskeys(in *userpool.CreateUserPoolInput) {
	factors(userpool.AuthFactorTypePassword, userpool.AuthFactorTypeWebAuthn)(in)
}

// bothFactors lets passkeys that verify their users count as both factors.
var bothFactors = userpool.WebAuthnConfigurationType{
	RelyingPartyId: site, FactorConfiguration: userpool.WebAuthnFactorConfigurationTypeMultiFactorWithUserVerification,
}

// webAuthn says how passkeys work in the pool.
func (a app) webAuthn(c userpool.WebAuthnConfigurationType) {
	a.t.Helper()
	_, err := a.SetUserPoolMfaConfig(a.t.Context(), &userpool.SetUserPoolMfaConfigInput{UserPoolId: a.pool, WebAuthnConfiguration: &c})
	check(a.t, err)
}

// passkeyApp is an app whose pool takes passkeys of example.com, with a user ada.
func (b *bench) passkeyApp(options ...any) app {
	b.t.Helper()
	a := b.app(append([]any{withPasskeys}, options...)...)
	a.webAuthn(userpool.WebAuthnConfigurationType{RelyingPartyId: site})
	a.user("ada", "email", "ada@example.com")
	return a
}

// passkeyPhone is a device that keeps no counter, as most do.
func passkeyPhone() *webauthntest.Authenticator {
	return webauthntest.New(webauthntest.Config{Origin: siteOrigin, NoCounter: true})
}

// creation begins a registration and returns its options.
func (a app) creation(access string) json.RawMessage {
	a.t.Helper()
	out, err := a.StartWebAuthnRegistration(a.t.Context(), &userpool.StartWebAuthnRegistrationInput{AccessToken: access})
	check(a.t, err)
	return out.CredentialCreationOptions
}

// finish ends a registration.
func (a app) finish(access string, credential []byte) error {
	_, err := a.CompleteWebAuthnRegistration(a.t.Context(), &userpool.CompleteWebAuthnRegistrationInput{AccessToken: access, Credential: credential})
	return err
}

// answer lets a device answer options.
func (a app) answer(d *webauthntest.Authenticator, options json.RawMessage, edits ...func(*webauthntest.Ceremony)) []byte {
	a.t.Helper()
	credential, err := d.Create(options, edits...)
	check(a.t, err)
	return credential
}

// register gives the caller a passkey on the device.
func (a app) register(access string, d *webauthntest.Authenticator) {
	a.t.Helper()
	check(a.t, a.finish(access, a.answer(d, a.creation(access))))
}

// passkeys returns the caller's passkeys.
func (a app) passkeys(access string) []userpool.WebAuthnCredentialDescription {
	a.t.Helper()
	out, err := a.ListWebAuthnCredentials(a.t.Context(), &userpool.ListWebAuthnCredentialsInput{AccessToken: access})
	check(a.t, err)
	return out.Credentials
}

// passkeyIDs returns the ids of the caller's passkeys.
func (a app) passkeyIDs(access string) []string {
	a.t.Helper()
	var ids []string
	for _, k := range a.passkeys(access) {
		ids = append(ids, k.CredentialId)
	}
	return ids
}

// forgetPasskey deletes one of the caller's passkeys.
func (a app) forgetPasskey(access, id string) error {
	_, err := a.DeleteWebAuthnCredential(a.t.Context(), &userpool.DeleteWebAuthnCredentialInput{AccessToken: access, CredentialId: id})
	return err
}

// sameIDs fails the test unless the caller has exactly those passkeys.
func (a app) sameIDs(access string, want ...string) {
	a.t.Helper()
	if got := a.passkeyIDs(access); !slices.Equal(got, want) {
		a.t.Errorf("has the passkeys %q, want %q", got, want)
	}
}

func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode64(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	check(t, err)
	return b
}
