package userpool_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/cenote-auth/cenote/oidc"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

func updatedIssuer(in *userpool.CreateUserPoolInput) {
	in.IssuerConfiguration = &userpool.IssuerConfigurationType{Type: userpool.IssuerTypeUpdated}
}

// setIssuer updates a pool whose other settings are the defaults of app.
func (a app) setIssuer(issuer userpool.IssuerType) {
	a.t.Helper()
	_, err := a.UpdateUserPool(a.t.Context(), &userpool.UpdateUserPoolInput{
		UserPoolId: a.pool, AutoVerifiedAttributes: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
		IssuerConfiguration: &userpool.IssuerConfigurationType{Type: issuer},
	})
	check(a.t, err)
}

// NEW-241, NEW-242, NEW-339, NEW-340: which issuer a pool has says its IssuerConfiguration: the tokens of users and of clients name
// it, discovery tells it, and the keys are below it. Under both hosts the documents are the same.
func TestUpdatedIssuer(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Region = "eu-central-1" })
	for _, tt := range []struct {
		name   string
		set    func(*userpool.CreateUserPoolInput)
		prefix string
	}{
		{"absent", func(*userpool.CreateUserPoolInput) {}, "https://cognito-idp.eu-central-1.amazonaws.com/"},
		{"original", func(in *userpool.CreateUserPoolInput) {
			in.IssuerConfiguration = &userpool.IssuerConfigurationType{Type: userpool.IssuerTypeOriginal}
		}, "https://cognito-idp.eu-central-1.amazonaws.com/"},
		{"updated", updatedIssuer, "https://issuer-cognito-idp.eu-central-1.amazonaws.com/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.app(tt.set)
			want := tt.prefix + a.pool
			a.user("ada")
			tokens := a.signIn("ada")
			for _, raw := range []string{tokens.IdToken, tokens.AccessToken} {
				if got := claimsOf(t, raw)["iss"]; got != want {
					t.Errorf("iss is %v, want %s", got, want)
				}
			}
			if got, err := a.IssuerOf(t.Context(), a.pool); err != nil || got != want {
				t.Errorf("IssuerOf says %s, %v", got, err)
			}
			discovery := document(t, b, tt.prefix+a.pool+"/.well-known/openid-configuration")
			if discovery["issuer"] != want || discovery["jwks_uri"] != want+"/.well-known/jwks.json" {
				t.Errorf("discovery says %v", discovery)
			}
			keys := document(t, b, want+"/.well-known/jwks.json")["keys"].([]any)
			other := document(t, b, "https://cognito-idp.eu-central-1.amazonaws.com/"+a.pool+"/.well-known/jwks.json")["keys"].([]any)
			if len(keys) == 0 || len(keys) != len(other) {
				t.Errorf("%d keys here, %d there", len(keys), len(other))
			}
			if _, err := a.Verifier(a.pool).Verify(t.Context(), tokens.AccessToken); err != nil {
				t.Errorf("the pool's verifier: %v", err)
			}
		})
	}
	if _, err := b.IssuerOf(t.Context(), "eu-central-1_Nowhere00"); err == nil {
		t.Error("a pool that does not exist has an issuer")
	}
}

// document gets a document of a pool as JSON.
func document(t *testing.T, b *bench, address string) map[string]any {
	t.Helper()
	documents, err := oidc.New(oidc.Config{UserPools: b.Service})
	check(t, err)
	u, err := url.Parse(address)
	check(t, err)
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, u.Path, nil)
	r.Host = u.Host
	documents.Handler().ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		t.Fatalf("%s: status %d", address, rec.Code)
	}
	var out map[string]any
	check(t, json.Unmarshal(rec.Body.Bytes(), &out))
	return out
}

// NEW-243: after a change new tokens have the new issuer, and those from before go on working at the pool's own operations, in
// both directions.
func TestIssuerChanges(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	before := a.signIn("ada")
	a.setIssuer(userpool.IssuerTypeUpdated)
	after, err := a.refresh(before.RefreshToken)
	check(t, err)
	if was, is := claimsOf(t, before.AccessToken)["iss"], claimsOf(t, after.AccessToken)["iss"]; was == is {
		t.Errorf("the issuer stayed %v", is)
	}
	use := func() {
		t.Helper()
		for _, raw := range []string{before.AccessToken, after.AccessToken} {
			if _, err := a.getUser(raw); err != nil {
				t.Errorf("GetUser with a token of %v: %v", claimsOf(t, raw)["iss"], err)
			}
			if _, err := a.Verifier(a.pool).Verify(t.Context(), raw); err != nil {
				t.Errorf("the verifier with a token of %v: %v", claimsOf(t, raw)["iss"], err)
			}
		}
	}
	use()
	a.setIssuer(userpool.IssuerTypeOriginal)
	use()
}

// An installation with addresses of its own has both of them, or pools with one; the stricter verifier of a program accepts what it
// names.
func TestUpdatedIssuerOfOwn(t *testing.T) {
	t.Parallel()
	own := func(poolID string) string { return "https://auth.example.com/" + poolID }
	b := setup(t, func(c *userpool.Config) { c.Issuer = own })
	_, err := b.CreateUserPool(t.Context(), func() *userpool.CreateUserPoolInput {
		in := &userpool.CreateUserPoolInput{PoolName: "test"}
		updatedIssuer(in)
		return in
	}())
	refused(t, err, userpool.ErrInvalidParameter, "IssuerConfiguration.Type UPDATED is not available: this installation of cenote has no UpdatedIssuer.")

	updated := func(poolID string) string { return "https://issuer.example.com/" + poolID }
	a := setup(t, func(c *userpool.Config) { c.Issuer, c.UpdatedIssuer = own, updated }).app(updatedIssuer)
	a.user("ada")
	tokens := a.signIn("ada")
	if got := claimsOf(t, tokens.AccessToken)["iss"]; got != updated(a.pool) {
		t.Errorf("iss is %v", got)
	}
	if _, err := a.getUser(tokens.AccessToken); err != nil {
		t.Error(err)
	}
	for also, want := range map[string]bool{"": false, updated(a.pool): true} {
		v, err := token.NewVerifier(token.VerifierConfig{
			Issuer: own(a.pool), AlsoIssuers: []string{also}, AnyClient: true, Use: token.Access, Keys: a.KeySet(a.pool), Now: a.clock.Now,
		})
		check(t, err)
		if _, err := v.Verify(context.Background(), tokens.AccessToken); (err == nil) != want {
			t.Errorf("beside %q: %v", also, err)
		}
	}
}

// NEW-244: the updated issuer needs no plan, until somebody has seen it refused.
func TestUpdatedIssuerOnLite(t *testing.T) {
	t.Parallel()
	setup(t).app(updatedIssuer, func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypeLite })
}

const customerKey = "arn:aws:kms:us-east-1:123456789012:key/mrk-1234abcd"

// NEW-245, NEW-246, NEW-347: the key configuration is told back when it was set, stays when an update does not name it, and is
// refused when it contradicts itself or names a key that the pool's secrets are not kept under; the issuer's stays likewise.
func TestKeyConfiguration(t *testing.T) {
	t.Parallel()
	owned, managed := userpool.EncryptionKeyTypeAwsOwnedKey, userpool.EncryptionKeyTypeCustomerManagedKey
	plain, keyed := setup(t), setup(t, func(c *userpool.Config) { c.CustomerKey = customerKey })
	for _, tt := range []struct {
		name string
		b    *bench
		set  userpool.KeyConfigurationType
		text string // of the refusal; empty is none
	}{
		{"owned", plain, userpool.KeyConfigurationType{KeyType: owned}, ""},
		{"owned with a key", keyed, userpool.KeyConfigurationType{KeyType: owned, KmsKeyArn: customerKey},
			"KmsKeyArn is only allowed with KeyType CUSTOMER_MANAGED_KEY."},
		{"key alone", keyed, userpool.KeyConfigurationType{KmsKeyArn: customerKey}, "KmsKeyArn is only allowed with KeyType CUSTOMER_MANAGED_KEY."},
		{"no key", keyed, userpool.KeyConfigurationType{KeyType: managed}, "KmsKeyArn is required with KeyType CUSTOMER_MANAGED_KEY."},
		{"without a customer's key", plain, userpool.KeyConfigurationType{KeyType: managed, KmsKeyArn: customerKey},
			"KeyConfiguration.KeyType CUSTOMER_MANAGED_KEY is not available: this installation of cenote has no CustomerKey."},
		{"another key", keyed, userpool.KeyConfigurationType{KeyType: managed, KmsKeyArn: customerKey + "0"},
			"KeyConfiguration.KmsKeyArn " + customerKey + "0 is not the CustomerKey of this installation of cenote."},
		{"the key", keyed, userpool.KeyConfigurationType{KeyType: managed, KmsKeyArn: customerKey}, ""},
		{"the key in another Region", keyed, userpool.KeyConfigurationType{
			KeyType: managed, KmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd",
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := tt.b.CreateUserPool(t.Context(), &userpool.CreateUserPoolInput{PoolName: "test", KeyConfiguration: &tt.set})
			if tt.text != "" {
				refused(t, err, userpool.ErrInvalidParameter, tt.text)
				return
			}
			check(t, err)
			_, err = tt.b.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: out.UserPool.Id})
			check(t, err)
			if got := tt.b.poolOf(out.UserPool.Id).KeyConfiguration; got == nil || *got != tt.set {
				t.Errorf("told %+v", got)
			}
		})
	}
	a := plain.app(updatedIssuer)
	_, err := a.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: a.pool})
	check(t, err)
	if got := a.poolOf(a.pool); got.IssuerConfiguration.Type != userpool.IssuerTypeUpdated || got.KeyConfiguration != nil || got.DcrConfiguration != nil {
		t.Errorf("told %+v, %+v, %+v", got.IssuerConfiguration, got.KeyConfiguration, got.DcrConfiguration)
	}
}
