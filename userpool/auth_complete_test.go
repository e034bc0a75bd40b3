package userpool_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// The world changes while a function runs in the middle of a sign-in: no tokens are issued that the new world would refuse,
// and nothing is left behind by which they could be used.
func TestC2_WorldChangesDuringSignIn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(a app)
		code   awsapi.Code // "" allows the sign-in
		text   string
	}{
		{"nothing", func(app) {}, "", ""},
		{"an attribute", func(a app) {
			_, err := a.AdminUpdateUserAttributes(a.t.Context(), &userpool.AdminUpdateUserAttributesInput{
				UserPoolId: a.pool, Username: "ada", UserAttributes: attributes("nickname", "new"),
			})
			check(a.t, err)
		}, "", ""},
		{"disabled", func(a app) { a.disable("ada") }, userpool.ErrNotAuthorized, "User is disabled."},
		{"deleted", func(a app) { a.remove("ada") }, userpool.ErrUserNotFound, "User does not exist."},
		{"deleted and made again", func(a app) { a.remove("ada"); a.user("ada") }, userpool.ErrUserNotFound, "User does not exist."},
		{"password changed", func(a app) { a.setPassword("ada", another) }, userpool.ErrNotAuthorized, isWrong},
		{"reset", func(a app) {
			_, err := a.AdminResetUserPassword(a.t.Context(), &userpool.AdminResetUserPasswordInput{UserPoolId: a.pool, Username: "ada"})
			check(a.t, err)
		}, userpool.ErrNotAuthorized, isWrong},
		{"signed out everywhere", func(a app) {
			_, err := a.AdminUserGlobalSignOut(a.t.Context(), &userpool.AdminUserGlobalSignOutInput{UserPoolId: a.pool, Username: "ada"})
			check(a.t, err)
		}, userpool.ErrNotAuthorized, isWrong},
		{"flow switched off", func(a app) {
			_, err := a.UpdateUserPoolClient(a.t.Context(), &userpool.UpdateUserPoolClientInput{
				UserPoolId: a.pool, ClientId: a.client,
				ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{userpool.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
			})
			check(a.t, err)
		}, userpool.ErrInvalidParameter, ""},
		{"client deleted", func(a app) {
			_, err := a.DeleteUserPoolClient(a.t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
			check(a.t, err)
		}, userpool.ErrResourceNotFound, ""},
		{"locked out", func(a app) {
			for range 6 {
				if _, err := a.sibling().tryPassword("ada", another); err == nil {
					a.t.Fatal("a wrong password was right")
				}
			}
		}, userpool.ErrNotAuthorized, isLocked},
	}
	ways := map[string]func(a app) (*userpool.AuthenticationResultType, error){
		"password": func(a app) (*userpool.AuthenticationResultType, error) {
			out, err := a.tryPassword("ada", password)
			if err != nil {
				return nil, err
			}
			return out.AuthenticationResult, nil
		},
		"srp": func(a app) (*userpool.AuthenticationResultType, error) {
			out, err := a.srp("ada", password)
			if err != nil {
				return nil, err
			}
			return out.AuthenticationResult, nil
		},
	}
	for _, tt := range tests {
		for way, signIn := range ways {
			for _, point := range []string{"post-authentication", "pre-token-generation"} {
				t.Run(tt.name+"/"+way+"/"+point, func(t *testing.T) {
					t.Parallel()
					b := setup(t)
					var a app
					var runs atomic.Int32
					once := func() {
						if runs.Add(1) == 1 {
							tt.change(a)
						}
					}
					post := on(b, "post", func(_ context.Context, e trigger.PostAuthenticationEvent) (trigger.PostAuthenticationEvent, error) {
						if point == "post-authentication" {
							once()
						}
						return e, nil
					})
					pre := on(b, "pre", func(_ context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
						if point == "pre-token-generation" {
							once()
						}
						return e, nil
					})
					a = b.app(lambdas(userpool.LambdaConfigType{PostAuthentication: post, PreTokenGeneration: pre}))
					a.user("ada", "email", "ada@example.com")
					tokens, err := signIn(a)
					if tt.code != "" {
						refused(t, err, tt.code, tt.text)
						if tokens != nil {
							t.Error("there are tokens beside the error")
						}
						return
					}
					check(t, err)
					out, err := a.getUser(tokens.AccessToken)
					check(t, err)
					if tt.name == "an attribute" && (valueOf(out.UserAttributes, "nickname") != "new" || claimsOf(t, tokens.IdToken)["nickname"] != "new") {
						t.Error("the tokens show the user as he was before")
					}
				})
			}
		}
	}
}

// Before the proof the pre authentication function runs: what changes meanwhile is seen by the proof.
func TestC2_WorldChangesBeforeProof(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(a app)
		text   string
	}{
		"disabled":         {func(a app) { a.disable("ada") }, "User is disabled."},
		"password changed": {func(a app) { a.setPassword("ada", another) }, isWrong},
		"deleted":          {func(a app) { a.remove("ada") }, isWrong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var a app
			pre := on(b, "pre", func(_ context.Context, e trigger.PreAuthenticationEvent) (trigger.PreAuthenticationEvent, error) {
				tt.change(a)
				return e, nil
			})
			a = b.app(lambdas(userpool.LambdaConfigType{PreAuthentication: pre}))
			a.user("ada")
			_, err := a.tryPassword("ada", password)
			refused(t, err, userpool.ErrNotAuthorized, tt.text)
		})
	}
}

// TRG-029, AUTH-150: a function that fails after the proof gives no tokens, and the proof is used up where it is single-use.
func TestSignInFunctionsFail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fail := errors.New("computer says no")
	post := on(b, "post", func(context.Context, trigger.PostAuthenticationEvent) (trigger.PostAuthenticationEvent, error) {
		return trigger.PostAuthenticationEvent{}, fail
	})
	pre := on(b, "pre", func(context.Context, trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
		return trigger.PreTokenGenerationEvent{}, fail
	})
	for _, tt := range []struct {
		config userpool.LambdaConfigType
		code   awsapi.Code
		text   string
	}{
		{userpool.LambdaConfigType{PostAuthentication: post}, userpool.ErrUserLambdaValidation, "PostAuthentication failed with error computer says no."},
		{userpool.LambdaConfigType{PreTokenGeneration: pre}, userpool.ErrUserLambdaValidation, "PreTokenGeneration failed with error computer says no."},
		{userpool.LambdaConfigType{PostAuthentication: trigger.ARN("missing")}, userpool.ErrUnexpectedLambda, ""},
	} {
		a := b.app(lambdas(tt.config))
		a.user("ada")
		_, err := a.tryPassword("ada", password)
		refused(t, err, tt.code, tt.text)
		_, err = a.srp("ada", password)
		refused(t, err, tt.code, tt.text)
	}
}

// TRG-062, TRG-063, AUTH-166: after every factor the post authentication function runs, once, with the metadata of the respond
// operation only; it does not run on a refresh (AUTH-254).
func TestPostAuthentication(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var told []trigger.PostAuthenticationEvent
	post := on(b, "post", func(_ context.Context, e trigger.PostAuthenticationEvent) (trigger.PostAuthenticationEvent, error) {
		told = append(told, e)
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{PostAuthentication: post}))
	sub := a.user("ada")
	out, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, ClientMetadata: map[string]string{"from": "initiate"},
		AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password},
	})
	check(t, err)
	claim, err := a.srpStart("ada", password)
	check(t, err)
	claim.ClientMetadata = map[string]string{"from": "respond"}
	_, err = a.RespondToAuthChallenge(t.Context(), claim)
	check(t, err)
	_, err = a.refresh(out.AuthenticationResult.RefreshToken)
	check(t, err)
	if len(told) != 2 {
		t.Fatalf("the function ran %d times, want 2", len(told))
	}
	if len(told[0].Request.ClientMetadata) != 0 || told[1].Request.ClientMetadata["from"] != "respond" {
		t.Errorf("metadata %v, then %v", told[0].Request.ClientMetadata, told[1].Request.ClientMetadata)
	}
	if e := told[0]; e.Request.UserAttributes["sub"] != sub || e.UserName != "ada" || e.CallerContext.ClientID != a.client {
		t.Errorf("the function was told %+v", e)
	}
}
