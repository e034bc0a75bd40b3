package userpool_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

type (
	preToken   = trigger.PreTokenGenerationEvent
	preTokenV2 = trigger.PreTokenGenerationV2Event
)

// everyProtected is the claims that no function may touch (AUTH-505, TRG-088).
var everyProtected = []string{
	"acr", "amr", "aud", "at_hash", "auth_time", "azp", "cognito:username", "exp", "iat", "identities", "iss", "jti", "nbf", "nonce",
	"origin_jti", "sub", "token_use",
}

// protectedAccess are those of access tokens besides (AUTH-507).
var protectedAccess = []string{"client_id", "device_key", "event_id", "scope", "username", "version", "cognito:whatever"}

// member makes somebody who is in a group with a role.
func (a app) member(name string) {
	a.t.Helper()
	a.user(name, "email", name+"@example.com", "nickname", "nick")
	_, err := a.CreateGroup(a.t.Context(), &userpool.CreateGroupInput{UserPoolId: a.pool, GroupName: "crew", RoleArn: "arn:aws:iam::123456789012:role/crew"})
	check(a.t, err)
	_, err = a.AdminAddUserToGroup(a.t.Context(), &userpool.AdminAddUserToGroupInput{UserPoolId: a.pool, GroupName: "crew", Username: name})
	check(a.t, err)
}

// AUTH-505, TRG-081, TRG-083, TRG-086…089, TRG-093: version 1 changes the ID token, and groups in both; protected claims stay.
func TestPreTokenGenerationV1(t *testing.T) {
	t.Parallel()
	set := map[string]string{"tenant": "blue", "nickname": "changed", "both": "x"}
	for _, name := range everyProtected {
		set[name] = "forged"
	}
	set["cognito:groups"], set["cognito:roles"] = "forged", "forged"
	tests := []struct {
		name   string
		change func(d *trigger.ClaimsOverrideDetails)
		id     map[string]any // nil: absent
		access map[string]any
	}{
		{"claims", func(d *trigger.ClaimsOverrideDetails) {
			d.ClaimsToAddOrOverride, d.ClaimsToSuppress = set, append([]string{"email", "both"}, everyProtected...)
		}, map[string]any{"tenant": "blue", "nickname": "changed", "email": nil, "both": nil, "acr": "urn:cognito:loa:1", "nonce": nil, "identities": nil, "cognito:username": "ada"},
			map[string]any{"tenant": nil, "nickname": nil, "username": "ada"}},
		{"groups replaced", func(d *trigger.ClaimsOverrideDetails) {
			d.GroupOverrideDetails = trigger.GroupOverrideDetails{GroupsToOverride: []string{"x", "y"}, IAMRolesToOverride: []string{"r"}, PreferredRole: new("p")}
		}, map[string]any{"cognito:groups": []any{"x", "y"}, "cognito:roles": []any{"r"}, "cognito:preferred_role": "p"},
			map[string]any{"cognito:groups": []any{"x", "y"}, "cognito:roles": nil}},
		{"groups suppressed", func(d *trigger.ClaimsOverrideDetails) { d.ClaimsToSuppress = []string{"cognito:groups"} },
			map[string]any{"cognito:groups": nil, "cognito:roles": nil, "cognito:preferred_role": nil},
			map[string]any{"cognito:groups": []any{"crew"}}},
		{"roles cannot be suppressed alone", func(d *trigger.ClaimsOverrideDetails) { d.ClaimsToSuppress = []string{"cognito:roles"} },
			map[string]any{"cognito:groups": []any{"crew"}, "cognito:roles": []any{"arn:aws:iam::123456789012:role/crew"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var asked preToken
			arn := on(b, "pre", func(_ context.Context, e preToken) (preToken, error) {
				asked = e
				e.Response.ClaimsOverrideDetails = &trigger.ClaimsOverrideDetails{}
				tt.change(e.Response.ClaimsOverrideDetails)
				return e, nil
			})
			a := b.app(lambdas(userpool.LambdaConfigType{PreTokenGeneration: arn}))
			a.member("ada")
			tokens := a.signIn("ada")
			if g := asked.Request.GroupConfiguration; len(g.GroupsToOverride) != 1 || g.GroupsToOverride[0] != "crew" || len(g.IAMRolesToOverride) != 1 ||
				g.PreferredRole == nil || asked.Request.UserAttributes["email_verified"] != "true" || asked.Version != "1" ||
				asked.TriggerSource != trigger.TokenGenerationAuthentication {
				t.Errorf("the function was asked %+v", asked)
			}
			hasClaims(t, "ID token", claimsOf(t, tokens.IdToken), tt.id)
			hasClaims(t, "access token", claimsOf(t, tokens.AccessToken), tt.access)
			for _, claims := range []map[string]any{claimsOf(t, tokens.IdToken), claimsOf(t, tokens.AccessToken)} {
				for name, v := range claims {
					if v == "forged" {
						t.Errorf("%s was forged", name)
					}
				}
			}
			if _, err := a.getUser(tokens.AccessToken); err != nil {
				t.Error(err)
			}
		})
	}
}

func hasClaims(t *testing.T, what string, got, want map[string]any) {
	t.Helper()
	for name, v := range want {
		is, err := json.Marshal(got[name])
		check(t, err)
		should, err := json.Marshal(v)
		check(t, err)
		if string(is) != string(should) {
			t.Errorf("%s: %s is %s, want %s", what, name, is, should)
		}
	}
}

// AUTH-506…508, TRG-082, TRG-084, TRG-086…090: version 2 changes both tokens, with values of any JSON type, and scopes.
func TestPreTokenGenerationV2(t *testing.T) {
	t.Parallel()
	forged := map[string]any{}
	for _, name := range append(append([]string{}, everyProtected...), protectedAccess...) {
		forged[name] = "forged"
	}
	complex := map[string]any{"list": []any{"a", 1.5, true}, "object": map[string]any{"k": "v"}, "big": json.Number("9007199254740993"), "nothing": nil}
	access := maps.Clone(forged)
	maps.Copy(access, complex)
	id := map[string]any{
		"list": []any{"a"}, "email_verified": map[string]any{"no": 1}, "address": []any{"x"}, "acr": "forged", "sub": "forged", "aud": "forged", "iss": "forged",
	}
	for _, version := range []userpool.PreTokenGenerationLambdaVersionType{
		userpool.PreTokenGenerationLambdaVersionTypeV20, userpool.PreTokenGenerationLambdaVersionTypeV30,
	} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var asked preTokenV2
			arn := on(b, "pre", func(_ context.Context, e preTokenV2) (preTokenV2, error) {
				asked = e
				e.Response.ClaimsAndScopeOverrideDetails = &trigger.ClaimsAndScopeOverrideDetails{
					IDTokenGeneration: &trigger.IDTokenGeneration{ClaimsToAddOrOverride: id, ClaimsToSuppress: []string{"nickname", "sub", "exp"}},
					AccessTokenGeneration: &trigger.AccessTokenGeneration{
						ClaimsToAddOrOverride: access, ClaimsToSuppress: append([]string{"cognito:groups"}, protectedAccess...), ScopesToAdd: []string{"orders/read"},
					},
				}
				return e, nil
			})
			a := b.app(func(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypeEssentials },
				lambdas(userpool.LambdaConfigType{PreTokenGenerationConfig: &userpool.PreTokenGenerationVersionConfigType{LambdaArn: arn, LambdaVersion: version}}))
			a.member("ada")
			tokens := a.signIn("ada")
			if want := map[userpool.PreTokenGenerationLambdaVersionType]string{"V2_0": "2", "V3_0": "3"}[version]; asked.Version != want ||
				len(asked.Request.Scopes) != 1 || asked.Request.Scopes[0] != "aws.cognito.signin.user.admin" {
				t.Errorf("version %s, scopes %v", asked.Version, asked.Request.Scopes)
			}
			idClaims, accessClaims := claimsOf(t, tokens.IdToken), claimsOf(t, tokens.AccessToken)
			hasClaims(t, "ID token", idClaims, map[string]any{
				"list": []any{"a"}, "nickname": nil, "email_verified": true, "address": nil, "cognito:groups": []any{"crew"},
			})
			hasClaims(t, "access token", accessClaims, map[string]any{
				"list": []any{"a", 1.5, true}, "object": map[string]any{"k": "v"}, "nothing": nil, "username": "ada", "client_id": a.client,
				"scope": "aws.cognito.signin.user.admin orders/read", "cognito:groups": []any{"crew"},
			})
			for _, claims := range []map[string]any{idClaims, accessClaims} {
				for name, v := range claims {
					if v == "forged" {
						t.Errorf("%s was forged", name)
					}
				}
				if claims["sub"] == nil || claims["exp"] == nil {
					t.Error("sub or exp was suppressed")
				}
			}
			if _, err := a.getUser(tokens.AccessToken); err != nil {
				t.Error(err)
			}
		})
	}
}

// TRG-087: groups returned empty or null are removed; left out they stay.
func TestGroupOverride(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer string
		want   any
	}{
		"left out":     {`{"claimsOverrideDetails":{}}`, []any{"crew"}},
		"details null": {`{"claimsOverrideDetails":null}`, []any{"crew"}},
		"null":         {`{"claimsOverrideDetails":{"groupOverrideDetails":null}}`, nil},
		"empty":        {`{"claimsOverrideDetails":{"groupOverrideDetails":{}}}`, nil},
		"empty list":   {`{"claimsOverrideDetails":{"groupOverrideDetails":{"groupsToOverride":[]}}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.functions.Handle("pre", raw(`{"response":`+tt.answer+`}`))
			a := b.app(lambdas(userpool.LambdaConfigType{PreTokenGeneration: trigger.ARN("pre")}))
			a.member("ada")
			tokens := a.signIn("ada")
			hasClaims(t, "ID token", claimsOf(t, tokens.IdToken), map[string]any{"cognito:groups": tt.want})
			hasClaims(t, "access token", claimsOf(t, tokens.AccessToken), map[string]any{"cognito:groups": tt.want})
		})
	}
}

// raw is a function that always answers the same text.
type raw string

func (r raw) Invoke(context.Context, []byte) ([]byte, error) { return []byte(r), nil }

// TRG-025, AUTH-150: an answer that cannot be read is an error, and no token is given.
func TestPreTokenGenerationGarbage(t *testing.T) {
	t.Parallel()
	for answer, text := range map[string]string{
		"not JSON": "Invalid lambda function output : Invalid JSON", `{"response":null}`: "Unrecognizable lambda output",
		`{"response":{"claimsOverrideDetails":{"claimsToAddOrOverride":{"a":1}}}}`: "Unrecognizable lambda output",
		`{"response":{"claimsOverrideDetails":[]}}`:                                "Unrecognizable lambda output",
	} {
		b := setup(t)
		b.functions.Handle("pre", raw(answer))
		a := b.app(lambdas(userpool.LambdaConfigType{PreTokenGeneration: trigger.ARN("pre")}))
		a.user("ada")
		_, err := a.tryPassword("ada", password)
		refused(t, err, userpool.ErrInvalidLambdaResponse, text)
	}
}
