package userpool_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
	"github.com/golang-jwt/jwt/v5"
)

// byToken is every operation of this version that an access token authorises (AUTH-541).
func byToken(a app, access string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"GetUser": func(ctx context.Context) error {
			_, err := a.GetUser(ctx, &userpool.GetUserInput{AccessToken: access})
			return err
		},
		"GlobalSignOut": func(ctx context.Context) error {
			_, err := a.GlobalSignOut(ctx, &userpool.GlobalSignOutInput{AccessToken: access})
			return err
		},
		"ChangePassword": func(ctx context.Context) error {
			_, err := a.ChangePassword(ctx, &userpool.ChangePasswordInput{AccessToken: access, PreviousPassword: password, ProposedPassword: another})
			return err
		},
		"GetUserAttributeVerificationCode": func(ctx context.Context) error {
			_, err := a.GetUserAttributeVerificationCode(ctx, &userpool.GetUserAttributeVerificationCodeInput{AccessToken: access, AttributeName: "email"})
			return err
		},
		"VerifyUserAttribute": func(ctx context.Context) error {
			_, err := a.VerifyUserAttribute(ctx, &userpool.VerifyUserAttributeInput{AccessToken: access, AttributeName: "email", Code: "000000"})
			return err
		},
		"UpdateUserAttributes": func(ctx context.Context) error {
			_, err := a.UpdateUserAttributes(ctx, &userpool.UpdateUserAttributesInput{AccessToken: access, UserAttributes: attributes("nickname", "x")})
			return err
		},
		"StartWebAuthnRegistration": func(ctx context.Context) error {
			_, err := a.StartWebAuthnRegistration(ctx, &userpool.StartWebAuthnRegistrationInput{AccessToken: access})
			return err
		},
		"CompleteWebAuthnRegistration": func(ctx context.Context) error {
			_, err := a.CompleteWebAuthnRegistration(ctx, &userpool.CompleteWebAuthnRegistrationInput{AccessToken: access, Credential: []byte(`{}`)})
			return err
		},
		"ListWebAuthnCredentials": func(ctx context.Context) error {
			_, err := a.ListWebAuthnCredentials(ctx, &userpool.ListWebAuthnCredentialsInput{AccessToken: access})
			return err
		},
		"DeleteWebAuthnCredential": func(ctx context.Context) error {
			_, err := a.DeleteWebAuthnCredential(ctx, &userpool.DeleteWebAuthnCredentialInput{AccessToken: access, CredentialId: "AAAA"})
			return err
		},
		"GetUserAuthFactors": func(ctx context.Context) error {
			_, err := a.GetUserAuthFactors(ctx, &userpool.GetUserAuthFactorsInput{AccessToken: access})
			return err
		},
	}
}

// AUTH-541, AUTH-543, AUTH-544, AUTH-546: every operation that takes an access token refuses the same bad ones with the same
// texts, and nothing has changed afterwards.
func TestAccessTokenRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(func(in *userpool.CreateUserPoolClientInput) { in.RefreshTokenValidity = 30 })
	kid, key, err := testkeys.Make(t.Context(), a.pool, token.Access)
	check(t, err)
	twin := b.app()
	twinKid, twinKey, err := testkeys.Make(t.Context(), twin.pool, token.Access)
	check(t, err)
	for twinKey.Equal(key) { // there are sixteen pairs for all pools
		twin = b.app()
		twinKid, twinKey, err = testkeys.Make(t.Context(), twin.pool, token.Access)
		check(t, err)
	}
	a.user("ada", "email", "ada@example.com")
	twin.user("ada", "email", "ada@example.com")
	good, twins := a.signIn("ada"), twin.signIn("ada")
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)

	claims := claimsOf(t, good.AccessToken)
	forge := func(kid string, key *rsa.PrivateKey, change map[string]any) string {
		c := maps.Clone(claims)
		maps.Copy(c, change)
		maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
		tok := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(c))
		tok.Header = map[string]any{"alg": "RS256", "kid": kid}
		raw, err := tok.SignedString(key)
		check(t, err)
		return raw
	}
	unsigned := func(alg string) string {
		head, err := json.Marshal(map[string]string{"alg": alg, "kid": kid})
		check(t, err)
		return base64.RawURLEncoding.EncodeToString(head) + "." + strings.Split(good.AccessToken, ".")[1] + "."
	}
	hmacToken := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims))
	hmacToken.Header["kid"] = kid
	hmac, err := hmacToken.SignedString(key.PublicKey.N.Bytes())
	check(t, err)

	const (
		invalid   = "Invalid Access Token"
		signature = "Could not verify signature for Access Token"
		expired   = "Access Token has expired"
		scope     = "Access Token does not have required scopes"
	)
	tests := []struct {
		name, token, text string
	}{
		{"AUTH-543 not a JWT", "garbage", invalid},
		{"AUTH-543 three parts of garbage", "a.b.c", invalid},
		{"AUTH-543 ID token", good.IdToken, invalid},
		{"refresh token", good.RefreshToken, invalid},
		{"ID token under the access key", forge(kid, key, map[string]any{"token_use": "id"}), invalid},
		{"AUTH-543 changed signature", good.AccessToken[:len(good.AccessToken)-4] + "AAAA", signature},
		{"alg none", unsigned("none"), ""},
		{"alg HS256 with the public key", hmac, ""},
		{"another key under our kid", forge(kid, stranger, nil), signature},
		{"unknown kid", forge("unknown", key, nil), signature},
		{"H5 another pool's key and kid", forge(twinKid, twinKey, nil), signature},
		{"H5 another pool's key under our kid", forge(kid, twinKey, nil), signature},
		{"AUTH-543 unknown pool", forge(kid, key, map[string]any{"iss": a.Issuer("us-east-1_Nowhere00")}), signature},
		{"NEW-243 the updated issuer of another pool", forge(kid, key, map[string]any{"iss": strings.Replace(a.Issuer(twin.pool), "//", "//issuer-", 1)}), signature},
		{"H5 our key for another pool", forge(kid, key, map[string]any{"iss": a.Issuer(twin.pool)}), signature},
		{"H5 our key for another pool's client", forge(kid, key, map[string]any{"client_id": twin.client}), signature},
		{"another issuer", forge(kid, key, map[string]any{"iss": "https://evil.example"}), signature},
		{"AUTH-531 unknown client", forge(kid, key, map[string]any{"client_id": "nobody"}), signature},
		{"no client", forge(kid, key, map[string]any{"client_id": nil}), signature},
		{"AUTH-543 expired", forge(kid, key, map[string]any{"exp": b.clock.Now().Unix()}), expired},
		{"no expiry", forge(kid, key, map[string]any{"exp": nil}), invalid},
		{"good from tomorrow on", forge(kid, key, map[string]any{"nbf": b.clock.Now().Add(24 * time.Hour).Unix(), "exp": b.clock.Now().Add(48 * time.Hour).Unix()}), invalid},
		{"C5 another family", forge(kid, key, map[string]any{"origin_jti": claimsOf(t, twins.AccessToken)["origin_jti"]}), accessRevoked},
		{"AUTH-543 no scope", forge(kid, key, map[string]any{"scope": "openid email"}), scope},
		{"scope that only begins so", forge(kid, key, map[string]any{"scope": "aws.cognito.signin.user.administrator"}), scope},
		{"too long", good.AccessToken + strings.Repeat("A", 20_000), invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for op, call := range byToken(a, tt.token) {
				err := call(t.Context())
				if e, ok := err.(*awsapi.Error); !ok || e.Code != userpool.ErrNotAuthorized || tt.text != "" && e.Message != tt.text {
					t.Errorf("%s: got %v, want %q", op, err, tt.text)
				}
			}
		})
	}
	out, err := a.getUser(good.AccessToken)
	check(t, err)
	if valueOf(out.UserAttributes, "nickname") != "" {
		t.Error("an operation with a bad token changed the user")
	}
	a.signIn("ada")
}

// AUTH-544, AUTH-536, AUTH-514: the states of the user and the end of the token, over all operations.
func TestAccessTokenStates(t *testing.T) {
	t.Parallel()
	base := setup(t).app()
	base.user("ada", "email", "ada@example.com")
	access := base.signIn("ada").AccessToken
	for name, tt := range map[string]struct {
		do   func(a app)
		code awsapi.Code
		text string
	}{
		"AUTH-544 deleted":  {func(a app) { a.remove("ada") }, userpool.ErrUserNotFound, "User does not exist."},
		"AUTH-535 disabled": {func(a app) { a.disable("ada") }, userpool.ErrNotAuthorized, accessRevoked},
		"AUTH-544 reset": {func(a app) {
			_, err := a.AdminResetUserPassword(a.t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "ada"})
			check(a.t, err)
		}, userpool.ErrPasswordResetRequired, "Password reset required for the user"},
		"AUTH-514 at its end": {func(a app) { a.clock.Advance(time.Hour) }, userpool.ErrNotAuthorized, "Access Token has expired"},
		"AUTH-531 client deleted": {func(a app) {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			check(a.t, err)
		}, userpool.ErrNotAuthorized, "Could not verify signature for Access Token"},
		"pool deleted": {func(a app) {
			_, err := a.DeleteUserPool(a.t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
			check(a.t, err)
		}, userpool.ErrNotAuthorized, "Could not verify signature for Access Token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			tt.do(a)
			for op, call := range byToken(a, access) {
				err := call(t.Context())
				if e, ok := err.(*awsapi.Error); !ok || e.Code != tt.code || e.Message != tt.text {
					t.Errorf("%s: got %v, want %s %q", op, err, tt.code, tt.text)
				}
			}
		})
	}
	a := base.fork(t)
	a.clock.Advance(time.Hour - time.Second)
	_, err := a.getUser(access)
	check(t, err)
}

// AUTH-509: a pre token generation function that takes the scope away makes tokens that no operation accepts.
func TestScopeSuppressed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	arn := on(b, "pre", func(_ context.Context, e trigger.PreTokenGenerationV2Event) (trigger.PreTokenGenerationV2Event, error) {
		e.Response.ClaimsAndScopeOverrideDetails = &trigger.ClaimsAndScopeOverrideDetails{
			AccessTokenGeneration: &trigger.AccessTokenGeneration{
				ScopesToAdd: []string{"orders/read", "aws.cognito.signin.user.admin2", "two words"}, ScopesToSuppress: []string{"aws.cognito.signin.user.admin"},
			},
		}
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{PreTokenGenerationConfig: &userpool.PreTokenGenerationVersionConfigType{
		LambdaArn: arn, LambdaVersion: userpool.PreTokenGenerationLambdaVersionTypeV20,
	}}))
	a.user("ada", "email", "ada@example.com")
	tokens := a.signIn("ada")
	if scope := claimsOf(t, tokens.AccessToken)["scope"]; scope != "orders/read" {
		t.Errorf("scope is %v, want orders/read", scope)
	}
	for op, call := range byToken(a, tokens.AccessToken) {
		err := call(t.Context())
		if errorText(err) != "Access Token does not have required scopes" {
			t.Errorf("%s: got %v", op, err)
		}
	}
	refreshed, err := a.refresh(tokens.RefreshToken) // H3: a refresh does not widen what the function narrows
	check(t, err)
	if scope := claimsOf(t, refreshed.AccessToken)["scope"]; scope != "orders/read" {
		t.Errorf("scope after a refresh is %v", scope)
	}
}
