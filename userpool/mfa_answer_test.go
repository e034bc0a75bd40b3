package userpool_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-153, AUTH-162, AUTH-314, AUTH-330, AUTH-331, AUTH-340, AUTH-341: a code by SMS or e-mail: where it went, wrong ones, the right
// one, which verifies the address and is good once.
func TestCodeAsSecondFactor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		factor                  userpool.ChallengeNameType
		to, medium, masked, key string
		verified                string
		prefer                  func(*userpool.AdminSetUserMFAPreferenceInput)
	}{
		{smsMFA, phone, "SMS", "+*******1234", "SMS_MFA_CODE", "phone_number_verified", useSMS(true, false)},
		{emailMFA, mail, "EMAIL", "a***@e***", "EMAIL_OTP_CODE", "email_verified", useEmail(true, false)},
	} {
		t.Run(string(tt.factor), func(t *testing.T) {
			t.Parallel()
			a := setup(t).mfaApp(mfaOptional, []userpool.ChallengeNameType{smsMFA, emailMFA})
			a.user("ada", "phone_number", phone, "email", mail)
			check(t, a.prefer("ada", tt.prefer))
			begun := a.challenge("ada", tt.factor)
			p := begun.ChallengeParameters
			if p["CODE_DELIVERY_DELIVERY_MEDIUM"] != tt.medium || p["CODE_DELIVERY_DESTINATION"] != tt.masked || p["USER_ID_FOR_SRP"] != "ada" || len(p) != 3 {
				t.Errorf("parameters %v", p)
			}
			code := a.code(tt.to)
			if len(code) != 6 { // MSG-013
				t.Errorf("code %s", code)
			}
			_, err := a.respond(tt.factor, begun.Session, "USERNAME", "ada")
			refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter "+tt.key)
			wrong := "000000"
			if code == wrong {
				wrong = "111111"
			}
			for range 6 { // AUTH-162
				_, err = a.respond(tt.factor, begun.Session, "USERNAME", "ada", tt.key, wrong)
				refused(t, err, userpool.ErrCodeMismatch, mfaCodeWrong)
			}
			if valueOf(a.profile("ada").UserAttributes, tt.verified) == "true" {
				t.Error("the address is verified already")
			}
			a.signedIn(a.respond(tt.factor, begun.Session, "USERNAME", "ada", tt.key, code))
			if valueOf(a.profile("ada").UserAttributes, tt.verified) != "true" { // AUTH-314
				t.Error("the address is not verified")
			}
			_, err = a.respond(tt.factor, begun.Session, "USERNAME", "ada", tt.key, code)
			refused(t, err, userpool.ErrNotAuthorized, sessionUsed)

			// A code is one session's, and no other code of the user's is one.
			first := a.challenge("ada", tt.factor)
			old := a.code(tt.to)
			second := a.challenge("ada", tt.factor)
			if fresh := a.code(tt.to); fresh != old {
				_, err = a.respond(tt.factor, first.Session, "USERNAME", "ada", tt.key, fresh)
				refused(t, err, userpool.ErrCodeMismatch, mfaCodeWrong)
				_, err = a.respond(tt.factor, second.Session, "USERNAME", "ada", tt.key, old)
				refused(t, err, userpool.ErrCodeMismatch, mfaCodeWrong)
			}
			// AUTH-159: it lives as long as its session.
			a.clock.Advance(3*time.Minute - time.Second)
			a.fork(t).signedIn(a.fork(t).respond(tt.factor, first.Session, "USERNAME", "ada", tt.key, old))
			a.clock.Advance(time.Second)
			_, err = a.respond(tt.factor, first.Session, "USERNAME", "ada", tt.key, old)
			refused(t, err, userpool.ErrNotAuthorized, sessionOver)
		})
	}
}

// AUTH-286, AUTH-218: after every proof of a password comes the second factor: in clear, by SRP, as an administrator, and after a new
// password, whose source the tokens keep. The answer belongs to the family that began (AUTH-164).
func TestSecondFactorAfterEveryFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var sources []trigger.Source
	generate := on(b, "generate", func(_ context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
		sources = append(sources, e.TriggerSource)
		return e, nil
	})
	a := b.mfaApp(mfaOff, []userpool.ChallengeNameType{smsMFA, totpMFA}, lambdas(userpool.LambdaConfigType{PreTokenGeneration: generate}))
	a.user("ada")
	k := a.token("ada")
	a.mfa(mfaOn, smsMFA, totpMFA)
	sources = nil

	out, err := a.srp("ada", password)
	check(t, err)
	if out.ChallengeName != totpMFA {
		t.Fatalf("SRP goes on with %q", out.ChallengeName)
	}
	a.signedIn(a.respond(totpMFA, out.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(0)))

	a.clock.Advance(time.Minute)
	admin, err := a.adminBegin(userpool.AuthFlowTypeAdminUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password)
	check(t, err)
	if admin.ChallengeName != totpMFA {
		t.Fatalf("the administrator goes on with %q", admin.ChallengeName)
	}
	_, err = a.respond(totpMFA, admin.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(0))
	refused(t, err, userpool.ErrNotAuthorized, sessionBad) // AUTH-164
	done, err := a.AdminRespondToAuthChallenge(t.Context(), &userpool.AdminRespondToAuthChallengeInput{
		UserPoolId: a.pool, ClientId: a.client, ChallengeName: totpMFA, Session: admin.Session,
		ChallengeResponses: map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": k.code(0)},
	})
	check(t, err)
	if done.AuthenticationResult == nil {
		t.Fatalf("goes on with %s", done.ChallengeName)
	}

	a.newcomer("bob", "phone_number", phone)
	next, err := a.respond(newPassword, a.challenged("bob"), "USERNAME", "bob", "NEW_PASSWORD", another)
	check(t, err)
	if next.ChallengeName != smsMFA {
		t.Fatalf("a new password goes on with %q", next.ChallengeName)
	}
	a.signedIn(a.respond(smsMFA, next.Session, "USERNAME", "bob", "SMS_MFA_CODE", a.code(phone)))
	a.newcomer("eve")
	next, err = a.respond(newPassword, a.challenged("eve"), "USERNAME", "eve", "NEW_PASSWORD", another)
	check(t, err)
	if next.ChallengeName != setupMFA { // AUTH-328
		t.Fatalf("a new password goes on with %q", next.ChallengeName)
	}
	want := []trigger.Source{trigger.TokenGenerationAuthentication, trigger.TokenGenerationAuthentication, trigger.TokenGenerationNewPasswordChallenge}
	if len(sources) != len(want) || sources[0] != want[0] || sources[1] != want[1] || sources[2] != want[2] {
		t.Errorf("sources %v, want %v", sources, want)
	}
}

// TRG-142, AUTH-166, MSG-012: the message of a second factor has the pool's texts or those of the custom message function, which
// hears the metadata of an answer and none of a beginning, once; tokens and their functions come after the answer.
func TestSecondFactorMessage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var order []string
	var told []trigger.CustomMessageEvent
	functions := userpool.LambdaConfigType{
		PreAuthentication: on(b, "pre", func(_ context.Context, e trigger.PreAuthenticationEvent) (trigger.PreAuthenticationEvent, error) {
			order = append(order, "pre")
			return e, nil
		}),
		CustomMessage: on(b, "message", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
			order, told = append(order, "message"), append(told, e)
			if e.Request.ClientMetadata["text"] != "" {
				e.Response.SMSMessage = new(e.Request.ClientMetadata["text"] + " {####}")
			}
			return e, nil
		}),
		PostAuthentication: on(b, "post", func(_ context.Context, e trigger.PostAuthenticationEvent) (trigger.PostAuthenticationEvent, error) {
			order = append(order, "post")
			return e, nil
		}),
		PreTokenGeneration: on(b, "generate", func(_ context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
			order = append(order, "generate")
			return e, nil
		}),
	}
	a := b.app(ownMail, lambdas(functions), func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil })
	_, err := a.SetUserPoolMfaConfig(t.Context(), &userpool.SetUserPoolMfaConfigInput{
		UserPoolId: a.pool, MfaConfiguration: mfaOn,
		SmsMfaConfiguration:   &userpool.SmsMfaConfigType{SmsConfiguration: roleSMS(), SmsAuthenticationMessage: "sms {####} for you"},
		EmailMfaConfiguration: &userpool.EmailMfaConfigType{Message: "<b>mail {####}</b>", Subject: "the subject"},
	})
	check(t, err)
	a.user("ada", "phone_number", phone)
	a.user("bob", "email", mail)
	a.newcomer("eve", "phone_number", "+15550109999")

	order = nil
	meta := map[string]string{"text": "from the function"}
	begun, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, ClientMetadata: meta,
		AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password},
	})
	check(t, err)
	a.deliver()
	sms, ok := a.outbox.Last(phone)
	if !ok || sms.Body != "sms "+sms.Code+" for you" || sms.Kind != message.Authentication {
		t.Errorf("the message is %q", sms.Body)
	}
	if len(order) != 2 || order[0] != "pre" || order[1] != "message" || len(told) != 1 {
		t.Errorf("functions ran as %v", order)
	}
	if e := told[0]; e.TriggerSource != "CustomMessage_Authentication" || len(e.Request.ClientMetadata) != 0 || e.UserName != "ada" {
		t.Errorf("the function heard %+v", e)
	}
	a.signedIn(a.respond(smsMFA, begun.Session, "USERNAME", "ada", "SMS_MFA_CODE", sms.Code))
	if len(order) != 4 || order[2] != "post" || order[3] != "generate" {
		t.Errorf("functions ran as %v", order)
	}

	a.challenge("bob", emailMFA)
	a.deliver()
	if m, _ := a.outbox.Last(mail); m.Body != "<b>mail "+m.Code+"</b>" || m.Subject != "the subject" {
		t.Errorf("the mail is %q: %q", m.Subject, m.Body)
	}

	_, err = a.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
		ClientId: a.client, ChallengeName: newPassword, Session: a.challenged("eve"), ClientMetadata: meta,
		ChallengeResponses: map[string]string{"USERNAME": "eve", "NEW_PASSWORD": another},
	})
	check(t, err)
	a.deliver()
	if m, _ := a.outbox.Last("+15550109999"); m.Body != "from the function "+m.Code {
		t.Errorf("the message is %q", m.Body)
	}
}

// A function that refuses the message of a second factor ends the sign-in, and no message goes out.
func TestSecondFactorMessageRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refuse := on(b, "message", func(context.Context, trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		return trigger.CustomMessageEvent{}, errors.New("not today")
	})
	a := b.mfaApp(mfaOn, []userpool.ChallengeNameType{smsMFA}, lambdas(userpool.LambdaConfigType{CustomMessage: refuse}))
	a.user("ada", "phone_number", phone)
	_, err := a.tryPassword("ada", password)
	refused(t, err, userpool.ErrUserLambdaValidation, "CustomMessage failed with error not today.")
	if sent := a.sent(); len(sent) != 0 {
		t.Errorf("%d messages", len(sent))
	}
}

// AUTH-319, AUTH-333, AUTH-334: the choice is made once, and only then a code is sent.
func TestSelectMFAType(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOptional, []userpool.ChallengeNameType{smsMFA, totpMFA, emailMFA})
	a.user("ada", "phone_number", phone, "email", mail)
	k := a.token("ada")
	check(t, a.prefer("ada", all(useSMS(true, false), useTOTP(true, false), useEmail(true, false))))
	for _, tt := range []struct {
		answer userpool.ChallengeNameType
		to     string
		key    string
	}{{smsMFA, phone, "SMS_MFA_CODE"}, {totpMFA, "", "SOFTWARE_TOKEN_MFA_CODE"}, {emailMFA, mail, "EMAIL_OTP_CODE"}} {
		t.Run(string(tt.answer), func(t *testing.T) {
			a := a.fork(t)
			begun := a.challenge("ada", selectMFA)
			if len(a.sent()) != 0 {
				t.Error("a code was sent before the choice")
			}
			_, err := a.respond(selectMFA, begun.Session, "USERNAME", "ada")
			refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter ANSWER")
			for _, answer := range []string{"SMS_OTP", "WEB_AUTHN", "nonsense", "sms_mfa"} {
				_, err = a.respond(selectMFA, begun.Session, "USERNAME", "ada", "ANSWER", answer)
				refused(t, err, userpool.ErrInvalidParameter, "ANSWER must be one of MFAS_CAN_CHOOSE.") // AUTH-334
			}
			_, err = a.respond(tt.answer, begun.Session, "USERNAME", "ada", tt.key, "123456")
			refused(t, err, userpool.ErrNotAuthorized, sessionBad) // a choice is no proof
			next, err := a.respond(selectMFA, begun.Session, "USERNAME", "ada", "ANSWER", string(tt.answer))
			check(t, err)
			if next.ChallengeName != tt.answer || next.Session == "" || next.Session == begun.Session {
				t.Fatalf("goes on with %q", next.ChallengeName)
			}
			_, err = a.respond(selectMFA, begun.Session, "USERNAME", "ada", "ANSWER", string(tt.answer))
			refused(t, err, userpool.ErrNotAuthorized, sessionUsed)
			code := k.code(0)
			if tt.to != "" {
				code = a.code(tt.to)
			}
			a.signedIn(a.respond(tt.answer, next.Session, "USERNAME", "ada", tt.key, code))
		})
	}
	outsider := a.fork(t)
	check(t, outsider.prefer("ada", useEmail(false, false)))
	begun := outsider.challenge("ada", selectMFA)
	_, err := outsider.respond(selectMFA, begun.Session, "USERNAME", "ada", "ANSWER", "EMAIL_OTP") // the pool's, not offered to her
	refused(t, err, userpool.ErrInvalidParameter, "")
}

// AUTH-329: what was offered and is gone when it is chosen is not asked for: everything is decided anew.
func TestSelectMFATypeOfBefore(t *testing.T) {
	t.Parallel()
	a := setup(t).mfaApp(mfaOn, []userpool.ChallengeNameType{smsMFA, emailMFA})
	a.user("ada", "phone_number", phone, "email", mail)
	check(t, a.prefer("ada", useEmail(true, false)))
	begun := a.challenge("ada", selectMFA)
	_, err := a.AdminDeleteUserAttributes(t.Context(), &userpool.AdminDeleteUserAttributesInput{
		UserPoolId: a.pool, Username: "ada", UserAttributeNames: []string{"phone_number"},
	})
	check(t, err)
	next, err := a.respond(selectMFA, begun.Session, "USERNAME", "ada", "ANSWER", "SMS_MFA")
	check(t, err)
	if next.ChallengeName != emailMFA {
		t.Errorf("goes on with %q", next.ChallengeName)
	}
}

// AUTH-226: in a custom sign-in with the password first, the second factor follows it, before the functions' questions. There is
// none where no password is asked for.
func TestSecondFactorInCustomAuth(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 1}
	a := q.app(setup(t), ownMail)
	a.mfa(mfaOff, totpMFA)
	a.user("ada")
	k := a.token("ada")
	a.mfa(mfaOn, totpMFA)
	login, err := srp.NewLogin(a.pool, "ada", password)
	check(t, err)
	begun, err := a.begin(customAuth, "USERNAME", "ada", "CHALLENGE_NAME", "SRP_A", "SRP_A", login.Params()["SRP_A"])
	check(t, err)
	responses, err := login.Respond(begun.ChallengeParameters, a.clock.Now())
	check(t, err)
	out, err := a.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
		ClientId: a.client, ChallengeName: begun.ChallengeName, Session: begun.Session, ChallengeResponses: responses,
	})
	check(t, err)
	if out.ChallengeName != totpMFA {
		t.Fatalf("the password goes on with %s", out.ChallengeName)
	}
	out, err = a.respond(totpMFA, out.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(0))
	check(t, err)
	if out.ChallengeName != customChallenge {
		t.Fatalf("the second factor goes on with %s", out.ChallengeName)
	}
	asked := q.creates[len(q.creates)-1].Request.Session
	a.signedIn(a.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "answer "+strconv.Itoa(len(asked))))

	begun, err = a.begin(customAuth, "USERNAME", "ada")
	check(t, err)
	if begun.ChallengeName != customChallenge {
		t.Errorf("without a password it goes on with %s", begun.ChallengeName)
	}
}
