package userpool_test

import (
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/userpool"
)

// verifyFirst holds new addresses until they are verified.
func verifyFirst(in *userpool.CreateUserPoolInput) {
	in.UserAttributeUpdateSettings = &userpool.UserAttributeUpdateSettingsType{
		AttributesRequireVerificationBeforeUpdate: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
	}
}

// ATTR-050, ATTR-051, ATTR-052: new addresses are unverified, and get a code where the pool verifies them.
func TestUpdateAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		pairs    []string
		byAdmin  bool
		code     string // address that gets one
		verified string
	}{
		{"own", []string{"email", "new@example.com"}, false, "new@example.com", "false"},
		{"by an administrator", []string{"email", "new@example.com"}, true, "new@example.com", "false"},
		{"verified by an administrator", []string{"email", "new@example.com", "email_verified", "True"}, true, "", "true"},
		{"unverified by an administrator", []string{"email_verified", "false"}, true, "", "false"},
		{"the same", []string{"email", "ada@example.com"}, false, "", "true"},
		{"the same by an administrator", []string{"email", "ada@example.com"}, true, "", "true"},
		{"one that the pool does not verify", []string{"phone_number", "+15550199"}, false, "", "true"},
		{"both", []string{"phone_number", "+15550199", "email", "new@example.com"}, false, "new@example.com", "false"},
		{"another attribute", []string{"name", "x"}, false, "", "true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app()
			a.user("ada", "email", "ada@example.com")
			access := a.signIn("ada").AccessToken
			a.outbox.Reset()
			if tt.byAdmin {
				check(t, a.updateOf("ada", tt.pairs...))
			} else {
				sent, err := a.updateOwn(access, tt.pairs...)
				check(t, err)
				if tt.code == "" && len(sent) != 0 || tt.code != "" && (len(sent) != 1 || sent[0].Destination != "n***@e***" ||
					sent[0].AttributeName != "email" || sent[0].DeliveryMedium != userpool.DeliveryMediumTypeEmail) {
					t.Errorf("details are %+v", sent)
				}
			}
			a.deliver()
			all := a.outbox.All()
			if tt.code == "" && len(all) != 0 || tt.code != "" && (len(all) != 1 || all[0].Destination != tt.code || all[0].Kind != message.UpdateUserAttribute) {
				t.Errorf("messages are %+v", all)
			}
			if got := a.value("ada", "email_verified"); got != tt.verified {
				t.Errorf("email_verified is %q, want %q", got, tt.verified)
			}
			if tt.code != "" {
				check(t, a.verifyOwn(access, "email", all[0].Code))
				if a.value("ada", "email") != "new@example.com" || a.value("ada", "email_verified") != "true" {
					t.Error("the code did not verify the new address")
				}
			}
		})
	}
}

// ATTR-053: the old address is in force until the new one is verified; a later change replaces the one that waits.
func TestVerificationBeforeUpdate(t *testing.T) {
	t.Parallel()
	a := setup(t).app(emailAlias, verifyFirst)
	a.user("ada", "email", "ada@example.com")
	access := a.signIn("ada").AccessToken
	inForce := func(address, verified string) {
		t.Helper()
		if got, flag := a.value("ada", "email"), a.value("ada", "email_verified"); got != address || flag != verified {
			t.Errorf("email is %s, verified %s, want %s %s", got, flag, address, verified)
		}
		if got := a.profile(address).Username; got != "ada" {
			t.Errorf("%s signs in %s", address, got)
		}
	}
	sent, err := a.updateOwn(access, "email", "second@example.com", "name", "Ada")
	check(t, err)
	if len(sent) != 1 || sent[0].Destination != "s***@e***" {
		t.Errorf("details are %+v", sent)
	}
	inForce("ada@example.com", "true")
	if a.value("ada", "name") != "Ada" {
		t.Error("the other attribute waits as well")
	}
	second := a.code("second@example.com")
	check(t, a.updateOf("ada", "email", "third@example.com", "email_verified", "false")) // an administrator's waits as well
	inForce("ada@example.com", "true")
	third := a.code("third@example.com")
	if second != third {
		refused(t, a.verifyOwn(access, "email", second), userpool.ErrCodeMismatch, "")
	}
	check(t, a.verifyOwn(access, "email", third))
	inForce("third@example.com", "true")
	_, err = a.AdminGetUser(t.Context(), &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: "ada@example.com"})
	refused(t, err, userpool.ErrUserNotFound, "")

	check(t, a.updateOf("ada", "email", "fourth@example.com", "email_verified", "true")) // at once
	inForce("fourth@example.com", "true")

	_, err = a.updateOwn(access, "email", "fifth@example.com") // back to the present one: nothing waits any longer
	check(t, err)
	fifth := a.code("fifth@example.com")
	_, err = a.updateOwn(access, "email", "fourth@example.com")
	check(t, err)
	if err := a.verifyOwn(access, "email", fifth); err == nil {
		t.Error("an address that was given up was verified")
	}
	inForce("fourth@example.com", "true")
}

// ATTR-054: without it an alias signs in neither old nor new until the new one is verified.
func TestUpdateAliasAddress(t *testing.T) {
	t.Parallel()
	a := setup(t).app(emailAlias)
	a.user("ada", "email", "ada@example.com")
	access := a.signIn("ada@example.com").AccessToken
	_, err := a.updateOwn(access, "email", "new@example.com")
	check(t, err)
	for _, name := range []string{"ada@example.com", "new@example.com"} {
		if out, err := a.tryPassword(name, password); err == nil {
			t.Errorf("%s signs in: %v", name, out.ChallengeName)
		}
	}
	check(t, a.verifyOwn(access, "email", a.code("new@example.com")))
	a.signIn("new@example.com")
}

// ATTR-057, AUTH-060, AUTH-052: an administrator who verifies an address takes it from whoever holds it; where it is a name,
// nobody can.
func TestTakeAddressOver(t *testing.T) {
	t.Parallel()
	t.Run("alias", func(t *testing.T) {
		t.Parallel()
		a := setup(t).app(emailAlias)
		a.user("ada", "email", "ada@example.com")
		a.user("bob", "email", "bob@example.com")
		check(t, a.updateOf("bob", "email", "ada@example.com")) // held by two, verified by one
		if got := a.profile("ada@example.com").Username; got != "ada" {
			t.Errorf("the address signs in %s", got)
		}
		check(t, a.updateOf("bob", "email_verified", "true"))
		if got := a.profile("ada@example.com").Username; got != "bob" {
			t.Errorf("the address signs in %s", got)
		}
		if got := a.value("ada", "email_verified"); got != "false" {
			t.Errorf("the former holder's email_verified is %s", got)
		}
	})
	t.Run("name", func(t *testing.T) {
		t.Parallel()
		a := setup(t).app(byEmail)
		a.user("ada@example.com")
		a.user("bob@example.com")
		const text = "An account with the given email already exists."
		refused(t, a.updateOf("bob@example.com", "email", "ada@example.com", "email_verified", "true"), userpool.ErrAliasExists, text)
		_, err := a.updateOwn(a.signIn("bob@example.com").AccessToken, "email", "ada@example.com")
		refused(t, err, userpool.ErrAliasExists, text)
		a.signIn("bob@example.com")
		if a.deliver(); a.outbox.LastCode("bob@example.com") == "" {
			t.Error("bob never existed")
		}
	})
	t.Run("preferred name (AUTH-055, ATTR-063)", func(t *testing.T) {
		t.Parallel()
		a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
			in.AliasAttributes = []userpool.AliasAttributeType{userpool.AliasAttributeTypePreferredUsername}
		})
		a.user("ada")
		a.user("bob")
		check(t, a.updateOf("ada", "preferred_username", "countess"))
		access := a.signIn("bob").AccessToken
		const text = "Already found an entry for username countess"
		refused(t, a.updateOf("bob", "preferred_username", "countess"), userpool.ErrAliasExists, text)
		_, err := a.updateOwn(access, "preferred_username", "countess")
		refused(t, err, userpool.ErrAliasExists, text)
		_, err = a.updateOwn(access, "preferred_username", "byron")
		check(t, err)
		a.signIn("byron")
		a.signIn("countess")
	})
}

// AUTH-049, ATTR-065: the address that names a user can be changed for another one, but not given up.
func TestChangeNamingAddress(t *testing.T) {
	t.Parallel()
	both := func(in *userpool.CreateUserPoolInput) {
		in.UsernameAttributes = []userpool.UsernameAttributeType{userpool.UsernameAttributeTypeEmail, userpool.UsernameAttributeTypePhoneNumber}
	}
	for name, pool := range map[string]func(*userpool.CreateUserPoolInput){"email": byEmail, "email or number": both} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(pool)
			a.user("ada@example.com")
			access := a.signIn("ada@example.com").AccessToken
			for _, err := range []error{
				a.updateOf("ada@example.com", "email", ""), a.deleteOf("ada@example.com", "email"), a.deleteOwn(access, "email"),
				a.updateOf("ada@example.com", "email", "+15550100"),
			} {
				refused(t, err, userpool.ErrInvalidParameter, "")
			}
			check(t, a.updateOf("ada@example.com", "email", "new@example.com"))
			a.signIn("new@example.com")
			_, err := a.tryPassword("ada@example.com", password)
			refused(t, err, userpool.ErrUserNotFound, "")
		})
	}
}

// Codes that cannot be sent change nothing (ERR-082).
func TestUpdateAddressWithoutSender(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.Email = nil }).app()
	a.newcomer("ada", "email", "ada@example.com", "email_verified", "true")
	a.setPassword("ada", password)
	_, err := a.updateOwn(a.signIn("ada").AccessToken, "email", "new@example.com")
	refused(t, err, userpool.ErrCodeDeliveryFailure, "")
	if a.value("ada", "email") != "ada@example.com" || a.value("ada", "email_verified") != "true" {
		t.Error("the address was changed")
	}
}

// H12: one user has so many codes sent an hour, wherever they go; an administrator is not counted.
func TestH12_CodesToManyAddresses(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.Limits.AttributeUpdate = 2 }).app()
	a.user("ada")
	access := a.signIn("ada").AccessToken
	for i, address := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		_, err := a.updateOwn(access, "email", address)
		if i < 2 {
			check(t, err)
		} else {
			refused(t, err, userpool.ErrTooManyRequests, "")
		}
	}
	if got := a.value("ada", "email"); got != "b@example.com" {
		t.Errorf("email is %s", got)
	}
	_, err := a.updateOwn(access, "name", "Ada") // sends nothing
	check(t, err)
	check(t, a.updateOf("ada", "email", "d@example.com"))
	a.clock.Advance(time.Hour)
	_, err = a.updateOwn(a.signIn("ada").AccessToken, "email", "e@example.com")
	check(t, err)
}
