package userpool_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// create calls AdminCreateUser without an invitation, unless the function says otherwise.
func (a app) create(name string, change ...func(*userpool.AdminCreateUserInput)) (*userpool.UserType, error) {
	in := &userpool.AdminCreateUserInput{UserPoolId: a.pool, Username: name, MessageAction: userpool.MessageActionTypeSuppress}
	for _, f := range change {
		f(in)
	}
	out, err := a.AdminCreateUser(a.t.Context(), in)
	if err != nil {
		return nil, err
	}
	return out.User, nil
}

// having gives the user to be attributes.
func having(pairs ...string) func(*userpool.AdminCreateUserInput) {
	return func(in *userpool.AdminCreateUserInput) { in.UserAttributes = attributes(pairs...) }
}

// invited sends an invitation, by the media if any are named.
func invited(media ...userpool.DeliveryMediumType) func(*userpool.AdminCreateUserInput) {
	return func(in *userpool.AdminCreateUserInput) {
		in.MessageAction, in.DesiredDeliveryMediums = "", media
	}
}

func temporary(password string) func(*userpool.AdminCreateUserInput) {
	return func(in *userpool.AdminCreateUserInput) { in.TemporaryPassword = password }
}

func forced(in *userpool.AdminCreateUserInput) { in.ForceAliasCreation = true }

func resent(in *userpool.AdminCreateUserInput) { in.MessageAction = userpool.MessageActionTypeResend }

// names returns the users of the pool.
func (a app) names() []string {
	a.t.Helper()
	out, err := a.ListUsers(a.t.Context(), &userpool.ListUsersInput{UserPoolId: a.pool})
	check(a.t, err)
	names := []string{}
	for _, u := range out.Users {
		names = append(names, u.Username)
	}
	slices.Sort(names)
	return names
}

// AUTH-012, USR-002, USR-022, USR-004: the user has to change the temporary password and may be told of required attributes
// later (USR-012, AUTH-123).
func TestAdminCreateUser(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{{Name: "family_name", Required: new(true)}}
	})
	u, err := a.create("ada", having("email", "ada@example.com", "email_verified", "True"), temporary(another))
	check(t, err)
	if u.Username != "ada" || u.UserStatus != userpool.UserStatusTypeForceChangePassword || !u.Enabled ||
		!u.UserCreateDate.Equal(a.clock.Now()) || !u.UserLastModifiedDate.Equal(a.clock.Now()) || len(u.MFAOptions) != 0 {
		t.Errorf("got %s, status %s, enabled %v, created %v", u.Username, u.UserStatus, u.Enabled, u.UserCreateDate)
	}
	if v := valueOf(u.Attributes, "email_verified"); v != "true" { // ATTR-033, AUTH-125
		t.Errorf("email_verified is %q, want true", v)
	}
	if len(valueOf(u.Attributes, "sub")) != 36 {
		t.Error("no sub among the attributes")
	}
	got := a.profile("ada")
	if got.UserStatus != u.UserStatus || got.Username != "ada" || len(got.UserAttributes) != len(u.Attributes) {
		t.Errorf("AdminGetUser tells another user than AdminCreateUser")
	}
	out, err := a.tryPassword("ada", another) // AUTH-005
	check(t, err)
	if out.ChallengeName != userpool.ChallengeNameTypeNewPasswordRequired {
		t.Errorf("sign-in goes on with %q, want NEW_PASSWORD_REQUIRED", out.ChallengeName)
	}
	if a.deliver(); len(a.outbox.All()) != 0 { // USR-018
		t.Error("a suppressed invitation was sent")
	}
}

// USR-016, AUTH-120: where an invitation goes. USR-014, AUTH-417: what it brings signs in.
func TestInvitation(t *testing.T) {
	t.Parallel()
	email, phone := userpool.DeliveryMediumTypeEmail, userpool.DeliveryMediumTypeSms
	both := []string{"email", "ada@example.com", "phone_number", "+15550100"}
	for _, tt := range []struct {
		name  string
		attrs []string
		media []userpool.DeliveryMediumType
		want  []string // destinations
	}{
		{"by SMS unless told otherwise", both, nil, []string{"+15550100"}},
		{"by e-mail", both, []userpool.DeliveryMediumType{email}, []string{"ada@example.com"}},
		{"by both", both, []userpool.DeliveryMediumType{phone, email}, []string{"+15550100", "ada@example.com"}},
		{"once by one that is named twice", both, []userpool.DeliveryMediumType{email, email}, []string{"ada@example.com"}},
		{"by the one that there is", both[:2], []userpool.DeliveryMediumType{phone, email}, []string{"ada@example.com"}},
		{"not at all without a number", both[:2], nil, nil},
		{"not at all without anything", nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
				in.Policies = &userpool.UserPoolPolicyType{PasswordPolicy: &userpool.PasswordPolicyType{
					MinimumLength: new(int32(20)), RequireUppercase: true, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true,
				}}
			})
			_, err := a.create("ada", having(tt.attrs...), invited(tt.media...))
			check(t, err)
			a.deliver()
			var to []string
			for _, m := range a.outbox.All() {
				to = append(to, m.Destination)
				if m.Kind != message.AdminCreateUser || !strings.Contains(m.Body, "ada") || utf8.RuneCountInString(m.Code) < 20 {
					t.Errorf("%s message %q brings %q", m.Kind, m.Body, m.Code)
				}
				out, err := a.tryPassword("ada", m.Code)
				check(t, err)
				if out.ChallengeName != userpool.ChallengeNameTypeNewPasswordRequired {
					t.Errorf("sign-in with the temporary password goes on with %q", out.ChallengeName)
				}
			}
			slices.Sort(to)
			if !slices.Equal(to, tt.want) {
				t.Errorf("messages went to %v, want %v", to, tt.want)
			}
		})
	}
}

// What is refused leaves nobody behind (ERR-082).
func TestAdminCreateUserRefusals(t *testing.T) {
	t.Parallel()
	form := func(names ...userpool.UsernameAttributeType) func(*userpool.CreateUserPoolInput) {
		return func(in *userpool.CreateUserPoolInput) { in.UsernameAttributes = names }
	}
	alias := func(names ...userpool.AliasAttributeType) func(*userpool.CreateUserPoolInput) {
		return func(in *userpool.CreateUserPoolInput) { in.AliasAttributes = names }
	}
	plain := func(*userpool.CreateUserPoolInput) {}
	for _, tt := range []struct {
		name string
		pool func(*userpool.CreateUserPoolInput)
		user string
		in   func(*userpool.AdminCreateUserInput)
		code awsapi.Code
		text string
	}{
		{"no name", plain, "", nil, userpool.ErrInvalidParameter, ""},
		{"white space in the name (ATTR-060, AUTH-041)", plain, "ada lovelace", nil, userpool.ErrInvalidParameter, ""},
		{"name too long (AUTH-041)", plain, strings.Repeat("a", 129), nil, userpool.ErrInvalidParameter, ""},
		{"pool before everything (USR-006, USR-011)", plain, "ada", func(in *userpool.AdminCreateUserInput) {
			in.UserPoolId, in.TemporaryPassword = "us-east-1_Nowhere00", "weak"
		}, userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist."},
		{"unknown action", plain, "ada", func(in *userpool.AdminCreateUserInput) { in.MessageAction = "SHOUT" }, userpool.ErrInvalidParameter, ""},
		{"unknown medium", plain, "ada", invited("PIGEON"), userpool.ErrInvalidParameter, ""},
		{"name before password (USR-011)", form(userpool.UsernameAttributeTypeEmail), "ada", temporary("weak"),
			userpool.ErrInvalidParameter, "Username should be an email."}, // AUTH-047
		{"no number (AUTH-047)", form(userpool.UsernameAttributeTypePhoneNumber), "ada", nil, userpool.ErrInvalidParameter, "Username should be a phone number."},
		{"neither (AUTH-047)", form(userpool.UsernameAttributeTypeEmail, userpool.UsernameAttributeTypePhoneNumber), "ada", nil,
			userpool.ErrInvalidParameter, "Username should be either an email or a phone number."},
		{"e-mail form (ATTR-061, AUTH-053)", alias(userpool.AliasAttributeTypeEmail), "ada@example.com", nil,
			userpool.ErrInvalidParameter, "Username cannot be of email format, since user pool is configured for email alias."},
		{"number form (ATTR-061, AUTH-053)", alias(userpool.AliasAttributeTypePhoneNumber), "+15550100", nil,
			userpool.ErrInvalidParameter, "Username cannot be of phone number format, since user pool is configured for phone number alias."},
		{"weak password, before attributes (AUTH-416, USR-011)", plain, "ada", func(in *userpool.AdminCreateUserInput) {
			in.TemporaryPassword, in.UserAttributes = "weak", attributes("custom:x", "1")
		}, userpool.ErrInvalidPassword, "Password did not conform with policy: Password not long enough"},
		{"unknown attribute (ATTR-035)", plain, "ada", having("custom:x", "1"), userpool.ErrInvalidParameter,
			"Attributes did not conform to the schema: Type for attribute {custom:x} could not be determined"},
		{"no address (ATTR-031, AUTH-063)", plain, "ada", having("email", "ada"), userpool.ErrInvalidParameter, "Invalid email address format."},
		{"no number (ATTR-031, AUTH-063)", plain, "ada", having("phone_number", "555"), userpool.ErrInvalidParameter, "Invalid phone number format."},
		{"verified nothing (ATTR-038)", plain, "ada", having("email_verified", "true"), userpool.ErrInvalidParameter,
			"Email is required to verify/un-verify an email"},
		{"attribute twice (ERR-049)", plain, "ada", having("name", "a", "name", "b"), userpool.ErrInvalidParameter, ""},
		{"a sub of one's own", plain, "ada", having("sub", "00000000-0000-4000-8000-000000000000"), userpool.ErrNotAuthorized, ""},
		{"value too long (ATTR-030)", plain, "ada", having("name", strings.Repeat("a", 2049)), userpool.ErrInvalidParameter, ""},
		{"medium without an address (AUTH-585)", plain, "ada", invited(userpool.DeliveryMediumTypeEmail), userpool.ErrInvalidParameter, ""},
		{"resend to nobody (USR-019, AUTH-121)", plain, "ada", resent, userpool.ErrUserNotFound, "User does not exist."},
		{"resend a weak password (AUTH-585)", plain, "ada", func(in *userpool.AdminCreateUserInput) {
			in.TemporaryPassword = "weak"
			resent(in)
		}, userpool.ErrInvalidPassword, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).app(tt.pool)
			_, err := a.create(tt.user, func(in *userpool.AdminCreateUserInput) {
				if tt.in != nil {
					tt.in(in)
				}
			})
			refused(t, err, tt.code, tt.text)
			if got := a.names(); len(got) != 0 {
				t.Errorf("%v exist after a refusal", got)
			}
		})
	}
}

// AUTH-046, ATTR-064, AUTH-048: where users are named by address the name is the sub, and the address is unique from the start.
func TestAdminCreateUserByEmail(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byEmail)
	u, err := a.create("ada@example.com")
	check(t, err)
	if sub := valueOf(u.Attributes, "sub"); u.Username != sub || valueOf(u.Attributes, "email") != "ada@example.com" {
		t.Errorf("name %q, sub %q, email %q", u.Username, sub, valueOf(u.Attributes, "email"))
	}
	_, err = a.create("ada@example.com")
	refused(t, err, userpool.ErrUsernameExists, "An account with the given email already exists.")
	_, err = a.create("bob@example.com", having("email", "ada@example.com"))
	refused(t, err, userpool.ErrInvalidParameter, "")
}

// USR-013, AUTH-122, AUTH-043: a name that is taken, and one that is free again.
func TestAdminCreateUserTaken(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
		in.UsernameConfiguration = &userpool.UsernameConfigurationType{CaseSensitive: false}
	})
	first, err := a.create("ada")
	check(t, err)
	for _, name := range []string{"ada", "ADA", valueOf(first.Attributes, "sub")} {
		_, err = a.create(name)
		refused(t, err, userpool.ErrUsernameExists, "User account already exists")
	}
	a.remove("ada")
	second, err := a.create("ada")
	check(t, err)
	if valueOf(first.Attributes, "sub") == valueOf(second.Attributes, "sub") {
		t.Error("the new user has the sub of the deleted one (AUTH-042)")
	}
	if got := a.names(); !slices.Equal(got, []string{"ada"}) {
		t.Errorf("users are %v", got)
	}
}

// Many try to make one user: one does.
func TestAdminCreateUserRace(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	errs := race(8, func(int) error {
		_, err := a.create("ada")
		return err
	})
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else {
			refused(t, err, userpool.ErrUsernameExists, "User account already exists")
		}
	}
	if made != 1 {
		t.Errorf("%d were made, want 1", made)
	}
}

// USR-015, AUTH-057, AUTH-058, AUTH-122: a verified address that somebody signs in by.
func TestAdminCreateUserAlias(t *testing.T) {
	t.Parallel()
	verified := having("email", "ada@example.com", "email_verified", "true")
	a := setup(t).app(emailAlias)
	_, err := a.create("ada", verified)
	check(t, err)
	_, err = a.create("bob", verified)
	refused(t, err, userpool.ErrAliasExists, "An account with the email already exists.")
	_, err = a.create("cid", having("email", "ada@example.com"), forced) // not verified: nothing to force
	check(t, err)
	if got := a.profile("ada@example.com").Username; got != "ada" {
		t.Errorf("the address signs in %s, want ada", got)
	}
	_, err = a.create("bob", verified, forced)
	check(t, err)
	if got := a.profile("ada@example.com").Username; got != "bob" {
		t.Errorf("the address signs in %s, want bob", got)
	}
	if v := valueOf(a.profile("ada").UserAttributes, "email_verified"); v != "false" {
		t.Errorf("the former owner's email_verified is %q, want false", v)
	}
}

// USR-021, AUTH-124: the pre sign-up function may refuse; what it confirms or verifies is ignored.
func TestAdminCreateUserPreSignUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var seen trigger.PreSignUpEvent
	arn := on(b, "pre", func(_ context.Context, e trigger.PreSignUpEvent) (trigger.PreSignUpEvent, error) {
		seen = e
		if e.UserName == "mallory" {
			return e, errors.New("no")
		}
		e.Response.AutoConfirmUser, e.Response.AutoVerifyEmail = true, true
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{PreSignUp: arn}))
	u, err := a.create("ada", having("email", "ada@example.com"), func(in *userpool.AdminCreateUserInput) {
		in.ValidationData, in.ClientMetadata = attributes("k", "v"), map[string]string{"from": "test"}
	})
	check(t, err)
	if u.UserStatus != userpool.UserStatusTypeForceChangePassword || valueOf(u.Attributes, "email_verified") != "false" {
		t.Errorf("status %s, email_verified %q", u.UserStatus, valueOf(u.Attributes, "email_verified"))
	}
	if seen.TriggerSource != trigger.PreSignUpAdminCreateUser || seen.Request.UserAttributes["email"] != "ada@example.com" ||
		seen.Request.ValidationData["k"] != "v" || seen.Request.ClientMetadata["from"] != "test" {
		t.Errorf("the function saw %+v", seen)
	}
	_, err = a.create("mallory")
	refused(t, err, userpool.ErrUserLambdaValidation, "PreSignUp failed with error no.")
	if got := a.names(); !slices.Equal(got, []string{"ada"}) {
		t.Errorf("users are %v", got)
	}
}

// USR-017: an invitation that nobody can send leaves the user.
func TestInvitationWithoutSender(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.Email = nil }).app()
	_, err := a.create("ada", having("email", "ada@example.com", "phone_number", "+15550100"),
		invited(userpool.DeliveryMediumTypeEmail, userpool.DeliveryMediumTypeSms))
	refused(t, err, userpool.ErrCodeDeliveryFailure, "")
	if got := a.status("ada"); got != userpool.UserStatusTypeForceChangePassword {
		t.Errorf("status %s", got)
	}
	if a.code("+15550100") == "" {
		t.Error("the medium that has a sender brought nothing")
	}
}

// TRG-110, TRG-116: one function writes the texts of all media.
func TestInvitationText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var calls atomic.Int32
	arn := on(b, "texts", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		calls.Add(1)
		if e.TriggerSource != "CustomMessage_AdminCreateUser" || e.Request.UsernameParameter == nil {
			return e, errors.New("wrong event")
		}
		text := "Welcome " + *e.Request.UsernameParameter + ", say " + e.Request.CodeParameter
		if e.UserName == "mallory" {
			text = "Welcome"
		}
		e.Response.SMSMessage, e.Response.EmailMessage = &text, &text
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{CustomMessage: arn}))
	both := having("email", "ada@example.com", "phone_number", "+15550100")
	media := invited(userpool.DeliveryMediumTypeEmail, userpool.DeliveryMediumTypeSms)
	_, err := a.create("ada", both, media, temporary(another))
	check(t, err)
	a.deliver()
	if all := a.outbox.All(); len(all) != 2 || all[0].Body != "Welcome ada, say "+another || calls.Load() != 1 {
		t.Errorf("%d messages after %d calls: %+v", len(all), calls.Load(), all)
	}
	_, err = a.create("mallory", both, media)
	refused(t, err, userpool.ErrInvalidParameter, "")
}

// USR-019, AUTH-121: RESEND gives another temporary password, restarts its life (USR-020, AUTH-029, AUTH-419) and ignores
// attributes; the pre sign-up function does not run.
func TestInviteAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var calls atomic.Int32
	arn := on(b, "pre", func(_ context.Context, e trigger.PreSignUpEvent) (trigger.PreSignUpEvent, error) {
		calls.Add(1)
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{PreSignUp: arn}))
	_, err := a.create("ada", having("email", "ada@example.com"), temporary(password))
	check(t, err)
	a.clock.Advance(7*24*time.Hour + time.Second)
	_, err = a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, "Temporary password has expired and must be reset by an administrator.")

	u, err := a.create("ada", having("name", "Mallory"), resent)
	check(t, err)
	if u.UserStatus != userpool.UserStatusTypeForceChangePassword || !u.UserLastModifiedDate.Equal(a.clock.Now()) || valueOf(u.Attributes, "name") != "" {
		t.Errorf("status %s, modified %v, name %q", u.UserStatus, u.UserLastModifiedDate, valueOf(u.Attributes, "name"))
	}
	second := a.code("ada@example.com")
	a.clock.Advance(6 * 24 * time.Hour)
	_, err = a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
	_, err = a.tryPassword("ada", second)
	check(t, err)
	if calls.Load() != 1 {
		t.Errorf("the pre sign-up function ran %d times, want once", calls.Load())
	}

	_, err = a.create("ada", temporary(another), resent)
	check(t, err)
	if got := a.code("ada@example.com"); got != another {
		t.Errorf("the invitation brings %q, want the password that was given", got)
	}
	a.setPassword("ada", password)
	_, err = a.create("ada", resent)
	refused(t, err, userpool.ErrUnsupportedUserState, "Resend not possible. ada status is not FORCE_CHANGE_PASSWORD")
	a.signIn("ada")
}

// Nobody can be told a new password: then the old one stays.
func TestInviteAgainNowhere(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.newcomer("ada")
	_, err := a.create("ada", resent)
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = a.tryPassword("ada", password)
	check(t, err)
}

// C2: whoever has changed his password while the invitation was written keeps it.
func TestC2_InvitedMeanwhileConfirmed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	arn := on(b, "texts", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		a.setPassword("ada", another)
		return e, nil
	})
	a = b.app(lambdas(userpool.LambdaConfigType{CustomMessage: arn}))
	a.newcomer("ada", "email", "ada@example.com")
	_, err := a.create("ada", resent)
	refused(t, err, userpool.ErrUnsupportedUserState, "")
	out, err := a.tryPassword("ada", another)
	check(t, err)
	if out.AuthenticationResult == nil {
		t.Error("the password of the user's choice was replaced")
	}
	if a.deliver(); len(a.outbox.All()) != 0 {
		t.Error("an invitation was sent")
	}
}

// H12: invitations to one address are bounded.
func TestH12_Invitations(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.Limits.MessagesPerDestination = 2 }).app()
	to := having("email", "ada@example.com")
	for i := range 3 {
		_, err := a.create("ada"+strings.Repeat("a", i), to, invited(userpool.DeliveryMediumTypeEmail))
		if i < 2 {
			check(t, err)
		} else {
			refused(t, err, userpool.ErrTooManyRequests, "")
		}
	}
	if got := a.names(); len(got) != 2 {
		t.Errorf("users are %v, want two", got)
	}
}
