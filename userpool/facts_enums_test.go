package userpool_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// constraintOf returns the values that the model's refusal of an unknown one lists.
func constraintOf(t *testing.T, err error) []string {
	t.Helper()
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, list, found := strings.Cut(errorText(err), "Member must satisfy enum value set: [")
	if !found {
		t.Fatalf("got %v", err)
	}
	list, _, _ = strings.Cut(list, "]")
	return strings.Split(list, ", ")
}

// sameValues fails the test unless the two have the same values.
func sameValues(t *testing.T, got []string, want string) {
	t.Helper()
	wanted := strings.Fields(want)
	slices.Sort(got)
	slices.Sort(wanted)
	if !slices.Equal(got, wanted) {
		t.Errorf("values are %v, want %v", got, wanted)
	}
}

// AUTH-137: the values of AuthFlow. Each gets further than the model, whether or not its flow is allowed, and REFRESH_TOKEN is
// REFRESH_TOKEN_AUTH.
func TestAuthFlowValues(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	_, err := a.begin("NO_SUCH_FLOW", "USERNAME", "ada")
	values := constraintOf(t, err)
	sameValues(t, values, `USER_SRP_AUTH REFRESH_TOKEN_AUTH REFRESH_TOKEN CUSTOM_AUTH ADMIN_NO_SRP_AUTH USER_PASSWORD_AUTH
		ADMIN_USER_PASSWORD_AUTH USER_AUTH`)
	for _, v := range values {
		if _, err := a.begin(userpool.AuthFlowType(v), "USERNAME", "ada"); err == nil || strings.Contains(err.Error(), "validation error") {
			t.Errorf("%s: got %v", v, err)
		}
	}
	token := a.signIn("ada").RefreshToken
	for _, v := range []userpool.AuthFlowType{"REFRESH_TOKEN", "REFRESH_TOKEN_AUTH"} {
		out, err := a.begin(v, "REFRESH_TOKEN", token)
		check(t, err)
		if out.AuthenticationResult == nil {
			t.Errorf("%s gives no tokens", v)
		}
	}
}

// AUTH-153: the values of ChallengeName. E-mail as a second factor is EMAIL_OTP; the EMAIL_MFA of some texts is none.
func TestChallengeNameValues(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	session := strings.Repeat("s", 40)
	_, err := a.respond("EMAIL_MFA", session, "USERNAME", "ada")
	values := constraintOf(t, err)
	sameValues(t, values, `SMS_MFA EMAIL_OTP SOFTWARE_TOKEN_MFA SELECT_MFA_TYPE MFA_SETUP PASSWORD_VERIFIER CUSTOM_CHALLENGE
		SELECT_CHALLENGE DEVICE_SRP_AUTH DEVICE_PASSWORD_VERIFIER ADMIN_NO_SRP_AUTH NEW_PASSWORD_REQUIRED SMS_OTP PASSWORD WEB_AUTHN PASSWORD_SRP`)
	for _, v := range values {
		if _, err := a.respond(userpool.ChallengeNameType(v), session, "USERNAME", "ada"); err == nil || strings.Contains(err.Error(), "validation error") {
			t.Errorf("%s: got %v", v, err)
		}
	}
}

// AUTH-154: AdminInitiateAuth does not ask for what a request lacks; it refuses the request.
func TestNoChallengeForNamesAndPasswords(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	for _, flow := range []userpool.AuthFlowType{"ADMIN_NO_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH"} {
		_, err := a.adminBegin(flow, "PASSWORD", password)
		refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter USERNAME")
		_, err = a.adminBegin(flow, "USERNAME", "ada")
		refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter PASSWORD")
	}
}

// AUTH-001, AUTH-008: the statuses, all of which filters take. Stored users may have those that no operation gives; they sign in
// like disabled ones, once their password is proven.
func TestStatuses(t *testing.T) {
	t.Parallel()
	k := &keeping{}
	a := setup(t, k.watch).app()
	sub := a.user("ada")
	statuses := []userpool.UserStatusType{
		userpool.UserStatusTypeUnconfirmed, userpool.UserStatusTypeConfirmed, userpool.UserStatusTypeArchived, userpool.UserStatusTypeCompromised,
		userpool.UserStatusTypeUnknown, userpool.UserStatusTypeResetRequired, userpool.UserStatusTypeForceChangePassword, userpool.UserStatusTypeExternalProvider,
	}
	var names []string
	for _, s := range statuses {
		names = append(names, string(s))
		_, err := a.ListUsers(t.Context(), &userpool.ListUsersInput{UserPoolId: a.pool, Filter: `cognito:user_status = "` + string(s) + `"`})
		check(t, err)
	}
	sameValues(t, names, "UNCONFIRMED CONFIRMED ARCHIVED COMPROMISED UNKNOWN RESET_REQUIRED FORCE_CHANGE_PASSWORD EXTERNAL_PROVIDER")
	for _, status := range []userpool.UserStatusType{"ARCHIVED", "COMPROMISED", "UNKNOWN"} {
		key, record := k.of(t, sub)
		replaced := false
		for member, v := range record {
			if v == "CONFIRMED" || v == "ARCHIVED" || v == "COMPROMISED" {
				record[member], replaced = status, true
			}
		}
		if !replaced {
			t.Fatalf("no status in %v", record)
		}
		k.replace(t, key, record)
		if got := a.status("ada"); got != status {
			t.Fatalf("status is %s, want %s", got, status)
		}
		_, err := a.tryPassword("ada", password)
		refused(t, err, userpool.ErrNotAuthorized, "User is disabled.")
		_, err = a.srp("ada", password)
		refused(t, err, userpool.ErrNotAuthorized, "User is disabled.")
	}
}

// AUTH-044: a pool has aliases or takes addresses as names, never both, and keeps what it was made with.
func TestAliasesOrNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.CreateUserPool(t.Context(), &userpool.CreateUserPoolInput{
		PoolName: "test", AliasAttributes: []userpool.AliasAttributeType{"email"}, UsernameAttributes: []userpool.UsernameAttributeType{"email"},
	})
	refused(t, err, userpool.ErrInvalidParameter, "")
	for _, in := range []*userpool.CreateUserPoolInput{
		{PoolName: "test", AliasAttributes: []userpool.AliasAttributeType{"nickname"}},
		{PoolName: "test", UsernameAttributes: []userpool.UsernameAttributeType{"preferred_username"}},
	} {
		_, err := b.CreateUserPool(t.Context(), in)
		refused(t, err, userpool.ErrInvalidParameter, "")
	}
	if n := len(b.poolIDs()); n != 0 {
		t.Errorf("%d pools were made", n)
	}
	for _, option := range []func(*userpool.CreateUserPoolInput){emailAlias, byEmail} {
		a := b.app(option)
		before := a.poolOf(a.pool)
		for _, member := range []string{`"AliasAttributes":["phone_number"]`, `"UsernameAttributes":["phone_number"]`} {
			if _, err := b.Invoke(t.Context(), "UpdateUserPool", []byte(`{"UserPoolId":"`+a.pool+`",`+member+`}`)); err != nil {
				refused(t, err, awsapi.ErrSerialization, "")
			}
		}
		after := a.poolOf(a.pool)
		if !slices.Equal(after.AliasAttributes, before.AliasAttributes) || !slices.Equal(after.UsernameAttributes, before.UsernameAttributes) {
			t.Errorf("now %v and %v", after.AliasAttributes, after.UsernameAttributes)
		}
	}
}
