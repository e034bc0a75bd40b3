package userpool_test

import (
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// factorsOf asks both operations for somebody's factors, and fails the test if they differ.
func (a app) factorsOf(name, access string) []userpool.AuthFactorType {
	a.t.Helper()
	admin, err := a.AdminGetUserAuthFactors(a.t.Context(), &userpool.AdminGetUserAuthFactorsInput{UserPoolId: a.pool, Username: name})
	check(a.t, err)
	if access == "" {
		return admin.ConfiguredUserAuthFactors
	}
	own, err := a.GetUserAuthFactors(a.t.Context(), &userpool.GetUserAuthFactorsInput{AccessToken: access})
	check(a.t, err)
	if own.Username != admin.Username || !slices.Equal(own.ConfiguredUserAuthFactors, admin.ConfiguredUserAuthFactors) ||
		own.PreferredMfaSetting != admin.PreferredMfaSetting || !slices.Equal(own.UserMFASettingList, admin.UserMFASettingList) {
		a.t.Errorf("the caller is told %v, the administrator %v", own, admin)
	}
	return own.ConfiguredUserAuthFactors
}

// AUTH-291, AUTH-606, NEW-161, NEW-162, NEW-333: the factors of several users, as they and an administrator are told.
func TestUserAuthFactors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, plain := b.app(byCode, emailAlias, choosing), b.app(choosing)
	a.user("ada", "email", "ada@example.com", "phone_number", "+14155550101")
	a.user("bob")
	a.passwordless("eve", "email", "eve@example.com")
	plain.user("kim", "email", "kim@example.com", "phone_number", "+14155550102")
	list := func(l ...userpool.AuthFactorType) []userpool.AuthFactorType { return l }
	for _, tt := range []struct {
		app          app
		name, access string
		want         []userpool.AuthFactorType
	}{
		{a, "ada", a.signIn("ada").AccessToken, list("PASSWORD", "EMAIL_OTP", "SMS_OTP")},
		{a, "ada@example.com", a.signIn("ada").AccessToken, list("PASSWORD", "EMAIL_OTP", "SMS_OTP")},
		{a, "bob", a.signIn("bob").AccessToken, list("PASSWORD")},
		{a, "eve", a.byMail("eve", "eve@example.com").AccessToken, list("EMAIL_OTP")},
		{plain, "kim", plain.signIn("kim").AccessToken, list("PASSWORD")},
	} {
		if got := tt.app.factorsOf(tt.name, tt.access); !slices.Equal(got, tt.want) {
			t.Errorf("%s has %v, want %v", tt.name, got, tt.want)
		}
	}
	out, err := a.AdminGetUserAuthFactors(t.Context(), &userpool.AdminGetUserAuthFactorsInput{UserPoolId: a.pool, Username: "ada@example.com"})
	check(t, err)
	if out.Username != "ada" || out.PreferredMfaSetting != "" || out.UserMFASettingList != nil {
		t.Errorf("by alias: %v", out)
	}

	// NEW-168: whom the administrator asks about.
	_, err = a.AdminGetUserAuthFactors(t.Context(), &userpool.AdminGetUserAuthFactorsInput{UserPoolId: a.pool, Username: "nobody"})
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
	_, err = a.AdminGetUserAuthFactors(t.Context(), &userpool.AdminGetUserAuthFactorsInput{UserPoolId: "us-east-1_Nowhere00", Username: "ada"})
	refused(t, err, userpool.ErrResourceNotFound, "")
	a.disable("bob")
	a.signUp("new")
	for _, name := range []string{"bob", "new"} { // of everybody, whatever his state
		if got := a.factorsOf(name, ""); !slices.Equal(got, list("PASSWORD")) {
			t.Errorf("%s has %v", name, got)
		}
	}
}
