package userpool_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

const newPassword = userpool.ChallengeNameTypeNewPasswordRequired

// challenged signs somebody in who has to set a password, and returns the session.
func (a app) challenged(name string) string {
	a.t.Helper()
	out, err := a.tryPassword(name, password)
	if err != nil {
		a.t.Fatal(err)
	}
	if out.ChallengeName != newPassword || out.AuthenticationResult != nil {
		a.t.Fatalf("challenge is %q, want NEW_PASSWORD_REQUIRED and no tokens", out.ChallengeName)
	}
	return out.Session
}

// AUTH-005, AUTH-021, AUTH-211…218, AUTH-220, AUTH-157: a temporary password leads to the challenge and nothing else, in every flow;
// the answer confirms the user and gives tokens.
func TestNewPasswordRequired(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var source trigger.Source
	arn := on(b, "pre-token", func(_ context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
		source = e.TriggerSource
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{PreTokenGeneration: arn}), func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{{Name: "given_name", Required: new(true)}, {Name: "email", Required: new(true)}}
	})
	a.newcomer("ada", "email", "ada@example.com", "nickname", "A")
	begin := map[string]func() (userpool.ChallengeNameType, map[string]string, string, error){
		"password": func() (userpool.ChallengeNameType, map[string]string, string, error) {
			out, err := a.tryPassword("ada", password)
			check(t, err)
			return out.ChallengeName, out.ChallengeParameters, out.Session, err
		},
		"srp": func() (userpool.ChallengeNameType, map[string]string, string, error) {
			out, err := a.srp("ada", password)
			check(t, err)
			return out.ChallengeName, out.ChallengeParameters, out.Session, err
		},
	}
	for way, start := range begin {
		t.Run(way, func(t *testing.T) {
			challenge, params, session, err := start()
			check(t, err)
			if challenge != newPassword || len(session) < 20 || len(session) > 2048 {
				t.Fatalf("challenge %s, session of %d characters", challenge, len(session))
			}
			var required []string
			var attrs map[string]string
			check(t, json.Unmarshal([]byte(params["requiredAttributes"]), &required))
			check(t, json.Unmarshal([]byte(params["userAttributes"]), &attrs))
			if len(required) != 1 || required[0] != "userAttributes.given_name" || attrs["email"] != "ada@example.com" ||
				attrs["sub"] != "" || params["USER_ID_FOR_SRP"] != "ada" || len(params) != 3 {
				t.Errorf("parameters %v", params)
			}
		})
	}
	session := a.challenged("ada")
	tests := []struct {
		name  string
		pairs []string
		code  awsapi.Code
		text  string
	}{
		{"AUTH-216 absent", nil, userpool.ErrInvalidParameter, "Missing required parameter NEW_PASSWORD"},
		{"AUTH-216 weak", []string{"NEW_PASSWORD", "weak", "userAttributes.given_name", "Ada"}, userpool.ErrInvalidPassword,
			"Password did not conform with policy: Password not long enough"},
		{"AUTH-411 endless", []string{"NEW_PASSWORD", strings.Repeat("Aa1-", 100), "userAttributes.given_name", "Ada"}, userpool.ErrInvalidPassword, ""},
		{"AUTH-215 required attribute", []string{"NEW_PASSWORD", another}, userpool.ErrInvalidParameter, "Invalid attributes given, given_name is missing"},
		{"AUTH-214 given already", []string{"NEW_PASSWORD", another, "userAttributes.given_name", "Ada", "userAttributes.email", "eve@example.com"},
			userpool.ErrNotAuthorized, "Cannot modify an already provided email"},
		{"AUTH-099 verified flag", []string{"NEW_PASSWORD", another, "userAttributes.given_name", "Ada", "userAttributes.email_verified", "true"},
			userpool.ErrNotAuthorized, "A client attempted to write unauthorized attribute"},
		{"ATTR-030 endless attribute", []string{"NEW_PASSWORD", another, "userAttributes.given_name", strings.Repeat("A", 2049)},
			userpool.ErrInvalidParameter, ""},
		{"ATTR-035 unknown attribute", []string{"NEW_PASSWORD", another, "userAttributes.given_name", "Ada", "userAttributes.custom:x", "1"},
			userpool.ErrInvalidParameter, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := a.respond(newPassword, session, append([]string{"USERNAME", "ada"}, tt.pairs...)...)
			refused(t, err, tt.code, tt.text)
			if a.status("ada") != userpool.UserStatusTypeForceChangePassword {
				t.Error("a refused answer changed the status")
			}
		})
	}
	// AUTH-162: what was refused did not use the session up.
	out, err := a.respond(newPassword, session, "USERNAME", "ada", "NEW_PASSWORD", another, "userAttributes.given_name", "Ada", "userAttributes.nickname", "B")
	check(t, err)
	if out.AuthenticationResult == nil || source != trigger.TokenGenerationNewPasswordChallenge {
		t.Errorf("tokens %t, trigger source %s", out.AuthenticationResult != nil, source)
	}
	p := a.profile("ada")
	if p.UserStatus != userpool.UserStatusTypeConfirmed || valueOf(p.UserAttributes, "given_name") != "Ada" || valueOf(p.UserAttributes, "nickname") != "B" ||
		valueOf(p.UserAttributes, "email_verified") == "true" {
		t.Errorf("status %s, attributes %v", p.UserStatus, len(p.UserAttributes))
	}
	_, err = a.tryPassword("ada", password)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	_, err = a.respond(newPassword, session, "USERNAME", "ada", "NEW_PASSWORD", another)
	refused(t, err, userpool.ErrNotAuthorized, "Invalid session for the user, session can only be used once.")
}

// ATTR-041, AUTH-212: a client that may not read an attribute does not see it in the challenge either.
func TestNewPasswordShowsWhatMayBeRead(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolClientInput) { in.ReadAttributes = []string{"nickname"} })
	a.newcomer("ada", "email", "ada@example.com", "nickname", "A")
	out, err := a.tryPassword("ada", password)
	check(t, err)
	if got := out.ChallengeParameters["userAttributes"]; got != `{"nickname":"A"}` {
		t.Errorf("userAttributes is %s", got)
	}
}

// AUTH-217: the new password may be the temporary one where there is no history.
func TestNewPasswordSame(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.newcomer("ada")
	_, err := a.respond(newPassword, a.challenged("ada"), "USERNAME", "ada", "NEW_PASSWORD", password)
	check(t, err)
	a.signIn("ada")
}

// AUTH-029, AUTH-219, AUTH-419, AUTH-412: a temporary password works for the days of the policy.
func TestTemporaryPasswordExpires(t *testing.T) {
	t.Parallel()
	const text = "Temporary password has expired and must be reset by an administrator."
	b := setup(t)
	for days, policy := range map[int]*userpool.UserPoolPolicyType{
		7: nil,
		2: {PasswordPolicy: &userpool.PasswordPolicyType{MinimumLength: new(int32(8)), TemporaryPasswordValidityDays: 2}},
	} {
		a := b.app(func(in *userpool.CreateUserPoolInput) { in.Policies = policy }).fork(t)
		a.newcomer("ada")
		a.clock.Advance(time.Duration(days)*24*time.Hour - time.Second)
		a.challenged("ada")
		a.clock.Advance(time.Second)
		_, err := a.tryPassword("ada", password)
		refused(t, err, userpool.ErrNotAuthorized, text)
		_, err = a.srp("ada", password)
		refused(t, err, userpool.ErrNotAuthorized, text)
		if s := a.status("ada"); s != userpool.UserStatusTypeForceChangePassword {
			t.Errorf("status is %s", s)
		}
	}
}

// ATTR-037: what an administrator wrote into an immutable attribute is not the user's to change on the way in; what is empty
// is his to fill.
func TestNewPasswordImmutable(t *testing.T) {
	t.Parallel()
	a := setup(t).app(func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{
			{Name: "tenant", AttributeDataType: userpool.AttributeDataTypeString, Mutable: new(false)},
			{Name: "desk", AttributeDataType: userpool.AttributeDataTypeString, Mutable: new(false)},
		}
	})
	a.newcomer("ada", "custom:tenant", "blue")
	session := a.challenged("ada")
	for _, v := range []string{"red", ""} {
		_, err := a.respond(newPassword, session, "USERNAME", "ada", "NEW_PASSWORD", another, "userAttributes.custom:tenant", v)
		refused(t, err, userpool.ErrInvalidParameter, "user.custom:tenant: Attribute cannot be updated. (changing an immutable attribute)")
	}
	_, err := a.respond(newPassword, session, "USERNAME", "ada", "NEW_PASSWORD", another, "userAttributes.custom:desk", "7")
	check(t, err)
	p := a.profile("ada")
	if valueOf(p.UserAttributes, "custom:tenant") != "blue" || valueOf(p.UserAttributes, "custom:desk") != "7" {
		t.Errorf("tenant %q, desk %q", valueOf(p.UserAttributes, "custom:tenant"), valueOf(p.UserAttributes, "custom:desk"))
	}
}

// AUTH-590: an alias that somebody else holds is refused, and the session is as good as before.
func TestNewPasswordAlias(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byEmail)
	a.user("ada@example.com")
	a.newcomer("bob@example.com")
	session := a.challenged("bob@example.com")
	_, err := a.respond(newPassword, session, "USERNAME", "bob@example.com", "NEW_PASSWORD", another, "userAttributes.email", "ada@example.com")
	refused(t, err, userpool.ErrAliasExists, "An account with the given email already exists.")
	_, err = a.respond(newPassword, session, "USERNAME", "bob@example.com", "NEW_PASSWORD", another)
	check(t, err)
}

// C2, AUTH-214: what an administrator gives a user while the answer is on its way stands, as if he had done so before it.
func TestC2_NewPasswordAttributesMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	once := sync.OnceFunc(func() { a.setAttributes("ada", "email", mail) })
	arn := on(b, "pre-token", func(_ context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
		once()
		return e, nil
	})
	a = b.app(lambdas(userpool.LambdaConfigType{PreTokenGeneration: arn}), func(in *userpool.CreateUserPoolInput) {
		in.Schema = []userpool.SchemaAttributeType{{Name: "email", Required: new(true)}}
	})
	a.newcomer("ada")
	_, err := a.respond(newPassword, a.challenged("ada"), "USERNAME", "ada", "NEW_PASSWORD", another, "userAttributes.email", "evil@example.com")
	refused(t, err, userpool.ErrNotAuthorized, "Cannot modify an already provided email")
	if got := a.value("ada", "email"); got != mail {
		t.Errorf("the address is %s", got)
	}
	if got := a.status("ada"); got != userpool.UserStatusTypeForceChangePassword {
		t.Errorf("the status is %s", got)
	}
}
