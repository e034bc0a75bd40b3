package userpool_test

import (
	"context"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
)

// ofUser are the operations that name a pool and a user and nothing else that has to exist.
func ofUser(s *userpool.Service) map[string]func(ctx context.Context, pool, name string) error {
	return map[string]func(ctx context.Context, pool, name string) error{
		"AdminGetUser": func(ctx context.Context, pool, name string) error {
			_, err := s.AdminGetUser(ctx, &userpool.AdminGetUserInput{UserPoolId: pool, Username: name})
			return err
		},
		"AdminEnableUser": func(ctx context.Context, pool, name string) error {
			_, err := s.AdminEnableUser(ctx, &userpool.AdminEnableUserInput{UserPoolId: pool, Username: name})
			return err
		},
		"AdminDisableUser": func(ctx context.Context, pool, name string) error {
			_, err := s.AdminDisableUser(ctx, &userpool.AdminDisableUserInput{UserPoolId: pool, Username: name})
			return err
		},
		"AdminDeleteUser": func(ctx context.Context, pool, name string) error {
			_, err := s.AdminDeleteUser(ctx, &userpool.AdminDeleteUserInput{UserPoolId: pool, Username: name})
			return err
		},
		"AdminSetUserPassword": func(ctx context.Context, pool, name string) error {
			_, err := s.AdminSetUserPassword(ctx, &userpool.AdminSetUserPasswordInput{UserPoolId: pool, Username: name, Password: another})
			return err
		},
		"AdminResetUserPassword": func(ctx context.Context, pool, name string) error {
			_, err := s.AdminResetUserPassword(ctx, &userpool.AdminResetUserPasswordInput{UserPoolId: pool, Username: name})
			return err
		},
		"AdminUpdateUserAttributes": func(ctx context.Context, pool, name string) error {
			_, err := s.AdminUpdateUserAttributes(ctx, &userpool.AdminUpdateUserAttributesInput{
				UserPoolId: pool, Username: name, UserAttributes: attributes("name", "x"),
			})
			return err
		},
		"AdminDeleteUserAttributes": func(ctx context.Context, pool, name string) error {
			_, err := s.AdminDeleteUserAttributes(ctx, &userpool.AdminDeleteUserAttributesInput{
				UserPoolId: pool, Username: name, UserAttributeNames: []string{"name"},
			})
			return err
		},
		"AdminSetUserSettings": func(ctx context.Context, pool, name string) error {
			_, err := s.AdminSetUserSettings(ctx, &userpool.AdminSetUserSettingsInput{
				UserPoolId: pool, Username: name, MFAOptions: []userpool.MFAOptionType{},
			})
			return err
		},
		"AdminListGroupsForUser": func(ctx context.Context, pool, name string) error {
			_, err := s.AdminListGroupsForUser(ctx, &userpool.AdminListGroupsForUserInput{UserPoolId: pool, Username: name})
			return err
		},
	}
}

// USR-005, USR-006, GRP-010, AUTH-623, AUTH-624, AUTH-599, AUTH-600: the pool is checked before the user, and nobody is
// touched by a name in another pool.
func TestAdminOperationsOnNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.app(), b.app()
	a.user("ada", "email", "ada@example.com")
	sub := other.user("bob", "email", "bob@example.com")
	before, bob := a.profile("ada"), other.profile("bob")
	const nowhere = "us-east-1_Nowhere00"
	for name, call := range ofUser(a.Service) {
		t.Run(name, func(t *testing.T) {
			refused(t, call(t.Context(), nowhere, "nobody"), userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
			for _, user := range []string{"nobody", "bob", sub, "ADA", "ada@example.com"} { // no aliases here, and case counts (AUTH-045, AUTH-061)
				refused(t, call(t.Context(), a.pool, user), userpool.ErrUserNotFound, "User does not exist.")
			}
			refused(t, call(t.Context(), a.pool, ""), userpool.ErrInvalidParameter, "")
			refused(t, call(t.Context(), "", "ada"), userpool.ErrInvalidParameter, "")
			refused(t, call(t.Context(), "no pool", "ada"), userpool.ErrInvalidParameter, "")
		})
	}
	if now := a.profile("ada"); !now.UserLastModifiedDate.Equal(before.UserLastModifiedDate) || now.UserStatus != before.UserStatus {
		t.Error("ada was changed")
	}
	if now := other.profile("bob"); !now.UserLastModifiedDate.Equal(bob.UserLastModifiedDate) {
		t.Error("bob was changed")
	}
}

// USR-004, USR-030, ATTR-041, ATTR-042, AUTH-042: an administrator sees the whole profile.
func TestAdminGetUser(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolClientInput) { in.ReadAttributes = []string{"name"} })
	sub := a.user("ada", "email", "ada@example.com", "name", "Ada", "given_name", "A")
	made := a.clock.Now()
	a.clock.Advance(time.Minute)
	a.signIn("ada")     // moves nothing (USR-003)
	u := a.profile(sub) // AUTH-050, ATTR-066: the sub is a name as well
	if u.Username != "ada" || u.UserStatus != userpool.UserStatusTypeConfirmed || !u.Enabled || !u.UserCreateDate.Equal(made) ||
		!u.UserLastModifiedDate.Equal(made) || u.PreferredMfaSetting != "" || len(u.UserMFASettingList) != 0 || len(u.MFAOptions) != 0 {
		t.Errorf("got %+v", u)
	}
	for name, want := range map[string]string{
		"sub": sub, "email": "ada@example.com", "email_verified": "true", "name": "Ada", "given_name": "A",
	} {
		if got := valueOf(u.UserAttributes, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(u.UserAttributes) != 5 {
		t.Errorf("%d attributes, want 5", len(u.UserAttributes))
	}
}

// AUTH-050, AUTH-051, ATTR-066: the names under which a user is found.
func TestNamesOfAUser(t *testing.T) {
	t.Parallel()
	preferred := func(in *userpool.CreateUserPoolInput) {
		in.AliasAttributes = []userpool.AliasAttributeType{
			userpool.AliasAttributeTypeEmail, userpool.AliasAttributeTypePhoneNumber, userpool.AliasAttributeTypePreferredUsername,
		}
	}
	for _, tt := range []struct {
		name        string
		pool        func(*userpool.CreateUserPoolInput)
		user        string
		attrs       []string
		found, lost []string
	}{
		{"a plain pool", func(*userpool.CreateUserPoolInput) {}, "ada",
			[]string{"email", "ada@example.com", "email_verified", "true", "preferred_username", "countess"},
			[]string{"ada"}, []string{"Ada", "ada@example.com", "countess"}},
		{"aliases", preferred, "ada",
			[]string{"email", "ada@example.com", "email_verified", "true", "phone_number", "+15550100", "preferred_username", "countess"},
			[]string{"ada", "ada@example.com", "countess"}, []string{"+15550100"}},
		{"names without case (AUTH-061, ATTR-067)", func(in *userpool.CreateUserPoolInput) {
			preferred(in)
			in.UsernameConfiguration = &userpool.UsernameConfigurationType{CaseSensitive: false}
		}, "Ada", []string{"email", "Ada@example.com", "email_verified", "true", "preferred_username", "Countess"},
			[]string{"Ada", "ADA", "ada@EXAMPLE.com", "countESS"}, nil},
		{"named by address, verified or not", byEmail, "ada@example.com", nil, []string{"ada@example.com"}, []string{"ADA@example.com"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(tt.pool)
			u, err := a.create(tt.user, having(tt.attrs...))
			check(t, err)
			for _, name := range append(tt.found, valueOf(u.Attributes, "sub")) {
				if got := a.profile(name).Username; got != u.Username {
					t.Errorf("%s finds %s", name, got)
				}
			}
			for _, name := range tt.lost {
				_, err := a.AdminGetUser(t.Context(), &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: name})
				refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
			}
		})
	}
}

// USR-032, AUTH-002, AUTH-529, AUTH-623, ERR-080: disabling ends everything and changes no status; enabling brings no token back.
func TestDisableAndEnable(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada", "email", "ada@example.com")
	tokens := a.signIn("ada")
	a.clock.Advance(time.Minute)
	a.disable("ada")
	u := a.profile("ada")
	if u.Enabled || u.UserStatus != userpool.UserStatusTypeConfirmed || !u.UserLastModifiedDate.Equal(a.clock.Now()) {
		t.Errorf("enabled %v, status %s, modified %v", u.Enabled, u.UserStatus, u.UserLastModifiedDate)
	}
	dead := func() {
		t.Helper()
		if _, err := a.getUser(tokens.AccessToken); err == nil {
			t.Error("the access token is still good")
		}
		if _, err := a.refresh(tokens.RefreshToken); err == nil {
			t.Error("the refresh token is still good")
		}
	}
	dead()
	_, err := a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, "User is disabled.")
	listed, err := a.ListUsers(t.Context(), &userpool.ListUsersInput{UserPoolId: a.pool, Filter: `status = "Disabled"`})
	check(t, err)
	if len(listed.Users) != 1 {
		t.Error("ListUsers does not show the disabled user")
	}

	a.clock.Advance(time.Minute)
	a.disable("ada")
	if again := a.profile("ada"); !again.UserLastModifiedDate.Equal(u.UserLastModifiedDate) {
		t.Error("disabling twice changed something")
	}
	for range 2 {
		_, err = a.AdminEnableUser(t.Context(), &userpool.AdminEnableUserInput{UserPoolId: a.pool, Username: "ada"})
		check(t, err)
	}
	if !a.profile("ada").Enabled {
		t.Error("still disabled")
	}
	dead()
	if _, err := a.getUser(a.signIn("ada").AccessToken); err != nil {
		t.Error(err)
	}
}

// USR-031, AUTH-032, AUTH-530, AUTH-624, USR-057: deleted by an administrator or by himself, a user is gone with his tokens.
func TestDeleteUser(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(a app, access string) error{
		"by an administrator": func(a app, _ string) error {
			_, err := a.AdminDeleteUser(a.t.Context(), &userpool.AdminDeleteUserInput{UserPoolId: a.pool, Username: "ada"})
			return err
		},
		"by himself": func(a app, access string) error {
			_, err := a.DeleteUser(a.t.Context(), &userpool.DeleteUserInput{AccessToken: access})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(emailAlias)
			sub := a.user("ada", "email", "ada@example.com")
			a.group("admins")
			a.join("ada", "admins")
			tokens := a.signIn("ada")
			check(t, remove(a, tokens.AccessToken))
			_, err := a.getUser(tokens.AccessToken)
			refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
			if _, err := a.refresh(tokens.RefreshToken); err == nil {
				t.Error("the refresh token is still good")
			}
			for _, gone := range []string{"ada", "ada@example.com", sub} {
				_, err := a.AdminGetUser(t.Context(), &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: gone})
				refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
			}
			if got := a.members("admins"); len(got) != 0 { // GRP-016
				t.Errorf("members are %v", got)
			}
			refused(t, remove(a, tokens.AccessToken), userpool.ErrUserNotFound, "User does not exist.")

			if again := a.user("ada", "email", "ada@example.com"); again == sub { // AUTH-043, AUTH-042
				t.Error("the sub was dealt again")
			}
			_, err = a.getUser(tokens.AccessToken) // C4: nothing refers to a user by name
			refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
			if got := a.groupsOf("ada"); len(got) != 0 {
				t.Errorf("the new user is in %v", got)
			}
		})
	}
}

// GRP-016: disabling keeps the memberships.
func TestDisabledMember(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	a.group("admins")
	a.join("ada", "admins")
	a.disable("ada")
	if got := a.members("admins"); len(got) != 1 || got[0] != "ada" {
		t.Errorf("members are %v, want ada", got)
	}
}

// AUTH-541: what a user does to himself takes a good access token.
func TestOwnOperationsNeedAToken(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(a app, access string) error{
		"DeleteUser": func(a app, access string) error {
			_, err := a.DeleteUser(a.t.Context(), &userpool.DeleteUserInput{AccessToken: access})
			return err
		},
		"UpdateUserAttributes": func(a app, access string) error {
			_, err := a.updateOwn(access, "name", "x")
			return err
		},
		"DeleteUserAttributes": func(a app, access string) error {
			_, err := a.DeleteUserAttributes(a.t.Context(), &userpool.DeleteUserAttributesInput{
				AccessToken: access, UserAttributeNames: []string{"name"},
			})
			return err
		},
		"SetUserSettings": func(a app, access string) error {
			_, err := a.SetUserSettings(a.t.Context(), &userpool.SetUserSettingsInput{
				AccessToken: access, MFAOptions: []userpool.MFAOptionType{},
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app()
			a.user("ada", "email", "ada@example.com", "name", "Ada")
			tokens := a.signIn("ada")
			before := a.profile("ada")
			refused(t, call(a, ""), userpool.ErrInvalidParameter, "")
			refused(t, call(a, "nonsense"), userpool.ErrNotAuthorized, "Invalid Access Token")
			refused(t, call(a, tokens.IdToken), userpool.ErrNotAuthorized, "Invalid Access Token")
			_, err := a.GlobalSignOut(t.Context(), &userpool.GlobalSignOutInput{AccessToken: tokens.AccessToken})
			check(t, err)
			refused(t, call(a, tokens.AccessToken), userpool.ErrNotAuthorized, "Access Token has been revoked")
			if now := a.profile("ada"); len(now.UserAttributes) != len(before.UserAttributes) || valueOf(now.UserAttributes, "name") != "Ada" {
				t.Error("a refused call changed the user")
			}
			check(t, call(a, a.signIn("ada").AccessToken))
		})
	}
}
