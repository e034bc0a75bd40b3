package userpool_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// asUpdate asks of an existing client what in asks of a new one.
func asUpdate(in *userpool.CreateUserPoolClientInput, id string) *userpool.UpdateUserPoolClientInput {
	out := &userpool.UpdateUserPoolClientInput{ClientId: id}
	to, from := reflect.ValueOf(out).Elem(), reflect.ValueOf(in).Elem()
	for i := range to.NumField() {
		if f := from.FieldByName(to.Type().Field(i).Name); f.IsValid() {
			to.Field(i).Set(f)
		}
	}
	return out
}

// APP-037: an update replaces all settings; id, secret, date of creation and, if none is given, the name stay.
func TestUpdateClientReplaces(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a = a.sibling(rotating(20), hides, lifetimes(2, "", 2, "", 10, ""), withSecret, func(in *userpool.CreateUserPoolClientInput) {
		in.ClientName, in.ReadAttributes, in.WriteAttributes = "first", []string{"email"}, []string{"email"}
		in.EnableTokenRevocation, in.AuthSessionValidity = new(false), new(int32(9))
		in.SupportedIdentityProviders = []string{"COGNITO"}
	})
	before := a.clientOf(a.client)
	a.clock.Advance(time.Minute)
	out, err := a.UpdateUserPoolClient(t.Context(), &userpool.UpdateUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
	check(t, err)
	want := &userpool.UserPoolClientType{
		UserPoolId: a.pool, ClientName: "first", ClientId: a.client, ClientSecret: a.secret, ClientType: userpool.ClientTypeTypeRegular,
		CreationDate: before.CreationDate, LastModifiedDate: before.CreationDate.Add(time.Minute), RefreshTokenValidity: new(int32(30)),
		TokenValidityUnits: &userpool.TokenValidityUnitsType{}, AllowedOAuthFlowsUserPoolClient: new(false), EnableTokenRevocation: new(true),
		EnablePropagateAdditionalUserContextData: new(false), AuthSessionValidity: new(int32(3)),
	}
	for _, got := range []*userpool.UserPoolClientType{out.UserPoolClient, a.clientOf(a.client)} {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	_, err = a.UpdateUserPoolClient(t.Context(), &userpool.UpdateUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client, ClientName: "second"})
	check(t, err)
	if name := a.clientOf(a.client).ClientName; name != "second" {
		t.Errorf("the name is %q", name)
	}
}

// Settings that a new client cannot have, an old one cannot get; the old ones stay.
func TestUpdateClientRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).app(strict)
	public, confidential := a.client, a.sibling(withSecret).client
	before := map[string]*userpool.UserPoolClientType{public: a.clientOf(public), confidential: a.clientOf(confidential)}
	a.clock.Advance(time.Minute)
	for _, tt := range clientRefusals {
		t.Run(tt.name, func(t *testing.T) {
			in := &userpool.CreateUserPoolClientInput{UserPoolId: a.pool, ClientName: "wrong"}
			tt.set(in)
			id := public
			if tt.secret {
				id = confidential
			}
			_, err := a.UpdateUserPoolClient(t.Context(), asUpdate(in, id))
			refused(t, err, tt.code, spoken(tt.text, a.pool, "updating"))
		})
	}
	for id, want := range before {
		if got := a.clientOf(id); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// What an update says is what the next sign-in and the next use of a token go by.
func TestUpdateClientTakesEffect(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada", "email", "ada@example.com")
	tokens := a.signIn("ada")
	if tokens.ExpiresIn != 3600 {
		t.Errorf("tokens live %d seconds", tokens.ExpiresIn)
	}
	in := &userpool.CreateUserPoolClientInput{UserPoolId: a.pool}
	lifetimes(10, "minutes", 1, "", 1, "hours")(in)
	in.ExplicitAuthFlows = []userpool.ExplicitAuthFlowsType{"USER_PASSWORD_AUTH"}
	in.ReadAttributes = []string{"name"}
	_, err := a.UpdateUserPoolClient(t.Context(), asUpdate(in, a.client))
	check(t, err)
	if tokens := a.signIn("ada"); tokens.ExpiresIn != 600 {
		t.Errorf("tokens live %d seconds", tokens.ExpiresIn)
	}
	got, err := a.getUser(tokens.AccessToken)
	check(t, err)
	if valueOf(got.UserAttributes, "email") != "" {
		t.Error("a client reads what it may no longer read")
	}
	_, err = a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password)
	refused(t, err, userpool.ErrInvalidParameter, "Auth flow not enabled for this client")
}

// clientCalls call each operation on one client, with the member that it needs beside pool and client.
func (b *bench) clientCalls(t *testing.T) map[string]func(pool, client string) error {
	ctx := t.Context()
	return map[string]func(pool, client string) error{
		"DescribeUserPoolClient": func(pool, client string) error {
			_, err := b.DescribeUserPoolClient(ctx, &userpool.DescribeUserPoolClientInput{UserPoolId: pool, ClientId: client})
			return err
		},
		"UpdateUserPoolClient": func(pool, client string) error {
			_, err := b.UpdateUserPoolClient(ctx, &userpool.UpdateUserPoolClientInput{UserPoolId: pool, ClientId: client, ClientName: "x"})
			return err
		},
		"DeleteUserPoolClient": func(pool, client string) error {
			_, err := b.DeleteUserPoolClient(ctx, &userpool.DeleteUserPoolClientInput{UserPoolId: pool, ClientId: client})
			return err
		},
		"AddUserPoolClientSecret": func(pool, client string) error {
			_, err := b.AddUserPoolClientSecret(ctx, &userpool.AddUserPoolClientSecretInput{UserPoolId: pool, ClientId: client})
			return err
		},
		"ListUserPoolClientSecrets": func(pool, client string) error {
			_, err := b.ListUserPoolClientSecrets(ctx, &userpool.ListUserPoolClientSecretsInput{UserPoolId: pool, ClientId: client})
			return err
		},
		"DeleteUserPoolClientSecret": func(pool, client string) error {
			_, err := b.DeleteUserPoolClientSecret(ctx, &userpool.DeleteUserPoolClientSecretInput{
				UserPoolId: pool, ClientId: client, ClientSecretId: "x",
			})
			return err
		},
	}
}

// AUTH-082, AUTH-083: no operation on a client finds one that does not exist, or is of another pool, or is misspelt.
func TestForeignClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.app(withSecret), b.app(withSecret)
	before := a.clientOf(a.client)
	for name, call := range b.clientCalls(t) {
		t.Run(name, func(t *testing.T) {
			refused(t, call("us-east-1_Nowhere00", a.client), userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
			refused(t, call(a.pool, "nobody"), userpool.ErrResourceNotFound, "User pool client nobody does not exist.")
			refused(t, call(other.pool, a.client), userpool.ErrResourceNotFound, "User pool client "+a.client+" does not exist.")
			for _, pair := range [][2]string{
				{"", a.client}, {a.pool, ""}, {"no pool", a.client}, {a.pool, "a-b"}, {a.pool, strings.Repeat("c", 129)},
			} {
				refused(t, call(pair[0], pair[1]), userpool.ErrInvalidParameter, "")
			}
			_, err := b.Invoke(t.Context(), name, []byte(`{"UserPoolId":5,"ClientId":"x","ClientSecretId":"y"}`))
			refused(t, err, awsapi.ErrSerialization, "")
		})
	}
	if after := a.clientOf(a.client); !reflect.DeepEqual(before, after) {
		t.Errorf("the client is %+v, was %+v", after, before)
	}
}

// APP-040: the tokens of a deleted client are good for nothing, not even when the id is used again.
func TestDeleteClient(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	custom := func(in *userpool.CreateUserPoolClientInput) { in.ClientName = "_custom_id_:again" }
	a = a.sibling(custom)
	a.user("ada")
	tokens := a.signIn("ada")
	_, err := a.DeleteUserPoolClient(t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
	check(t, err)
	_, err = a.getUser(tokens.AccessToken)
	refused(t, err, userpool.ErrNotAuthorized, "")
	_, err = a.refresh(tokens.RefreshToken)
	refused(t, err, userpool.ErrResourceNotFound, "User pool client again does not exist.")
	_, err = a.tryPassword("ada", password)
	refused(t, err, userpool.ErrResourceNotFound, "")
	if slices.Contains(a.clientIDs(), "again") {
		t.Error("it is still listed")
	}
	_, err = a.DeleteUserPoolClient(t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
	refused(t, err, userpool.ErrResourceNotFound, "")

	a = a.sibling(custom)
	_, err = a.getUser(tokens.AccessToken)
	refused(t, err, userpool.ErrNotAuthorized, "Access Token has been revoked")
	_, err = a.refresh(tokens.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, "Refresh Token has been revoked")
	_, err = a.getUser(a.signIn("ada").AccessToken)
	check(t, err)
}

// An id that is used again in another pool is that pool's.
func TestClientIDMovesToAnotherPool(t *testing.T) {
	t.Parallel()
	b := setup(t)
	custom := func(in *userpool.CreateUserPoolClientInput) { in.ClientName = "_custom_id_:moved" }
	first, second := b.app(custom), b.app()
	first.user("ada")
	tokens := first.signIn("ada")
	_, err := b.DeleteUserPoolClient(t.Context(), &userpool.DeleteUserPoolClientInput{UserPoolId: first.pool, ClientId: "moved"})
	check(t, err)
	second = second.sibling(custom)
	_, err = second.tryPassword("ada", password)
	if !errors.Is(err, userpool.ErrNotAuthorized) && !errors.Is(err, userpool.ErrUserNotFound) {
		t.Errorf("a user of the former pool signs in: %v", err)
	}
	_, err = second.refresh(tokens.RefreshToken)
	refused(t, err, userpool.ErrNotAuthorized, "")
	_, err = second.getUser(tokens.AccessToken)
	refused(t, err, userpool.ErrNotAuthorized, "")
}

// APP-005, APP-041, NEW-272: the clients of a pool in pages, each once and without its secret; those of others are not among them.
func TestListClients(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.app(withSecret), b.app()
	for range 6 {
		a.sibling(withSecret)
	}
	var seen []string
	in := &userpool.ListUserPoolClientsInput{UserPoolId: a.pool, MaxResults: new(int32(3))}
	for pages := 1; ; pages++ {
		out, err := a.ListUserPoolClients(t.Context(), in)
		check(t, err)
		for _, c := range out.UserPoolClients {
			if c.UserPoolId != a.pool || c.ClientName != "test" {
				t.Errorf("got %+v", c)
			}
			seen = append(seen, c.ClientId)
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		if pages == 1 {
			for name, wrong := range map[string]*userpool.ListUserPoolClientsInput{
				"other pool":   {UserPoolId: other.pool, NextToken: in.NextToken},
				"other filter": {UserPoolId: a.pool, NextToken: in.NextToken, ClientType: userpool.ClientTypeTypeRegular},
				"changed":      {UserPoolId: a.pool, NextToken: in.NextToken + "A"},
			} {
				_, err := a.ListUserPoolClients(t.Context(), wrong)
				if !errors.Is(err, userpool.ErrInvalidParameter) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	slices.Sort(seen)
	if len(slices.Compact(seen)) != 7 || slices.Contains(seen, other.client) {
		t.Errorf("listed %q", seen)
	}
	for filter, want := range map[userpool.ClientTypeType]int{userpool.ClientTypeTypeRegular: 7, userpool.ClientTypeTypeDcr: 0} {
		out, err := a.ListUserPoolClients(t.Context(), &userpool.ListUserPoolClientsInput{UserPoolId: a.pool, ClientType: filter})
		check(t, err)
		if len(out.UserPoolClients) != want || out.UserPoolClients == nil {
			t.Errorf("%s: %d clients, want %d", filter, len(out.UserPoolClients), want)
		}
	}
	for name, tt := range map[string]struct {
		in   userpool.ListUserPoolClientsInput
		code awsapi.Code
	}{
		"unknown pool":     {userpool.ListUserPoolClientsInput{UserPoolId: "us-east-1_Nowhere00"}, userpool.ErrResourceNotFound},
		"no pool":          {userpool.ListUserPoolClientsInput{}, userpool.ErrInvalidParameter},
		"page of 61":       {userpool.ListUserPoolClientsInput{UserPoolId: a.pool, MaxResults: new(int32(61))}, userpool.ErrInvalidParameter},
		"page of none":     {userpool.ListUserPoolClientsInput{UserPoolId: a.pool, MaxResults: new(int32(0))}, userpool.ErrInvalidParameter},
		"unknown type":     {userpool.ListUserPoolClientsInput{UserPoolId: a.pool, ClientType: "ODD"}, userpool.ErrInvalidParameter},
		"token of no page": {userpool.ListUserPoolClientsInput{UserPoolId: a.pool, NextToken: "x"}, userpool.ErrInvalidParameter},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.ListUserPoolClients(t.Context(), &tt.in)
			refused(t, err, tt.code, "")
		})
	}
	_, err := a.Invoke(t.Context(), "ListUserPoolClients", fmt.Appendf(nil, `{"UserPoolId":%q,"MaxResults":"many"}`, a.pool))
	refused(t, err, awsapi.ErrSerialization, "")
}

// AUTH-140, AUTH-221: custom sign-in says that the client does not allow it, or that the pool has no triggers for it.
func TestCustomAuthWithoutTriggers(t *testing.T) {
	t.Parallel()
	a := setup(t).app(flows("ALLOW_CUSTOM_AUTH"))
	_, err := a.begin(userpool.AuthFlowTypeCustomAuth, "USERNAME", "ada")
	refused(t, err, userpool.ErrInvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")
	_, err = a.begin(userpool.AuthFlowTypeCustomAuth)
	refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter USERNAME")
	_, err = a.sibling().begin(userpool.AuthFlowTypeCustomAuth, "USERNAME", "ada")
	refused(t, err, userpool.ErrInvalidParameter, "CUSTOM_AUTH is not enabled for the client.")
}
