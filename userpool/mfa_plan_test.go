package userpool_test

import (
	"slices"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-304, AUTH-305, AUTH-315…324, AUTH-328: what follows a right password.
func TestSecondFactorTable(t *testing.T) {
	t.Parallel()
	type list = []userpool.ChallengeNameType
	every := list{smsMFA, totpMFA, emailMFA}
	const has, none = true, false
	tests := []struct {
		name        string
		level       userpool.UserPoolMfaType
		pool        list
		phone, mail bool
		totp        bool
		prefer      func(*userpool.AdminSetUserMFAPreferenceInput)
		want        userpool.ChallengeNameType // "" is tokens
		choices     []string
	}{
		{"AUTH-315 off, everything enabled", mfaOff, every, has, has, has, all(useSMS(true, true), useTOTP(true, false), useEmail(true, false)), "", nil},
		{"AUTH-304 off, one enabled", mfaOff, every, has, none, none, useSMS(true, true), "", nil},
		{"AUTH-316 optional, nothing to use", mfaOptional, every, none, none, none, nil, "", nil},
		{"AUTH-316 optional, nothing enabled", mfaOptional, every, has, has, has, nil, "", nil},
		{"AUTH-317 optional, SMS", mfaOptional, every, has, has, has, useSMS(true, false), smsMFA, nil},
		{"AUTH-317 optional, TOTP", mfaOptional, every, has, has, has, useTOTP(true, false), totpMFA, nil},
		{"AUTH-317 optional, e-mail", mfaOptional, every, has, has, has, useEmail(true, false), emailMFA, nil},
		{"AUTH-317 optional, the preferred one", mfaOptional, every, has, has, has, useEmail(true, true), emailMFA, nil},
		{"AUTH-318 optional, SMS preferred", mfaOptional, every, has, has, has, all(useSMS(true, true), useTOTP(true, false)), smsMFA, nil},
		{"AUTH-318 optional, TOTP preferred", mfaOptional, every, has, has, has, all(useSMS(true, false), useTOTP(true, true), useEmail(true, false)), totpMFA, nil},
		{"AUTH-318 on, TOTP preferred", mfaOn, list{smsMFA, totpMFA}, has, none, has, useTOTP(true, true), totpMFA, nil},
		{"AUTH-318 on, e-mail preferred", mfaOn, every, has, has, has, useEmail(true, true), emailMFA, nil},
		{"AUTH-319 optional, two", mfaOptional, every, has, has, has, all(useSMS(true, false), useTOTP(true, false)), selectMFA, []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}},
		{"AUTH-319 optional, three", mfaOptional, every, has, has, has, all(useSMS(true, false), useTOTP(true, false), useEmail(true, false)),
			selectMFA, []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}},
		{"AUTH-319 on, e-mail enabled beside SMS", mfaOn, every, has, has, none, useEmail(true, false), selectMFA, []string{"SMS_MFA", "EMAIL_OTP"}},
		{"AUTH-320 on, a number", mfaOn, every, has, none, none, nil, smsMFA, nil},
		{"AUTH-320 on, a number and an address", mfaOn, every, has, has, none, nil, smsMFA, nil},
		{"AUTH-321 on, an address", mfaOn, every, none, has, none, nil, emailMFA, nil},
		{"AUTH-322 on, a token", mfaOn, every, none, none, has, nil, totpMFA, nil},
		{"AUTH-322 on, a token and an address", mfaOn, every, none, has, has, nil, totpMFA, nil},
		{"AUTH-323 on, a token and a number", mfaOn, every, has, none, has, nil, selectMFA, []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}},
		{"AUTH-324 on, nothing", mfaOn, every, none, none, none, nil, setupMFA, []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}},
		{"AUTH-324 on, nothing that the pool has", mfaOn, list{totpMFA}, has, has, none, nil, setupMFA, []string{"SOFTWARE_TOKEN_MFA"}},
		{"AUTH-328 on, only text messages", mfaOn, list{smsMFA}, none, has, none, nil, setupMFA, []string{"SMS_MFA"}},
		{"AUTH-305 on, tokens switched off", mfaOn, list{emailMFA}, none, none, has, nil, totpMFA, nil},
		{"AUTH-305 optional, tokens switched off", mfaOptional, list{emailMFA}, none, none, has, useTOTP(true, false), totpMFA, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := setup(t).mfaApp(mfaOff, every)
			var pairs []string
			if tt.phone {
				pairs = append(pairs, "phone_number", phone)
			}
			if tt.mail {
				pairs = append(pairs, "email", mail)
			}
			a.user("ada", pairs...)
			if tt.totp {
				a.token("ada")
			}
			if tt.prefer != nil {
				check(t, a.prefer("ada", tt.prefer))
			}
			a.mfa(tt.level, tt.pool...)
			out, err := a.tryPassword("ada", password)
			check(t, err)
			if out.ChallengeName != tt.want || (out.AuthenticationResult != nil) != (tt.want == "") {
				t.Fatalf("goes on with %q, want %q", out.ChallengeName, tt.want)
			}
			choices := out.ChallengeParameters["MFAS_CAN_CHOOSE"] + out.ChallengeParameters["MFAS_CAN_SETUP"]
			if tt.choices != nil && !slices.Equal(listed(t, choices), tt.choices) || tt.choices == nil && choices != "" {
				t.Errorf("choices %s, want %q", choices, tt.choices)
			}
			if tt.want != "" && out.ChallengeParameters["USER_ID_FOR_SRP"] != "ada" {
				t.Errorf("parameters %v", out.ChallengeParameters)
			}
			wantMessages := 0
			if tt.want == smsMFA || tt.want == emailMFA {
				wantMessages = 1
			}
			if sent := a.sent(); len(sent) != wantMessages {
				t.Errorf("%d messages, want %d", len(sent), wantMessages)
			}
		})
	}
}

// AUTH-329: a second factor that the installation cannot deliver, or that has lost its address, lets nobody in.
func TestSecondFactorUndeliverable(t *testing.T) {
	t.Parallel()
	const undeliverable, missing = "The user pool cannot deliver the code.", "No MFA method found for the user."
	b := setup(t, func(c *userpool.Config) { c.SMS = nil })
	a := b.mfaApp(mfaOptional, []userpool.ChallengeNameType{smsMFA, totpMFA})
	a.user("ada", "phone_number", phone)
	check(t, a.prefer("ada", useSMS(true, false)))
	begin := func(code awsapi.Code, adminCode awsapi.Code, text string) {
		t.Helper()
		_, err := a.tryPassword("ada", password)
		refused(t, err, code, text)
		_, err = a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password)
		refused(t, err, adminCode, text)
		_, err = a.srp("ada", password)
		refused(t, err, adminCode, text)
	}
	begin(userpool.ErrInvalidUserPoolConfiguration, userpool.ErrInvalidUserPoolConfiguration, undeliverable)
	_, err := a.AdminDeleteUserAttributes(t.Context(), &userpool.AdminDeleteUserAttributesInput{
		UserPoolId: a.pool, Username: "ada", UserAttributeNames: []string{"phone_number"},
	})
	check(t, err)
	begin(userpool.ErrInvalidUserPoolConfiguration, userpool.ErrMFAMethodNotFound, missing) // InitiateAuth does not declare the latter
	check(t, a.prefer("ada", useSMS(false, false)))
	a.signIn("ada")
}
